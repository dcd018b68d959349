"""Which of the base's files are read for pytest, and that they belong to what is asked."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from gates.checks import Check
from tasks.exam import Exam
from tasks.git import Git
from tasks.hub import Hub
from tasks.isolation import Confinement
from tasks.kept_verdicts import question_of
from tasks.repository import Repository
from tasks.suite_run import base_config
from tasks.target import Environment

INI = "[pytest]\naddopts = -x\n"


def test_the_folder_of_the_project_is_read_as_well(users: Repository, commit: Callable[..., str]) -> None:
    start = commit(users.path, {"pytest.ini": INI, "services/a/pytest.toml": "", "services/b/pytest.ini": INI})
    assert base_config(users.git, start, None) == {"pytest.ini": INI}
    assert base_config(users.git, start, Environment(python=None)) == {"pytest.ini": INI}
    own = base_config(users.git, start, Environment(python="services/a"))
    assert own == {"pytest.ini": INI, "services/a/pytest.toml": ""}
    assert base_config(users.git, None, None) == {}


def test_what_it_says_belongs_to_what_is_asked(
    hub: Hub, users: Repository, commit: Callable[..., str], tmp_path: Path
) -> None:
    exam = Exam(
        git=Git(hub.directory), tree="a" * 40, base=hub.start, deliverables=(), folder=tmp_path,
        environment=Environment(python="services/a"), words={}, home=tmp_path, env={}, confinement=Confinement("none"),
    )  # fmt: skip
    checks = (Check.model_validate("tests"),)
    other = replace(exam, base=commit(users.path, {"services/a/pytest.ini": INI}))
    assert question_of(other, *checks, checks) != question_of(exam, *checks, checks)
