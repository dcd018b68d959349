"""What the plan allows is shown wherever a verdict is."""

from pathlib import Path

from gates.verdict import Outcome, Verdict, Waived
from tasks.artifacts import gate_rows
from tasks.events import CheckEnded, Event
from tasks.journal import Journal
from tasks.outcome import outcome_of
from tasks.report import answer_lines, summary
from tasks.report_html import render
from tasks.report_markdown import markdown

LEDGER = Journal(Path(__file__).parent / "journals" / "ledger.jsonl").read()
WAIVED = tuple(
    Waived(message="test-deleted: gone <b>", path=f"tests/test_{number}.py", rule="test-deleted", reason="moved | away")
    for number in range(25)
)
VERDICT = Verdict(check="integrity", outcome=Outcome.PASSED, summary="integrity 0 signs", waived=WAIVED)
LINE = "waived: tests/test_0.py test-deleted: gone <b> (moved | away)"


def _events(verdict: Verdict) -> list[Event]:
    """The journal of a run, whose first check has this verdict instead."""
    place = next(place for place, event in enumerate(LEDGER) if isinstance(event, CheckEnded))
    first = LEDGER[place]
    assert isinstance(first, CheckEnded)
    return [*LEDGER[:place], first.model_copy(update={"verdict": verdict}), *LEDGER[place + 1 :]]


def test_a_terminal_shows_the_first_ones_and_counts_the_rest() -> None:
    told = summary(outcome_of(_events(VERDICT))).splitlines()
    assert f"    {LINE}" in told
    assert "    waived: and 5 more, in the evidence" in told
    assert f"  {LINE}" in answer_lines(VERDICT)


def test_json_has_all_of_them() -> None:
    (check,) = [one for phase in outcome_of(_events(VERDICT)).phases for one in phase.checks if one.waived]
    assert check.model_dump(mode="json")["waived"][24] == WAIVED[24].model_dump(mode="json")


def test_markdown_shows_them_as_text() -> None:
    told = markdown(outcome_of(_events(VERDICT)))
    assert "| check | waived rule | where | reason |" in told
    assert r"| tests/test\_0.py test\-deleted: gone &lt;b&gt; | moved \| away |" in told


def test_the_page_shows_them_as_text() -> None:
    events = _events(VERDICT)
    page = render(events, outcome_of(events), ())
    assert (
        '<li>waived: <code>tests/test_0.py</code> test-deleted: gone &lt;b&gt; <span class="quiet">moved | away</span>'
        in page
    )
    assert "gone <b>" not in page


def test_the_table_in_prefect_shows_them() -> None:
    (row,) = gate_rows([VERDICT.model_copy(update={"waived": WAIVED[:1]})])
    assert row["waived"] == "tests/test_0.py test-deleted: gone <b> (moved | away)"
    assert gate_rows([VERDICT.model_copy(update={"waived": ()})])[0]["waived"] == ""
