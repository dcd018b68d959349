"""Static checks of a gate: whether figures are known by their content or measured in workers, the result is one."""

import os
import sqlite3
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gates.checks import CHECKS as CHECKS_KNOWN
from gates.checks import Check
from gates.metrics.figures import METRICS, Need, Unread
from gates.subject import EXECUTABLE
from gates.verdict import Verdict
from tasks import figure_store, figures
from tasks.bench import Bench
from tasks.errors import SparcError
from tasks.exam import Exam
from tasks.figure_store import FigureStore
from tasks.git import Git
from tasks.git_directories import create_bare
from tasks.isolation import Confinement, confinement, why_not
from tests.trees import commit

EXEC = "def run(code):\n    exec(code)\n"
CLEAN = "def add(a, b):\n    return a + b\n"
FILES = {
    "src/a.py": EXEC, "src/b.py": CLEAN, "docs/a.md": "one\ntwo\n", "bin/tool": "#!/usr/bin/env python3\n" + EXEC,
    "src/caf\udce9.py": CLEAN,
}  # fmt: skip
CHECKS: tuple[object, ...] = (
    "bandit", "radon", "deliverables", {"lines": {"paths": "docs/*.md", "at_least": 2}},
    {"contains": {"paths": "docs/*.md", "pattern": "two"}}, {"absent": {"paths": "src/*.py", "pattern": "exec"}},
)  # fmt: skip

pytestmark = pytest.mark.skipif(bool(why_not("landlock")), reason="without isolation nothing is kept")


@pytest.fixture
def git(tmp_path: Path) -> Git:
    return create_bare(tmp_path / "repository.git")


@pytest.fixture
def exam_of(git: Git, tmp_path: Path) -> Callable[..., Exam]:
    def make(files: Mapping[str, str], base: Mapping[str, str] | None = None, **more: Any) -> Exam:  # noqa: ANN401
        compared = commit(git, base) if base is not None else None
        made = commit(git, files)
        home = tmp_path / "home"
        exam = Exam(
            git=git, tree=git.resolve(made, "tree") or "", base=made, deliverables=("docs/a.md",), environment=None,
            folder=tmp_path / "exam", words={}, home=home, env=dict(os.environ), confinement=confinement(None, home),
            compared=compared,
        )  # fmt: skip
        return replace(exam, **more)

    return make


def ask(exam: Exam, *entries: object) -> list[Verdict]:
    checks: list[Check] = [Check.model_validate(entry) for entry in entries]
    with Bench(exam, checks) as bench, ThreadPoolExecutor() as threads:
        return [measured.verdict for measured in threads.map(bench.verdict, checks)]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Metric and path of every figure that a worker is asked for."""
    seen: list[str] = []
    real = figures.Measuring._ask  # noqa: SLF001 - what it is asked is what the test is about

    def noting(self: figures.Measuring, needs: Any) -> figures.Figures:  # noqa: ANN401
        seen.extend(f"{need.metric} {need.path}" for need in needs)
        return real(self, needs)

    monkeypatch.setattr(figures.Measuring, "_ask", noting)
    return seen


def test_what_is_known_is_not_measured_again_and_the_verdict_is_the_same(
    exam_of: Callable[..., Exam], asked: list[str]
) -> None:
    exam = exam_of(FILES)
    first = ask(exam, *CHECKS)
    assert {"bandit src/a.py", "bandit bin/tool", "complexity src/b.py", "lines docs/a.md"} <= set(asked)
    assert [verdict.outcome for verdict in first] == ["failed", "passed", "passed", "passed", "passed", "failed"]
    asked.clear()
    assert ask(exam, *CHECKS) == first
    assert asked == []
    unkept = ask(replace(exam, confinement=Confinement("none")), *CHECKS)
    assert unkept == first
    assert len(asked) == len(set(asked)) > len(FILES)


def test_one_changed_file_is_the_only_one_that_is_measured(exam_of: Callable[..., Exam], asked: list[str]) -> None:
    ask(exam_of(FILES), *CHECKS)
    asked.clear()
    verdict, *_ = ask(exam_of(FILES | {"src/b.py": EXEC}), *CHECKS)
    assert {place.partition(" ")[2] for place in asked} == {"src/b.py"}
    assert verdict.measured == 3


def test_what_can_be_executed_is_looked_at_whatever_its_suffix(git: Git, exam_of: Callable[..., Exam]) -> None:
    files = {"src/a.py": CLEAN, "bin/run.sh": "#!/bin/sh\n", "bin/tool.cgi": "#!/usr/bin/env python3\n" + EXEC}
    modes = {"bin/run.sh": EXECUTABLE, "bin/tool.cgi": EXECUTABLE}
    exam = replace(exam_of({}), tree=git.resolve(commit(git, files, modes=modes), "tree") or "")
    (verdict,) = ask(exam, "bandit")
    assert (verdict.outcome, [each.path for each in verdict.findings]) == ("failed", ["bin/tool.cgi"])


def test_the_same_content_elsewhere_is_measured_for_itself(exam_of: Callable[..., Exam], asked: list[str]) -> None:
    ask(exam_of(FILES), "bandit")
    asked.clear()
    ask(exam_of(FILES | {"src/c.py": EXEC}), "bandit")
    assert asked == ["bandit src/c.py"]


def test_what_is_in_both_trees_is_measured_once(exam_of: Callable[..., Exam], asked: list[str]) -> None:
    exam = exam_of(FILES | {"src/b.py": EXEC}, FILES, confinement=Confinement("none"))
    (verdict,) = ask(exam, {"bandit": {"new_only": True}})
    assert asked.count("bandit src/a.py") == 1
    assert asked.count("bandit src/b.py") == 2
    assert [finding.path for finding in verdict.findings] == ["src/b.py"]


def test_without_a_base_new_only_is_an_error(exam_of: Callable[..., Exam]) -> None:
    verdict, other = ask(exam_of(FILES), {"radon": {"new_only": True}}, "bandit")
    assert (verdict.outcome, other.outcome) == ("error", "failed")
    assert "--base REF" in verdict.summary


def test_what_cannot_be_measured_is_an_error_for_its_own_check_and_never_kept(
    exam_of: Callable[..., Exam], asked: list[str]
) -> None:
    exam = exam_of(FILES | {"src/b.py": "def f(:\n"})
    for _ in range(2):
        asked.clear()
        secure, _, there, *_ = ask(exam, *CHECKS)
        assert (secure.outcome, there.outcome) == ("error", "passed")
        assert secure.summary == "bandit: src/b.py:1 cannot be read as Python: invalid syntax"
        assert "bandit src/b.py" in asked


@pytest.mark.parametrize("damage", ["garbage", "forged", "cut", "other shape", "locked away"])
def test_a_store_that_is_damaged_is_measured_past(exam_of: Callable[..., Exam], damage: str) -> None:
    exam = exam_of(FILES)
    first = ask(exam, *CHECKS)
    file = FigureStore.of(exam.home).file
    if damage == "garbage":
        file.write_bytes(b"no database" * 1000)
    elif damage == "locked away":
        file.unlink()
        file.mkdir()
    else:
        new = {"forged": "'[]'", "cut": "substr(figure, 2)", "other shape": "'[[1, 2]]'"}[damage]
        with sqlite3.connect(file) as base:
            base.execute(f"UPDATE figures SET figure = {new}")  # noqa: S608 - of this test's own
            if damage == "other shape":
                for key, text in base.execute("SELECT key, figure FROM figures").fetchall():
                    digest = figure_store._digest(key, text)  # noqa: SLF001 - forged by whoever knows how
                    base.execute("UPDATE figures SET digest = ? WHERE key = ?", (digest, key))
        base.close()
    assert ask(exam, *CHECKS) == first


def test_a_worker_that_dies_costs_one_metric(exam_of: Callable[..., Exam], monkeypatch: pytest.MonkeyPatch) -> None:
    real = figures.Measuring._ask  # noqa: SLF001

    def dying(self: figures.Measuring, needs: Any) -> figures.Figures:  # noqa: ANN401
        if any(need.metric == "bandit" for need in needs):
            raise SparcError("its worker left no figures: SIGKILL")
        return real(self, needs)

    monkeypatch.setattr(figures.Measuring, "_ask", dying)
    secure, plain = ask(exam_of(FILES), "bandit", "radon")
    assert (secure.outcome, plain.outcome) == ("error", "passed")
    assert "could not be measured: its worker left no figures: SIGKILL" in secure.summary


def test_whatever_goes_wrong_is_an_error_of_its_own_check(
    exam_of: Callable[..., Exam], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("x")

    kind = CHECKS_KNOWN["radon"]
    monkeypatch.setattr("gates.checks.CHECKS", {**CHECKS_KNOWN, "radon": kind._replace(judge=broken)})
    secure, plain = ask(exam_of(FILES), "bandit", "radon")
    assert (secure.outcome, plain.outcome) == ("failed", "error")
    assert plain.summary == "radon: could not be measured: ZeroDivisionError: x"


def test_a_file_that_is_too_large_is_not_read(exam_of: Callable[..., Exam], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "MOST_OF_ONE", 40)
    (verdict,) = ask(exam_of({"src/a.py": CLEAN * 2}), "radon")
    assert (verdict.outcome, "nobody reads" in verdict.summary) == ("error", True)


def test_many_bytes_are_shared_among_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    needs = [Need("lines", f"{number}", f"{number}") for number in range(10)]
    monkeypatch.setattr(figures, "PROCESSORS", 2)
    few = figures._shares(needs, dict.fromkeys(map(str, range(10)), 10))  # noqa: SLF001
    many = figures._shares(needs, dict.fromkeys(map(str, range(10)), figures.SHARE))  # noqa: SLF001
    huge = figures._shares(needs, dict.fromkeys(map(str, range(10)), figures.MOST_AT_ONCE))  # noqa: SLF001
    assert (len(few), [len(share) for share in many], len(huge)) == (1, [5, 5], 10)


def test_an_answer_that_is_none_is_not_taken(tmp_path: Path) -> None:
    report = tmp_path / "figures.json"
    for text in ("", "{}", "[[1]]", '[[1], [1, "x"]]', '[[1], "x"]', "null", "[" * 100_000):
        report.write_text(text)
        assert figures._answers(report, 2) is None  # noqa: SLF001
    report.write_text('[[1], [null, "why", 3]]')
    one, other = figures._answers(report, 2) or ()  # noqa: SLF001
    assert (one, isinstance(other, Unread), other.reason, other.line) == (1, True, "why", 3)


def test_a_key_holds_everything_that_a_figure_depends_on(monkeypatch: pytest.MonkeyPatch) -> None:
    need = Need("bandit", "a.py", "1" * 40)
    keys = {figure_store._key(need)}  # noqa: SLF001
    for other in ({"metric": "lines"}, {"path": "b.py"}, {"blob": "2" * 40}, {"parameters": ("x",)}):
        keys.add(figure_store._key(need._replace(**other)))  # noqa: SLF001
    for name, value in (("python_version", "3.99"), ("_version", "9")):
        where = figure_store.platform if name == "python_version" else figure_store
        figure_store._maker.cache_clear()  # noqa: SLF001
        with monkeypatch.context() as patch:
            patch.setattr(where, name, lambda *_, value=value: value)
            keys.add(figure_store._key(need))  # noqa: SLF001
    figure_store._maker.cache_clear()  # noqa: SLF001
    assert len(keys) == 7
    assert figure_store._key(need._replace(tree="base")) in keys  # noqa: SLF001


def test_the_oldest_go_when_there_are_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figure_store, "MOST_ENTRIES", 10)
    store = FigureStore(tmp_path / "figures.sqlite")
    for number in range(40):
        monkeypatch.setattr(figure_store.time, "time", lambda number=number: 1e9 + number)
        store.keep({Need("lines", "a", f"{number}"): number})
    found = store.find([Need("lines", "a", f"{number}") for number in range(40)])
    assert 5 <= len(found) <= 15
    assert max(found.values()) == 39


def test_every_module_that_a_metric_names_is_there() -> None:
    for name in METRICS:
        assert figure_store._maker(name)  # noqa: SLF001
