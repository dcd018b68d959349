"""Real bandit over real files, and the ways in which it alone would find nothing."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gates.bandit import Limits, judge
from gates.metrics.bandit_issues import Issue
from gates.subject import Subject
from gates.verdict import Verdict

Tree = Callable[..., Subject]
Ask = Callable[[object, Subject], Verdict]

CLEAN = "def add(a, b):\n    return a + b\n"
# B102 is of medium severity and high confidence, B602 of high and high, B101 of low and high
EXEC = "def run(code):\n    exec(code)\n"
SHELL = "import subprocess\n\n\ndef run(line):\n    return subprocess.call(line, shell=True)\n"
ASSERT = "def check(x):\n    assert x\n"


def test_clean_files_pass(tree: Tree, ask: Ask) -> None:
    verdict = ask("bandit", tree({"src/a.py": CLEAN, "src/b.py": CLEAN, "tests/test_a.py": EXEC}))
    assert (verdict.outcome, verdict.measured, verdict.findings) == ("passed", 0, ())
    assert verdict.summary == "bandit 0 issues of severity medium and confidence medium or above in 2 files"


def test_issues_are_told_with_their_places_the_gravest_first(tree: Tree, ask: Ask) -> None:
    verdict = ask("bandit", tree({"src/a.py": EXEC, "src/b.py": SHELL, "src/c.py": ASSERT}))
    assert (verdict.outcome, verdict.measured) == ("failed", 2)
    assert [(finding.path, finding.line) for finding in verdict.findings] == [("src/b.py", 5), ("src/a.py", 2)]
    assert verdict.findings[1].message == "B102 Use of exec detected. (severity medium, confidence high)"
    assert ": src/b.py:5 B602 " in verdict.summary


@pytest.mark.parametrize(
    ("severity", "confidence", "count"),
    [("low", "low", 4), ("medium", "medium", 2), ("high", "low", 1), ("medium", "high", 2), ("low", "high", 4)],
)
def test_an_issue_counts_at_both_levels_or_above(
    tree: Tree, ask: Ask, severity: str, confidence: str, count: int
) -> None:
    limits = {"bandit": {"severity": severity, "confidence": confidence}}
    assert ask(limits, tree({"a.py": EXEC, "b.py": SHELL, "c.py": ASSERT})).measured == count


@pytest.mark.parametrize(("confidence", "outcome"), [("high", "passed"), ("medium", "failed")])
def test_both_levels_must_be_reached(confidence: str, outcome: str) -> None:
    issue = Issue(1, "B1", "high", "medium", "x", "code")
    limits = Limits.model_validate({"confidence": confidence})
    assert judge(limits, {"issues": {"a.py": [issue]}}).outcome == outcome


def test_two_issues_of_the_same_text_are_two(tree: Tree, ask: Ask) -> None:
    assert ask("bandit", tree({"a.py": EXEC + EXEC.replace("run", "again")})).measured == 2


@pytest.mark.parametrize(
    "files",
    [
        {"a.py": EXEC.replace("exec(code)", "exec(code)  # nosec")},
        {"src/a.py": EXEC, "src/.bandit": "[bandit]\nskips = B102\n", ".bandit": "[bandit]\nexclude = src\n"},
        {"a.py": EXEC, "pyproject.toml": "[tool.bandit]\nskips = ['B102']\nexclude_dirs = ['a.py']\n"},
        {"my.github/a.py": EXEC},
        {"CVS_util.py": EXEC},
        {"tool": "#!/usr/bin/env python\n" + EXEC},
        {"venv/.svn/a.py": EXEC},
    ],
)
def test_nothing_in_the_tree_hides_an_issue(tree: Tree, ask: Ask, files: dict[str, str]) -> None:
    assert ask("bandit", tree(files)).measured == 1


def test_a_checkout_below_a_git_folder_is_analysed(tree: Tree, ask: Ask, tmp_path: Path) -> None:
    subject = tree({"a.py": EXEC})
    root = tmp_path / "repo.git" / "wt"
    root.parent.mkdir()
    subject.root.rename(root)
    assert ask("bandit", subject.model_copy(update={"root": root})).measured == 1


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("broken.py", "def f(:\n"),
        ("bytes.py", b"x = '\xff'\n"),
        ("codec.py", b"# coding: no-such-codec\n"),
        ("deep.py", "x = " + " + ".join(["1"] * 5000) + "\n"),
    ],
)
def test_a_file_that_bandit_skips_is_an_error(tree: Tree, ask: Ask, path: str, content: str | bytes) -> None:
    verdict = ask("bandit", tree({"src/a.py": CLEAN, path: content}))
    assert verdict.outcome == "error"
    assert f"bandit: {path}" in verdict.summary
    assert [finding.path for finding in verdict.findings] == [path]


def test_nothing_to_analyse_is_an_error(tree: Tree, ask: Ask) -> None:
    assert ask("bandit", tree({"docs/a.md": "a", "tests/test_a.py": CLEAN})).outcome == "error"
    assert ask({"bandit": {"paths": "lib/**"}}, tree({"src/a.py": CLEAN})).outcome == "error"
    assert not judge(Limits(), {"issues": {}}).passed


def test_tests_are_analysed_when_named(tree: Tree, ask: Ask) -> None:
    assert ask({"bandit": {"paths": "**/*.py"}}, tree({"src/a.py": CLEAN, "tests/test_a.py": EXEC})).measured == 1


@pytest.mark.parametrize("path", ["src/led/engine_test.py", "src/led/test/x.py", "src/led/conftest.py"])
def test_a_name_hides_no_product(tree: Tree, ask: Ask, path: str) -> None:
    verdict = ask("bandit", tree({"src/led/__init__.py": CLEAN, path: SHELL}))
    assert (verdict.outcome, verdict.findings[0].path) == ("failed", path)


def compared(tree: Tree, tmp_path: Path, base: dict[str, str], candidate: dict[str, str], **more: object) -> Subject:
    """A candidate and its base."""
    before = tree(base)
    before.root.rename(tmp_path / "base")
    return tree(candidate, base=before.model_copy(update={"root": tmp_path / "base"}), **more)


NEW_ONLY = {"bandit": {"new_only": True}}


@pytest.mark.parametrize(
    ("base", "candidate", "lines"),
    [
        ({"a.py": EXEC}, {"a.py": "import os\n\n\n" + EXEC}, []),
        ({"a.py": EXEC}, {"a.py": EXEC + EXEC.replace("run", "again")}, [("a.py", 4)]),
        ({"a.py": EXEC + EXEC}, {"a.py": EXEC}, []),
        ({"a.py": EXEC}, {"a.py": EXEC.replace("(code)", "( code )")}, [("a.py", 2)]),
        ({"a.py": EXEC}, {"b.py": EXEC}, []),
        ({"a.py": EXEC + CLEAN}, {"lib/a.py": EXEC + CLEAN * 2}, []),
        ({"a.py": EXEC}, {"lib/a.py": EXEC, "lib/b.py": EXEC}, [("lib/b.py", 2)]),
        ({"a.py": EXEC}, {"a.py": EXEC, "b.py": EXEC}, [("b.py", 2)]),
        ({"a.py": EXEC}, {"lib/a.py": EXEC + CLEAN * 9}, [("lib/a.py", 2)]),
        ({"docs/a.md": "no Python"}, {"a.py": EXEC}, [("a.py", 2)]),
        ({"a.py": "def f(:\n" + EXEC}, {"a.py": EXEC}, [("a.py", 2)]),
        ({"tests/a.py": EXEC}, {"a.py": EXEC}, [("a.py", 2)]),
    ],
)
def test_only_what_is_new_counts(
    tree: Tree, ask: Ask, tmp_path: Path, base: dict[str, str], candidate: dict[str, str], lines: list[object]
) -> None:
    verdict = ask(NEW_ONLY, compared(tree, tmp_path, base, candidate))
    assert [(finding.path, finding.line) for finding in verdict.findings] == lines
    assert verdict.outcome == ("failed" if lines else "passed")


def test_what_was_there_before_is_counted_in_the_summary(tree: Tree, ask: Ask, tmp_path: Path) -> None:
    verdict = ask(NEW_ONLY, compared(tree, tmp_path, {"a.py": EXEC}, {"a.py": EXEC}))
    assert verdict.summary == (
        "bandit 0 new issues of severity medium and confidence medium or above in 1 file (1 as at the base)"
    )


def test_without_a_base_nothing_is_known_to_be_old(tree: Tree, ask: Ask) -> None:
    assert "nothing to compare with" in ask(NEW_ONLY, tree({"a.py": CLEAN})).summary
    assert not judge(Limits(new_only=True), {"issues": {"a.py": []}}).passed


def test_a_waiver_lets_an_issue_pass_and_shows_it(tree: Tree, ask: Ask) -> None:
    waivers = [{"rule": "B102", "paths": ["a.py"], "reason": "a console"}]
    verdict = ask("bandit", tree({"a.py": EXEC, "b.py": CLEAN}, waivers=waivers))
    assert (verdict.outcome, verdict.waived[0].reason, verdict.waived[0].line) == ("passed", "a console", 2)
    assert "(1 waived)" in verdict.summary
    elsewhere = ask("bandit", tree({"a.py": CLEAN, "b.py": EXEC}, waivers=waivers))
    assert (elsewhere.outcome, elsewhere.findings[0].rule) == ("failed", "B102")
