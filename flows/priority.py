"""Who goes first: while a hotfix is measured and merged, releases into the same repository wait for it.

It is a lock file beside those of the plans, held by the process that carries the hotfix, so that a kill ends it. A
release that was under way nevertheless loses the compare-and-swap or wins it; either way nothing unmeasured is merged.
"""

import asyncio
import contextlib
from collections.abc import Iterator

from flows.work import Work
from tasks.events import Notice
from tasks.locks import exclusive, holder
from tasks.repository import Repository

LOCK = "hotfix.priority"  # no plan's lock has a name like it
PAUSE = 0.5  # seconds


@contextlib.contextmanager
def first(repository: Repository, name: str) -> Iterator[None]:
    """Hold releases up for the time of a block. Raises Refused while another hotfix does."""
    refusal = f"hotfix {{holder}} is being merged into {repository.path}: wait for it, then do the same again"
    with exclusive(repository.git.directory / "sparc" / LOCK, refusal, name):
        yield


async def give_way(work: Work) -> bool:
    """Wait while a hotfix is being merged into the run's repository; whether there was one."""
    waited = False
    while name := hotfix_under_way(work.repository):
        if not waited:
            work.journal.write(Notice(text=f"the release waits for hotfix {name}, which goes first"))
        waited = True
        await asyncio.sleep(PAUSE)
    return waited


def hotfix_under_way(repository: Repository) -> str | None:
    """The name of the hotfix that is being merged right now, or None."""
    return holder(repository.git.directory / "sparc" / LOCK)
