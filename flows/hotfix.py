"""A hotfix: begun at the last good tag of a released run, committed to by people, gated in full and merged first."""

from pathlib import Path
from typing import Literal

from prefect import flow
from prefect.client.schemas.objects import State

from flows.afterwards import ROUNDS, Afterwards, failed, is_own, moved_too_often, no_plan, prepared_flow
from flows.priority import first
from flows.releasing import all_gates
from flows.work import Work, at_terminal
from gates.model import Frozen
from tasks.base_merge import completed, land
from tasks.errors import SparcError
from tasks.hotfix import Hotfix, candidate_of, merge_of, open_hotfix, refuse_uncommitted
from tasks.release import refuse_unready
from tasks.released import Released, find_released
from tasks.repository import Repository, open_repository
from tasks.run_folder import RunFolder
from tasks.threads import in_thread


class Request(Frozen):
    """What is wanted."""

    home: Path
    run: str
    repository: Path
    name: str
    yes: bool = False
    """Approve reviews without asking, and say so in the evidence."""

    @property
    def folder(self) -> RunFolder:
        """The run's."""
        return RunFolder(self.home, self.run)


class Fix(Frozen):
    """How far a hotfix came."""

    run: str
    plan: str
    base: str
    name: str
    branch: str
    start: str
    """The good tag that it starts from."""
    outcome: Literal["begun", "ready", "merged"]
    """`begun`: its branch has nothing yet that the tag has not."""
    commit: str | None
    """The merge into the base branch."""
    gates: tuple[str, ...]
    """The evidence of the gates that passed on it."""


def begin(request: Request) -> Fix:
    """Where a hotfix stands; its branch is made if it is not there, and what a kill left half done is completed.

    Raises Refused or Blocked for whatever speaks against it before anything is measured.
    """
    repository = open_repository(request.repository)
    released = find_released(repository.git, request.run)
    completed(repository, request.run, released.base)
    hotfix = open_hotfix(repository, released, request.name)
    if hotfix.ready:
        refuse_uncommitted(repository, hotfix)
        refuse_unready(repository, released.base, "do the same again")
        if not is_own(request.folder, repository):
            raise no_plan(request.folder, repository)
        candidate_of(Work(request.folder).hub.git, released, hotfix)
    return _told(released, hotfix)


async def merge(request: Request, work: Work) -> Fix:
    """Measure a hotfix on the base branch as it stands, by every gate of the run's plan, and merge it."""
    repository = open_repository(request.repository)
    with first(repository, request.name):
        for _ in range(ROUNDS):
            released = await in_thread(find_released, repository.git, request.run)
            hotfix = await in_thread(open_hotfix, repository, released, request.name)
            if not hotfix.ready:
                return _told(released, hotfix)
            await _merged(work, repository, released, hotfix)
    raise moved_too_often(released.base)


async def _merged(work: Work, repository: Repository, released: Released, hotfix: Hotfix) -> None:
    await in_thread(refuse_unready, repository, released.base, "do the same again")
    found = await in_thread(candidate_of, work.hub.git, released, hotfix)
    words = f"with {hotfix.branch} in {released.base},"
    gate = await all_gates(work, found, words, released.depth, hotfix.good.commit)
    await in_thread(land, work.hub, repository, merge_of(released, hotfix, found, gate))


def _told(released: Released, hotfix: Hotfix) -> Fix:
    return Fix(
        run=released.run, plan=released.plan, base=released.base, name=hotfix.name, branch=hotfix.branch,
        start=hotfix.good.tag, outcome="merged" if hotfix.merged else "ready" if hotfix.ready else "begun",
        commit=hotfix.merged.commit.oid if hotfix.merged else None,
        gates=hotfix.merged.gates if hotfix.merged else (),
    )  # fmt: skip


@flow(name="hotfix", flow_run_name="hotfix {request.name} of {request.run}", persist_result=False)
async def hotfix(request: Request) -> Fix | State[Fix]:
    """Measure and merge a hotfix: see `merge`."""
    prepared_flow()
    try:
        return await merge(request, Afterwards(request.folder, yes=request.yes, terminal=at_terminal.get()))
    except SparcError as problem:
        return failed(problem)
