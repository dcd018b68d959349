"""Running a plan from Python or from the command line: a server if none is named, one flow run, its outcome."""

import asyncio
import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import httpx
from prefect import get_client
from prefect.settings import (
    PREFECT_API_AUTH_STRING,
    PREFECT_API_URL,
    PREFECT_CLIENT_MAX_RETRIES,
    get_current_settings,
    temporary_settings,
)

from flows.plan import Plan
from flows.prepare import prepare
from flows.settings import Settings
from flows.sparc import sparc
from flows.work import at_terminal, value_of
from tasks import server
from tasks.errors import Blocked, Refused
from tasks.memory import open_memory
from tasks.outcome import RunOutcome
from tasks.run_folder import RunFolder

RETRIES = 7
"""How often a refused request is sent again, after 2, 4, 8, ... seconds: SQLite refuses writes that meet."""


def run(
    plan: Plan | Path | str, repository: Path | str = ".", *, run: str | None = None, yes: bool = False
) -> RunOutcome:
    """Run a plan to its end; blocks. Raises Refused or PlanInvalid when nothing could be started."""
    return asyncio.run(arun(plan, repository, run=run, yes=yes))


async def arun(
    plan: Plan | Path | str, repository: Path | str = ".", *, run: str | None = None, yes: bool = False
) -> RunOutcome:
    """The same for callers with an event loop."""
    folder = await asyncio.to_thread(prepare, plan, repository, run, Settings(), dict(os.environ), ready)
    return await carry(folder, yes=yes)


async def carry(folder: RunFolder, *, yes: bool, terminal: bool = False) -> RunOutcome:
    """Carry a prepared run to its end; `terminal`: a person may be asked on standard input."""
    at_terminal.set(terminal)
    record = folder.record
    plan = folder.plan_dir / record.plan_file
    with connected(folder.home):
        try:
            return await value_of(sparc(plan, record.repository, run=folder.run, yes=yes, return_state=True))
        except httpx.HTTPError as problem:
            raise Blocked(
                f"the Prefect server refuses or stopped answering ({problem}): resume when it does"
            ) from problem


def ready() -> None:
    """What a new run needs of its surroundings: a server, and a storage that keeps memory. Raises Refused."""
    settings = Settings()
    with connected(settings.root):
        open_memory(settings.memory, settings.root, "")


@contextlib.contextmanager
def connected(home: Path) -> Iterator[None]:
    """For the time of a block: the server that the caller has set, or the local one. Raises Refused if it is silent."""
    configured = get_current_settings().api.url
    if configured:
        server.reachable(configured)
        _refuse_locked_out(configured)
        yield
        return
    local = server.ensure(home)
    own = {PREFECT_API_URL: local.url, PREFECT_API_AUTH_STRING: local.auth, PREFECT_CLIENT_MAX_RETRIES: RETRIES}
    with temporary_settings(own):
        yield


def _refuse_locked_out(url: str) -> None:
    """Raise Refused for a server that answers, but not to us: asked once here, or each of many requests would fail."""
    try:
        with get_client(sync_client=True) as client:
            client.request("GET", "/admin/version")
    except httpx.HTTPStatusError as refused:
        if refused.response.status_code == httpx.codes.UNAUTHORIZED:
            raise Refused(
                f"PREFECT_API_URL={url}: that server asks for a password: set PREFECT_API_AUTH_STRING, or unset "
                "PREFECT_API_URL to use the local server, whose password sparc knows"
            ) from refused
