"""What reaches the user's repository before the release: the evidence, then the branch that names it, then its tags."""

from prefect import task
from prefect.cache_policies import NO_CACHE

from tasks.errors import Blocked
from tasks.evidence import NAMESPACE
from tasks.git import Git, GitError
from tasks.good import TAGS, prefix
from tasks.hub import Hub
from tasks.repository import Repository
from tasks.threads import in_thread


@task(name="publish", task_run_name="publish", cache_policy=NO_CACHE, persist_result=False)
async def publish(hub: Hub, repository: Repository) -> None:
    """Bring the evidence, the plan's branch and its good tags to the user's repository: see `bring`."""
    await in_thread(bring, hub, repository)


def bring(hub: Hub, repository: Repository) -> None:
    """Fetch, forward only; doing it again changes nothing. Raises Blocked when git refuses."""
    fetch(repository.git, hub, f"{NAMESPACE}*:{NAMESPACE}*")
    fetch(repository.git, hub, f"{hub.plan_branch}:{hub.plan_branch}")
    if hub.good_tags():
        tags = f"{TAGS}{prefix(hub.plan)}"
        fetch(repository.git, hub, f"{tags}*:{tags}*")


def fetch(into: Git, hub: Hub, refspec: str) -> None:
    """One fetch from the hub, never forced. Raises Blocked with git's words."""
    try:
        into.run(
            "fetch",
            "--no-tags",
            "--no-prune",  # the user's fetch.prune would delete the evidence of every other run
            "--no-recurse-submodules",
            "--no-write-fetch-head",
            "--no-auto-maintenance",
            str(hub.directory),
            refspec,
        )
    except GitError as refused:
        raise Blocked(f"the result could not be brought to {into.directory}: {refused}") from refused
