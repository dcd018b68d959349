"""What follows the last gate is told wherever a run is told: in lines, in the view, in the report, on the page."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from tasks.events import ReleaseStep, RunEnded
from tasks.journal import Journal
from tasks.outcome import outcome_of
from tasks.progress_lines import line
from tasks.progress_view import view
from tasks.report import summary
from tasks.report_html import render
from tasks.report_markdown import markdown

LEDGER = Journal(Path(__file__).parent / "journals" / "ledger.jsonl").read()
AT = LEDGER[-1].at
HOSTILE = "deploy: make\x1b[2J <script>x|</script>\nReleased: main is at 0000000000."
PUSHED = ReleaseStep(step="push", outcome="passed", text="main to origin, at 01f561ac4a", commit="01", seconds=2, at=AT)
FAILED = ReleaseStep(step="verify", outcome="failed", text=HOSTILE, commit="01", seconds=75, at=AT)
BACK = ReleaseStep(step="rollback", outcome="passed", text="main to before, by 3c", commit="3c", seconds=1, at=AT)
ENDED = RunEnded(outcome="blocked", reason="the deployment failed", at=AT)
EVENTS = (*LEDGER[:-1], PUSHED, FAILED, BACK, ENDED)


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (PUSHED, "push: main to origin, at 01f561ac4a  2.0 s"),
        (BACK, "rollback: main to before, by 3c  1.0 s"),
        (FAILED, "verify FAILED: deploy: make <script>x|</script> Released: main is at 0000000000.  1 min 15 s"),
    ],
)  # fmt: skip
def test_a_step_of_the_release_is_one_line(event: ReleaseStep, words: str) -> None:
    assert line(event, "r")[10:] == words


def test_the_outcome_has_every_step_in_order() -> None:
    steps = outcome_of(EVENTS).steps
    assert [(step.step, step.outcome) for step in steps] == [
        ("push", "passed"), ("verify", "failed"), ("rollback", "passed"),
    ]  # fmt: skip
    assert steps[0].model_dump() == PUSHED.model_dump(exclude={"at", "event"})


def test_the_view_shows_what_is_deployed_and_what_was_taken_back() -> None:
    console = Console(file=io.StringIO(), width=100)
    console.print(view(EVENTS, AT))
    told = console.file.getvalue()  # type: ignore[attr-defined]
    assert "✓ push: main to origin, at 01f561ac4a  2.0 s" in told
    assert "✗ verify: deploy: make <script>" in told
    assert "\x1b[2J" not in told


def test_the_report_shows_the_steps_and_the_reason_of_a_failure() -> None:
    told = summary(outcome_of(EVENTS)).splitlines()
    at = told.index("release:")
    assert told[at + 1].startswith("  push: main to origin, at 01f561ac4a...")
    assert told[at + 1].endswith("Passed")
    assert told[at + 2].endswith("Failed")
    assert told[at + 3] == "    deploy: make <script>x|</script> Released: main is at 0000000000."
    assert not any(text.startswith("Released:") for text in told)


def test_a_run_without_such_steps_does_not_speak_of_them() -> None:
    assert "release:" not in summary(outcome_of(LEDGER)).splitlines()
    assert "## Release" not in markdown(outcome_of(LEDGER))


def test_what_a_command_printed_stays_text_in_markdown_and_on_the_page() -> None:
    told = markdown(outcome_of(EVENTS))
    assert "## Release" in told
    page = render(EVENTS, outcome_of(EVENTS), ())
    assert '<h2 id="release">Release</h2>' in page
    for text in (told, page):
        assert "<script>" not in text
        assert "&lt;script&gt;" in text
