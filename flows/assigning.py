"""The asking half of a phase: each assignment is asked the moment its needs are merged, and merged once it stands.

An ask that fails is repeated with its findings until the assignment has none left; it then holds back only what needs
it. One coroutine an assignment; who is ready is the business of `flows.schedule`.
"""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from flows.common_gate import Gate
from flows.default_gates import gate_of
from flows.escalation import escalate
from flows.landing import Entry, Grounds
from flows.schedule import ReadySet, graph
from flows.work import PhaseWork, value_of
from tasks.artifacts import Progress
from tasks.assignment import Architect
from tasks.attempt import Attempt, Order, ask
from tasks.conflict import Conflict
from tasks.context import Remembered, ToldFinding
from tasks.integrate import Resolution, candidate_on
from tasks.resolving import order_for, resolution_of
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
    _stopped: dict[str, str] = field(default_factory=dict)
    """Assignment -> why a person is to decide on it."""

    def __post_init__(self) -> None:
        self._grounds = Grounds(self.phase)

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
            await self._grounds.close()
        return unmerged | dict.fromkeys(ready.skipped, "needs an assignment that was not merged")

    async def _carry(self, name: str, findings: Findings) -> str | None:
        """Ask until it is merged or has no ask left; why it is not merged."""
        last: Findings = ()
        while self.left[name] > 0:
            attempt = await self._ask(self._order(name), findings + last)
            if attempt.commit:
                await self.phase.watch.look()
            last = await self._land(attempt) if attempt.stands else attempt.findings
            if not last:
                await self.progress.step()
                return None
            if name in self._stopped:
                return self._stopped[name]
            await self._count_failure(name, last)
        why = f": {last[0].headline}" if last else ""
        return f"no attempt left{why}"

    async def _ask(self, order: Order, findings: Findings) -> Attempt:
        async with self.phase.agents_at_once:
            self.left[order.name] -= 1
            number = order.folder.claim_attempt(order.number, order.phase, order.name)
            return await value_of(ask(order, number, findings, return_state=True))

    def _order(self, name: str) -> Order:
        work, assignment = self.phase.work, self.phase.phase.assignments[name]
        agent = work.plan.agent_of(assignment)
        return Order(
            folder=work.folder, hub=work.hub, goal=work.plan.goal, number=self.phase.number, phase=self.phase.name,
            guidance=self.phase.guidance, name=name, assignment=assignment, agent_name=agent,
            agent=work.plan.agents[agent], timeout=work.plan.timeout_of(assignment), memory=self.memory[name],
            env=work.env, confinement=work.confinement, workspace=work.plan.workspace_of(assignment),
        )  # fmt: skip

    async def _land(self, attempt: Attempt, resolution: Resolution | None = None) -> Findings:
        """Merge what an attempt left, after its own gate if it has one; what speaks against it."""
        gate = await self._gate(attempt.assignment, resolved=resolution is not None)
        fate = await self._grounds.bring_in(Entry(attempt, gate, self.round, resolution))
        if fate.conflict is None:
            return fate.findings
        git, found = self.phase.work.hub.git, fate.conflict
        if resolution:  # the branch has moved away from it: what both sides come to now
            found = await in_thread(candidate_on, git, found.branch, found.ours, found.theirs)
        if not found.conflicts:
            return await self._land(attempt)
        return await self._settled(attempt, Conflict(git, found, attempt.assignment))

    async def _gate(self, name: str, *, resolved: bool) -> Gate:
        """What the work of an assignment must pass: its own gate; a resolution without one the phase's as well.

        The phase's gate then looks for the deliverables of what is merged: others may still be at work.
        """
        phase, assignment = self.phase, self.phase.phase.assignments[name]
        if assignment.gate or not resolved:
            return Gate(name, assignment.gate, assignment.deliverables)
        merged = await in_thread(phase.work.hub.merged, phase.branch)
        there = [each for other, each in phase.phase.assignments.items() if other in merged or other == name]
        promised = tuple(dict.fromkeys(path for each in there for path in each.deliverables))
        return Gate(name, gate_of(phase.work.plan, phase.name), promised)

    async def _settled(self, attempt: Attempt, conflict: Conflict) -> Findings:
        """Do about a conflict what the plan says; what speaks against the work after that."""
        work, name = self.phase.work, attempt.assignment
        policy = work.plan.conflicts_of(self.phase.phase, self.phase.phase.assignments[name])
        if isinstance(policy, Architect):
            return await self._resolved(attempt, conflict, policy.architect)
        if policy == "escalate":
            self._stopped[name] = await in_thread(_for_a_person, self.phase, attempt, conflict)
            await escalate(self.phase, self._stopped[name])
        return await in_thread(lambda: conflict.findings)

    async def _resolved(self, attempt: Attempt, conflict: Conflict, architect: str) -> Findings:
        """Have an agent merge both sides, by one of the assignment's asks; what speaks against its work."""
        name = attempt.assignment
        findings = await in_thread(lambda: conflict.findings)
        if self.left[name] <= 0:
            return findings
        agent = self.phase.work.plan.agents[architect]
        order = await in_thread(order_for, self._order(name), conflict, self.phase.phase.assignments, architect, agent)
        made = await self._ask(order, findings)
        against = await self._land(attempt, resolution_of(conflict, made)) if made.stands else made.findings
        if not against:
            return ()
        failed = f"{architect} was asked to merge both sides, and did not succeed: {against[0].headline}"
        return (*findings, ToldFinding(check="resolution", message=failed))

    async def _count_failure(self, name: str, findings: Findings) -> None:
        self._failures[name] = self._failures.get(name, 0) + 1
        if self._failures[name] == ESCALATE_AFTER:
            await escalate(self.phase, f"{name} has failed twice: {findings[0].headline}")


def _for_a_person(phase: PhaseWork, attempt: Attempt, conflict: Conflict) -> str:
    """What a person is told who is to decide on a conflict."""
    run, name = phase.work.folder.run, attempt.assignment
    branch = f"agent/{phase.number}-{phase.name}/{name}/{attempt.attempt}"
    return (
        f"{conflict.sentence}, and the plan leaves that to a person: nothing of it is merged, it waits on {branch} of "
        f"{phase.work.hub.directory}; `sparc resume {run}` asks {name} again, on top of what is merged"
    )
