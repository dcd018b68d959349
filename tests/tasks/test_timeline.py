"""The picture of a run: true to time, with long pauses cut short."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.account import account_of
from tasks.events import Event, Notice
from tasks.journal import Journal
from tasks.outcome import outcome_of
from tasks.timeline import WIDTH, Bar, Timeline, timeline
from tasks.timescale import Scale

LEDGER = Journal(Path(__file__).parent / "journals" / "ledger.jsonl").read()
NOON = 1780920000.0
SPANS = st.lists(
    st.tuples(st.floats(0, 1e6), st.floats(0, 5e3)).map(lambda span: (NOON + span[0], NOON + span[0] + span[1])),
    min_size=1,
    max_size=30,
)


def picture(events: tuple[Event, ...] = LEDGER) -> Timeline:
    return timeline(account_of(events), outcome_of(events).phases)


def bars(drawn: Timeline) -> list[Bar]:
    return [bar for group in drawn.groups for lane in group.lanes for bar in lane.bars]


def test_without_pauses_the_scale_is_even() -> None:
    scale = Scale([(NOON, NOON + 50), (NOON + 100, NOON + 200)], left=10, width=400)
    assert [scale.x(NOON + second) for second in (0, 50, 75, 100, 200)] == [10, 110, 160, 210, 410]
    assert scale.pauses() == []


def test_a_long_pause_is_cut_short_and_told() -> None:
    scale = Scale([(NOON, NOON + 100), (NOON + 7300, NOON + 7400)], left=0, width=434)
    assert [scale.x(NOON + second) for second in (0, 100, 3700, 7300, 7400)] == [0, 200, 217, 234, 434]
    assert [(pause.x, pause.width, pause.seconds) for pause in scale.pauses()] == [(200, 34, 7200)]


def test_many_pauses_never_take_the_room_of_the_work() -> None:
    scale = Scale([(NOON + 10_000 * hour, NOON + 10_000 * hour + 60) for hour in range(40)], left=0, width=800)
    assert len(scale.pauses()) <= 8
    assert scale.rate > 0


@given(SPANS)
def test_later_is_never_further_left_and_all_is_inside(spans: list[tuple[float, float]]) -> None:
    scale = Scale(spans, left=100, width=700)
    places = [scale.x(moment) for moment in sorted(moment for span in spans for moment in span)]
    assert all(one <= after + 1e-6 for one, after in pairwise(places))
    assert places[0] == pytest.approx(100)
    assert all(100 - 1e-6 <= place <= 800 + 1e-6 for place in places)


@given(SPANS)
def test_ticks_are_apart_and_at_their_time(spans: list[tuple[float, float]]) -> None:
    ticks = Scale(spans, left=0, width=770).ticks()
    assert ticks
    assert ticks[0].day
    assert all(after.x - one.x >= 40 for one, after in pairwise(ticks))


@pytest.mark.parametrize(
    ("seconds", "clocks"),
    [
        (30, ["12:00:00", "12:00:05", "12:00:10"]),
        (600, ["12:00", "12:01", "12:02"]),
        (7200, ["12:00", "12:10", "12:20"]),
        (172_800, ["12:00", "18:00", "00:00"]),
    ],
)
def test_ticks_are_at_round_times(seconds: float, clocks: list[str]) -> None:
    ticks = Scale([(NOON, NOON + seconds)], left=0, width=770).ticks()
    assert [tick.clock for tick in ticks[:3]] == clocks


def test_a_new_day_is_named() -> None:
    ticks = Scale([(NOON, NOON + 172_800)], left=0, width=770).ticks()
    assert [tick.day for tick in ticks if tick.day] == ["8 Jun", "9 Jun", "10 Jun"]


def test_every_assignment_has_a_lane_and_every_attempt_a_bar() -> None:
    drawn = picture()
    lanes = {group.name: [lane.name for lane in group.lanes] for group in drawn.groups}
    assert lanes == {
        "1 specification": ["requirements", "slos", "glossary", "gate", "review"],
        "2 pseudocode": ["posting", "balances", "closing", "gate"],
        "3 architecture": ["components", "interfaces", "storage", "gate", "review"],
        "4 refinement": ["posting", "balances", "closing", "api", "gate"],
        "5 completion": ["documentation", "packaging", "changelog", "gate"],
    }
    closing = drawn.groups[3].lanes[2]
    assert [(bar.label, bar.kind) for bar in closing.bars] == [("1", "merged"), ("2", "merged"), ("3", "merged")]
    assert [bar.kind for bar in drawn.groups[3].lanes[3].bars] == ["failed", "merged"]
    assert [bar.kind for bar in drawn.groups[4].lanes[0].bars] == ["interrupted", "merged"]


def test_every_round_and_escalation_has_a_mark() -> None:
    refinement = picture().groups[3]
    gate = refinement.lanes[-1]
    assert [mark.kind for mark in gate.marks] == ["failed", "failed", "passed"]
    assert gate.marks[1].title.splitlines() == [
        "gate, round 2: failed",
        "coverage 93.7 % < 95 %: src/ledger/close.py 86 %, lines 19-24",
    ]
    assert [mark.title for mark in refinement.marks] == ["Escalated: gate failed twice: coverage 93.7 % < 95 %"]
    assert refinement.marks[0].x == pytest.approx(gate.marks[1].x, abs=1)


def test_bars_are_as_long_as_their_time_and_inside_the_picture() -> None:
    drawn = picture()
    attempts = [bar for bar in bars(drawn) if bar.kind in ("merged", "failed")]
    rate = attempts[0].width / (attempts[0].end - attempts[0].start)
    assert all(bar.width == pytest.approx(rate * (bar.end - bar.start), rel=1e-6) for bar in attempts)
    assert all(bar.x >= 172 and bar.x + bar.width <= WIDTH for bar in bars(drawn))


def test_no_two_rows_share_a_place() -> None:
    drawn = picture()
    rows = [lane.y for group in drawn.groups for lane in group.lanes]
    assert all(after - one >= 20 for one, after in pairwise(rows))
    assert rows[-1] + 10 < drawn.height


def test_a_short_attempt_can_still_be_seen() -> None:
    quick = [event.model_copy(update={"at": LEDGER[3].at + 0.01}) for event in LEDGER[4:6]]
    later = Notice(at=NOON + 90_000, text="later")
    drawn = picture((*LEDGER[:4], *quick, later))
    glossary = drawn.groups[0].lanes[2].bars[0]
    assert (glossary.width, glossary.label) == (3, "")


def test_nothing_has_happened_yet() -> None:
    assert picture(LEDGER[:1]).groups == ()
