"""Cobertura and LCOV: the lines are the report's, the files are ours."""

from pathlib import Path

import pytest

from tests.gates.reporting import CHECKOUT, Ask, Tree, command, left, reported

COBERTURA = """<?xml version="1.0"?>
<!DOCTYPE coverage SYSTEM "http://cobertura.sourceforge.net/xml/coverage-04.dtd">
<coverage line-rate="1" branch-rate="1" version="1" timestamp="1">
 <sources><source>{source}</source></sources>
 <packages><package name="a" line-rate="1" branch-rate="1" complexity="1"><classes>
  <class name="A" filename="{file}" line-rate="1" branch-rate="1" complexity="1">
   <methods><method name="m" signature="()"><lines><line number="1" hits="1"/></lines></method></methods>
   <lines>
    <line number="1" hits="3" branch="false"/><line number="2" hits="0"/>
    <line number="3" hits="1" branch="true" condition-coverage="50% (1/2)"/>
   </lines></class></classes></package></packages>
</coverage>
"""
LCOV = """TN:
SF:{file}
FN:1,f
FNDA:1,f
DA:1,1
DA:2,0,aGVsbG8
BRDA:1,0,0,1
BRDA:1,0,1,-
BRF:2
LF:2
end_of_record
"""
THREE = "one\ntwo\nthree\n"


@pytest.mark.parametrize(
    ("source", "file"),
    [
        (CHECKOUT, "src/a.cc"),
        (f"{CHECKOUT}/src", "a.cc"),
        ("/elsewhere</source><source>" + CHECKOUT, "src/a.cc"),
        ("/", f"{CHECKOUT}/src/a.cc".lstrip("/")),
        (".", "src/a.cc"),
        ("src", "a.cc"),
        ("", f"{CHECKOUT}/src/a.cc"),
    ],
)
def test_the_names_of_cobertura_are_brought_to_the_tree(
    tree: Tree, ask: Ask, tmp_path: Path, source: str, file: str
) -> None:
    reports = left(tmp_path / "r", {"c.xml": COBERTURA.format(source=source, file=file)})
    verdict = ask(command(cobertura="c.xml", at_least=60), reported(tree({"src/a.cc": THREE}), reports))
    assert (verdict.outcome, verdict.measured, verdict.limit) == ("passed", 66.6, 60)
    branches = ask(command(cobertura="c.xml", branch=True), reported(tree({"src/a.cc": THREE}), reports))
    assert (branches.outcome, branches.measured) == ("failed", 60.0), "3 of 5 lines and ways"
    assert (branches.findings[0].path, branches.findings[0].line) == ("src/a.cc", 2)


def test_a_file_from_elsewhere_does_not_stand_for_one_of_the_tree(tree: Tree, ask: Ask, tmp_path: Path) -> None:
    reports = left(tmp_path / "r", {"c.xml": COBERTURA.format(source="/usr/include", file="src/a.cc")})
    verdict = ask(command(cobertura="c.xml"), reported(tree({"src/a.cc": THREE}), reports))
    assert verdict.outcome == "error"
    assert "tells of no line of a tracked file: it names src/a.cc" in verdict.summary


def test_a_name_that_stands_for_several_tracked_files_is_none(tree: Tree, ask: Ask, tmp_path: Path) -> None:
    text = COBERTURA.format(source=f"{CHECKOUT}/a</source><source>{CHECKOUT}/b", file="main.go")
    reports = left(tmp_path / "r", {"c.xml": text})
    verdict = ask(
        command(cobertura="c.xml", paths="a/**"), reported(tree({"a/main.go": THREE, "b/main.go": THREE}), reports)
    )
    assert verdict.outcome == "error"
    assert "main.go may be any of a/main.go, b/main.go: have the tool write a report for each source" in verdict.summary
    assert ask(command(cobertura="c.xml"), reported(tree({"a/main.go": THREE}), reports)).measured == 66.6
    named = left(tmp_path / "n", {"c.xml": text.replace("main.go", f"{CHECKOUT}/a/main.go")})
    subject = reported(tree({"a/main.go": THREE, "b/main.go": THREE}), named)
    assert ask(command(cobertura="c.xml", paths="a/**"), subject).measured == 66.6


def test_what_a_report_does_not_name_counts_with_every_line(tree: Tree, ask: Ask, tmp_path: Path) -> None:
    files = {
        "src/a.ts": THREE,
        "src/b.ts": "one\n\ntwo\n",
        "test/a.test.ts": THREE,
        "src/a.spec.ts": THREE,
        "x.md": "x",
    }
    reports = left(tmp_path / "r", {"l": LCOV.format(file="src/a.ts")})
    verdict = ask(command(lcov="l"), reported(tree(files), reports))
    assert (verdict.outcome, verdict.measured) == ("failed", 25.0), "1 of 2 and 2 lines"
    assert verdict.findings[0].message == "0 %, the report does not name it, lines 1-3"
    assert ask(command(lcov="l", at_least=50, without="src/b.ts"), reported(tree(files), reports)).passed
    assert ask(command(lcov="l", paths="src/b.ts"), reported(tree(files), reports)).measured == 0
    missing = ask(command(lcov="l", paths="src/c.ts"), reported(tree(files), reports))
    assert (missing.outcome, "src/c.ts does not exist" in missing.summary) == ("error", True)


def test_files_outside_and_untracked_ones_are_told(tree: Tree, ask: Ask, tmp_path: Path) -> None:
    text = "".join(LCOV.format(file=file) for file in ("src/a.c", "/usr/include/x.h", "build/generated.c"))
    verdict = ask(command(lcov="l", at_least=50), reported(tree({"src/a.c": THREE}), left(tmp_path / "r", {"l": text})))
    assert verdict.summary == "command it 50 % >= 50 %; 2 files of the report are not tracked"


def test_hits_of_a_file_that_is_told_of_twice_add_up(tree: Tree, ask: Ask, tmp_path: Path) -> None:
    other = "SF:./src/a.c\nDA:1,0\nDA:2,4\nend_of_record\n"
    reports = left(tmp_path / "r", {"l": LCOV.format(file=f"{CHECKOUT}/src/a.c") + other})
    assert ask(command(lcov="l", at_least=100), reported(tree({"src/a.c": THREE}), reports)).passed


def test_lines_that_the_file_does_not_have_count_for_nothing(tree: Tree, ask: Ask, tmp_path: Path) -> None:
    more = "".join(f"DA:{line},1\n" for line in range(5, 500))
    reports = left(tmp_path / "r", {"l": f"SF:src/a.c\nDA:1,1\nDA:2,0\n{more}end_of_record\n"})
    assert ask(command(lcov="l"), reported(tree({"src/a.c": THREE}), reports)).measured == 50.0


def test_new_code_is_judged_by_itself(tree: Tree, ask: Ask, tmp_path: Path) -> None:
    base = tree({"src/a.c": "one\nthree\n"})
    base = base.model_copy(update={"root": base.root.rename(tmp_path / "base")})
    reports = left(tmp_path / "r", {"l": LCOV.format(file="src/a.c")})
    subject = reported(tree({"src/a.c": THREE}), reports, base=(base, reports))
    verdict = ask(command(lcov="l", new_code=90), subject)
    assert (verdict.outcome, verdict.measured, verdict.limit) == ("failed", {"new_code": 0.0}, {"new_code": 90.0})
    assert verdict.findings[0].message == "new code 0 %, lines 2"
    moved = reported(tree({"src/a.c": "one\nthree\n"}), reports, base=(base, reports))
    nothing = ask(command(lcov="l", new_code=90, at_least=50), moved)
    assert (nothing.outcome, nothing.summary) == ("passed", "command it no new line to cover, 50 % >= 50 %")
    alone = ask(command(lcov="l", new_code=90), reported(tree({"src/a.c": THREE}), reports))
    assert (alone.outcome, "name the commit to compare with" in alone.summary) == ("error", True)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (LCOV.format(file="src/a.c").removesuffix("end_of_record\n"), "it was cut off"),
        ("SF:src/a.c\nDA:1,many\nend_of_record\n", "l:2 is no record of LCOV that could stand here"),
        ("SF:src/a.c\nDA:0x1,1\nend_of_record\n", "l:2 is no record"),
        ("DA:1,1\nend_of_record\n", "l:1 is no record"),
        ("SF:src/a.c\nSF:src/b.c\nend_of_record\n", "l:2 is no record"),
        ("<html></html>\n", "l:1 is no record"),
        ("TN:\n", "tells of no line of a tracked file"),
        ("SF:src/a.c\nend_of_record\n", "tells of no line of a tracked file"),
        (b"SF:\xff\nend_of_record\n", "is no UTF-8 text"),
    ],
)
def test_a_tracefile_that_is_not_whole_is_an_error(
    tree: Tree, ask: Ask, tmp_path: Path, text: str | bytes, words: str
) -> None:
    verdict = ask(command(lcov="l"), reported(tree({"src/a.c": THREE}), left(tmp_path / "r", {"l": text})))
    assert verdict.outcome == "error", verdict
    assert words in verdict.summary


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('number="2" hits="0"', 'number="2"', "<line> has no number as its hits"),
        ('number="2"', 'number="two"', "<line> has no number as its number"),
        ('filename="src/a.c"', 'name2="src/a.c"', "a class without a filename"),
        ('condition-coverage="50% (1/2)"', "", "line 3 has a branch, and no condition-coverage"),
        ('(1/2)"', '(3/2)"', "line 3 has a branch"),
        ("<coverage ", "<coverages ", "is no XML"),
        ('coverage-04.dtd">', 'coverage-04.dtd" [<!ENTITY a "b">]>', "declares a document type"),
    ],
)
def test_a_cobertura_file_with_a_field_missing_is_an_error_and_never_zero(
    tree: Tree, ask: Ask, tmp_path: Path, old: str, new: str, words: str
) -> None:
    text = COBERTURA.format(source=".", file="src/a.c")
    assert old in text
    reports = left(tmp_path / "r", {"c.xml": text.replace(old, new, 1)})
    verdict = ask(command(cobertura="c.xml"), reported(tree({"src/a.c": THREE}), reports))
    assert verdict.outcome == "error", verdict
    assert words in verdict.summary


def test_branches_that_were_not_measured_and_a_command_that_failed_are_errors(
    tree: Tree, ask: Ask, tmp_path: Path
) -> None:
    reports = left(tmp_path / "r", {"l": "SF:src/a.c\nDA:1,1\nend_of_record\n"})
    subject = tree({"src/a.c": THREE})
    assert "tells of no branch" in ask(command(lcov="l", branch=True), reported(subject, reports)).summary
    failed = ask(command(lcov="l"), reported(subject, reports, code=2))
    assert (failed.outcome, failed.summary) == ("error", "command it: ended with code 2")
