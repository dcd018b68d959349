"""One check in a process of its own."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gates import worker
from gates.subject import Subject
from gates.verdict import Verdict
from gates.worker import answer_to

Tree = Callable[..., Subject]


def question(check: str, subject: Subject, **limits: object) -> str:
    return json.dumps({"check": check, "limits": limits, "subject": subject.model_dump(mode="json")})


def run(folder: Path, text: str) -> Verdict:
    report = folder / "verdict.json"
    argv = (sys.executable, "-I", "-m", "gates.worker", str(report), "bandit")
    subprocess.run(argv, input=text, text=True, check=True, cwd=folder, timeout=60)
    assert [path.name for path in folder.iterdir() if path.is_file()] == ["verdict.json"]
    return Verdict.model_validate(json.loads(report.read_bytes()))


def test_a_verdict_comes_back(tree: Tree, tmp_path: Path) -> None:
    subject = tree({"caf\udce9.py": "exec(x)\n"})
    verdict = run(tmp_path, question("bandit", subject))
    assert (verdict.check, verdict.outcome) == ("bandit", "failed")
    assert verdict.findings[0].path == "caf\udce9.py"
    assert verdict.summary.endswith(r": caf\udce9.py:1 B102 Use of exec detected. (severity medium, confidence high)")


def test_a_crash_is_a_verdict(tmp_path: Path) -> None:
    verdict = run(tmp_path, "{")
    assert (verdict.check, verdict.outcome) == ("check", "error")
    assert verdict.summary.startswith("check: could not be measured: JSONDecodeError: ")


def test_what_cannot_be_measured_is_told_with_its_findings(tree: Tree) -> None:
    verdict = answer_to(question("radon", tree({"bad.py": "def f(:\n"})))
    assert (verdict.outcome, verdict.summary) == (
        "error",
        "radon: bad.py:1 cannot be read as Python: invalid syntax",
    )
    assert (verdict.findings[0].path, verdict.findings[0].line) == ("bad.py", 1)


@pytest.mark.parametrize(
    ("check", "limits", "reason"),
    [
        ("coverge", {}, "did you mean coverage?"),
        ("lines", {"at_least": "many"}, "valid integer"),
        ("radon", {"limit": 1}, "not permitted"),
    ],
)
def test_a_wrong_question_is_an_error_on_one_line(
    tree: Tree, check: str, limits: dict[str, object], reason: str
) -> None:
    verdict = answer_to(question(check, tree({"a.py": ""}), **limits))
    assert verdict.outcome == "error"
    assert reason in verdict.summary
    assert "\n" not in verdict.summary


@pytest.mark.parametrize("problem", [RecursionError("too deep"), MemoryError(), SystemExit(0), ZeroDivisionError("x")])
def test_every_exception_is_an_error(tree: Tree, monkeypatch: pytest.MonkeyPatch, problem: BaseException) -> None:
    def measure(*_: object) -> None:
        raise problem

    kind = worker.Check.model_validate("deliverables").kind._replace(measure=measure)
    monkeypatch.setattr(sys.modules["gates.checks"], "CHECKS", {"deliverables": kind})
    verdict = answer_to(question("deliverables", tree({"a": "a"})))
    assert (verdict.check, verdict.outcome) == ("deliverables", "error")
    assert type(problem).__name__ in verdict.summary


def test_a_file_that_exhausts_memory_is_an_error(tree: Tree, tmp_path: Path) -> None:
    subject = tree({"huge.md": "x"}, deliverables=["huge.md"])
    with (subject.root / "huge.md").open("r+b") as file:
        file.truncate(5 * 1024**3)
    verdict = run(tmp_path, question("deliverables", subject))
    assert (verdict.outcome, "MemoryError" in verdict.summary) == ("error", True)
