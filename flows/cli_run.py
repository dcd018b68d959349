"""Commands that carry runs: run, resume, review."""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.prepare import is_released, prepare
from flows.settings import Settings
from tasks.errors import Interrupted, Refused
from tasks.events import RunEnded
from tasks.journal import Journal
from tasks.outcome import RunOutcome, outcome_of
from tasks.progress import watch
from tasks.report import summary
from tasks.run_folder import RunFolder

CODES = {"released": 0, "blocked": 1, "interrupted": 130}

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]
Yes = Annotated[bool, typer.Option("--yes", help="Approve reviews without asking; the evidence says so.")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    for command in (run, resume, review):
        app.command()(command)


def run(
    plan: Annotated[Path, typer.Argument(help="The plan's file.")],
    repository: Annotated[Path, typer.Option(help="The repository to work on.")] = Path(),
    run: Annotated[
        str | None, typer.Option(metavar="ID", help="Name of the run; of an unfinished one: resume it.")
    ] = None,
    yes: Yes = False,  # noqa: FBT002 - an option
    as_json: Json = False,  # noqa: FBT002
) -> int:
    """Run a plan: its phases, their gates, the release."""
    return _carry(prepare(plan, repository, run, Settings(), os.environ, _ready), yes, as_json)


def _ready() -> None:
    from flows.running import ready  # noqa: PLC0415 - Prefect takes a second to import

    ready()


def resume(
    run: Annotated[str, typer.Argument(help="The run to go on with.")],
    yes: Yes = False,  # noqa: FBT002
    as_json: Json = False,  # noqa: FBT002
) -> int:
    """Go on with a run that was blocked, interrupted or killed: only what is not merged yet is done."""
    folder = RunFolder(Settings().root, run)
    record = folder.record
    if is_released(folder):
        raise Refused(f"run {record.run} is finished and released: there is nothing to resume")
    try:
        with folder.held():  # refused before anything else if another process has it
            pass
    except OSError as problem:
        raise Refused(f"cannot write under {folder.home} (SPARC_HOME): {problem}") from problem
    return _carry(folder, yes, as_json)


def review(
    run: Annotated[str, typer.Argument(help="The run that waits.")],
    approve: Annotated[bool, typer.Option("--approve", help="Every point holds.")] = False,  # noqa: FBT002
    reject: Annotated[bool, typer.Option("--reject", help="Not every point holds.")] = False,  # noqa: FBT002
    comment: Annotated[str, typer.Option(help="What the run and the next attempt are told.")] = "",
) -> int:
    """Answer a review that a run waits for."""
    if approve == reject:
        raise Refused("say either --approve or --reject")
    from flows.running import connected  # noqa: PLC0415 - Prefect takes a second to import
    from tasks.review import answer_review, asked_of  # noqa: PLC0415 - likewise

    folder = RunFolder(Settings().root, run)
    asked_of(folder)  # refused before a server is started for nothing
    with connected(folder.home):
        typer.echo(asyncio.run(answer_review(folder, approve, comment)))
    return 0


def _carry(folder: RunFolder, yes: bool, as_json: bool) -> int:  # noqa: FBT001 - two options of the caller
    from flows.running import carry  # noqa: PLC0415 - Prefect takes a second to import

    gc.freeze()
    gc.enable()  # a run may go on for days
    terminal = sys.stderr.isatty() and sys.stdin.isatty()
    typer.echo(f"run {folder.run}", err=True)
    with watch(Journal(folder.journal), sys.stderr.isatty()):
        outcome = _interruptible(folder, carry(folder, yes=yes, terminal=terminal))
    typer.echo(outcome.model_dump_json(indent=1) if as_json else summary(outcome).rstrip("\n"))
    if folder.report.exists():
        typer.echo(f"report: {folder.report}", err=True)
    return CODES[outcome.outcome]


def _interruptible(folder: RunFolder, carried: Coroutine[Any, Any, RunOutcome]) -> RunOutcome:
    """Run to the end; a Ctrl-C or SIGTERM ends it in order, and its account is told like any other."""

    async def with_signals() -> RunOutcome:
        here = asyncio.current_task()
        assert here is not None  # noqa: S101 - a coroutine runs in a task
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, here.cancel)
        return await carried

    from prefect.exceptions import TerminationSignal  # noqa: PLC0415 - imported by now; Prefect's word for SIGTERM

    journal = Journal(folder.journal)
    before = len(journal.read()) if folder.journal.exists() else 0
    try:
        return asyncio.run(with_signals())
    except (KeyboardInterrupt, asyncio.CancelledError, TerminationSignal):
        since = journal.read()[before:] if folder.journal.exists() else ()
    if not since:
        raise Interrupted(f"interrupted before anything began: `sparc resume {folder.run}` starts it")
    if not isinstance(since[-1], RunEnded):
        journal.write(RunEnded(outcome="interrupted", reason="ended from outside"))
    return outcome_of(journal.read())
