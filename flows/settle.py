"""What follows from a phase's merge: it is tagged, the user's repository and the memory learn of it.

Doing it again changes nothing.
"""

from flows.work import Work
from tasks.publish import publish
from tasks.remember import remember
from tasks.threads import in_thread


async def settle(work: Work, phase: str, commit: str) -> None:
    """Tag the phase's merge, publish the plan's branch, then remember the phase's deliverables and its gate."""
    await in_thread(work.hub.tag_good, work.repository)
    await publish(work.hub, work.repository)
    memory = await work.open_memory()
    promised = [glob for assignment in work.plan.phases[phase].assignments.values() for glob in assignment.deliverables]
    await remember(memory, work.hub, phase, commit, promised)
