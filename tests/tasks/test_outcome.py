"""The fold of a journal into what the run came to."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from gates.verdict import Outcome, Verdict
from tasks.account import account_of
from tasks.errors import Refused
from tasks.events import (
    AttemptEnded,
    AttemptStarted,
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
from tasks.outcome import RunOutcome, outcome_of

LEDGER = Journal(Path(__file__).parent / "journals" / "ledger.jsonl").read()


def started(*, resumed: bool = False) -> RunStarted:
    return RunStarted(
        run="r-1",
        plan="r",
        goal="g",
        base="main",
        branch="sparc/r",
        start="5747",
        repository="/r",
        resumed=resumed,
        isolation="none",
        phases=("design", "build"),
    )


def begun(*names: str, number: int = 1) -> PhaseStarted:
    return PhaseStarted(number=number, phase="design", assignments=names, gate=("lines",))


def asked(name: str, attempt: int = 1) -> AttemptStarted:
    return AttemptStarted(number=1, phase="design", assignment=name, attempt=attempt, agent="writer")


def left(name: str, attempt: int = 1) -> AttemptEnded:
    return AttemptEnded(
        number=1, phase="design", assignment=name, attempt=attempt, outcome="left", commit=f"l{attempt}", seconds=1
    )


def failed(name: str, attempt: int = 1) -> AttemptEnded:
    return AttemptEnded(
        number=1, phase="design", assignment=name, attempt=attempt, outcome="failed", reason="exit code 1", seconds=1
    )


def merged(name: str, attempt: int = 1) -> Merged:
    return Merged(number=1, phase="design", assignment=name, attempt=attempt, commit=f"m{attempt}", seconds=0)


def check(outcome: Outcome, number: int = 1, assignment: str | None = None) -> CheckEnded:
    verdict = Verdict(check="lines", outcome=outcome, summary=f"lines in round {number}", measured=number, limit=9)
    return CheckEnded(number=1, phase="design", round=number, assignment=assignment, verdict=verdict, seconds=0)


def gate(outcome: Outcome, number: int = 1) -> GateEnded:
    return GateEnded(number=1, phase="design", round=number, outcome=outcome)


def ended(outcome: str, **more: str) -> PhaseEnded:
    return PhaseEnded.model_validate({"number": 1, "phase": "design", "outcome": outcome, **more})


def timed(events: Sequence[Event]) -> tuple[Event, ...]:
    """One event every ten seconds."""
    return tuple(event.model_copy(update={"at": 1000.0 + 10 * place}) for place, event in enumerate(events))


def fold(*events: Event) -> RunOutcome:
    return outcome_of(timed(events))


def states(outcome: RunOutcome) -> dict[str, str]:
    return {one.name: one.outcome for one in outcome.phases[0].assignments}


def test_the_ledger_as_a_whole() -> None:
    outcome = outcome_of(LEDGER)
    assert (outcome.run, outcome.plan, outcome.outcome) == ("ledger-20260608-1400-7c1e", "ledger", "released")
    assert (outcome.base, outcome.branch, outcome.reason) == ("main", "sparc/ledger", None)
    assert outcome.commit == "01f561ac4ab15d6a23a57976bba4dbcc423b9cbb"
    assert [(one.name, one.outcome, one.attempts) for one in outcome.phases] == [
        ("specification", "passed", 1),
        ("pseudocode", "passed", 1),
        ("architecture", "passed", 1),
        ("refinement", "passed", 3),
        ("completion", "passed", 1),
    ]
    assert [(one.name, one.attempts, one.seconds) for one in outcome.phases[3].assignments] == [
        ("posting", 2, 470.0),
        ("balances", 1, 280.0),
        ("closing", 3, 458.0),
        ("api", 2, 304.0),
    ]
    assert [(one.check, one.measured, one.limit) for one in outcome.phases[3].checks] == [
        ("deliverables", 9, 9),
        ("tests", 128, 1),
        ("coverage", 96.2, 95),
        ("bandit", 0, "medium"),
        (
            "radon",
            {"complexity": "B", "maintainability": "A"},
            {"complexity": "C", "maintainability": "B"},
        ),
    ]


def test_the_shape_that_scripts_read() -> None:
    told = outcome_of(LEDGER).model_dump(mode="json")
    assert {"run", "plan", "outcome", "base", "branch", "commit", "reason", "phases"} <= set(told)
    phase = told["phases"][3]
    assert {"name", "outcome", "attempts", "seconds", "checks", "assignments"} <= set(phase)
    assert set(phase["checks"][0]) == {"check", "outcome", "summary", "measured", "limit", "kept", "waived"}
    assert {"name", "outcome", "attempts", "seconds", "commit"} <= set(phase["assignments"][0])


@pytest.mark.parametrize("length", range(1, len(LEDGER)))
def test_every_beginning_of_a_run_is_running_and_never_takes_back_a_passed_phase(length: int) -> None:
    before, after = outcome_of(LEDGER[:length]), outcome_of(LEDGER[: length + 1])
    assert before.outcome == "running"
    for early, late in zip(before.phases, after.phases, strict=True):
        assert early.outcome != "passed" or late == early


def test_no_run_is_refused() -> None:
    with pytest.raises(Refused):
        outcome_of(())


def test_an_assignment_from_waiting_to_merged() -> None:
    story: list[Event] = [started(), begun("a", "b"), asked("a"), left("a"), merged("a")]
    told = [states(fold(*story[:length])).get("a") for length in range(1, 6)]
    assert told == [None, "waiting", "running", "running", "merged"]
    assert states(fold(*story)) == {"a": "merged", "b": "waiting"}


def test_a_failed_ask_is_told_with_its_reason_until_it_is_asked_again() -> None:
    story = (started(), begun("a"), asked("a"), failed("a"))
    assert fold(*story).phases[0].assignments[0].reason == "exit code 1"
    again = fold(*story, asked("a", 2)).phases[0].assignments[0]
    assert (again.outcome, again.attempts, again.reason) == ("running", 2, None)


def test_an_assignment_whose_own_gate_failed_has_failed() -> None:
    outcome = fold(started(), begun("a"), asked("a"), left("a"), check(Outcome.ERROR, assignment="a"))
    assert states(outcome) == {"a": "failed"}
    assert outcome.phases[0].assignments[0].reason == "lines in round 1"
    assert outcome.phases[0].checks == ()


def test_a_later_round_replaces_the_figures_of_the_earlier() -> None:
    first = (check(Outcome.FAILED), gate(Outcome.FAILED), asked("a", 2), left("a", 2), merged("a", 2))
    second = (check(Outcome.PASSED, 2), gate(Outcome.PASSED, 2), ended("passed", commit="c0de"))
    outcome = fold(started(), begun("a"), asked("a"), left("a"), merged("a"), *first, *second)
    phase = outcome.phases[0]
    assert [(one.outcome, one.measured) for one in phase.checks] == [(Outcome.PASSED, 2)]
    assert (phase.attempts, phase.outcome, phase.commit, outcome.commit) == (2, "passed", "c0de", "c0de")
    assert (phase.assignments[0].commit, phase.assignments[0].attempts) == ("m2", 2)
    assert outcome.phases[1].outcome == "waiting"


def test_a_blocked_phase_tells_failed_skipped_and_merged_apart() -> None:
    outcome = fold(
        started(),
        begun("good", "bad", "needs-bad", "conflicting"),
        *(asked("good"), left("good"), merged("good")),
        *(asked("bad"), failed("bad")),
        *(asked("conflicting"), left("conflicting")),
        ended("blocked", reason="bad has no attempts left"),
        RunEnded(outcome="blocked", reason="design is blocked"),
    )
    assert states(outcome) == {"good": "merged", "bad": "failed", "needs-bad": "skipped", "conflicting": "failed"}
    assert (outcome.outcome, outcome.reason) == ("blocked", "design is blocked")
    assert (outcome.phases[0].outcome, outcome.phases[0].reason) == ("blocked", "bad has no attempts left")
    assert outcome.phases[0].attempts == 1


def test_an_interruption_leaves_what_runs_interrupted_and_the_rest_waiting() -> None:
    outcome = fold(started(), begun("a", "b"), asked("a"), RunEnded(outcome="interrupted"))
    assert states(outcome) == {"a": "interrupted", "b": "waiting"}
    assert outcome.phases[0].outcome == "interrupted"
    assert outcome.phases[1].outcome == "waiting"


def test_a_resumption_goes_on_where_a_kill_ended_it() -> None:
    killed = (started(), begun("a", "b", "c"), asked("a"), left("a"), merged("a"), asked("b"), asked("c"), left("c"))
    resumed = (*killed, started(resumed=True))
    assert fold(*resumed).phases[0].outcome == "waiting"
    assert states(fold(*resumed)) == {"a": "merged", "b": "waiting", "c": "waiting"}
    goes_on = fold(*resumed, begun("a", "b", "c"), merged("c"), asked("b", 2))
    assert goes_on.phases[0].outcome == "running"
    assert states(goes_on) == {"a": "merged", "b": "running", "c": "merged"}
    assert goes_on.phases[0].assignments[1].attempts == 2


def test_a_resumption_takes_back_a_block_and_never_a_passed_phase() -> None:
    passed = (started(), begun("a"), asked("a"), merged("a"), gate(Outcome.PASSED), ended("passed", commit="c0de"))
    blocked = PhaseEnded(number=2, phase="build", outcome="blocked", reason="x")
    stopped = (*passed, begun("b", number=2), blocked, RunEnded(outcome="blocked", reason="x"))
    assert [one.outcome for one in fold(*stopped).phases] == ["passed", "blocked"]
    resumed = fold(*stopped, started(resumed=True))
    assert [one.outcome for one in resumed.phases] == ["passed", "waiting"]
    assert (resumed.outcome, resumed.reason, resumed.commit) == ("running", None, "c0de")


def test_a_round_that_a_kill_ended_is_not_counted_twice() -> None:
    killed = (started(), begun("a"), asked("a"), merged("a"), check(Outcome.PASSED))
    resumed = (started(resumed=True), begun("a"), check(Outcome.PASSED), gate(Outcome.PASSED), ended("passed"))
    assert fold(*killed).phases[0].attempts == 1
    assert fold(*killed, *resumed).phases[0].attempts == 1


def test_time_between_two_sittings_is_no_time_of_the_phase() -> None:
    events = timed(
        [started(), begun("a"), asked("a"), started(resumed=True), begun("a"), asked("a", 2), merged("a", 2)]
    )
    night = tuple(event.model_copy(update={"at": event.at + 30_000}) for event in events[3:])
    assert outcome_of(events[:3] + night).phases[0].seconds == 10 + 20


def test_a_review_an_escalation_and_a_notice_are_kept() -> None:
    place = {"number": 1, "phase": "design"}
    events = (
        started(),
        begun("a"),
        Escalated(**place, reason="failed twice"),
        ReviewAsked(**place, points=("it is good",)),
        Notice(text="low on memory"),
    )
    waiting = fold(*events)
    assert waiting.phases[0].review is not None
    assert waiting.phases[0].review.approved is None
    assert (waiting.phases[0].escalations, waiting.notices) == (("failed twice",), ("low on memory",))
    answered = fold(
        *events, started(resumed=True), ReviewAnswered(**place, approved=False, by="ada", comment="no")
    ).phases[0]
    assert answered.review is not None
    assert (answered.review.approved, answered.review.by, answered.review.comment) == (False, "ada", "no")


def test_a_phase_that_was_never_announced_is_told_too_and_those_before_it_have_passed() -> None:
    release = PhaseStarted(number=3, phase="release", assignments=(), gate=("tests",))
    outcome = fold(started(), release)
    assert [(one.number, one.name, one.outcome) for one in outcome.phases] == [
        (1, "design", "passed"),
        (2, "build", "passed"),
        (3, "release", "running"),
    ]


def test_a_kill_between_a_merge_and_the_word_of_it_hides_no_passed_phase() -> None:
    killed = (started(), begun("a"), asked("a"), merged("a"), check(Outcome.PASSED), gate(Outcome.PASSED))
    build = PhaseStarted(number=2, phase="build", assignments=(), gate=())
    assert [one.outcome for one in fold(*killed, started(resumed=True), build).phases] == ["passed", "running"]
    released = fold(*killed, started(resumed=True), RunEnded(outcome="released"))
    assert released.phases[0].outcome == "passed"


def test_the_release_s_gate_is_no_round_of_the_last_phase() -> None:
    passed = (started(), begun("a"), check(Outcome.PASSED), gate(Outcome.PASSED), ended("passed", commit="c0de"))
    blocked = RunEnded(outcome="blocked", reason="on the merge with main a gate fails")
    outcome = fold(*passed, check(Outcome.FAILED, 0), gate(Outcome.FAILED, 0), blocked)
    assert (outcome.phases[0].outcome, outcome.phases[0].attempts) == ("passed", 1)
    assert [one.measured for one in outcome.phases[0].checks] == [1]
    assert [one.round for one in account_of(timed([*passed, check(Outcome.FAILED, 0)])).phases[0].rounds] == [1, 0]


def test_attempts_keep_what_became_of_them() -> None:
    attempts = [one for phase in account_of(LEDGER).phases for one in phase.attempts]
    assert len({(phase.number, name) for phase in account_of(LEDGER).phases for name in phase.assignments}) == 16
    by_kind = {kind: sum(one.outcome == kind for one in attempts) for kind in ("merged", "failed", "interrupted")}
    assert by_kind == {"merged": 19, "failed": 1, "interrupted": 2}
    assert all(one.ended >= one.started for one in attempts)
    own = [one for one in attempts if one.checks]
    assert [(one.assignment, one.checks[0].verdict.check) for one in own] == [("posting", "tests")]
