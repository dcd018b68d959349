"""Requirements and their tests in reports: what the gate measured, bounded, and text whatever it says."""

import re
from pathlib import Path

from pydantic import JsonValue

from gates.verdict import Outcome
from tasks.journal import Journal
from tasks.matrix import matrix_of
from tasks.outcome import CheckOutcome, RunOutcome, outcome_of
from tasks.report import summary
from tasks.report_html import render
from tasks.report_markdown import markdown

LEDGER = Journal(Path(__file__).parent / "journals" / "ledger.jsonl").read()


def row(name: str, *tests: tuple[str, str], more: int = 0) -> JsonValue:
    told: list[JsonValue] = [{"test": test, "outcome": outcome} for test, outcome in tests]
    return {"requirement": name, "defined": "docs/r.md:3", "tests": told, "more": more}


def outcome(*rows: JsonValue, requirements: int | None = None, check: str = "traceability") -> RunOutcome:
    """The ledger's run, in whose last phase requirements were traced."""
    measured: JsonValue = {"requirements": requirements or len(rows), "traced": 1, "matrix": list(rows)}
    traced = CheckOutcome(
        check=check, outcome=Outcome.FAILED, summary="traceability 1 of 3", measured=measured, limit=3
    )
    told = outcome_of(LEDGER)
    last = told.phases[-1].model_copy(update={"checks": (*told.phases[-1].checks, traced)})
    return told.model_copy(update={"phases": (*told.phases[:-1], last)})


ROWS = (
    row("REQ-1", ("tests/test_a.py::test_one", "passed"), ("tests/test_a.py::test_two", "failed"), more=2),
    row("REQ-2"),
    row("REQ-3", ("tests/test_a.py::test_three", "not run")),
)


def test_each_requirement_has_a_row_with_its_tests() -> None:
    assert matrix_of(outcome(*ROWS)).rows == (
        ("REQ-1", "docs/r.md:3", "tests/test_a.py::test_one, tests/test_a.py::test_two (failed) and 2 more", "passed"),
        ("REQ-2", "docs/r.md:3", "none", "untested"),
        ("REQ-3", "docs/r.md:3", "tests/test_a.py::test_three", "not run"),
    )


def test_a_run_that_traced_nothing_has_no_table() -> None:
    told = outcome(*ROWS, check="docs")
    assert matrix_of(told).rows == matrix_of(outcome()).rows == ()
    assert "requirements:" not in summary(told)
    assert "## Requirements" not in markdown(told)
    assert 'id="requirements"' not in render(LEDGER, told, ())


def test_the_summary_tells_of_the_open_ones_first_and_not_of_all() -> None:
    lines = summary(outcome(*ROWS)).splitlines()
    start = lines.index("requirements:")
    assert lines[start + 1].startswith("  REQ-2 (docs/r.md:3): none....")
    assert [line.rpartition(".")[2] for line in lines[start + 1 : start + 4]] == ["Untested", "Not run", "Passed"]
    many = summary(outcome(*(row(f"REQ-{number}") for number in range(50)), requirements=400)).splitlines()
    start = many.index("requirements:")
    assert many[start + 21 : start + 23] == ["  and 380 more", ""]


def test_the_page_and_the_markdown_have_the_table() -> None:
    told = outcome(*ROWS, requirements=7)
    page = render(LEDGER, told, ())
    place = page.index('<th scope="row">REQ-2</th>')
    assert re.findall(r">([^<>\s][^<>]*)<", page[place : page.index("</tr>", place)]) == [
        "REQ-2", "untested", "none", "docs/r.md:3",
    ]  # fmt: skip
    assert "and 4 more, in the evidence" in page
    assert r"| REQ\-2 | docs/r.md:3 | none | untested |" in markdown(told)


def test_what_a_target_wrote_stays_text() -> None:
    hostile = outcome(row("<script>alert(1)</script>", ("a|b\n# c\x1b[31m", "passed")))
    page = render(LEDGER, hostile, ())
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "\x1b" not in page + summary(hostile) + markdown(hostile)
    assert not any(line.startswith("# c") for line in (*summary(hostile).splitlines(), *markdown(hostile).splitlines()))
