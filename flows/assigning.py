"""The asking half of a phase: each assignment is asked the moment its needs are merged, and merged once it stands.

An ask that fails is repeated with its findings until the assignment has none left; it then holds back only what needs
it. One coroutine an assignment; who is ready is the business of `flows.schedule`.
"""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from flows.escalation import escalate
from flows.gate import Question, examine
from flows.schedule import ReadySet, graph
from flows.work import PhaseWork, value_of
from tasks.artifacts import Progress
from tasks.attempt import Attempt, Order, ask
from tasks.context import Remembered, ToldFinding, told
from tasks.integrate import Candidate, Landing, candidate, conflict_findings, land
from tasks.journal import Merged
from tasks.threads import in_thread

Findings = tuple[ToldFinding, ...]
ESCALATE_AFTER = 2  # failures


@dataclass
class Asking:
    """Asks the assignments of one phase, round after round."""

    phase: PhaseWork
    memory: Mapping[str, tuple[Remembered, ...]]
    """What each assignment reads."""
    left: dict[str, int]
    """Asks that each assignment has left in this phase."""
    progress: Progress
    round: int = 0
    _failures: dict[str, int] = field(default_factory=dict)
    _passed: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    """(assignment, tree) -> evidence of the assignment's own gate that passed on that tree."""

    async def ask_all(self, names: Collection[str], findings: Mapping[str, Findings]) -> dict[str, str]:
        """One round: ask these; why each of those that did not get merged was not, empty if all were."""
        self.round += 1
        everyone = graph(self.phase.phase.assignments)
        ready = ReadySet(everyone, [name for name in everyone if name not in names])
        running: dict[asyncio.Task[str | None], str] = {}
        unmerged: dict[str, str] = {}
        try:
            while ready.active:
                for name in ready.ready():
                    running[asyncio.create_task(self._carry(name, findings.get(name, ())))] = name
                ended, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for each in ended:
                    name = running.pop(each)
                    reason = each.result()
                    if reason is None:
                        ready.done(name)
                    else:
                        unmerged[name] = reason
                        ready.failed(name)
        except Exception:
            # nothing more is started, but what works now is let finish, and merged
            await asyncio.gather(*running, return_exceptions=True)
            raise
        finally:
            for each in running:
                each.cancel()
            await asyncio.gather(*running, return_exceptions=True)
        return unmerged | dict.fromkeys(ready.skipped, "needs an assignment that was not merged")

    async def _carry(self, name: str, findings: Findings) -> str | None:
        """Ask until it is merged or has no ask left; why it is not merged."""
        last: Findings = ()
        while self.left[name] > 0:
            attempt = await self._ask(name, findings + last)
            last = await self._land(attempt) if attempt.stands else attempt.findings
            if not last:
                await self.progress.step()
                return None
            await self._count_failure(name, last)
        why = f": {last[0].headline}" if last else ""
        return f"no attempt left{why}"

    async def _ask(self, name: str, findings: Findings) -> Attempt:
        order = self._order(name)
        async with self.phase.agents_at_once:
            self.left[name] -= 1
            number = order.folder.claim_attempt(order.number, order.phase, name)
            return await value_of(ask(order, number, findings, return_state=True))

    def _order(self, name: str) -> Order:
        work, assignment = self.phase.work, self.phase.phase.assignments[name]
        agent = work.plan.agent_of(assignment)
        return Order(
            folder=work.folder, hub=work.hub, goal=work.plan.goal, number=self.phase.number, phase=self.phase.name,
            guidance=self.phase.guidance, name=name, assignment=assignment, agent_name=agent,
            agent=work.plan.agents[agent], timeout=work.plan.timeout_of(assignment), memory=self.memory[name],
            env=work.env,
        )  # fmt: skip

    async def _land(self, attempt: Attempt) -> Findings:
        """Merge what an attempt left, after its own gate if it has one; what speaks against it.

        The gate is asked before the attempt's turn to merge; only if others were merged meanwhile, so that the
        candidate is another one, is it asked again, and then nobody is let past.
        """
        if self.phase.phase.assignments[attempt.assignment].gate:
            found = await self._candidate(attempt)
            if not found.conflicts and (findings := await self._own_gate(attempt, found)):
                return findings
        async with self.phase.merging:
            while True:
                found = await self._candidate(attempt)
                if found.conflicts:
                    return conflict_findings(found)
                if findings := await self._own_gate(attempt, found):
                    return findings
                if await self._merge(attempt, found):
                    return ()

    async def _candidate(self, attempt: Attempt) -> Candidate:
        return await in_thread(candidate, self.phase.work.hub.git, self.phase.branch, attempt.commit or "")

    async def _own_gate(self, attempt: Attempt, found: Candidate) -> Findings:
        """What an assignment's own gate says against a candidate; nothing if it has none, or passed on this tree."""
        name, assignment = attempt.assignment, self.phase.phase.assignments[attempt.assignment]
        if not assignment.gate or (name, found.tree) in self._passed:
            return ()
        base = self.phase.work.hub.plan_tip
        question = Question(found, base, assignment.gate, assignment.deliverables, self.round, name)
        answers = await examine(self.phase, question)
        if answers.passed:
            self._passed[name, found.tree] = answers.evidence
        return told(answers.verdicts)

    async def _merge(self, attempt: Attempt, found: Candidate) -> bool:
        """Make the merge; False if the branch has moved."""
        phase = self.phase
        landing = Landing(
            phase.work.hub,
            phase.number,
            phase.name,
            attempt.assignment,
            attempt.attempt,
            attempt.agent,
            attempt.evidence,
        )
        commit = await land(landing, found, self._passed.get((attempt.assignment, found.tree), ()))
        if commit is None:
            return False
        about = phase.about | {"assignment": attempt.assignment, "attempt": attempt.attempt}
        phase.work.journal.write(Merged(**about, commit=commit, seconds=attempt.seconds))
        return True

    async def _count_failure(self, name: str, findings: Findings) -> None:
        self._failures[name] = self._failures.get(name, 0) + 1
        if self._failures[name] == ESCALATE_AFTER:
            await escalate(self.phase, f"{name} has failed twice: {findings[0].headline}")
