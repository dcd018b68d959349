"""After the release: the commands that deploy it, those that look at what was deployed, and the way back.

A command that fails ends the deployment: the release is rolled back, by new merges, to the state before it, and with a
remote that is pushed as well. The failure is noted before the rollback begins, so that a resume after a kill completes
the rollback and deploys nothing. A kill while the commands run means that all of them run again. Once rolled back, a
release is deployed again only after somebody has brought it back (`sparc rollback RUN --undo`).
"""

import time

from flows.plan import Commands
from flows.pushing import look, push_base, remote_of
from flows.rolling_back import roll_back
from flows.work import Work
from gates.model import Frozen
from tasks.atomic import write_atomically
from tasks.base_merge import completed
from tasks.deploy import Deployment, Ran, StepName, keep_deployment, run_step
from tasks.errors import Blocked, Refused
from tasks.events import Notice, ReleaseStep
from tasks.publish import publish
from tasks.release import release
from tasks.released import ROLLBACK, START, Released, find_released
from tasks.run_folder import RunFolder
from tasks.threads import in_thread
from tasks.wording import plain

NOTE = "deployment.json"
WHY = 200  # characters of a failure in the message of its rollback


class Failure(Frozen):
    """A deployment that failed; noted from then on until the release is deployed."""

    commit: str
    """The release."""
    why: str
    rollbacks: int
    """How many rollbacks of the run the base branch had by then."""


async def deploy_release(work: Work, commit: str) -> None:
    """Deploy a release on the base branch if the plan names commands. Raises Blocked, rolled back, if one fails."""
    if not work.plan.release.deploy and not work.plan.release.verify:
        return
    await in_thread(completed, work.repository, work.folder.run, work.record.base)  # a kill may have come in a rollback
    released, failure = await in_thread(_released, work), _noted(work.folder, commit)
    if released and released.rollback:
        made = released.rollback
        raise await _rolled_back(work, made.commit.oid, _place(str(made.record["to"])), failure)
    if failure and _rollbacks(released) == failure.rollbacks:
        raise await _take_back(work, failure)  # a kill came before the rollback was there
    if released and released.later:
        await _push_later(work, released.later[-1].commit.oid)
    (work.folder.path / NOTE).unlink(missing_ok=True)
    if why := await _run(work, commit):
        failure = Failure(commit=commit, why=why, rollbacks=_rollbacks(released))
        write_atomically(work.folder.path / NOTE, failure.model_dump_json().encode())
        raise await _take_back(work, failure)


async def _run(work: Work, commit: str) -> str | None:
    """Run every command, in order, up to the first that fails; why it did."""
    wanted = work.plan.release
    words = {"plan_dir": str(work.folder.plan_dir), "run": work.folder.run, "plan": work.plan.name,
             "phase": "", "assignment": "", "attempt": ""}  # fmt: skip
    deployment = Deployment(work.hub.git, commit, words, work.env, wanted.env)
    ran: list[Ran] = []
    steps: tuple[tuple[StepName, Commands], ...] = (("deploy", wanted.deploy), ("verify", wanted.verify))
    for step, command in [(step, command) for step, commands in steps for command in commands]:
        ran.append(_tell(work, await run_step(deployment, step, command), commit))
        if ran[-1].failure:
            break
    await in_thread(keep_deployment, work.hub, deployment, ran)
    await publish(work.hub, work.repository)
    return f"{ran[-1].step}: {ran[-1].failure}" if ran[-1].failure else None


async def _take_back(work: Work, failure: Failure) -> Blocked:
    """Roll the release back because of a failure; how that ended."""
    began = time.monotonic()
    try:
        await _follow_remote(work)
        commit = await roll_back(work, reason=plain(failure.why, WHY))
    except (Blocked, Refused) as problem:
        seconds = round(time.monotonic() - began, 3)
        work.journal.write(
            ReleaseStep(step="rollback", outcome="failed", text=str(problem), commit=failure.commit, seconds=seconds)
        )
        return Blocked(
            f"the deployment failed, and the release could NOT be rolled back ({problem}): put that in order, and "
            f"`sparc resume {work.folder.run}` rolls it back; what failed: {failure.why}"
        )
    seconds, text = round(time.monotonic() - began, 3), f"{work.record.base} to {_place(START)}, by {commit[:10]}"
    work.journal.write(ReleaseStep(step="rollback", outcome="passed", text=text, commit=commit, seconds=seconds))
    return await _rolled_back(work, commit, _place(START), failure)


async def _rolled_back(work: Work, commit: str, place: str, failure: Failure | None) -> Blocked:
    """What to say of a release that is rolled back by a commit, once that is pushed as well."""
    pushed, run = await _pushed(work, commit), work.folder.run
    began = "the deployment failed, and the release" if failure else "the release"
    why = f"; what failed: {failure.why}" if failure else ""
    return Blocked(
        f"{began} was rolled back to {place} by {commit[:10]}{pushed}: `sparc rollback {run} --undo` brings it back, "
        f"and then `sparc resume {run}` deploys it again; a new run starts from {work.record.base} as it is{why}"
    )


async def _follow_remote(work: Work) -> None:
    """Bring the base branch forward to the remote's, so that the rollback can be pushed on top of that.

    A remote that cannot be asked, or a branch that has gone another way, holds no rollback up.
    """
    if remote_of(work) is None:
        return
    try:
        bases = await look(work)
        if bases.there and bases.newest == bases.there != bases.here:
            await release(work.folder, work.repository, work.record.base, bases.here, bases.there)
    except Blocked as problem:
        work.journal.write(Notice(text=f"before the rollback: {problem}"))


async def _pushed(work: Work, commit: str) -> str:
    """Push a rollback; what to say if that cannot be done, for the rollback itself is done."""
    name = remote_of(work)
    if name is None:
        return ""
    why = f"{work.record.base} has moved there meanwhile"
    try:
        if await push_base(await look(work), commit):
            return f", on {name.name} as well"
    except Blocked as problem:
        why = str(problem)
    return f", but NOT on {name.name} ({why}; `sparc resume {work.folder.run}` pushes it)"


async def _push_later(work: Work, commit: str) -> None:
    """Push what came after the release, a rollback and what undid it for instance. Raises Blocked."""
    if not await push_base(await look(work), commit):
        raise Blocked(f"{work.record.base} of {work.plan.release.push} moves at this moment: resume when it is quieter")


def _place(to: str) -> str:
    """Where a rollback led, in words."""
    return "the state before the release" if to == START else to


def _tell(work: Work, ran: Ran, commit: str) -> Ran:
    work.journal.write(ReleaseStep(
        step=ran.step, outcome="failed" if ran.failure else "passed", text=ran.failure or ran.command, commit=commit,
        seconds=ran.seconds,
    ))  # fmt: skip
    return ran


def _released(work: Work) -> Released | None:
    """The release as the base branch has it, with what came after it; None if it is not among its own merges."""
    try:
        return find_released(work.repository.git, work.folder.run)
    except Refused:
        return None


def _rollbacks(released: Released | None) -> int:
    return sum(made.kind == ROLLBACK for made in released.later) if released else 0


def _noted(folder: RunFolder, commit: str) -> Failure | None:
    """The failure that is noted of a release."""
    note = folder.path / NOTE
    failure = Failure.model_validate_json(note.read_bytes()) if note.is_file() else None
    return failure if failure and failure.commit == commit else None
