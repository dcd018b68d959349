"""The end of a plan: the release is a candidate too.

Base unmoved: the release has the tree that the last gate passed, and that gate's evidence serves. Base moved: the gates
of all phases run on the merge with it. A conflict, a failed gate or a work tree that cannot follow blocks, resumably; a
branch that moves while this goes on only means another round.
"""

from flows.default_gates import deliverables_of, gate_of
from flows.gate import Question, examine, record_of
from flows.work import PhaseWork, Work
from gates.checks import Check
from tasks import evidence
from tasks.errors import Blocked
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
            return tip  # a kill came after the release and before its note
        found = await in_thread(release_candidate, work.hub, tip)
        gates = await _gates(work, found)
        commit = await release(work.folder, work.hub, repository, base, found, gates)
        if commit is not None:
            return commit


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
    number = len(work.plan.phases)
    phase = PhaseWork(work, number, list(work.plan.phases)[-1], "")
    question = Question(found, work.hub.plan_tip, _every_check(work), _everything_promised(work), 0)
    answers = await examine(phase, question)
    (name,) = await in_thread(evidence.keep, work.hub.git, [record_of(phase, question, answers, None)])
    work.journal.write(GateEnded(**phase.about, round=0, outcome=answers.outcome, evidence=name))
    if not answers.passed:
        failed = next(verdict.summary for verdict in answers.verdicts if not verdict.passed)
        raise Blocked(f"{work.record.base} has moved, and on the merge with it a gate fails: {failed}")
    return [name]


def _every_check(work: Work) -> tuple[Check, ...]:
    checks = [check for phase in work.plan.phases for check in gate_of(work.plan, phase)]
    return tuple(check for number, check in enumerate(checks) if check not in checks[:number])


def _everything_promised(work: Work) -> tuple[str, ...]:
    return tuple(dict.fromkeys(glob for phase in work.plan.phases for glob in deliverables_of(work.plan, phase)))
