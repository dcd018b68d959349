"""The plan's flow: its phases in the order written, then the release."""

import asyncio
import contextlib
import errno
import os
from collections.abc import Callable, Coroutine, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from prefect import flow
from prefect.client.schemas.objects import State
from prefect.flows import Flow
from prefect.runtime import deployment, flow_run
from prefect.states import Cancelled, Failed

from flows.architecture import architecture
from flows.completion import completion
from flows.ending import Ending, end_plan
from flows.inspect_waivers import idle_waivers
from flows.other_phase import other_phase
from flows.phase import PhaseCall, PhaseResult, end_phase
from flows.plan import Plan
from flows.prepare import RELEASED, held, prepare
from flows.pseudocode import pseudocode
from flows.refinement import refinement
from flows.settings import Settings
from flows.settle import settle
from flows.specification import specification
from flows.work import PhaseWork, Work, at_terminal, value_of
from tasks.artifacts import report_page
from tasks.atomic import write_atomically
from tasks.command import Processes, processes
from tasks.commits import Commit, Trailer
from tasks.credentials import hide_environment
from tasks.errors import Blocked, CalledOff, Interrupted, Refused, SparcError
from tasks.events import Notice, PhaseEnded, RunEnded, RunStarted
from tasks.flow_runs import carried_before, name_after, take_over, until_cancelled
from tasks.git import GitError
from tasks.isolation import ANNOUNCED
from tasks.outcome import RunOutcome, outcome_of
from tasks.page import write_page
from tasks.release import why_unready
from tasks.report_markdown import markdown
from tasks.threads import in_thread
from tasks.trash import sweep

PHASES: dict[str, Flow[[PhaseCall], Any]] = {
    "specification": specification,
    "pseudocode": pseudocode,
    "architecture": architecture,
    "refinement": refinement,
    "completion": completion,
}
MACHINE = dict.fromkeys((errno.ENOSPC, errno.EDQUOT), "the disk is full") | dict.fromkeys(
    (errno.EACCES, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EPERM, errno.EROFS), ""
)
"""Errors of the machine, or of who may do what on it; with better words than the system's, where we have them."""


def run_name() -> str:
    """The run's id, or what is known of it before it has one."""
    run, plan = (flow_run.parameters.get(name) for name in ("run", "plan"))
    return str(run or (plan.name if isinstance(plan, Plan) else Path(str(plan)).stem))


@flow(name="sparc", flow_run_name=run_name, persist_result=False)
async def sparc(
    plan: Path | Plan,
    repository: Path = Path(),
    run: str | None = None,
    yes: bool = False,  # noqa: FBT001, FBT002 - a flow's parameters are a form
) -> RunOutcome | State[RunOutcome]:
    """Run a SPARC plan: phases of concurrent agents, each closed by a gate, then the release.

    Args:
        plan: The plan's file (for a deployment its absolute path on the worker's machine), or the plan itself.
        repository: The repository that the plan starts from and releases into; likewise.
        run: Name of a new run, or of the unfinished one to go on with.
        yes: Approve reviews without asking; the evidence says so.
    """
    hide_environment()  # a worker puts the server's password there
    settings, here = Settings(), UUID(str(flow_run.id))
    try:
        _refuse_relative(plan, repository)
        folder = prepare(plan, repository, run or carried_before(settings.root, here), settings, dict(os.environ))
        if run is None:
            await name_after(here, folder.run)
        work = Work(folder, yes=yes, terminal=at_terminal.get())
        processes.set(Processes())
        with _as_blocked(), folder.held(), held(work.repository, work.plan.name, folder.run):
            return await _carry(work)
    except Refused as refused:
        # a state with the exception as data: callers get it raised, and Prefect's log gets no traceback
        return Failed(name="Refused", message=str(refused), data=refused)


def _refuse_relative(*paths: Path | Plan) -> None:
    for path in paths:
        if deployment.id and isinstance(path, Path) and not path.is_absolute():
            raise Refused(f"{str(path)!r} is no absolute path: a worker stands in no directory of the caller's")


async def _carry(work: Work) -> RunOutcome | State[RunOutcome]:
    journal = work.journal
    journal.write(_started(work))
    if work.confinement.mode == "none":
        journal.write(Notice(text=ANNOUNCED))
    try:
        with _as_blocked():
            await take_over(work.folder, UUID(str(flow_run.id)))
            await in_thread(sweep, work.folder.home)
            await in_thread(work.hub.make_ready, work.repository)
            if notice := await in_thread(why_unready, work.repository, work.record.base):
                journal.write(Notice(text=f"{notice}; it is not touched; the release needs it in order"))
            ending = await _unless_cancelled(_phases_and_ending(work))
    except Blocked as reason:
        return await _stopped(work, RunEnded(outcome="blocked", reason=str(reason)), partial(Failed, name="Blocked"))
    except Interrupted as reason:
        state = Cancelled if isinstance(reason, CalledOff) else partial(Failed, name="Interrupted")
        return await _stopped(work, RunEnded(outcome="interrupted", reason=str(reason)), state)
    except BaseException as end:
        # a cancellation, or a bug: whatever was started must not outlive it
        processes.get().stop()
        journal.write(RunEnded(outcome="interrupted", reason=_why(end)))
        with contextlib.suppress(OSError, GitError):
            write_page(work.folder)
        raise
    for sentence in idle_waivers(work.plan, journal):
        journal.write(Notice(text=sentence))
    journal.write(RunEnded(outcome="released", commit=ending.commit, reason=ending.reason))
    write_atomically(work.folder.path / RELEASED, ending.commit.encode())
    _, outcome = await asyncio.gather(in_thread(work.folder.clean), _told(work))
    return outcome


def _why(end: BaseException) -> str:
    if isinstance(end, SparcError):
        return str(end)
    return (
        f"a bug in sparc ended it ({type(end).__name__}: {end})" if isinstance(end, Exception) else "ended from outside"
    )


async def _unless_cancelled(work: Coroutine[Any, Any, Ending]) -> Ending:
    """What comes of `work`. Raises CalledOff, after its end, when somebody cancels the run in Prefect."""
    going = asyncio.ensure_future(work)
    cancelled = asyncio.ensure_future(until_cancelled(UUID(str(flow_run.id))))
    try:
        await asyncio.wait((going, cancelled), return_when=asyncio.FIRST_COMPLETED)
        if not going.done():
            raise CalledOff("cancelled in Prefect")
        return going.result()
    finally:
        going.cancel()
        cancelled.cancel()
        await asyncio.wait((going, cancelled))


async def _phases_and_ending(work: Work) -> Ending:
    """Every phase that has not passed yet, then what the plan says about its release. Raises Blocked or Interrupted."""
    passed = work.hub.passed()
    await _complete(work, passed)
    for number, name in list(enumerate(work.plan.phases, 1))[len(passed) :]:
        call = PhaseCall(
            home=work.folder.home, run=work.folder.run, plan=work.plan.name, number=number, name=name,
            fingerprint=work.record.fingerprint, yes=work.yes, terminal=work.terminal,
        )  # fmt: skip
        result: PhaseResult = await value_of(PHASES.get(name, other_phase)(call, return_state=True))
        if result.outcome == "interrupted":
            raise Interrupted(result.reason)
        if result.outcome != "passed":
            raise Blocked(f"{number} {name}: {result.reason}")
    return await end_plan(work)


async def _complete(work: Work, passed: list[Commit]) -> None:
    """What a kill after a phase's merge left undone; each phase before the last was completed before the next began."""
    if not passed:
        return
    name, commit = passed[-1].trailers[Trailer.PHASE], passed[-1].oid
    await settle(work, name, commit)
    told = {event.number for event in work.journal.read() if isinstance(event, PhaseEnded) and event.commit}
    if len(passed) not in told:
        await end_phase(PhaseWork(work, len(passed), name, ""), commit)


def _started(work: Work) -> RunStarted:
    return RunStarted(
        run=work.folder.run, plan=work.plan.name, goal=work.plan.goal, base=work.record.base,
        branch=f"sparc/{work.plan.name}", start=work.record.start, repository=str(work.repository.path),
        resumed=work.folder.journal.exists(), isolation=work.confinement.mode, phases=tuple(work.plan.phases),
        signer=work.hub.signer.fingerprint if work.hub.signer else None,
    )  # fmt: skip


async def _stopped(work: Work, ended: RunEnded, state: Callable[..., State[RunOutcome]]) -> State[RunOutcome]:
    work.journal.write(ended)
    outcome = await _told(work)
    return state(message=ended.reason, data=outcome)


async def _told(work: Work) -> RunOutcome:
    """Write the report, for files and for Prefect; what the run came to."""
    outcome = outcome_of(work.journal.read())
    with contextlib.suppress(OSError, GitError):  # `sparc report --html` writes it when there is room, and a history
        write_page(work.folder)
    with contextlib.suppress(httpx.HTTPError):
        await report_page(work.folder.run, markdown(outcome))
    return outcome


@contextlib.contextmanager
def _as_blocked() -> Iterator[None]:
    """What the machine or the user's repository refuses is no bug of ours: the run stops and can be resumed."""
    try:
        yield
    except GitError as refused:
        raise Blocked(str(refused)) from refused
    except OSError as problem:
        if problem.errno not in MACHINE:
            raise
        place = f" ({problem.filename})" if problem.filename else ""
        raise Blocked(f"{MACHINE[problem.errno] or problem.strerror}{place}: mend that and resume") from problem
    except httpx.HTTPError as problem:
        raise Blocked(f"the Prefect server stopped answering ({problem}): resume when it does") from problem
