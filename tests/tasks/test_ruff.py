"""Real ruff over real commits, and the ways in which it alone would find nothing."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gates.checks import Check
from gates.verdict import Verdict
from gates.waivers import Waiver
from tasks.bench import Bench
from tasks.exam import Exam

ExamOf = Callable[..., Exam]

UNUSED = "import os\n"
CLEAN = "def add(a, b):\n    return a + b\n"


def asked(exam: Exam, **limits: object) -> Verdict:
    check = Check.model_validate({"ruff": limits})
    with Bench(exam, [check]) as bench:
        return bench.verdict(check).verdict


def plainly(tmp_path: Path, *arguments: str) -> int:
    """What ruff itself says of the same files, by its exit code."""
    words = (sys.executable, "-m", "ruff", "check", "--no-cache", *arguments)
    return subprocess.run(words, cwd=tmp_path / "repository", check=False, capture_output=True).returncode


def later(exam_of: ExamOf, before: dict[str, str], after: dict[str, str], **more: object) -> Exam:
    """An exam of the second of two commits, whose base is the first."""
    base = exam_of(before).base
    return replace(exam_of(after, **more), base=base, compared=base)


def test_clean_files_pass_and_others_are_told_with_rule_and_place(exam_of: ExamOf) -> None:
    verdict = asked(exam_of({"src/a.py": CLEAN, "tests/test_a.py": UNUSED}))
    assert (verdict.outcome, verdict.summary) == ("passed", "ruff 0 findings in 1 file")
    verdict = asked(exam_of({"src/b.py": "x = 1\n" + UNUSED}), select=["F", "E4"])
    assert (verdict.outcome, verdict.measured) == ("failed", 2)
    assert [(found.rule, found.path, found.line) for found in verdict.findings] == [
        ("E402", "src/b.py", 2),
        ("F401", "src/b.py", 2),
    ]
    assert asked(exam_of({}), select=["F"], ignore=["F401"]).passed


@pytest.mark.parametrize(
    "files",
    [
        {"src/a.py": "import os  # noqa\n"},
        {"src/a.py": "# ruff: noqa\nimport os\n"},
        {"src/a.py": "# ruff: disable[F401]\nimport os\n# ruff: enable[F401]\n"},
        {"src/a.py": UNUSED, ".gitignore": "src/\n"},
        {"src/a.py": UNUSED, "ruff.toml": "exclude = ['src']\nforce-exclude = true\n"},
        {"src/a.py": UNUSED, "ruff.toml": "[lint.per-file-ignores]\n'*' = ['ALL']\n"},
        {"src/a.py": UNUSED, "src/.ruff.toml": "lint.ignore = ['F']\n"},
        {"src/a.py": UNUSED, "pyproject.toml": "[tool.ruff.lint]\nselect = ['W']\n"},
    ],
    ids=["noqa", "file-noqa", "range", "gitignore", "exclude", "per-file", "nested", "select"],
)
def test_what_the_candidate_writes_hides_nothing_from_it(
    exam_of: ExamOf, tmp_path: Path, files: dict[str, str]
) -> None:
    base = exam_of({"README.md": "x\n"}).base
    work = tmp_path / "repository"
    for name, text in files.items():
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_text(text)
    subprocess.run(("git", "add", "--all", "--force"), cwd=work, check=True)
    exam = replace(exam_of({}), base=base)
    assert plainly(tmp_path) == 0
    verdict = asked(exam)
    assert (verdict.outcome, [found.rule for found in verdict.findings]) == ("failed", ["F401"])


def test_comments_of_isort_are_the_one_way_left_to_switch_a_rule_off(exam_of: ExamOf, tmp_path: Path) -> None:
    exam = exam_of({"src/a.py": "# isort: skip_file\nimport sys\nimport os\n\nprint(sys, os)\n"})
    assert plainly(tmp_path, "--select=I") == 0
    assert asked(exam, select=["I"]).passed


@pytest.mark.parametrize(
    ("content", "words"),
    [("def f(:\n", "invalid-syntax"), (b"x = '\xff'\n", "E902"), ("# coding: latin-1\nx = 1\n" + "\xe9", "E902")],
)
def test_what_ruff_cannot_read_is_an_error_whatever_is_selected(
    exam_of: ExamOf, tmp_path: Path, content: str | bytes, words: str
) -> None:
    exam_of({"src/a.py": CLEAN})
    file = tmp_path / "repository/src/b.py"
    file.write_bytes(content if isinstance(content, bytes) else content.encode("latin-1"))
    verdict = asked(exam_of({}), select=["F401"])
    if words == "E902":
        assert plainly(tmp_path, "--select=F401") == 0
    assert verdict.outcome == "error"
    assert f"ruff cannot read src/b.py:1 {words}" in verdict.summary


def test_a_file_on_which_ruff_crashes_is_an_error(exam_of: ExamOf) -> None:
    verdict = asked(exam_of({"src/a.py": "x = " + " + ".join(["1"] * 20_000) + "\n"}))
    assert (verdict.outcome, "ruff came to no end" in verdict.summary) == ("error", True)


def test_nothing_to_look_at_is_an_error(exam_of: ExamOf, tmp_path: Path) -> None:
    exam = exam_of({"docs/a.md": "x\n"})
    assert plainly(tmp_path) == 0
    assert asked(exam).outcome == "error"
    assert asked(exam_of({"src/a.py": CLEAN}), paths="lib/**").summary == "ruff: no file matches lib/**"


def test_a_configuration_without_rules_is_an_error(exam_of: ExamOf, tmp_path: Path) -> None:
    exam = exam_of({"src/a.py": UNUSED, "ruff.toml": "lint.select = []\n"})
    assert plainly(tmp_path) == 0
    assert asked(exam).summary == "ruff: the configuration chooses no rule at all: name some (select)"


def test_the_configuration_is_that_of_the_base(exam_of: ExamOf) -> None:
    config = "[lint]\nselect = ['F', 'D100']\n[lint.per-file-ignores]\n'src/old/*' = ['ALL']\n"
    files = {"src/old/a.py": UNUSED, "src/b.py": UNUSED}
    exam = later(exam_of, {"ruff.toml": config}, {**files, "ruff.toml": "lint.select = ['W']\n"})
    assert {(found.rule, found.path) for found in asked(exam).findings} == {("F401", "src/b.py"), ("D100", "src/b.py")}
    plain = asked(exam, config="none")
    assert {(found.rule, found.path) for found in plain.findings} >= {("F401", "src/b.py"), ("F401", "src/old/a.py")}
    assert asked(exam, select=["W"]).passed


def test_a_configuration_that_takes_from_elsewhere_or_is_wrong_is_an_error(exam_of: ExamOf) -> None:
    extending = asked(exam_of({"src/a.py": CLEAN, "ruff.toml": "extend = '../ours.toml'\n"}))
    assert extending.summary.startswith("ruff: ruff.toml extends another file")
    assert "not valid TOML" in asked(exam_of({"ruff.toml": "[[["})).summary
    unknown = asked(exam_of({"ruff.toml": "lint.select = ['NOPE999']\n"}))
    assert unknown.outcome == "error"
    assert "NOPE999" in unknown.summary
    assert asked(exam_of({"ruff.toml": ""}), select=["NOPE"]).outcome == "error"


@pytest.mark.parametrize(("requires", "outcome"), [(">=3.12", "passed"), (">=3.9,<4", "error")])
def test_syntax_is_judged_by_the_oldest_python_of_the_base(exam_of: ExamOf, requires: str, outcome: str) -> None:
    metadata = f"[project]\nname = 'x'\nversion = '1'\nrequires-python = '{requires}'\n"
    modern = {"src/a.py": "type Pair[T] = tuple[T, T]\n"}
    exam = later(exam_of, {"pyproject.toml": metadata}, modern)
    assert asked(exam).outcome == outcome
    assert asked(exam, target="py313").passed


def test_only_what_is_new_counts_and_one_old_finding_absorbs_one(exam_of: ExamOf) -> None:
    old = {"src/a.py": "def f():\n    import os\n"}
    new = {"src/a.py": "X = 1\n\n\ndef f():\n    import os\n\n\ndef g():\n    import os\n"}
    exam = later(exam_of, old, new)
    verdict = asked(exam, select=["F401"], new_only=True)
    assert (verdict.outcome, [found.line for found in verdict.findings]) == ("failed", [9])
    assert "1 new (1 old) finding in 1 file" in verdict.summary
    assert asked(later(exam_of, {}, {"src/b.py": CLEAN}), select=["F401"], new_only=True).passed


def test_a_base_without_python_absorbs_nothing_and_without_a_base_there_is_nothing_to_compare(exam_of: ExamOf) -> None:
    exam = later(exam_of, {"README.md": "x\n"}, {"src/a.py": UNUSED})
    assert asked(exam, new_only=True).measured == 1
    alone = asked(replace(exam, compared=None), new_only=True)
    assert (alone.outcome, "nothing to compare with" in alone.summary) == ("error", True)


def test_a_broken_file_of_the_base_absorbs_nothing(exam_of: ExamOf) -> None:
    exam = later(exam_of, {"src/a.py": "import os\ndef f(:\n"}, {"src/a.py": UNUSED})
    assert asked(exam, new_only=True).measured == 1


def test_waivers_are_honoured_and_shown(exam_of: ExamOf) -> None:
    waiver = Waiver.model_validate({"rule": "F4*", "paths": "src/a.py", "reason": "re-exported"})
    exam = exam_of({"src/a.py": UNUSED, "src/b.py": UNUSED}, waivers=(waiver,))
    verdict = asked(exam)
    assert [found.path for found in verdict.findings] == ["src/b.py"]
    assert [(found.path, found.reason) for found in verdict.waived] == [("src/a.py", "re-exported")]
    assert "1 finding in 2 files, 1 waived: src/b.py:1 F401" in verdict.summary


def test_odd_names_are_read_or_refused_never_passed_over(exam_of: ExamOf) -> None:
    odd = {"src/[a]*.py": UNUSED, "src/-b c.py": UNUSED, "src/é.py": UNUSED, "src/@x.py": UNUSED, "tool": "#!python\n"}
    assert asked(exam_of(odd), select=["F401"]).measured == 4
    verdict = asked(exam_of({"src/line\nbreak.py": UNUSED}))
    assert (verdict.outcome, "line break" in verdict.summary) == ("error", True)
