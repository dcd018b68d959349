"""What speaks against starting or resuming a run although its plan is sound: git, the repository, the home."""

import contextlib
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryFile

from flows.plan import Plan
from tasks.commits import Trailer
from tasks.errors import Blocked, Refused
from tasks.git import GitError
from tasks.git_directories import git_version
from tasks.hub import Hub
from tasks.isolation import chosen
from tasks.released import lost_in
from tasks.repository import Repository, open_repository
from tasks.run_folder import RunFolder
from tasks.signing import signer_of

ROOM = 16 * 1024 * 1024  # bytes: a small run and the server's database have that much within minutes
OLDEST_GIT = (2, 38)  # the first that merges without a work tree (`merge-tree --write-tree`)


@contextlib.contextmanager
def naming(doing: str) -> Iterator[None]:
    """Tell an error of the machine with what was being done and with the file that it is about."""
    try:
        yield
    except OSError as problem:
        raise Refused(f"cannot {doing}: {problem}") from problem


def refuse_old_git() -> None:
    """Raise Refused without a git, or with one that cannot do what every merge of ours needs."""
    found = git_version()
    if found is None:
        raise Refused("git was not found on PATH: install it, 2.38 or later")
    if found < OLDEST_GIT:
        raise Refused(f"git {'.'.join(map(str, found))} is too old: merging without a work tree needs 2.38 or later")


def refuse_branch_in_use(repository: Repository, plan: str, base: str) -> None:
    """Raise Refused if `sparc/<plan>` could not be moved, or is what the plan starts from."""
    branch = f"sparc/{plan}"
    if branch == base:
        raise Refused(f"{branch} is the plan's own branch: check its base out, or name that in the plan as `base`")
    if where := repository.work_trees().get(branch):
        raise Refused(f"branch {branch} is checked out in {where}, and a run has to move it: check another one out")
    if repository.tip("sparc"):
        raise Refused(f"{repository.path} has a branch named sparc, beside which git keeps no {branch}: rename it")


def refuse_unreleased(repository: Repository, plan: str, base: str) -> None:
    """Raise Refused while `sparc/<plan>` holds work of another run that the base branch does not contain."""
    tip = repository.tip(f"sparc/{plan}")
    if tip and not repository.git.ancestor(tip, f"refs/heads/{base}"):
        owner = _owner(repository, tip)
        raise Refused(
            f"branch sparc/{plan} holds work of run {owner} that {base} does not contain: "
            f"`sparc resume {owner}` releases it, or merge or rename the branch"
        )


def refuse_unknown_remote(repository: Repository, name: str | None) -> None:
    """Raise Refused if the remote that a plan pushes to is none of the repository's."""
    if name is None:
        return
    from tasks.remote import Remote  # noqa: PLC0415 - Prefect takes a second to import

    if not Remote(repository, name).known:
        raise Refused(f"{repository.path} has no remote {name!r}, to which the plan pushes: `git remote add` makes one")


def refuse_other_work(folder: RunFolder) -> None:
    """Raise Refused if `sparc/<plan>` holds work on which a run that is to be resumed does not build."""
    record = folder.record
    repository, hub = open_repository(record.repository), Hub(folder.hub, folder.run, record.plan, record.start)
    tip = repository.tip(f"sparc/{record.plan}")
    if tip is None or _builds_on(hub, tip):
        return
    refuse_unreleased(repository, record.plan, record.base)
    raise Refused(
        f"branch sparc/{record.plan} holds work of run {_owner(repository, tip)}, which {record.base} contains by now "
        f"and run {folder.run} does not build on: rename that branch and resume, or start a new run"
    )


def _builds_on(hub: Hub, tip: str) -> bool:
    try:
        return hub.git.resolve(tip) is not None and hub.git.ancestor(tip, hub.plan_tip)
    except GitError:  # the hub is gone or damaged, which is told when the run is about to go on
        return True


def refuse_rolled_back(repository: Repository, hub: Hub, base: str, tip: str) -> None:
    """Raise Blocked if the plan's branch builds on what a base branch had and was rolled back there.

    Git takes that for merged, so that a release would come without it, and nobody would have decided that.
    """
    if lost := lost_in(repository.git, hub.plan_tip, tip):
        run, rollback = lost.record["run"], f"{lost.commit.oid[:12]} ({lost.commit.subject})"
        raise Blocked(
            f"sparc/{hub.plan} builds on work of run {run} that was rolled back on {base} by {rollback}, and merging "
            f"it would not bring that back: `sparc rollback {run} --undo` does, then resume; or start a new run from "
            f"{base} as it is"
        )


def _owner(repository: Repository, tip: str) -> str:
    return repository.git.commit(tip).trailers.get(Trailer.RUN, "unknown")


def refuse_unfit_key(plan: Plan, env: Mapping[str, str], *elsewhere: Path) -> None:
    """Raise Refused if a plan wants its merges signed and its key cannot do that, or lies in one of these folders."""
    if plan.signing:
        signer_of(plan.signing.key, env, elsewhere)


def refuse_unfit_isolation(plan: Plan) -> None:
    """Raise Refused if a plan asks for an isolation that this machine does not have."""
    chosen(plan.isolation)


def refuse_unfit_home(home: Path) -> None:
    """Raise Refused, or OSError, if nothing can be written to SPARC_HOME or next to nothing fits."""
    home.mkdir(parents=True, exist_ok=True)
    with TemporaryFile(dir=home):
        free = shutil.disk_usage(home).free
    if free < ROOM:
        raise Refused(f"the disk of {home} (SPARC_HOME) is full, with {free >> 10} KiB left: make room first")
