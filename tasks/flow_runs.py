"""Which flow run of Prefect's carries a run, what becomes of those that ended without a word, and who is called off."""

import asyncio
import contextlib
from pathlib import Path
from uuid import UUID

import httpx
from prefect import get_client
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterParentFlowRunId
from prefect.client.schemas.objects import FlowRun, State
from prefect.exceptions import ObjectNotFound
from prefect.states import Crashed

from tasks.atomic import write_atomically
from tasks.run_folder import RunFolder, runs

FILE = "flow-run"
PATIENCE = 3.0  # seconds between two looks at whether a run was cancelled


def carried_before(home: Path, flow_run: UUID) -> str | None:
    """The run that this very flow run carried before: Prefect starts one again for a retry, and after a suspension."""
    return next((folder.run for folder in runs(home) if _carrier(folder) == flow_run), None)


async def name_after(flow_run: UUID, run: str) -> None:
    """Let people find a run in Prefect by the id that every command takes."""
    async with get_client() as client:
        await client.update_flow_run(flow_run, name=run)


async def until_cancelled(flow_run: UUID) -> None:
    """Come back when somebody cancels the run or one of its phases.

    Prefect tells only a worker, only of what the worker itself started, and not if that was suspended before.
    """
    async with get_client() as client:
        while True:
            with contextlib.suppress(httpx.HTTPError):  # a server that starts anew is waited for
                if any(_cancelled(run, flow_run) for run in await _family(client, flow_run)):
                    return
            await asyncio.sleep(PATIENCE)


def _cancelled(run: FlowRun, parent: UUID) -> bool:
    # a phase that is Cancelled was so by an earlier process of this flow run
    return run.state is not None and (run.state.is_cancelling() or (run.id == parent and run.state.is_cancelled()))


async def _family(client: PrefectClient, parent: UUID) -> list[FlowRun]:
    below = FlowRunFilter(parent_flow_run_id=FlowRunFilterParentFlowRunId(any_=[parent]))
    return [await client.read_flow_run(parent), *await client.read_flow_runs(flow_run_filter=below)]


async def take_over(folder: RunFolder, flow_run: UUID) -> None:
    """Note who carries the run now, and mark what its last carrier left unfinished as crashed."""
    previous = _carrier(folder)
    if previous:
        # an old server may be gone, and its records with it
        with contextlib.suppress(httpx.HTTPError, ObjectNotFound):
            await _crash(previous, but=flow_run)  # a retry by Prefect is the same flow run
    write_atomically(folder.path / FILE, str(flow_run).encode())


def _carrier(folder: RunFolder) -> UUID | None:
    try:
        return UUID((folder.path / FILE).read_text())
    except (OSError, ValueError):
        return None


async def _crash(previous: UUID, but: UUID) -> None:
    state: State[None] = Crashed(message="its process ended without a word; the run was resumed")
    async with get_client() as client:
        for run in await _family(client, previous):
            if run.id != but and _unfinished(run):
                await client.set_flow_run_state(run.id, state, force=True)


def _unfinished(run: FlowRun) -> bool:
    return run.state is None or not run.state.is_final()
