"""Remotes: where the base branch stands there, and what is pushed: evidence and tags first, then the branch.

A push comes before the user's own branch moves, so that a release that the remote refuses leaves nothing behind but
`sparc/<plan>`, and the remote decides who was first. It is never forced: when the remote has moved, its tip is merged
and gated like any base that moved. The release then has that tip as its first parent, and the user's branch, which the
tip contains, is brought forward to it.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from flows.work import Work
from tasks.errors import Blocked
from tasks.events import Notice, ReleaseStep
from tasks.good import TAGS
from tasks.remote import Remote, push
from tasks.repository import BRANCHES
from tasks.threads import in_thread
from tasks.travel import evidence_from, luggage


@dataclass(frozen=True)
class Bases:
    """The base branch, here and there."""

    work: Work
    here: str
    there: str | None = None
    """The remote's, whose history the user's repository has; None where it has no such branch, or nothing is pushed."""

    @cached_property
    def newest(self) -> str | None:
        """The one that contains the other; None if neither does."""
        git = self.work.repository.git
        if self.there is None or git.ancestor(self.there, self.here):
            return self.here
        return self.there if git.ancestor(self.here, self.there) else None

    def moved(self, tip: str) -> str:
        """That the base branch has moved to one of the two, to begin a sentence with."""
        base = self.work.record.base
        if tip == self.here:
            return f"{base} has moved"
        return f"{base} of {self.work.plan.release.push} has moved to {tip[:10]}"

    def apart(self) -> Blocked:
        """Why nothing can be done while each has what the other lacks."""
        base, remote = self.work.record.base, self.work.plan.release.push
        return Blocked(
            f"{base} here ({self.here[:10]}) and {base} of {remote} ({(self.there or '')[:10]}) each hold commits that "
            f"the other lacks: `git pull --no-rebase {remote} {base}` brings them together, then resume"
        )


def remote_of(work: Work) -> Remote | None:
    """The remote that the plan names."""
    name = work.plan.release.push
    return Remote(work.repository, name) if name else None


async def look(work: Work) -> Bases:
    """Where the base branch stands at this moment. Raises Blocked when it is gone, or the remote does not answer."""
    base, repository, remote = work.record.base, work.repository, remote_of(work)
    here = repository.tip(base)
    if here is None:
        raise Blocked(f"branch {base} is gone from {repository.path}: put it back, or release by hand")
    return Bases(work, here, await in_thread(remote.fetch, base, work.folder.run) if remote else None)


async def push_base(bases: Bases, commit: str) -> bool:
    """Push a commit that the base branch will be at; False if the remote's has moved meanwhile. Raises Blocked."""
    work, remote, git = bases.work, remote_of(bases.work), bases.work.repository.git
    if remote is None:
        return True
    if bases.there and git.ancestor(commit, bases.there):
        await _with_luggage(work, remote, luggage(git, work.hub, commit, work.hub.start))
        return True
    if bases.there and not git.ancestor(bases.there, commit):
        raise bases.apart()
    base = work.record.base
    await _with_luggage(work, remote, luggage(git, work.hub, commit, bases.there))
    why = await _push_branch(work, remote, base, commit)
    if why is None:
        return True
    if await in_thread(remote.tip, base) != bases.there:
        return False
    raise Blocked(f"{remote.name} refused {base} {why}, so nothing was moved: mend that and resume")


async def push_plan(work: Work, gates: Iterable[str] = ()) -> None:
    """Push the plan's branch; with the evidence of these gates too, if there are any. Raises Blocked."""
    remote, git, branch = remote_of(work), work.repository.git, f"sparc/{work.plan.name}"
    if remote is None:
        return
    tip = work.hub.plan_tip
    loads = luggage(git, work.hub, tip, work.hub.start) | evidence_from(git, gates)
    await _with_luggage(work, remote, loads)
    if why := await _push_branch(work, remote, branch, tip):
        there = (await in_thread(remote.tip, branch) or "none")[:10]
        raise Blocked(
            f"{remote.name} refused {branch} {why}; it is at {there} there, and nothing is forced: "
            "merge, rename or remove that branch there, then resume"
        )


async def _with_luggage(work: Work, remote: Remote, refs: dict[str, str]) -> None:
    """What has to be there before the branch is. A tag that means something else there is left as it is, and told."""
    refused = await push(remote, refs, "evidence and tags")
    for name, why in refused.items():
        if not name.startswith(TAGS):
            raise Blocked(f"{remote.name} refused the evidence {name} {why}, without which nothing can be verified")
        text = f"{remote.name} refused {name.removeprefix(TAGS)} {why}; it is not forced, and stays as it is there"
        work.journal.write(Notice(text=text))


async def _push_branch(work: Work, remote: Remote, branch: str, commit: str) -> str | None:
    """Why a remote refused a branch, or None."""
    began = time.monotonic()
    refused = await push(remote, {f"{BRANCHES}{branch}": commit}, branch)
    why = refused.get(f"{BRANCHES}{branch}")
    if why is None:
        text = f"{branch} to {remote.name}, at {commit[:10]}"
        seconds = round(time.monotonic() - began, 3)
        work.journal.write(ReleaseStep(step="push", outcome="passed", text=text, commit=commit, seconds=seconds))
    return why
