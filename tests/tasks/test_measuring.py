"""Measuring without a run: what is kept from before, and which lines come back beside a verdict."""

import os
from dataclasses import replace
from pathlib import Path
from pwd import getpwuid

import pytest

from gates.checks import Check
from gates.line_hits import LineHits
from tasks.exam import Exam
from tasks.export import Answer
from tasks.export_cobertura import cobertura
from tasks.isolation import best
from tasks.measuring import Answered, Memory, measure_all
from tasks.plain_exam import Asked, exam_of
from tasks.repository import open_repository
from tests.support import git

# whose HOME is a temporary one in tests; the configuration of package indexes is read from the real one
CALLER = {**os.environ, "XDG_CONFIG_HOME": str(Path(getpwuid(os.getuid()).pw_dir, ".config"))}
LCOV = {"name": "cover", "run": ["cat", "lcov"], "report": {"lcov": "stdout", "paths": "a.c", "at_least": 50}}
needs_isolation = pytest.mark.skipif(best() == "none", reason="nothing is kept where programs may write anywhere")


def exam_at(repository: Path, home: Path, **files: str) -> Exam:
    for name, text in files.items():
        place = repository / name.replace("__", ".").replace("_in_", "/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message=files")
    opened = open_repository(repository)
    return exam_of(Asked(opened, opened.head()), home, CALLER)


def asked(exam: Exam, entry: object, **memory: bool) -> Answered:
    (answer,) = measure_all([Check.model_validate(entry)], exam, Memory(**memory))
    return answer


@needs_isolation
def test_an_answer_is_kept_for_the_same_tree_and_another_tree_is_measured(repository: Path, tmp_path: Path) -> None:
    check = {"lines": {"paths": "*.md", "at_least": 1}}
    exam = exam_at(repository, tmp_path / "home", a__md="one\n")
    assert asked(exam, check).kept is None
    assert asked(replace(exam, folder=tmp_path / "other"), check).kept is not None
    assert asked(exam, check, fresh=True).kept is None
    assert asked(exam_at(repository, tmp_path / "home", a__md="two\n"), check).kept is None


@needs_isolation
def test_lines_come_back_beside_a_verdict_that_was_measured_now(repository: Path, tmp_path: Path) -> None:
    told = "SF:a.c\nDA:1,3\nDA:2,0\nend_of_record\n"
    exam = exam_at(repository, tmp_path / "home", a__c="one\ntwo\n", lcov=told)
    first = asked(exam, {"command": LCOV})
    assert first.verdict.passed, first.verdict
    assert first.lines == (LineHits(path="a.c", hit=(1,), missed=(2,)),)


@needs_isolation
def test_what_a_program_of_the_callers_says_is_asked_each_time(repository: Path, tmp_path: Path) -> None:
    tool = tmp_path / "bin/mylint"
    tool.parent.mkdir()
    exam = exam_at(repository, tmp_path / "home", a__c="one\n")
    exam = replace(exam, env={**exam.env, "PATH": f"{tool.parent}:{exam.env['PATH']}"})
    check = {"command": {"name": "lint", "run": ["mylint", "a.c"]}}
    for code, outcome in (("0", "passed"), ("1", "failed"), ("0", "passed")):
        tool.write_text(f"#!/bin/sh\nexit {code}\n")
        tool.chmod(0o755)
        answer = asked(exam, check)
        assert (answer.verdict.outcome, answer.kept) == (outcome, None)


@pytest.mark.builds
def test_the_coverage_of_a_python_project_is_exported_line_by_line(repository: Path, tmp_path: Path) -> None:
    exam = exam_at(
        repository, tmp_path / "home", requirements__txt="", conftest__py="",
        ledger__py="def one():\n    return 1\n\nTWO = 2\n",
        tests_in_test_it__py="import ledger\n\ndef test_it():\n    assert ledger.TWO == 2\n",
    )  # fmt: skip
    answer = asked(exam, {"coverage": {"at_least": 50}})
    assert answer.verdict.passed, answer.verdict
    assert answer.lines == (LineHits(path="ledger.py", hit=(1, 4), missed=(2,)),)
    if exam.isolation != "none":
        kept = asked(exam, {"coverage": {"at_least": 50}})
        assert (kept.kept is None, kept.lines) == (False, ()), "figures are kept, lines are not"
        assert asked(exam, {"coverage": {"at_least": 50}}, lines=True).lines == answer.lines
    text = cobertura([Answer(answer.verdict, answer.seconds, lines=answer.lines)], 0.0)
    assert '<line number="2" hits="0" />' in text
    assert 'lines-valid="3"' in text
