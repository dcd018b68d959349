"""Every sentence of the end: what passed on which figures, what stopped the run and why, and what to do next."""

import shlex
from collections.abc import Iterator, Sequence

from gates.verdict import Finding, Outcome, Verdict, Waived
from tasks import matrix
from tasks.before import HEADS
from tasks.conflict_history import Conflict
from tasks.outcome import AssignmentOutcome, CheckOutcome, PhaseOutcome, ReviewOutcome, RunOutcome, StepOutcome
from tasks.report_speed import speed_rows
from tasks.wording import count, plain, short, span

_WIDTH = 79
_PLACES = 3
_WAIVED = 20
_ROWS = 20


def summary(outcome: RunOutcome) -> str:
    """The run for a terminal: a dotted line an answer, the reasons under those that are not good, and the next step."""
    how = f"isolation: {outcome.isolation}" + (f", signed by {outcome.signer}" if outcome.signer else "")
    lines = [plain(f"{outcome.run}: plan {outcome.plan}, {outcome.branch} for {outcome.base}, {how}"), ""]
    for phase in outcome.phases:
        lines += [*_phase(phase), ""]
    if speeds := speed_rows(outcome):
        lines += ["speed and size:", *(line for row in speeds for line in _speed(row)), ""]
    lines += _requirements(outcome)
    if outcome.steps:
        lines += ["release:", *(line for step in outcome.steps for line in _step(step)), ""]
    lines += [f"Notice: {plain(notice)}" for notice in outcome.notices]
    return "\n".join([*lines, verdict_line(outcome), *next_steps(outcome)]) + "\n"


def _speed(row: Sequence[str]) -> Iterator[str]:
    name, *figures, answer = map(plain, row)
    yield _dotted(name, answer.capitalize())
    told = (f"{head} {figure}" for head, figure in zip(HEADS[1:], figures, strict=False) if figure)
    yield f"    {'; '.join(told)}"


def _requirements(outcome: RunOutcome) -> Iterator[str]:
    """Those that nothing stands for first."""
    found = matrix.matrix_of(outcome)
    if not found.rows:
        return
    yield "requirements:"
    for requirement, place, tests, state in matrix.worst_first(found.rows)[:_ROWS]:
        yield _dotted(f"{plain(requirement)} ({plain(place)}): {plain(tests)}", plain(state).capitalize())
    if more := len(found.rows) + found.more - _ROWS:
        yield from [f"  and {more} more"] * (more > 0)
    yield ""


def status_lines(outcomes: Sequence[RunOutcome]) -> list[str]:
    """One line a run: its id, its state, how far it is and for how long."""
    rows = [(one.run, one.outcome, _reached(one), span(one.seconds)) for one in outcomes]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


def answer_lines(verdict: Verdict) -> list[str]:
    """One check's answer: a dotted line, and under it what speaks against it."""
    told = [_dotted(plain(verdict.check), str(verdict.outcome), indent="")]
    return told + [
        f"  {plain(line)}"
        for line in (verdict.summary, *_places(verdict), *waived_lines(verdict.waived), *noted_lines(verdict.noted))
    ]


def _places(verdict: Verdict) -> Iterator[str]:
    for finding in verdict.findings:
        place = f"{finding.path}:{finding.line}" if finding.line else finding.path
        yield f"  {place}: {finding.message}" if place else f"  {finding.message}"


def verdict_line(outcome: RunOutcome) -> str:
    """How the run stands, in one sentence."""
    place = _place(outcome)
    reason = plain(outcome.reason or "", 500).removeprefix(f"{place.removeprefix(' in ')}: ")
    match outcome.outcome:
        case "released" if reason:
            place = f"{plain(outcome.branch)} is at {short(outcome.commit)}"
            return f"Done: {place}, after {span(outcome.seconds)}; {reason}."
        case "released":
            return f"Released: {plain(outcome.base)} is at {short(outcome.commit)}, after {span(outcome.seconds)}."
        case "blocked":
            return f"BLOCKED{place}: {reason or plain(_phase_reason(outcome), 500)}"
        case "interrupted":
            return f"Interrupted{place}{': ' + reason if reason else ''}; everything so far is kept."
        case "running":
            return f"Running: {_reached(outcome)}."


def _step(step: StepOutcome) -> Iterator[str]:
    if step.outcome == "passed":
        yield _dotted(f"{step.step}: {plain(step.text)}", "Passed")
    else:
        yield _dotted(step.step, "Failed")
        yield f"    {plain(step.text, 1000)}"


def step_line(step: StepOutcome) -> str:
    """A push, a command of the deployment or a rollback, in one line."""
    mark = "✓" if step.outcome == "passed" else "✗"
    return f"{mark} {step.step}: {plain(step.text)}  {span(step.seconds)}"


def review_line(review: ReviewOutcome) -> str:
    """Who signed off what, in one sentence."""
    points = "; ".join(plain(point) for point in review.points)
    if review.approved is None:
        return f"Review waits for an answer: {points}"
    answer = "approved" if review.approved else "rejected"
    comment = f' "{plain(review.comment, 1000)}"' if review.comment else ""
    return f"Review {answer} by {plain(review.by or 'nobody')}: {points}{comment}"


def conflict_line(conflict: Conflict) -> str:
    """Who meets whom, where and how."""
    kind = {"same file": "overlap", "unknown": "conflict unknown"}.get(conflict.level, "conflict ahead")
    where = ": " if conflict.level == "unknown" else " in "
    return f"{kind}: {pair_of(conflict)}{where}{'; '.join(places_of(conflict, _PLACES))}"


def places_of(conflict: Conflict, most: int) -> list[str]:
    """The first places, and how many there are beyond them."""
    more = len(conflict.places) - most + conflict.more if len(conflict.places) > most else conflict.more
    return [plain(place) for place in conflict.places[:most]] + ([f"and {more} more"] if more else [])


def pair_of(conflict: Conflict) -> str:
    """The two that meet."""
    return f"{plain(conflict.ours)} x {plain(conflict.theirs)}"


def review_command(run: str) -> str:
    """How a person answers a review of `run`."""
    return f"sparc review {plain(run)} --approve --comment TEXT"


def next_steps(outcome: RunOutcome) -> list[str]:
    """The commands that lead on from here, each with what it does."""
    repository = shlex.quote(plain(outcome.repository, 400))
    resume = (f"sparc resume {outcome.run}", "goes on from here; what is merged is not done again")
    report = (f"sparc report {outcome.run} --html report.html", "shows every attempt, round and finding")
    review = (review_command(outcome.run), "signs off the points (or --reject)")
    verify = (f"sparc verify --repository {repository}", "proves every merge from git alone")
    asked = any(phase.review and phase.review.approved is None for phase in outcome.phases)
    steps = {
        "released": [verify, report],
        "blocked": [report, *([review] if asked else []), resume],
        "interrupted": [resume],
        "running": [review] if asked else [],
    }[outcome.outcome]
    return [line for command, effect in steps for line in (f"  {command}", f"      {effect}")]


def _phase(phase: PhaseOutcome) -> Iterator[str]:
    head = f"{phase.number} {plain(phase.name)}"
    if phase.outcome == "waiting":
        yield _dotted(head, "Waiting", indent="")
        return
    yield f"{head}: {merged(phase)} merged, {count(phase.attempts, 'round')}, {span(phase.seconds)}"
    for check in phase.checks:
        yield from _check(check)
    for assignment in phase.assignments:
        if assignment.outcome != "merged":
            yield from _assignment(assignment)
    if phase.review:
        yield from _review(phase.review)
    for conflict in phase.conflicts:
        yield from _conflict(conflict)
    for reason in phase.escalations:
        yield f"  Escalated: {plain(reason, 500)}"


def _check(check: CheckOutcome) -> Iterator[str]:
    """A good answer on its own line with its figures; the reason of any other under it, in full."""
    result = check.outcome.capitalize()
    if check.outcome is Outcome.PASSED:
        yield _dotted(measured(check), result)
    else:
        yield _dotted(plain(check.check), result)
        yield f"    {plain(check.summary, 1000)}"
    yield from (f"    {line}" for line in waived_lines(check.waived))


def waived_lines(waived: Sequence[Waived]) -> Iterator[str]:
    """What the plan allows, and why; the first ones one by one."""
    for finding in waived[:_WAIVED]:
        yield f"waived: {plain(finding.headline)} ({plain(finding.reason)})"
    if len(waived) > _WAIVED:
        yield f"waived: and {len(waived) - _WAIVED} more, in the evidence"


def noted_lines(noted: Sequence[Finding]) -> Iterator[str]:
    """What was seen and does not count, each with its place."""
    yield from (f"noted: {plain(finding.headline)}" for finding in noted)


def measured(check: CheckOutcome) -> str:
    """What was measured, and where, if that was before."""
    return plain(check.summary) + (f" (kept from {plain(check.kept)})" if check.kept else "")


def _assignment(assignment: AssignmentOutcome) -> Iterator[str]:
    asked = f", {count(assignment.attempts, 'attempt')}" if assignment.attempts else ""
    yield _dotted(f"{plain(assignment.name)}{asked}", assignment.outcome.capitalize())
    if assignment.reason:
        yield f"    {plain(assignment.reason, 1000)}"


def _conflict(conflict: Conflict) -> Iterator[str]:
    """What merges by itself and is over is not worth a line any more."""
    if conflict.level == "same file" and conflict.resolved is not None:
        return
    kind = conflict.level if conflict.level == "same file" else f"conflict ({conflict.level})"
    yield _dotted(f"{kind} {pair_of(conflict)}", "Open" if conflict.resolved is None else "Resolved")
    yield from (f"    {place}" for place in places_of(conflict, _PLACES))


def _review(review: ReviewOutcome) -> Iterator[str]:
    answer = {None: "Waiting", True: "Approved", False: "Rejected"}[review.approved]
    yield _dotted(f"review by {plain(review.by)}" if review.by else "review", answer)
    if review.comment:
        yield f"    {plain(review.comment, 1000)}"
    if review.approved is None:
        yield from (f"    {plain(point)}" for point in review.points)


def _dotted(label: str, result: str, indent: str = "  ") -> str:
    room = _WIDTH - len(indent) - len(result)
    return indent + plain(label, room - 3).ljust(room, ".") + result


def _place(outcome: RunOutcome) -> str:
    stopped = [phase for phase in outcome.phases if phase.outcome in ("blocked", "interrupted")]
    return f" in {stopped[-1].number} {plain(stopped[-1].name)}" if stopped else ""


def _phase_reason(outcome: RunOutcome) -> str:
    return next((phase.reason for phase in outcome.phases if phase.reason), "no reason was recorded")


def _reached(outcome: RunOutcome) -> str:
    """`3 of 5 phases passed`, and the one that is under way."""
    passed = sum(phase.outcome == "passed" for phase in outcome.phases)
    here = [phase for phase in outcome.phases if phase.outcome not in ("passed", "waiting")]
    where = f", {plain(here[-1].name)} {here[-1].outcome}" if here else ""
    return f"{passed} of {count(len(outcome.phases), 'phase')} passed{where}"


def merged(phase: PhaseOutcome) -> str:
    """`2 of 3` assignments."""
    return f"{sum(one.outcome == 'merged' for one in phase.assignments)} of {len(phase.assignments)}"
