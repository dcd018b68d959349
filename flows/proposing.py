"""A pull request instead of a release: nothing is merged into the base branch, its text is written to a file.

The result is measured as a release would be: on the merge with the base branch as it stands, on the remote if the plan
names one. That merge is a candidate only, and is committed nowhere.
"""

from flows.pushing import look, push_plan
from flows.releasing import gates_of
from flows.work import Work
from tasks.atomic import write_atomically
from tasks.outcome import outcome_of
from tasks.publish import publish
from tasks.pull_request import FILE, Proposal, text_of
from tasks.release import release_candidate
from tasks.threads import in_thread


async def propose(work: Work) -> str:
    """Write the text of a pull request, and push its branch if the plan says so; what was done. Raises Blocked."""
    wanted = work.plan.release
    bases = await look(work)
    tip = bases.there or bases.here
    if work.repository.git.ancestor(work.hub.plan_tip, tip):
        return f"{work.record.base} contains it by now, so no pull request is written"
    found = await in_thread(release_candidate, work.hub, tip)
    gates = await gates_of(work, found, bases.moved(tip))
    await publish(work.hub, work.repository)  # the evidence of these gates
    moved = found.tree != work.hub.git.resolve(work.hub.plan_tip, "tree")
    told = outcome_of(work.journal.read())
    proposal = Proposal(told, work.plan.goal, tuple(gates), tip, moved=moved, remote=wanted.push)
    file = work.folder.path / FILE
    await in_thread(write_atomically, file, (await in_thread(text_of, work.hub, proposal)).encode())
    await push_plan(work, gates)
    pushed = f", and on {wanted.push}" if wanted.push else ""
    return f"it stays there{pushed}; the text of its pull request is in {file}"
