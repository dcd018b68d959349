"""Rolling a release back, or bringing it back again: by new merges on the base branch, never by moving that back.

`roll_back(work, to=None, reason="...")` is for flows that carry the run, after a deployment that failed for instance:
it returns the commit at which the base branch then stands. `carry_out` is the same for anybody else.

A tree that was measured before is taken as it is, with the evidence of that; any other one has to pass the gates of the
phases that stay, but for checks of what somebody brings: it brings nothing. Of a rollback to before the release no
phase stays: there, whatever the plan asks and was true before the release has to be true again.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from prefect import flow
from prefect.client.schemas.objects import State

from flows.afterwards import ROUNDS, Afterwards, failed, is_own, moved_too_often, prepared_flow
from flows.default_gates import asked_once, deliverables_of
from flows.gate import Question, examine
from flows.releasing import all_gates, of_state, one_gate
from flows.work import PhaseWork, Work, at_terminal
from gates.model import Frozen
from tasks import evidence
from tasks.base_merge import completed, land, workshop
from tasks.errors import Blocked, SparcError
from tasks.hub import Hub
from tasks.integrate import Candidate
from tasks.release import refuse_unready
from tasks.released import ROLLBACK, Made, Released, find_released
from tasks.repository import open_repository
from tasks.rollback import Goal, candidate_of, goal_of, known_gates, merge_of, undo_of
from tasks.run_folder import RunFolder
from tasks.threads import in_thread

Gates = Callable[[Released, Goal, Candidate], Awaitable[str]]
"""Asks what has to be asked of a candidate; the name of the evidence. Raises Blocked."""


class GateNeeded(Exception):
    """Raised where gates have to be asked and there is no flow run in which to ask them."""


class RolledBack(Frozen):
    """What a rollback came to."""

    run: str
    plan: str
    base: str
    to: str
    """`good/<plan>/<n>`, or `start`: the state before the release."""
    commit: str
    """The merge on the base branch that made it so."""
    reverted: tuple[str, ...]
    """The merges that it reverts."""
    gates: tuple[str, ...]
    """The evidence of the gates that passed on its tree."""
    already: bool = False
    """Whether it was so before."""


class Request(Frozen):
    """What is wanted."""

    home: Path
    """SPARC_HOME, from where the run may be gone."""
    run: str
    repository: Path
    to: str | None = None
    """A good tag; None: to before the release."""
    undo: bool = False
    """Bring back what the newest rollback took away instead."""
    reason: str = ""
    yes: bool = False
    """Approve reviews without asking, and say so in the evidence."""

    @property
    def folder(self) -> RunFolder:
        """The run's."""
        return RunFolder(self.home, self.run)


async def roll_back(work: Work, *, to: str | None = None, undo: bool = False, reason: str = "") -> str:
    """Roll back the release of a run that the caller holds; the commit of the base branch. Raises Blocked or Refused.

    `to` is a good tag of the run, or None for the state before its release; `reason` goes into message and evidence.
    Doing it again once it is done changes nothing.
    """
    request = Request(
        home=work.folder.home, run=work.folder.run, repository=work.repository.path, to=to, undo=undo, reason=reason
    )
    return (await carry_out(request, partial(ask, work))).commit


async def carry_out(request: Request, gates: Gates) -> RolledBack:
    """Roll back, or undo that, on the base branch as it stands; an earlier one that was killed is completed first."""
    repository = open_repository(request.repository)
    git, run = repository.git, request.run
    released = await in_thread(find_released, git, run)
    mended = await in_thread(completed, repository, run, released.base)
    for _ in range(ROUNDS):
        released = await in_thread(find_released, git, run)
        done = [made for made in released.later if made.kind == ROLLBACK]
        if request.undo and done and done[-1].commit.oid == mended and released.is_undo(done[-1]):
            return _told(released, done[-1], already=True)
        goal = undo_of(released) if request.undo else goal_of(released, request.to)
        if not goal.reverts:
            return _told(released, done[-1], already=True)
        await in_thread(refuse_unready, repository, released.base, "do the same again")
        if commit := await _made(request, released, goal, gates):
            after = await in_thread(find_released, git, run)
            return _told(after, next(made for made in after.later if made.commit.oid == commit))
    raise moved_too_often(released.base)


async def _made(request: Request, released: Released, goal: Goal, gates: Gates) -> str | None:
    """The merge on the base branch; None if that has moved meanwhile."""
    repository = open_repository(request.repository)
    own = is_own(request.folder, repository)
    kept = Work(request.folder).hub if own else Hub(request.folder.hub, released.run, released.plan, released.start)
    with workshop(repository, kept, own=own) as hub:
        found = await in_thread(candidate_of, hub.git, released, goal)
        known = await in_thread(known_gates, released, goal, found.tree)
        names = [await gates(released, goal, found)] if known is None else known
        return await in_thread(land, hub, repository, merge_of(released, goal, found, names, request.reason))


def _told(released: Released, made: Made, *, already: bool = False) -> RolledBack:
    return RolledBack(
        run=released.run, plan=released.plan, base=released.base, to=str(made.record["to"]), commit=made.commit.oid,
        reverted=made.reverts, gates=made.gates, already=already,
    )  # fmt: skip


async def no_gates(_released: Released, _goal: Goal, _found: Candidate) -> str:
    """For callers without a flow run. Raises GateNeeded."""
    raise GateNeeded


async def ask(work: Work, released: Released, goal: Goal, found: Candidate) -> str:
    """The gates of the phases that stay, or of what was true before the release. Raises Blocked."""
    words = f"{released.base} has gone on since, and there, with run {released.run} rolled back to {goal.to},"
    if goal.depth:
        return await all_gates(work, found, words, goal.depth, goal.commit, back=True)
    questions = [pair for pair in [await _true_before(phase, released, found) for phase in _phases(work)] if pair]
    if not questions:
        raise Blocked(
            f"{words} nothing can be measured, for nothing that the plan asks was true before the release: "
            f"`git revert -m 1 {released.release.commit.oid[:12]}` by hand, or `--to` one of the run's good tags"
        )
    record = await one_gate(work, questions, words)
    return evidence.name_of(evidence.canonical(record))


def _phases(work: Work) -> list[PhaseWork]:
    return [PhaseWork(work, number, name, "") for number, name in enumerate(work.plan.phases, 1)]


async def _true_before(phase: PhaseWork, released: Released, found: Candidate) -> tuple[PhaseWork, Question] | None:
    """What a phase asks and was true before the release, as a question about the candidate; None if that is nothing."""
    before = await in_thread(released.git.commit, released.before)
    earlier = Candidate("", before.tree, before.oid, before.oid)
    checks = of_state(asked_once(phase.work.plan)[phase.name])
    if not checks:
        return None
    promised = deliverables_of(phase.work.plan, phase.name)
    answers = await examine(phase, Question(earlier, before.oid, checks, promised, 0))
    true = tuple(check for check, verdict in zip(checks, answers.verdicts, strict=True) if verdict.passed)
    return (phase, Question(found, before.oid, true, promised, 0)) if true else None


@flow(name="rollback", flow_run_name="roll back {request.run}", persist_result=False)
async def rollback(request: Request) -> RolledBack | State[RolledBack]:
    """Roll a release back where gates have to be asked for it: see `carry_out`."""
    prepared_flow()
    work = Afterwards(request.folder, yes=request.yes, terminal=at_terminal.get())
    try:
        return await carry_out(request, partial(ask, work))
    except SparcError as problem:
        return failed(problem)
