"""Commands about what runs have merged: rollback, bisect, hotfix."""

import asyncio
import contextlib
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from flows.settings import Settings
from tasks.errors import Blocked, Interrupted, Refused, SparcError
from tasks.released import find_released
from tasks.repository import Repository, open_repository
from tasks.run_folder import RUN_ID, RunFolder
from tasks.wording import count

if TYPE_CHECKING:  # these take a second to import
    from prefect.client.schemas.objects import State as Ended

    from flows.bisecting import Bisection, State
    from flows.hotfix import Fix
    from flows.hotfix import Request as Wanted
    from flows.rolling_back import Request, RolledBack

T = TypeVar("T")
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]
Yes = Annotated[bool, typer.Option("--yes", help="Approve reviews without asking; the evidence says so.")]
Where = Annotated[
    Path | None, typer.Option("--repository", help="The repository; by default the run's, else the current directory.")
]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    for command in (rollback, bisect, hotfix):
        app.command()(command)


def rollback(  # noqa: PLR0913, PLR0917 - options
    run: Annotated[str, typer.Argument(help="A run that was released.")],
    to: Annotated[
        str | None, typer.Option(metavar="good/PLAN/N", help="Keep the phases up to this tag; by default none of them.")
    ] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Bring back what the newest rollback took away.")] = False,  # noqa: FBT002
    reason: Annotated[str, typer.Option(help="Why: goes into the merge and its evidence.")] = "",
    repository: Where = None,
    yes: Yes = False,  # noqa: FBT002
    as_json: Json = False,  # noqa: FBT002
) -> int:
    """Take a released run, or its later phases, back from its base branch by a new merge."""
    if undo and to:
        raise Refused("say either --to or --undo")
    folder, opened = _opened(run, repository)
    find_released(opened.git, run)  # refused before anything is written
    from flows.rolling_back import Request  # noqa: PLC0415 - Prefect takes a second to import

    request = Request(home=folder.home, run=run, repository=opened.path, to=to, undo=undo, reason=reason, yes=yes)
    done = _rolled_back(request, folder, opened)
    typer.echo(done.model_dump_json(indent=1) if as_json else "\n".join(_rollback_lines(done, folder)))
    return 0


def bisect(
    run: Annotated[str, typer.Argument(help="The run whose merges are searched.")],
    check: Annotated[list[str], typer.Option(help="A check: tests, or 'coverage: {at_least: 90}'; all have to pass.")],
    repository: Where = None,
    as_json: Json = False,  # noqa: FBT002
) -> int:
    """Find the merge of a run that broke a check."""
    from flows import bisecting  # noqa: PLC0415 - Prefect takes a second to import
    from flows.plain_gate import parse_checks  # noqa: PLC0415 - bandit and others take their time

    checks = parse_checks(check)
    folder, opened = _opened(run, repository)
    line = bisecting.line_of(folder, opened)
    asked = bisecting.asked_of(folder, opened, checks, lambda text: typer.echo(text, err=True))
    found = bisecting.bisect(line, asked)
    typer.echo(found.model_dump_json(indent=1) if as_json else "\n".join(_bisect_lines(found)))
    return 0


def hotfix(
    run: Annotated[str, typer.Argument(help="A run that was released.")],
    name: Annotated[str, typer.Argument(help="What the hotfix is called: its branch is hotfix/NAME.")],
    repository: Where = None,
    yes: Yes = False,  # noqa: FBT002
    as_json: Json = False,  # noqa: FBT002
) -> int:
    """Begin a hotfix at the last good tag of a run; once its branch has commits, gate it in full and merge it."""
    folder, opened = _opened(run, repository)
    find_released(opened.git, run)
    from flows.hotfix import Request as Wanted  # noqa: PLC0415 - Prefect takes a second to import

    wanted = Wanted(home=folder.home, run=run, repository=opened.path, name=name, yes=yes)
    fix = _fixed(wanted, folder, opened)
    typer.echo(fix.model_dump_json(indent=1) if as_json else "\n".join(_hotfix_lines(fix, folder)))
    return 0


def _opened(run: str, where: Path | None) -> tuple[RunFolder, Repository]:
    """A run's folder, which may be gone, and the repository that was meant. Raises Refused."""
    if not RUN_ID.fullmatch(run):
        raise Refused(f"{run!r} is no run id: a-z, 0-9 and -, at most 120 characters")
    folder = RunFolder(Settings().root, run)
    if where is None and folder.exists:
        where = folder.record.repository
    return folder, open_repository(where or Path())


def _rolled_back(request: "Request", folder: RunFolder, opened: Repository) -> "RolledBack":
    from flows.afterwards import held, is_own, no_plan  # noqa: PLC0415 - Prefect takes a second to import
    from flows.rolling_back import GateNeeded, carry_out, no_gates, rollback  # noqa: PLC0415

    with held(folder, opened):
        try:
            return asyncio.run(carry_out(request, no_gates))
        except GateNeeded:
            if not is_own(folder, opened):
                raise no_plan(folder, opened) from None
        return _with_server(folder, lambda: rollback(request, return_state=True))


def _fixed(wanted: "Wanted", folder: RunFolder, opened: Repository) -> "Fix":
    from flows.afterwards import held  # noqa: PLC0415 - Prefect takes a second to import
    from flows.hotfix import begin, hotfix  # noqa: PLC0415

    with held(folder, opened):
        fix = begin(wanted)
        return fix if fix.outcome != "ready" else _with_server(folder, lambda: hotfix(wanted, return_state=True))


def _with_server(folder: RunFolder, call: "Callable[[], Ended[T] | Awaitable[Ended[Any]]]") -> "T":
    """What a flow comes to, with a server for its time. Raises what it raises."""
    import httpx  # noqa: PLC0415 - with Prefect it takes a second to import
    from prefect.exceptions import TerminationSignal  # noqa: PLC0415

    from flows.running import connected  # noqa: PLC0415
    from flows.work import at_terminal, value_of  # noqa: PLC0415

    at_terminal.set(sys.stderr.isatty() and sys.stdin.isatty())

    async def carried() -> T:
        return await value_of(call())

    try:
        with connected(folder.home):
            return asyncio.run(carried())
    except httpx.HTTPError as problem:
        raise Blocked(f"the Prefect server stopped answering ({problem}): do the same again when it does") from problem
    except TerminationSignal:
        raise Interrupted("ended from outside: the same command once more completes it") from None


def _rollback_lines(done: "RolledBack", folder: RunFolder) -> Iterator[str]:
    what = "already is" if done.already else "is"
    where = "before its release" if done.to == "start" else f"at {done.to}"
    yield f"{done.plan} {what} back {where} on {done.base}: {done.commit}"
    if not done.already:
        yield f"{count(len(done.reverted), 'merge')} reverted; " + (
            f"measured: {', '.join(gate[:12] for gate in done.gates)}" if done.gates else "the very tree from before"
        )
    yield from _unpushed(folder, done.base)


def _unpushed(folder: RunFolder, base: str) -> Iterator[str]:
    """What is left to do where the plan pushes its releases: this is about the repository at hand."""
    from flows.work import Work  # noqa: PLC0415 - Prefect takes a second to import

    remote = None
    with contextlib.suppress(SparcError):  # it is done, and this only a word about it
        remote = Work(folder).plan.release.push
    if remote:
        yield f"{remote} is as it was: `git push {remote} {base} 'refs/evidence/*:refs/evidence/*'` brings it there"


def _bisect_lines(found: "Bisection") -> Iterator[str]:
    yield f"broken by {_shown(found.broken_by)}"
    for state in found.untold:
        yield f"or by {_shown(state)}, of which nothing can be told"
    for moment, state in (("before", found.before), ("after", found.broken_by)):
        for verdict in state.checks:
            yield f"  {moment}: {verdict.summary}"
    yield f"{count(found.measured, 'tree')} measured"


def _shown(state: "State") -> str:
    work = f" ({state.agent}, attempt {state.attempt})" if state.assignment else ""
    return f"{state.commit[:12]} {state.subject}{work}"


def _hotfix_lines(fix: "Fix", folder: RunFolder) -> Iterator[str]:
    if fix.outcome == "merged":
        yield f"{fix.branch} is in {fix.base}: {fix.commit}"
        yield f"measured: {', '.join(gate[:12] for gate in fix.gates)}"
        yield from _unpushed(folder, fix.base)
    else:
        yield f"{fix.branch} is at {fix.start}: `git switch {fix.branch}`, commit the fix there, and then again:"
        yield f"  sparc hotfix {fix.run} {fix.name}"
