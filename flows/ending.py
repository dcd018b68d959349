"""What a plan comes to once its last gate has passed: a release, a pull request, or its branch as it is."""

from typing import NamedTuple

from flows.deploying import deploy_release
from flows.proposing import propose
from flows.pushing import push_plan
from flows.releasing import release_plan
from flows.work import Work


class Ending(NamedTuple):
    """What a run came to."""

    commit: str
    """The release; of a plan that wants none, where its branch stands."""
    reason: str | None = None
    """What became of the result if it was not released, as a sentence."""


async def end_plan(work: Work) -> Ending:
    """Do what the plan says about its release. Raises Blocked, with everything kept."""
    wanted = work.plan.release
    if wanted.pull_request:
        return Ending(work.hub.plan_tip, await propose(work))
    if wanted.into_base:
        commit = await release_plan(work)
        await deploy_release(work, commit)
        return Ending(commit)
    await push_plan(work)
    pushed = f", and on {wanted.push}" if wanted.push else ""
    return Ending(work.hub.plan_tip, f"it stays there{pushed}, as the plan asks")
