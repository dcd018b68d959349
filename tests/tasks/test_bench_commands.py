"""Commands of the target at the bench: what they see, what they may change, and what becomes of those they leave."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gates.verdict import Outcome
from tasks.exam import Exam
from tasks.target import Environment
from tests.tasks.benches import FREE, LEDGER, answers, command
from tests.tasks.environments import CALLER

pytestmark = pytest.mark.builds


def test_a_command_sees_the_environment_and_little_else(exam_of: Callable[..., Exam], tmp_path: Path) -> None:
    out = tmp_path / "out"
    script = (
        "import ledger, os, pathlib, sys; pathlib.Path(sys.argv[1]).write_text(repr("
        "(sys.argv[2:], ledger.__file__, dict(os.environ), os.getcwd(), sys.executable)))"
    )
    exam = exam_of(
        LEDGER,
        environment=Environment(env=("LET_IN",)),
        env=CALLER | {"LET_IN": "a-secret-of-mine", "LEFT_OUT": "x", "PYTHONPATH": "/x"},
        confinement=FREE,
    )
    (ran,) = answers(exam, command("python", "-c", script, str(out), "{workspace}", "{run}", "{other}"))
    assert ran.verdict.passed, ran.verdict
    argv, ledger, environ, cwd, python = eval(out.read_text())  # noqa: S307 - written by the line above
    assert argv == [cwd, "r1", "{other}"]
    assert ledger == f"{cwd}/src/ledger/__init__.py"
    assert environ["LET_IN"] == "a-secret-of-mine"
    assert not {"LEFT_OUT", "PYTHONPATH"} & environ.keys()
    assert environ["HOME"] != CALLER.get("HOME")
    assert python.startswith(environ["VIRTUAL_ENV"])
    assert "{workspace}" in str(ran.evidence["ran"])


def test_secrets_and_paths_are_not_told(exam_of: Callable[..., Exam], tmp_path: Path) -> None:
    exam = exam_of(
        {"a": ""}, environment=Environment(env=("KEY",)), env=CALLER | {"KEY": "s3cret-value", "HOME": "/home/me"}
    )
    told = "echo $KEY; pwd; echo $HOME /home/me/x /home/me-too; exit 3"
    (ran,) = answers(exam, command("sh", "-c", told))
    text = ran.verdict.findings[0].message
    assert text.splitlines() == ["{KEY}", "{workspace}", "{scratch}/home {home}/x /home/me-too"]
    assert str(tmp_path) not in str(ran)


@pytest.mark.parametrize(
    ("argv", "outcome", "words"),
    [
        (("sh", "-c", "exit 3"), Outcome.FAILED, "command it ended with code 3"),
        (("not-here",), Outcome.ERROR, "command it: cannot start not-here: No such file"),
        (("sh", "-c", "kill -9 $$"), Outcome.ERROR, "SIGKILL"),
        (("sh", "-c", "echo more >> a"), Outcome.FAILED, "command it: changed tracked files: a"),
        (("sh", "-c", "rm a b; exit 1"), Outcome.FAILED, "command it: changed tracked files: a, b"),
        (("sh", "-c", "chmod +x a"), Outcome.FAILED, "command it: changed tracked files: a"),
        (("sh", "-c", "ln -sf b a"), Outcome.FAILED, "command it: changed tracked files: a"),
        (("sh", "-c", "cp -p a c; echo TEXT > a; touch -r c a"), Outcome.FAILED, "changed tracked files: a"),
        (("sh", "-c", "touch -d 2001-01-01 a; mkdir c; echo > c/new"), Outcome.PASSED, "command it ended with code 0"),
    ],
)
def test_commands(exam_of: Callable[..., Exam], argv: tuple[str, ...], outcome: Outcome, words: str) -> None:
    (ran,) = answers(exam_of({"a": "text\n", "b": ""}), command(*argv))
    assert ran.verdict.outcome is outcome
    assert words in ran.verdict.summary


def alive(pid: str) -> bool:
    """Whether a process lives; one that waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_command_that_hangs_is_ended_with_all_that_it_started(exam_of: Callable[..., Exam], tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    script = f"setsid sleep 300 & echo $! > {pids}; sleep 300"
    (ran,) = answers(exam_of({"a": ""}, confinement=FREE), command("sh", "-c", script, timeout=0.5))
    assert ran.verdict.outcome is Outcome.ERROR
    assert "timed out after 0.5 s" in ran.verdict.summary
    assert not alive(pids.read_text().strip())


def test_a_daemon_that_a_command_leaves_is_ended(exam_of: Callable[..., Exam], tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    leave = command("sh", "-c", f"setsid sleep 300 & echo $! > {pids}")
    (ran,) = answers(exam_of({"a": ""}, confinement=FREE), leave)
    assert ran.verdict.passed
    assert not alive(pids.read_text().strip())
