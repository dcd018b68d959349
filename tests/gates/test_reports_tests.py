"""JUnit of many runners and the output of cargo: what they tell, and what of it is not believed."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from gates.command import Limits
from tests.gates.reporting import Ask, Tree, command, left, reported

MAVEN = """<?xml version="1.0" encoding="UTF-8"?>
<testsuite xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" name="shop.LedgerTest" time="0.1" tests="3" errors="1"
  skipped="1" failures="0">
  <properties><property name="java.version" value="21"/></properties>
  <testcase name="adds" classname="shop.LedgerTest" time="0.01"/>
  <testcase name="posts" classname="shop.LedgerTest" time="0.02">
    <error message="no such account" type="java.lang.IllegalStateException"><![CDATA[java.lang.IllegalStateException
  at shop.Ledger.post(src/Ledger.java:12)]]></error>
  </testcase>
  <testcase name="later" classname="shop.LedgerTest" time="0"><skipped/></testcase>
</testsuite>
"""
GO = """<testsuites tests="2" failures="1" errors="0">
 <testsuite tests="2" failures="1" name="shop/ledger" time="0.003">
  <testcase classname="shop/ledger" name="TestAdd" time="0.000"></testcase>
  <testcase classname="shop/ledger" name="TestPost" time="0.000"><failure message="Failed" type="">
    src/ledger_test.go:9: got 3</failure></testcase>
 </testsuite>
</testsuites>
"""
GTEST = """<testsuites tests="2" failures="0" disabled="1" errors="0"><testsuite name="Ledger" tests="2" disabled="1">
<testcase name="Adds" status="run" result="completed" classname="Ledger"/>
<testcase name="DISABLED_Posts" status="notrun" result="suppressed" classname="Ledger"/></testsuite></testsuites>
"""
EUNIT = """<testsuite tests="1" failures="0" errors="0" skipped="0" time="0.1" name="module 'ledger'">
<testcase time="0.000" name="ledger_test:9: add_test/0"/></testsuite>
"""
FILES = {"src/Ledger.java": "x\n" * 20, "src/ledger_test.go": "x\n" * 20}


@pytest.mark.parametrize(
    ("text", "figures", "place"),
    [
        (MAVEN, (1, 1, 1), ("src/Ledger.java", 12)),
        (GO, (1, 1, 0), ("src/ledger_test.go", 9)),
        (GTEST, (1, 0, 1), (None, None)),
        (EUNIT, (1, 0, 0), None),
    ],
)
def test_runners_of_other_languages_are_read(
    tree: Tree,
    ask: Ask,
    tmp_path: Path,
    text: str,
    figures: tuple[int, ...],
    place: tuple[str | None, int | None] | None,
) -> None:
    subject = reported(tree(FILES), left(tmp_path / "r", {"j.xml": text}), code=int(figures[1] > 0))
    verdict = ask(command(junit="j.xml"), subject)
    assert verdict.measured == dict(zip(("passed", "failed", "skipped"), figures, strict=True))
    assert verdict.passed == (figures[1:] == (0, 0))
    if place is not None:
        assert (verdict.findings[0].path, verdict.findings[0].line) == place
    else:
        assert verdict.findings == ()


def test_the_reports_of_several_suites_are_one(tree: Tree, ask: Ask, tmp_path: Path) -> None:
    reports = left(tmp_path / "r", {"build/a/TEST-a.xml": GTEST, "build/b/TEST-b.xml": EUNIT, "build/x.txt": "x"})
    subject = reported(tree({}), reports)
    verdict = ask(command(junit="build/**/TEST-*.xml", skipped=1, at_least=2), subject)
    assert (verdict.outcome, verdict.measured) == ("passed", {"passed": 2, "failed": 0, "skipped": 1})
    none = ask(command(junit="build/**/none-*.xml"), subject)
    assert (none.outcome, "the run left no build/**/none-*.xml" in none.summary) == ("error", True)


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ('<!DOCTYPE x [<!ENTITY a "b">]><testsuite/>', 0, "declares a document type"),
        ('<!DOCTYPE x [<!ENTITY % a "b">%a;]><testsuite/>', 0, "declares a document type"),
        ('<!DOCTYPE x SYSTEM "y"><testsuite>&a;</testsuite>', 0, "is no XML that can be read"),
        (
            '<testsuite><testcase name="a" status="odd"/></testsuite>',
            0,
            "it says 'odd', and whether that is good is not",
        ),
        ("<testsuite>", 0, "is no XML that can be read"),
        (b"\xff\xfe<testsuite/>", 0, "is no XML that can be read"),
        ("<html/>", 0, "begins with <html>"),
        ('<testsuite tests="2"><testcase name="a"/></testsuite>', 0, "states 2 tests and lists 1"),
        ('<testsuite failures="1"><testcase name="a"/></testsuite>', 1, "states 1 failures and lists 0"),
        ('<testsuite tests="-1"><testcase name="a"/></testsuite>', 0, "has no number as its tests"),
        ("<testsuite><testcase/></testsuite>", 0, "a testcase without a name"),
        ('<testsuite><testcase name="a"><skipped/></testcase></testsuite>', 0, "tells of no test that ran"),
        ('<testsuite><testcase name="a"/></testsuite>', 1, "ended with code 1, but its report tells of no failure"),
        ("", 0, "j.xml is empty"),
    ],
)
def test_what_is_no_report_of_a_whole_run_is_an_error(
    tree: Tree, ask: Ask, tmp_path: Path, text: str | bytes, code: int, words: str
) -> None:
    verdict = ask(command(junit="j.xml"), reported(tree({}), left(tmp_path / "r", {"j.xml": text}), code))
    assert verdict.outcome == "error", verdict
    assert words in verdict.summary


@pytest.mark.parametrize(
    "text",
    [
        '<testsuite><testcase name="a"><skipped/><failure>no</failure></testcase></testsuite>',
        '<testsuite><testcase name="a" status="failed"/></testsuite>',
        '<testsuite><testcase name="a" status="Timed-Out"/></testsuite>',
        '<testsuite><testcase name="a" status="run" result="aborted"/></testsuite>',
        '<testsuite name="s"><error>no setup</error><testcase name="a"/></testsuite>',
    ],
)
@pytest.mark.parametrize("code", [0, 1])
def test_a_failure_counts_wherever_it_stands_and_whatever_the_code(
    tree: Tree, ask: Ask, tmp_path: Path, text: str, code: int
) -> None:
    verdict = ask(command(junit="j.xml"), reported(tree({}), left(tmp_path / "r", {"j.xml": text}), code))
    assert (verdict.outcome, len(verdict.findings)) == ("failed", 1)


@pytest.mark.parametrize(
    "text",
    [
        '<testsuite><testcase name="a"/><system-out><![CDATA[<!DOCTYPE html><!ENTITY x>]]></system-out></testsuite>',
        '<!-- <!DOCTYPE x [ --><testsuite><testcase name="a" status="passed"/></testsuite>',
        '<!DOCTYPE testsuite SYSTEM "x.dtd"><testsuite><testcase name="a"/></testsuite>',
    ],
)
def test_what_declares_nothing_is_read(tree: Tree, ask: Ask, tmp_path: Path, text: str) -> None:
    assert ask(command(junit="j.xml"), reported(tree({}), left(tmp_path / "r", {"j.xml": text}))).passed


@pytest.mark.parametrize(
    "trace",
    [
        "at run (file:///build/tree/src/ledger_test.go:9:3)",
        "  at /build/tree/src/ledger_test.go:9",
        "/usr/lib/go/testing.go:100 then ./src/ledger_test.go:9: got 3",
        "[src/ledger_test.go:9]",
        "x" * 3_000_000 + " src/ledger_test.go:9",
    ],
)
def test_the_place_of_a_failure_is_found_in_what_it_says(tree: Tree, ask: Ask, tmp_path: Path, trace: str) -> None:
    text = f'<testsuite><testcase name="a"><failure>{trace}</failure></testcase></testsuite>'
    verdict = ask(command(junit="j.xml"), reported(tree(FILES), left(tmp_path / "r", {"j.xml": text}), 1))
    assert (verdict.findings[0].path, verdict.findings[0].line) == ("src/ledger_test.go", 9)


CARGO = """
running 2 tests
test tests::adds ... ok
test tests::posts - should panic ... FAILED

failures:

---- tests::posts - should panic stdout ----
thread 'tests::posts' panicked at src/lib.rs:7:9:
no

failures:
    tests::posts

test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s

running 1 test
test src/lib.rs - add (line 3) ... ok

test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s
"""


def test_the_text_of_cargo_is_read(tree: Tree, ask: Ask, tmp_path: Path) -> None:
    subject = reported(tree({"src/lib.rs": ""}), left(tmp_path / "r", {"stdout": CARGO}), 101)
    verdict = ask(command(cargo_test="stdout"), subject)
    assert verdict.measured == {"passed": 2, "failed": 1, "skipped": 0}
    assert (verdict.findings[0].path, verdict.findings[0].line) == ("src/lib.rs", 7)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            CARGO.replace("test tests::adds ... ok", "test tests::adds ... printed\nok"),
            "2 tests were begun, 1 are told",
        ),
        (CARGO.replace("1 passed; 1 failed", "2 passed; 0 failed"), "the sums are (2, 0, 0)"),
        (CARGO.partition("\ntest result")[0], "has no end"),
        (CARGO.replace("running 2 tests", ""), "stands outside of any run"),
        ("running 0 tests\n\ntest result: ok. 0 passed; 0 failed; 0 ignored; 0 measured;\n", "no test that ran"),
        ("warning: nothing\n", "no test that ran"),
        ('{"type": "suite", "event": "started"}\n', "is no event of a test"),
        ('{"type": "suite", "event": "started", "test_count": true}\n', "is no event of a test"),
        (
            '{"type": "suite", "event": "started", "test_count": 1}\n{"type": "test", "name": "a", "event": "odd"}',
            "event",
        ),
        ('{"type": "test", "name": 1\n', "is no event"),
    ],
)
def test_output_of_cargo_that_does_not_agree_with_itself_is_an_error(
    tree: Tree, ask: Ask, tmp_path: Path, text: str, words: str
) -> None:
    verdict = ask(command(cargo_test="stdout"), reported(tree({}), left(tmp_path / "r", {"stdout": text})))
    assert verdict.outcome == "error", verdict
    assert words in verdict.summary


@pytest.mark.parametrize(
    ("report", "words"),
    [
        ({}, "names no format"),
        ({"junit": "a.xml", "lcov": "b"}, "is asked for twice"),
        ({"junit": "a.xml", "level": "note"}, "level is no limit of junit"),
        ({"junit": "../a.xml"}, "is no path inside the repository"),
        ({"junit": "{workspace}/a.xml"}, "the one word that may stand here"),
        ({"junit": "a.xml", "at_least": 1.5}, "is a number of tests"),
        ({"lcov": "a", "at_least": 101}, "is a percentage"),
        ({"lcov": "a", "new_code": 101}, "less than or equal to 100"),
        ({"tap": "a"}, "Extra inputs"),
    ],
)
def test_limits_that_make_no_sense_are_refused(report: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words.replace("(", ".")):
        Limits.model_validate({"name": "it", "run": ["it"], "report": report})
