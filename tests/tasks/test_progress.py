"""What a person sees while a run goes on."""

import io
import os
import re
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from rich.console import Console

from gates.verdict import Finding, Outcome, Verdict
from tasks.events import (
    AttemptEnded,
    AttemptStarted,
    BatchEnded,
    CheckEnded,
    Escalated,
    Event,
    GateEnded,
    Merged,
    Notice,
    PhaseEnded,
    PhaseStarted,
    ReviewAnswered,
    ReviewAsked,
    RunEnded,
    RunStarted,
)
from tasks.journal import Journal
from tasks.progress import aside, watch
from tasks.progress_lines import line
from tasks.progress_view import view

LEDGER = Journal(Path(__file__).parent / "journals" / "ledger.jsonl").read()
PHASE = {"number": 2, "phase": "pseudocode"}
ASKED = {**PHASE, "assignment": "requirements", "attempt": 1}
COVERAGE = Verdict(
    check="coverage",
    outcome=Outcome.FAILED,
    summary="coverage 91.2 % < 95 %: src/ledger/post.py 71 %",
    findings=(Finding(message="71 %"),),
)
TOLD: list[tuple[Event, str]] = [
    (
        LEDGER[0],
        "run r starts: plan ledger on main at 2b020927d3, isolation: bubblewrap",
    ),
    (
        PhaseStarted(**PHASE, assignments=("a", "b"), gate=("lines", "radon")),
        "started: 2 assignments, gate lines, radon",
    ),
    (AttemptStarted(**ASKED, agent="writer"), "requirements  attempt 1  asked writer"),
    (AttemptEnded(**ASKED, outcome="left", seconds=75), "requirements  attempt 1  answered after 1 min 15 s"),
    (
        AttemptEnded(**ASKED, outcome="failed", reason="exit code 3", seconds=4),
        "requirements  attempt 1  FAILED after 4.0 s: exit code 3",
    ),
    (AttemptEnded(**ASKED, outcome="interrupted", seconds=30), "requirements  attempt 1  INTERRUPTED after 30 s"),
    (Merged(**ASKED, commit="3f2a91c04d" + "0" * 30, seconds=1), "requirements  attempt 1  merged 3f2a91c04d"),
    (
        CheckEnded(**PHASE, round=1, verdict=COVERAGE, seconds=1),
        "gate  coverage 91.2 % < 95 %: src/ledger/post.py 71 %  failed",
    ),
    (
        CheckEnded(**PHASE, round=1, assignment="api", verdict=COVERAGE, seconds=1),
        "api  gate  coverage 91.2 % < 95 %: src/ledger/post.py 71 %  failed",
    ),
    (
        CheckEnded(**PHASE, round=2, verdict=COVERAGE, seconds=0, kept="1 specification, api"),
        "gate  coverage 91.2 % < 95 %: src/ledger/post.py 71 %  failed  (kept from 1 specification, api)",
    ),
    (
        BatchEnded(**PHASE, assignments=("api", "cli"), tree="0" * 40, checks=3, outcome=Outcome.FAILED, seconds=75),
        "gate  api, cli together  failed after 1 min 15 s",
    ),
    (GateEnded(**PHASE, round=1, outcome=Outcome.PASSED), "gate  round 1  passed"),
    (GateEnded(**PHASE, round=2, outcome=Outcome.UNKNOWN), "gate  round 2  NOT PASSED"),
    (Escalated(**PHASE, reason="failed twice"), "ESCALATED: failed twice"),
    (
        ReviewAsked(**PHASE, points=("it is good", "it is ours")),
        "REVIEW WANTED: it is good; it is ours; answer with: sparc review r --approve --comment TEXT",
    ),
    (ReviewAnswered(**PHASE, approved=True, by="--yes", comment=""), "review approved by --yes"),
    (ReviewAnswered(**PHASE, approved=False, by="ada", comment="vague"), "review REJECTED by ada: vague"),
    (PhaseEnded(**PHASE, outcome="passed", commit="c0ffee1234"), "passed: c0ffee1234"),
    (PhaseEnded(**PHASE, outcome="blocked", reason="coverage"), "BLOCKED: coverage"),
]
OF_THE_RUN: list[tuple[Event, str]] = [
    (Notice(text="memory is low"), "NOTICE: memory is low"),
    (RunEnded(outcome="released", commit="c0ffee1234"), "released: c0ffee1234"),
    (RunEnded(outcome="blocked", reason="coverage"), "BLOCKED: coverage"),
    (RunEnded(outcome="interrupted"), "INTERRUPTED"),
]
HOSTILE = "\x1b]0;title\x07\x1b[31mred\x1b[0m [bold]x[/] \u202egnp\r\n\x9b2Jend" + "!" * 900


@pytest.fixture(autouse=True)
def _new_york() -> Iterator[None]:
    """Lines are in local time, so the tests have one: -4 h in June."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = "America/New_York"
    time.tzset()
    yield
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal.jsonl")


def at(event: Event) -> Event:
    return event.model_copy(update={"at": 1780920184.0})


@pytest.mark.parametrize(("event", "words"), TOLD[1:])
def test_an_event_of_a_phase_is_one_line(event: Event, words: str) -> None:
    assert line(at(event), "r") == f"08:03:04  2 pseudocode  {words}"


@pytest.mark.parametrize(("event", "words"), [TOLD[0], *OF_THE_RUN])
def test_an_event_of_the_run_is_one_line(event: Event, words: str) -> None:
    assert line(at(event), "r") == f"08:03:04  {words}"


def test_hostile_text_stays_one_harmless_line_of_bounded_length() -> None:
    told = line(at(AttemptEnded(**ASKED, outcome="failed", reason=HOSTILE, seconds=4)), "r")
    assert told.startswith(
        "08:03:04  2 pseudocode  requirements  attempt 1  FAILED after 4.0 s: red [bold]x[/] \ufffdgnp end!"
    )
    assert told.isprintable()
    assert len(told) < 600


def lines_of(stream: io.StringIO) -> list[str]:
    return [told.split("  ", 1)[1] for told in stream.getvalue().splitlines()]


def test_watching_tells_every_line_that_was_written_in_the_block(journal: Journal) -> None:
    journal.write(Notice(text="of an earlier sitting"))
    stream = io.StringIO()
    with watch(journal, terminal=False, console=Console(file=stream)):
        for event, _ in [*TOLD, *OF_THE_RUN]:
            journal.write(event)
    told = lines_of(stream)
    run = LEDGER[0]
    assert isinstance(run, RunStarted)
    assert told[0] == TOLD[0][1].replace("run r", f"run {run.run}")
    assert told[1:] == [f"2 pseudocode  {words}".replace("review r", f"review {run.run}") for _, words in TOLD[1:]] + [
        words for _, words in OF_THE_RUN
    ]


def test_watching_tells_while_the_block_goes_on(journal: Journal) -> None:
    told = threading.Event()

    class Listening(io.StringIO):
        def write(self, text: str) -> int:
            told.set()
            return super().write(text)

    with watch(journal, terminal=False, console=Console(file=Listening())):
        journal.write(Notice(text="now"))
        assert told.wait(5)


def test_a_journal_that_cannot_be_read_ends_the_telling_and_not_the_run(journal: Journal) -> None:
    journal.path.write_text("nonsense\n")
    stream = io.StringIO()
    with watch(journal, terminal=False, console=Console(file=stream)):
        pass
    assert stream.getvalue().startswith(f"progress is not shown any more: {journal.path}:1: not an event")


def test_a_closed_standard_error_ends_the_telling_and_not_the_run(
    journal: Journal, capfd: pytest.CaptureFixture[str]
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with suppress(BrokenPipeError), os.fdopen(writing, "w") as closed:
        with watch(journal, terminal=False, console=Console(file=closed)):
            journal.write(Notice(text="nobody hears this"))
            time.sleep(0.3)
            journal.write(Notice(text="nor this"))
        os.write(1, b"standard output is as it was")
    assert "as it was" in capfd.readouterr().out
    assert len(journal.read()) == 2


def picture(events: tuple[Event, ...], width: int = 100, height: int | None = None, later: float = 30) -> list[str]:
    console = Console(file=io.StringIO(), record=True, width=width, force_terminal=True)
    console.print(view(events, events[-1].at + later if events else 0, height))
    return console.export_text().splitlines()


def until(kind: type[Event], nth: int = 0) -> tuple[Event, ...]:
    places = [place for place, event in enumerate(LEDGER, 1) if isinstance(event, kind)]
    return LEDGER[: places[nth]]


def test_the_view_of_agents_at_work() -> None:
    assert picture(LEDGER[:4]) == [
        "ledger ledger-20260608-1400-7c1e  32 s",
        "",
        "> 1 specification        running     0 of 3 merged   1 round   31 s",
        "     requirements             attempt 1   claude           30 s",
        "     glossary                 attempt 1   writer           30 s",
        "     1 to come: slos",
        "  2 pseudocode           waiting",
        "  3 architecture         waiting",
        "  4 refinement           waiting",
        "  5 completion           waiting",
    ]


def test_the_view_of_a_gate_that_failed_twice() -> None:
    assert picture(until(Escalated))[8:] == [
        "> 4 refinement           running     4 of 4 merged   2 rounds   9 min 47 s",
        "   ✓ round 2: deliverables 9 of 9",
        "   ✓ round 2: tests 128 passed",
        "   ✗ round 2: coverage 93.7 % < 95 %: src/ledger/close.py 86 %, lines 19-24",
        "   ✓ round 2: bandit 0 findings of medium or worse",
        "   ✓ round 2: radon worst block B, worst file A",
        "   ! escalated: gate failed twice: coverage 93.7 % < 95 %",
        "  5 completion           waiting",
    ]


def test_the_view_of_agents_mending_shows_what_they_mend() -> None:
    events = until(Escalated)
    told = picture(
        (
            *events,
            AttemptStarted(
                at=events[-1].at, number=4, phase="refinement", assignment="closing", attempt=3, agent="claude"
            ),
        )
    )
    assert told[9:11] == [
        "     closing                  attempt 3   claude           30 s",
        "   ✗ round 2: coverage 93.7 % < 95 %: src/ledger/close.py 86 %, lines 19-24",
    ]


def test_the_view_of_a_failed_ask_and_of_what_waits_to_be_merged() -> None:
    place = {"number": 1, "phase": "specification"}
    events = (
        *LEDGER[:4],
        AttemptEnded(
            at=LEDGER[3].at + 9,
            **place,
            assignment="glossary",
            attempt=1,
            outcome="failed",
            reason="exit code 3",
            seconds=9,
        ),
        AttemptEnded(at=LEDGER[3].at + 10, **place, assignment="requirements", attempt=1, outcome="left", seconds=10),
    )
    assert picture(events)[3:5] == [
        "     requirements             attempt 1   claude           10 s, to be merged",
        "     glossary                 failed: exit code 3",
    ]


def test_the_view_of_a_review_says_how_to_answer() -> None:
    assert picture(until(ReviewAsked))[-3:] == [
        "? Review waits for an answer: All SLOs are measurable; Stakeholder sign-off obtained",
        "  sparc review ledger-20260608-1400-7c1e --approve --comment TEXT",
        "      signs off the points (or --reject)",
    ]


def test_the_final_view() -> None:
    told = picture(LEDGER, later=9999)
    assert told[0] == "ledger ledger-20260608-1400-7c1e  12 h 51 min"
    assert told[8:10] == [
        "✓ 4 refinement           passed      4 of 4 merged   3 rounds   12 min 07 s",
        "     deliverables 9 of 9 · tests 128 passed · coverage 96.2 % >= 95 % · bandit 0 findings of medium…",
    ]
    assert told[-1] == "Released: main is at 01f561ac4a, after 12 h 51 min."


def test_a_low_terminal_keeps_the_head_and_the_newest() -> None:
    whole = picture(LEDGER)
    assert picture(LEDGER, height=6) == [whole[0], *whole[-5:]]
    assert picture(LEDGER, height=len(whole)) == whole


def test_no_line_of_the_view_is_wrapped_or_obeyed() -> None:
    place = {"number": 1, "phase": "[red]" + HOSTILE}
    start = LEDGER[0].model_copy(update={"phases": (), "run": "r\x1b[2J"})
    reason = AttemptEnded(
        at=LEDGER[0].at, **place, assignment=HOSTILE, attempt=1, outcome="failed", reason=HOSTILE, seconds=1
    )
    asked = AttemptStarted(at=LEDGER[0].at, **place, assignment=HOSTILE, attempt=1, agent=HOSTILE)
    told = picture((start, asked, reason, Notice(at=LEDGER[0].at, text=HOSTILE)), width=60)
    assert len(told) == 5
    assert all(len(one) <= 60 and one.isprintable() for one in told)
    assert "red [bold]x[/]" in told[3]


def test_nothing_has_started() -> None:
    assert picture(()) == []


def test_a_terminal_is_left_with_the_final_view(journal: Journal) -> None:
    screen = io.StringIO()
    with watch(journal, terminal=True, console=Console(file=screen, force_terminal=True, width=100, height=12)):
        for event in LEDGER:
            journal.write(event)
    last = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.getvalue().split("\x1b[2K")[-1]).splitlines()
    assert [told[:16] for told in last if told.startswith("✓")] == [
        "✓ 1 specification"[:16],
        "✓ 2 pseudocode  ",
        "✓ 3 architecture",
        "✓ 4 refinement  ",
        "✓ 5 completion  ",
    ]
    assert last[0].startswith("ledger ledger-20260608-1400-7c1e")
    assert last[-1].startswith("Released: main is at 01f561ac4a")
    assert screen.getvalue().endswith("\x1b[?25h")


def test_the_view_leaves_the_terminal_to_a_question(journal: Journal) -> None:
    screen = io.StringIO()
    with watch(journal, terminal=True, console=Console(file=screen, force_terminal=True, width=100)):
        journal.write(LEDGER[0])
        time.sleep(0.3)
        with aside():
            screen.write("Approve?")
            journal.write(LEDGER[1])
            time.sleep(0.6)
            asked = screen.getvalue()
        journal.write(LEDGER[2])
    assert asked.endswith("\x1b[?25hApprove?")
    after = screen.getvalue().removeprefix(asked)
    assert after.startswith("\x1b[?25l")
    assert "requirements             attempt 1" in after


def test_without_a_view_a_question_needs_no_room() -> None:
    with aside():
        pass


def test_the_release_s_gate_is_told_as_such() -> None:
    measured = CheckEnded(at=LEDGER[-1].at, number=5, phase="completion", round=0, verdict=COVERAGE, seconds=1)
    assert picture((*LEDGER[:-1], measured))[-3] == "   ✗ release: coverage 91.2 % < 95 %: src/ledger/post.py 71 %"
    assert line(at(GateEnded(**PHASE, round=0, outcome=Outcome.PASSED)), "r").endswith("gate  release  passed")
