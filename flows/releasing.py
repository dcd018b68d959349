"""The release of a plan: its branch into the base branch. The release is a candidate too.

Base unmoved: the release has the tree that the last gate passed, and that gate's evidence serves. Base moved, here or
on the remote that the plan pushes to: the gates of all phases are asked on the merge with it, with their hooks and
reviews. A conflict, a failed gate, a rejection or a work tree that cannot follow blocks, resumably; a branch that moves
while this goes on only means another round.

A round looks where the branch stands, makes the candidate and has it measured, pushes it if the plan says so, and then
moves the user's branch. A kill after any of these steps costs nothing: the release is looked for, here and on the
remote, before one is made.
"""

from collections.abc import Iterable

from pydantic import JsonValue

from flows.default_gates import asked_once, deliverables_of
from flows.gate import Answers, Question, examine, record_of, words_of
from flows.priority import give_way
from flows.pushing import Bases, look, push_base
from flows.refusals import refuse_rolled_back
from flows.sign_off import sign_off
from flows.work import PhaseWork, Work
from gates.checks import Check
from tasks import evidence
from tasks.commits import EVIDENCE_PREFIX, Commit, Trailer
from tasks.errors import Blocked
from tasks.events import GateEnded, Notice
from tasks.hooks import run_hooks
from tasks.integrate import Candidate
from tasks.release import mend, prepare, refuse_unfollowed, release, release_candidate
from tasks.remember import evidence_name
from tasks.threads import in_thread

ROUNDS = 20  # how often the base branch may move while a release is on its way


async def release_plan(work: Work) -> str:
    """Release into the base branch; the release's commit. Raises Blocked."""
    base, repository = work.record.base, work.repository
    await in_thread(mend, work.folder, repository, base)
    for _ in range(ROUNDS):
        await give_way(work)
        bases = await look(work)
        commit = await in_thread(released, bases) or await _made(bases)
        if await give_way(work):
            continue
        if await push_base(bases, commit) and await _brought(bases, commit):
            return commit
    raise Blocked(f"{base} moved {ROUNDS} times while its release was measured: resume when it is quieter")


async def _made(bases: Bases) -> str:
    """The commit of a release on the newest state of the base branch, which no branch has yet. Raises Blocked."""
    work, base, repository = bases.work, bases.work.record.base, bases.work.repository
    if bases.newest is None:
        raise bases.apart()
    await in_thread(refuse_rolled_back, repository, work.hub, base, bases.newest)
    found = await in_thread(release_candidate, work.hub, bases.newest)
    gates = await gates_of(work, found, bases.moved(bases.newest))
    commit = await prepare(work.folder, work.hub, repository, base, found, gates)
    await in_thread(refuse_unfollowed, repository, base, bases.here, commit)  # before anything is pushed
    return commit


async def _brought(bases: Bases, commit: str) -> bool:
    """Whether the user's branch contains the release by now; not if it has moved meanwhile. Raises Blocked."""
    work, git = bases.work, bases.work.repository.git
    if git.ancestor(commit, bases.here):
        return True
    if not git.ancestor(bases.here, commit):
        raise bases.apart()
    try:
        return await release(work.folder, work.repository, work.record.base, bases.here, commit)
    except Blocked as problem:
        if work.plan.release.push is None:
            raise
        raise Blocked(f"{work.plan.release.push} has the release; here it is not yet, for {problem}") from problem


def released(bases: Bases) -> str | None:
    """This run's release, if a kill came after it: on the remote, or in a branch that contains the plan's.

    Raises Blocked when the plan's branch was merged by somebody else.
    """
    work = bases.work
    git, plan_tip = work.repository.git, work.hub.plan_tip
    holding = [tip for tip in (bases.there, bases.here) if tip and git.ancestor(plan_tip, tip)]
    for tip in holding:
        for commit in git.first_parents(work.record.start, tip):
            if _is_own_release(work, commit):
                return commit.oid
    if not holding:
        return None
    base, branch = work.record.base, f"sparc/{work.plan.name}"
    raise Blocked(
        f"{base} already contains {branch} by a merge that is not ours, so nothing was measured on it: move {base} "
        f"back to before that merge and resume, or leave this run, for a new one starts from {base} as it is"
    )


def _is_own_release(work: Work, commit: Commit) -> bool:
    said = commit.trailers
    if said.get(Trailer.RUN) != work.folder.run or Trailer.PHASE in said or Trailer.EVIDENCE not in said:
        return False
    try:
        record = evidence.fetch(work.hub.git, said[Trailer.EVIDENCE].removeprefix(EVIDENCE_PREFIX))
    except evidence.EvidenceMissing:
        return False
    return (record["kind"], record.get("parents")) == ("release", list(commit.parents))


async def gates_of(work: Work, found: Candidate, moved: str) -> list[str]:
    """Names of the evidence of the gates that passed on the candidate's tree; `moved`: what if not. Raises Blocked."""
    if found.conflicts:
        raise Blocked(
            f"{moved}, and conflicts with sparc/{work.plan.name} in {', '.join(found.conflicts)}: "
            f"the result waits on sparc/{work.plan.name}"
        )
    if found.tree == work.hub.git.resolve(work.hub.plan_tip, "tree"):
        return [evidence_name(work.hub.git, work.hub.plan_tip)]
    work.journal.write(Notice(text=f"{moved}: all gates run again on the merge with it"))
    return [await all_gates(work, found, f"{moved}, and on the merge with it")]


async def all_gates(
    work: Work, found: Candidate, moved: str, depth: int | None = None, base: str | None = None, *, back: bool = False
) -> str:
    """Every phase's gate on one candidate, as the phases asked it; the name of the evidence. Raises Blocked.

    What the candidate brings is what it adds to the branch that it is merged into. `depth`: only those of so many
    phases from the first one on; `base`: the commit of the last gate that passed, if it is not the plan's tip. `back`:
    it goes back to that commit, brings nothing, and is compared with it.
    """
    phases = [PhaseWork(work, number, name, "") for number, name in enumerate(work.plan.phases, 1)][:depth]
    await _hooks(phases, found, moved)
    base, compared = base or work.hub.plan_tip, None if back else found.ours
    every = asked_once(work.plan)
    asked = {name: of_state(checks) if back else checks for name, checks in every.items()}
    questions = [
        (phase, Question(found, base, asked[phase.name], deliverables_of(work.plan, phase.name), 0, compared=compared))
        for phase in phases
        if asked[phase.name]
    ]
    record = await one_gate(work, questions, moved)
    reviews = await _reviews(phases, found, moved)
    record |= {"phases": [phase.name for phase in phases], "reviews": reviews}
    (name,) = await in_thread(evidence.keep, work.hub.git, [record])
    return name


def of_state(checks: Iterable[Check]) -> tuple[Check, ...]:
    """Checks without those that speak of what somebody brings."""
    return tuple(check for check in checks if not check.kind.of_change)


async def one_gate(work: Work, questions: list[tuple[PhaseWork, Question]], moved: str) -> dict[str, JsonValue]:
    """The questions of several phases about one candidate as one gate that passes; its evidence. Raises Blocked."""
    parts = [(phase, await examine(phase, question)) for phase, question in questions]
    every = Answers(
        tuple(verdict for _, part in parts for verdict in part.verdicts),
        tuple(name for _, part in parts for name in part.evidence),
    )
    record = {**record_of(*questions[-1], every, None), "phases": [phase.name for phase, _ in parts]}
    (name,) = await in_thread(evidence.keep, work.hub.git, [record])
    for phase, part in parts:
        work.journal.write(GateEnded(**phase.about, round=0, outcome=part.outcome, evidence=name))
    if not every.passed:
        failed = next(verdict.summary for verdict in every.verdicts if not verdict.passed)
        raise Blocked(f"{moved} a gate fails: {failed}")
    return record


async def _hooks(phases: list[PhaseWork], found: Candidate, moved: str) -> None:
    """What each phase runs before its gate. Raises Blocked when one fails."""
    for phase in phases:
        git, around = phase.work.hub.git, phase.work.surroundings
        for command in phase.phase.hooks.gate:
            if failure := await run_hooks("gate", [command], git, found.tree, words_of(phase), around):
                raise Blocked(f"{moved} {failure} ({phase.name})")


async def _reviews(phases: list[PhaseWork], found: Candidate, moved: str) -> list[JsonValue]:
    """The approvals of a tree by all phases that ask for one. Raises Blocked at a rejection."""
    given: list[JsonValue] = []
    for phase in phases:
        signed = await sign_off(phase, found)
        if signed is None:
            continue
        name, answer = signed
        if not answer.approved:
            why = answer.comment or "no comment"
            raise Blocked(f"{moved} the review of {phase.name} was rejected by {answer.by}: {why}")
        given.append({"phase": phase.name, "evidence": name, **answer.model_dump()})
    return given
