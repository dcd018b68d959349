"""What follows from a phase's merge: the user's repository and the memory learn of it. Again changes nothing."""

from flows.work import Work
from tasks.memory import aopen_memory
from tasks.publish import publish
from tasks.remember import remember


async def settle(work: Work, phase: str, commit: str) -> None:
    """Publish the plan's branch, then remember the phase's deliverables and its gate."""
    await publish(work.hub, work.repository)
    memory = await aopen_memory(work.record.memory, work.folder.home, work.repository.root_commit(work.record.start))
    promised = [glob for assignment in work.plan.phases[phase].assignments.values() for glob in assignment.deliverables]
    await remember(memory, work.hub, phase, commit, promised)
