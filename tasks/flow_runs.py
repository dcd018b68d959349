"""Prefect's record of a run whose process was killed: without us it would say Running for ever."""

import contextlib
from uuid import UUID

import httpx
from prefect import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterParentFlowRunId
from prefect.client.schemas.objects import FlowRun, State
from prefect.exceptions import ObjectNotFound
from prefect.states import Crashed

from tasks.run_folder import RunFolder, write_atomically

FILE = "flow-run"


async def take_over(folder: RunFolder, flow_run: UUID) -> None:
    """Note who carries the run now, and mark what its last carrier left unfinished as crashed."""
    file = folder.path / FILE
    if file.is_file():
        # an old server may be gone, and its records with it
        with contextlib.suppress(httpx.HTTPError, ObjectNotFound, ValueError):
            previous = UUID(file.read_text())
            if previous != flow_run:  # a retry by Prefect is the same flow run
                await _crash(previous)
    write_atomically(file, str(flow_run).encode())


async def _crash(previous: UUID) -> None:
    state: State[None] = Crashed(message="its process ended without a word; the run was resumed")
    async with get_client() as client:
        parent = await client.read_flow_run(previous)
        below = FlowRunFilter(parent_flow_run_id=FlowRunFilterParentFlowRunId(any_=[previous]))
        for run in (parent, *await client.read_flow_runs(flow_run_filter=below)):
            if _unfinished(run):
                await client.set_flow_run_state(run.id, state, force=True)


def _unfinished(run: FlowRun) -> bool:
    return run.state is None or not run.state.is_final()
