"""The body that all phases share: ask, merge, gate; again with the findings; escalate; never skip.

1. Hooks `before`, on the tree that the phase starts from; the figures that the hook `baseline` asks for.
2. A round: the assignments that are to be asked are asked and merged into the phase's branch (`flows.assigning`).
   If one has no ask left, no gate is run and the phase is blocked.
3. The gate measures the candidate: the merge of the phase's branch into the plan's (`flows.gate`).
4. Passed: review, merge, publish, remember, hooks `after`. The next phase may start.
5. Failed: the assignments to which the findings point start the next round, all of them if none can be told. After the
   second failure the run escalates; after the last round it is blocked, with everything kept.

What is merged already is asked of the hub, so a resumed phase begins where the last process ended.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from prefect.client.schemas.objects import State
from prefect.states import Failed

from flows.assigning import ESCALATE_AFTER, Asking, Findings
from flows.baseline import take_baseline
from flows.default_gates import deliverables_of, gate_of
from flows.escalation import escalate
from flows.gate import Answers, Question, examine, record_of, words_of
from flows.settle import settle
from flows.sign_off import sign_off
from flows.work import PhaseWork, Work
from gates.model import Frozen
from gates.paths import matcher
from tasks import evidence, review
from tasks.artifacts import Progress, gate_table
from tasks.attempt import findings_of
from tasks.context import ToldFinding, told
from tasks.errors import Blocked, Interrupted
from tasks.events import GateEnded, Notice, PhaseEnded, PhaseStarted
from tasks.hooks import run_hooks
from tasks.integrate import Candidate, candidate, land_phase
from tasks.overwritten import overwritten
from tasks.remember import read_for
from tasks.run_folder import RunFolder
from tasks.threads import in_thread

Hook = Literal["before", "gate", "after"]


class PhaseCall(Frozen):
    """Which phase of which run: all that a phase's flow needs to know."""

    home: Path
    """SPARC_HOME."""
    run: str
    plan: str
    number: int
    """From 1."""
    name: str
    fingerprint: str | None = None
    """Of the plan; no file says it, so that whoever changes those is noticed."""
    yes: bool = False
    terminal: bool = False


class PhaseResult(Frozen):
    """How a phase ended."""

    outcome: Literal["passed", "blocked", "interrupted"]
    reason: str | None = None
    commit: str | None = None
    """The merge into the plan's branch."""


async def run_phase(call: PhaseCall, guidance: str) -> PhaseResult | State[PhaseResult]:
    """Carry one phase to its end; a failed state, with the result as data, unless its gate passed."""
    work = Work(RunFolder(call.home, call.run), yes=call.yes, terminal=call.terminal, fingerprint=call.fingerprint)
    phase = PhaseWork(work, call.number, call.name, guidance)
    try:
        commit = await _carry(phase)
    except Blocked as reason:
        await phase.watch.close()
        work.journal.write(PhaseEnded(**phase.about, outcome="blocked", reason=str(reason)))
        return _stopped("blocked", reason)
    except Interrupted as reason:
        return _stopped("interrupted", reason)
    return PhaseResult(outcome="passed", commit=commit)


def _stopped(outcome: Literal["blocked", "interrupted"], reason: Exception) -> State[PhaseResult]:
    result = PhaseResult(outcome=outcome, reason=str(reason))
    return Failed(name=outcome.capitalize(), message=str(reason), data=result)


async def _carry(phase: PhaseWork) -> str:
    """The phase from its first ask to its merge; the merge's commit. Raises Blocked."""
    work = phase.work
    checks = gate_of(work.plan, phase.name)
    names = tuple(phase.phase.assignments)
    work.journal.write(PhaseStarted(**phase.about, assignments=names, gate=tuple(check.label for check in checks)))
    merged = await in_thread(work.hub.merged, phase.branch)
    asked = [name for name in names if name not in merged]
    if not merged:
        await _hook(phase, "before")
        await take_baseline(phase)
    asking = await _asking(phase, names)
    findings: Mapping[str, Findings] = await in_thread(findings_of, work.hub, phase.number, asked)
    if not asked and (rejected := await in_thread(_rejection, phase)):
        asked, findings = list(names), dict.fromkeys(names, rejected)
    failures = 0
    while True:
        await _ask(asking, asked, findings)
        question, answers = await _gate(phase, asking.round)
        if answers.passed:
            return await _merge(phase, question, answers)
        failures += 1
        asked, findings = point(phase, answers)
        if failures == ESCALATE_AFTER:
            await escalate(phase, f"its gate has failed twice: {_first_reason(answers)}")
        if failures >= work.plan.attempts_of(phase.phase) or not any(asking.left[name] for name in asked):
            raise Blocked(_first_reason(answers))


async def _asking(phase: PhaseWork, names: tuple[str, ...]) -> Asking:
    work = phase.work
    memory = await work.open_memory()
    wanted = {name: assignment.reads for name, assignment in phase.phase.assignments.items()}
    remembered = await in_thread(read_for, memory, work.hub, wanted)
    progress = await Progress.start(f"{work.plan.name}-{phase.number}-{phase.name}", len(names))
    return Asking(phase, remembered, dict.fromkeys(names, work.plan.attempts_of(phase.phase)), progress)


async def _ask(asking: Asking, names: list[str], findings: Mapping[str, Findings]) -> None:
    unmerged = await asking.ask_all(names, findings)
    if unmerged:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in unmerged.items())
        raise Blocked(f"not all assignments could be merged, so no gate was run ({reasons})")


async def _gate(phase: PhaseWork, number: int) -> tuple[Question, Answers]:
    """Measure the merge of the phase's branch into the plan's, as it would be made now."""
    work = phase.work
    await in_thread(work.refuse_changed_plan)
    await in_thread(work.hub.refuse_strangers)
    await _hook(phase, "gate")
    found = await in_thread(candidate, work.hub.git, work.hub.plan_branch, work.hub.tip(phase.branch))
    question = Question(
        found, found.ours, gate_of(work.plan, phase.name), deliverables_of(work.plan, phase.name), number,
        earlier=await in_thread(overwritten, work.hub.git, found.ours, found.theirs),
    )  # fmt: skip
    answers = await examine(phase, question)
    record = record_of(phase, question, answers, None)
    (name,) = await in_thread(evidence.keep, work.hub.git, [record])
    work.journal.write(GateEnded(**phase.about, round=number, outcome=answers.outcome, evidence=name))
    await gate_table(f"{work.plan.name}-{phase.number}-{phase.name}", answers.verdicts)
    return question, answers


async def _merge(phase: PhaseWork, question: Question, answers: Answers) -> str:
    """Review, then merge exactly what was measured, then everything that follows from it."""
    work, found = phase.work, question.candidate
    signed = await sign_off(phase, found)
    if signed and not signed[1].approved:
        raise Blocked(f"rejected by {signed[1].by}: {signed[1].comment or 'no comment'}")
    approval = {"evidence": signed[0], **signed[1].model_dump()} if signed else None
    (name,) = await in_thread(evidence.keep, work.hub.git, [record_of(phase, question, answers, approval)])
    commit = await land_phase(work.hub, phase.name, phase.number, found, name)
    if commit is None:
        raise Blocked(f"{work.hub.plan_branch} was moved by somebody else while its gate ran")
    await settle(work, phase.name, commit)
    await end_phase(phase, commit)
    return commit


async def end_phase(phase: PhaseWork, commit: str) -> None:
    """The last of a phase that has passed and is merged: say so, and run its hooks `after`."""
    await phase.watch.close()
    phase.work.journal.write(PhaseEnded(**phase.about, outcome="passed", commit=commit))
    await _hook(phase, "after")


def point(phase: PhaseWork, answers: Answers) -> tuple[list[str], dict[str, Findings]]:
    """Whom a failed gate's findings point to, and what each of them is told; everyone if nobody can be told."""
    findings = told(answers.verdicts)
    pointed = {name: tuple(_about(phase, name, findings)) for name in phase.phase.assignments}
    found = {name: about for name, about in pointed.items() if about}
    nowhere = tuple(finding for finding in findings if not any(finding in about for about in found.values()))
    if not found:
        return list(pointed), dict.fromkeys(pointed, findings)
    return list(found), {name: about + nowhere for name, about in found.items()}


def _about(phase: PhaseWork, name: str, findings: Findings) -> list[ToldFinding]:
    assignment = phase.phase.assignments[name]
    owns = matcher([*assignment.owned, *assignment.deliverables])
    return [finding for finding in findings if finding.path and owns(finding.path)]


def _rejection(phase: PhaseWork) -> Findings:
    """A person's rejection of the very tree that the phase has now, for those who are asked again."""
    git, branch = phase.work.hub.git, phase.work.hub.plan_branch
    found: Candidate = candidate(git, branch, phase.work.hub.tip(phase.branch))
    comment = review.rejection_of(git, phase.name, found.tree)
    answered = comment is not None and review.approval_of(git, phase.name, found.tree) is None
    return () if not answered else (ToldFinding(check="review", message=f"rejected: {comment or 'no comment'}"),)


def _first_reason(answers: Answers) -> str:
    failed = [verdict.summary for verdict in answers.verdicts if not verdict.passed]
    more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
    return f"{failed[0]}{more}"


async def _hook(phase: PhaseWork, when: Hook) -> None:
    """Run one moment's hooks: a failure blocks, but after the merge it is a warning."""
    work = phase.work
    commands: Any = getattr(phase.phase.hooks, when)
    if not commands:
        return
    tree = work.hub.tip(phase.branch)
    failure = await run_hooks(when, commands, work.hub.git, tree, words_of(phase), work.surroundings)
    if failure and when == "after":
        work.journal.write(Notice(text=failure))
    elif failure:
        raise Blocked(failure)
