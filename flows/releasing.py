"""The end of a plan: the release is a candidate too.

Base unmoved: the release has the tree that the last gate passed, and that gate's evidence serves. Base moved: the gates
of all phases are asked on the merge with it, with their hooks and reviews. A conflict, a failed gate, a rejection or a
work tree that cannot follow blocks, resumably; a branch that moves while this goes on only means another round.
"""

from pydantic import JsonValue

from flows.default_gates import asked_once, deliverables_of
from flows.gate import Answers, Question, examine, record_of, words_of
from flows.sign_off import sign_off
from flows.work import PhaseWork, Work
from tasks import evidence
from tasks.agents.registry import base_environment
from tasks.commits import EVIDENCE_PREFIX, Commit, Trailer
from tasks.errors import Blocked
from tasks.hooks import run_hooks
from tasks.integrate import Candidate
from tasks.journal import GateEnded, Notice
from tasks.release import mend, release, release_candidate
from tasks.remember import evidence_name
from tasks.threads import in_thread


async def release_plan(work: Work) -> str:
    """Release into the base branch; the release's commit. Raises Blocked."""
    base, repository = work.record.base, work.repository
    await in_thread(mend, work.folder, repository, base)
    while True:
        tip = repository.tip(base)
        if tip is None:
            raise Blocked(f"branch {base} is gone from {repository.path}: put it back, or release by hand")
        if repository.git.ancestor(work.hub.plan_tip, tip):
            return await in_thread(_own_release, work, tip)  # a kill came after the release and before its note
        found = await in_thread(release_candidate, work.hub, tip)
        gates = await _gates(work, found)
        commit = await release(work.folder, work.hub, repository, base, found, gates)
        if commit is not None:
            return commit


def _own_release(work: Work, tip: str) -> str:
    """This run's release among the first parents of a branch that contains the plan's. Raises Blocked without one."""
    for commit in work.repository.git.first_parents(work.record.start, tip):
        if _is_own_release(work, commit):
            return commit.oid
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


async def _gates(work: Work, found: Candidate) -> list[str]:
    """Names of the evidence of the gates that passed on the candidate's tree. Raises Blocked."""
    if found.conflicts:
        raise Blocked(
            f"{work.record.base} has moved, and conflicts with sparc/{work.plan.name} in {', '.join(found.conflicts)}: "
            f"the result waits on sparc/{work.plan.name}"
        )
    if found.tree == work.hub.git.resolve(work.hub.plan_tip, "tree"):
        return [evidence_name(work.hub.git, work.hub.plan_tip)]
    work.journal.write(Notice(text=f"{work.record.base} has moved: all gates run again on the merge with it"))
    return [await _all_gates(work, found)]


async def _all_gates(work: Work, found: Candidate) -> str:
    """Every phase's gate on one candidate, as the phases asked it; the name of the evidence. Raises Blocked."""
    phases = [PhaseWork(work, number, name, "") for number, name in enumerate(work.plan.phases, 1)]
    moved = f"{work.record.base} has moved, and on the merge with it"
    await _hooks(phases, found, moved)
    asked = asked_once(work.plan)
    questions = [
        (phase, Question(found, work.hub.plan_tip, asked[phase.name], deliverables_of(work.plan, phase.name), 0))
        for phase in phases
        if asked[phase.name]
    ]
    parts = [(phase, await examine(phase, question)) for phase, question in questions]
    every = Answers(
        tuple(verdict for _, part in parts for verdict in part.verdicts),
        tuple(name for _, part in parts for name in part.evidence),
    )
    record = {**record_of(*questions[-1], every, None), "phases": [phase.name for phase in phases]}
    (name,) = await in_thread(evidence.keep, work.hub.git, [record])
    for phase, part in parts:
        work.journal.write(GateEnded(**phase.about, round=0, outcome=part.outcome, evidence=name))
    if not every.passed:
        failed = next(verdict.summary for verdict in every.verdicts if not verdict.passed)
        raise Blocked(f"{moved} a gate fails: {failed}")
    reviews = await _reviews(phases, found, moved)
    (name,) = await in_thread(evidence.keep, work.hub.git, [{**record, "reviews": reviews}])
    return name


async def _hooks(phases: list[PhaseWork], found: Candidate, moved: str) -> None:
    """What each phase runs before its gate. Raises Blocked when one fails."""
    for phase in phases:
        git, env = phase.work.hub.git, base_environment(phase.work.env)
        for command in phase.phase.hooks.gate:
            if failure := await run_hooks("gate", [command], git, found.tree, words_of(phase), env):
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
