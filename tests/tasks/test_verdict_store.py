"""Verdicts by question, for gates that belong to no run."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from gates.checks import Check
from gates.verdict import Finding, Outcome, Verdict
from tasks import shelf, verdict_store
from tasks.exam import Exam
from tasks.git import Git
from tasks.isolation import Confinement
from tasks.shelf import Shelf
from tasks.verdict_store import find, keep

QUESTION = "ab" * 32
BANDIT: Check = Check.model_validate("bandit")
TESTS: Check = Check.model_validate("tests")
VERDICT = Verdict(
    check="bandit", outcome=Outcome.FAILED, summary="bandit", findings=(Finding(message="m", path="caf\udce9.py"),)
)


@pytest.fixture
def exam(tmp_path: Path) -> Exam:
    return Exam(
        git=Git(tmp_path), tree="a" * 40, base=None, deliverables=(), environment=None, folder=tmp_path, words={},
        home=tmp_path, env={}, confinement=Confinement("landlock"),
    )  # fmt: skip


def test_an_answer_is_found_again_under_its_question_alone(exam: Exam) -> None:
    keep(exam, BANDIT, QUESTION, VERDICT)
    assert find(exam, BANDIT, QUESTION) == VERDICT
    assert find(exam, BANDIT, "cd" * 32) is None
    assert find(exam, TESTS, QUESTION) is None


@pytest.mark.parametrize("outcome", [Outcome.ERROR, Outcome.UNKNOWN])
def test_what_is_no_answer_is_not_kept(exam: Exam, outcome: Outcome) -> None:
    keep(exam, BANDIT, QUESTION, VERDICT.model_copy(update={"outcome": outcome}))
    assert find(exam, BANDIT, QUESTION) is None


def test_without_isolation_nothing_is_kept_or_believed(exam: Exam) -> None:
    free = replace(exam, confinement=Confinement("none"))
    keep(free, BANDIT, QUESTION, VERDICT)
    assert find(exam, BANDIT, QUESTION) is None
    keep(exam, BANDIT, QUESTION, VERDICT)
    assert find(free, BANDIT, QUESTION) is None


def test_what_came_from_running_something_holds_for_a_day(exam: Exam, monkeypatch: pytest.MonkeyPatch) -> None:
    tests = VERDICT.model_copy(update={"check": "tests"})
    keep(exam, TESTS, QUESTION, tests)
    keep(exam, BANDIT, "cd" * 32, VERDICT)
    later = time.time() + 2 * shelf.DAY
    monkeypatch.setattr(verdict_store.time, "time", lambda: later)
    assert find(exam, TESTS, QUESTION) is None
    assert find(exam, BANDIT, "cd" * 32) == VERDICT


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"{}", b"\xff", b"[" * 100_000])
def test_what_is_broken_was_never_there(exam: Exam, data: bytes) -> None:
    keep(exam, BANDIT, QUESTION, VERDICT)
    (file,) = (exam.home / "cache/verdicts").glob("*/*")
    file.write_bytes(data)
    assert find(exam, BANDIT, QUESTION) is None


def test_a_shelf_gives_away_what_is_too_old_and_too_much(tmp_path: Path) -> None:
    kept = Shelf(tmp_path, most_bytes=25, days=30, most_of_one=20)
    for name in ("aa1", "bb2", "cc3"):
        kept.put(name, b"x" * 10)
        time.sleep(0.01)
    kept.put("dd4", b"x" * 21)
    kept.get("aa1")  # used is as good as new
    kept.prune()
    assert [kept.get(name) is not None for name in ("aa1", "bb2", "cc3", "dd4")] == [True, False, True, False]
    Shelf(tmp_path, most_bytes=25, days=0).prune()
    assert kept.get("aa1") is None


def test_a_link_on_a_shelf_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"x")
    (tmp_path / "shelf/aa").mkdir(parents=True)
    (tmp_path / "shelf/aa/aa1").symlink_to(tmp_path / "secret")
    assert Shelf(tmp_path / "shelf", 100, 30).get("aa1") is None
