"""The release: the plan's branch into its base branch, in the user's repository, by compare-and-swap.

The commit is made in the hub and fetched; then the base branch moves. If it is checked out and clean, its work tree
follows: the step is noted before it is taken, so that a kill in the middle can be mended without losing anything.
"""

import os
from collections.abc import Collection, Sequence
from pathlib import Path, PurePosixPath

from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import JsonValue

from gates.model import Frozen
from gates.subject import REGULAR, SYMLINK
from tasks import evidence
from tasks.atomic import write_atomically
from tasks.commits import EVIDENCE_PREFIX, Trailer
from tasks.errors import Blocked
from tasks.git import ZERO, Git, GitError, listing, paths
from tasks.git_directories import discover, users_git
from tasks.hub import Hub
from tasks.index_lock import index_held, release_index
from tasks.integrate import Candidate
from tasks.publish import bring, fetch
from tasks.repository import Repository
from tasks.run_folder import RunFolder
from tasks.threads import in_thread

NOTE = "release.json"
UNFINISHED = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply", "BISECT_LOG")
ABSENT = ("0", ZERO)


class Step(Frozen):
    """A move of the base branch under a work tree."""

    where: Path
    """The work tree."""
    old: str
    new: str
    what: str = "release"
    """What moves it, in a word: a release, a rollback, a hotfix."""

    @property
    def again(self) -> str:
        """What completes or repeats it, in words."""
        return "`sparc resume`" if self.what == "release" else "the same command once more"


def release_candidate(hub: Hub, base_tip: str) -> Candidate:
    """What the release would make of the base branch as it stands."""
    merge = hub.git.merge(base_tip, hub.plan_tip)
    return Candidate("", merge.tree, base_tip, hub.plan_tip, merge.conflicts)


@task(name="prepare release", task_run_name="prepare the release", cache_policy=NO_CACHE, persist_result=False)
async def prepare(
    folder: RunFolder, hub: Hub, repository: Repository, base: str, found: Candidate, gates: Sequence[str]
) -> str:
    """Make the release's commit: see `prepare_release`."""
    return await in_thread(prepare_release, folder, hub, repository, base, found, gates)


@task(name="release", task_run_name="release into {base}", cache_policy=NO_CACHE, persist_result=False)
async def release(folder: RunFolder, repository: Repository, base: str, old: str, new: str) -> bool:
    """Bring the base branch to the release: see `move_base`."""
    return await in_thread(move_base, folder, repository, base, old, new)


def release_now(
    folder: RunFolder, hub: Hub, repository: Repository, base: str, found: Candidate, gates: Sequence[str]
) -> str | None:
    """The release commit, in the base branch; None if that has moved, so that the candidate is none any more.

    `gates` names the evidence of the gates that passed on the candidate's tree. Raises Blocked, with nothing moved,
    when the base branch is checked out and cannot follow.
    """
    refuse_unready(repository, base)
    commit = prepare_release(folder, hub, repository, base, found, gates)
    return commit if move_base(folder, repository, base, found.ours, commit) else None


def refuse_unready(repository: Repository, base: str, then: str = "resume") -> None:
    """Raise Blocked if the base branch is checked out where it could not follow; `then`: what to do afterwards."""
    if unready := why_unready(repository, base):
        raise Blocked(f"{unready}, so nothing was moved: put it in order and {then}")


def refuse_unfollowed(repository: Repository, base: str, old: str, new: str) -> None:
    """Raise Blocked if the base branch is checked out and its work tree could not be brought from old to new."""
    refuse_unready(repository, base)
    if where := repository.work_trees().get(base):
        refuse_overwriting(Step(where=where, old=old, new=new))


def prepare_release(
    folder: RunFolder, hub: Hub, repository: Repository, base: str, found: Candidate, gates: Sequence[str]
) -> str:
    """Make the release's commit in the hub and bring it to the user's repository; no branch of the user's moves."""
    commit = _commit(hub, base, found, gates)
    name = commit[:12]
    hub.git.create_refs({f"refs/heads/release/{name}": commit})
    bring(hub, repository)
    fetch(repository.git, hub, f"refs/heads/release/{name}:refs/sparc/release/{folder.run}-{name}")
    return commit


def move_base(folder: RunFolder, repository: Repository, base: str, old: str, new: str, what: str = "release") -> bool:
    """Move the base branch by compare-and-swap, its work tree with it; False if it is not at `old` any more.

    `new` is a commit of the user's repository that contains `old`, `what` the reason in a word; `folder` is where the
    step is noted, so that `mend` completes it after a kill. Raises Blocked, with nothing moved, when the branch is
    checked out and cannot follow.
    """
    where = repository.work_trees().get(base)
    branch = f"refs/heads/{base}"
    if where is None:
        return repository.git.move(branch, new, old)
    step = Step(where=where, old=old, new=new, what=what)
    refuse_unready(repository, base, "resume" if what == "release" else "do the same again")
    refuse_overwriting(step)
    write_atomically(folder.path / NOTE, step.model_dump_json().encode())
    with index_held(users_git(where), folder.run) as git:
        moved = repository.git.move(branch, new, old)
        if moved:
            _bring(git, base, step)
    (folder.path / NOTE).unlink()
    return moved


def _bring(git: Git, base: str, step: Step) -> None:
    try:
        git.run("read-tree", "-m", "-u", step.old, step.new)
    except GitError as refused:
        raise Blocked(
            f"{base} is at {step.new}, its work tree could not follow yet ({refused}): {step.again} completes it"
        ) from refused


def _commit(hub: Hub, base: str, found: Candidate, gates: Sequence[str]) -> str:
    record: dict[str, JsonValue] = {
        "kind": "release", "run": hub.run, "plan": hub.plan, "base": base, "start": hub.start, "gate": "passed",
        "gates": list(gates), "signer": hub.signer.fingerprint if hub.signer else None, **found.binding,
    }  # fmt: skip
    (name,) = evidence.keep(hub.git, [record])
    trailers = f"{Trailer.RUN}: {hub.run}\n{Trailer.GATE}: passed\n{Trailer.EVIDENCE}: {EVIDENCE_PREFIX}{name}\n"
    return hub.git.write_commit(found.tree, (found.ours, found.theirs), f"Release {hub.plan} into {base}\n\n{trailers}")


def why_unready(repository: Repository, base: str) -> str | None:
    """Why the work tree in which a branch is checked out could not follow it now; None if it could, or if none is."""
    where = repository.work_trees().get(base)
    if where is None:
        return None
    git = users_git(where)
    changed = paths(git.run("status", "--porcelain", "-z", "--untracked-files=no", "--ignore-submodules=none"))
    if changed:
        return f"{where} has local changes ({changed[0].strip()})"
    unfinished = [name for name in UNFINISHED if (git.directory / name).exists()]
    return f"{where} is in the middle of a merge, rebase or bisect ({unfinished[0]})" if unfinished else None


def refuse_overwriting(step: Step) -> None:
    """Raise Blocked if bringing a work tree forward would overwrite files that git does not track, or ignores."""
    git, where = users_git(step.where), step.where
    before = git.entries(step.old).keys()
    for path in git.changed(step.old, step.new):
        if path not in before and (found := _in_the_way(where, path, before)):
            raise Blocked(f"{where} cannot follow the {step.what}, so nothing was moved: {found} would be overwritten")
    refuse_stuck(git, step)


def _in_the_way(where: Path, path: str, before: Collection[str]) -> str | None:
    """The file or folder that is where a new file is to be; git itself would sacrifice ignored ones."""
    places = [path, *map(str, PurePosixPath(path).parents)][:-1]
    for place in (place for place in places if place not in before and os.path.lexists(where / place)):
        folder = (where / place).is_dir() and not (where / place).is_symlink()
        if not folder or (place == path and not any(name.startswith(f"{path}/") for name in before)):
            return place
    return None


def refuse_stuck(git: Git, step: Step) -> None:
    """Raise Blocked if git cannot bring a work tree forward."""
    git.try_run("update-index", "-q", "--refresh")
    done = git.try_run("read-tree", "-m", "-u", "--dry-run", step.old, step.new)
    if done.code != 0:
        why = done.stderr.decode(errors="replace").strip()
        raise Blocked(f"{step.where} cannot follow the {step.what}, so nothing was moved: {why}")


def mend(folder: RunFolder, repository: Repository, base: str) -> None:
    """Complete a release that was killed between the branch and the work tree. Raises Blocked if files are neither.

    Every file that the release changes must be as it was before or as it will be; then nothing of anyone is lost.
    """
    note = folder.path / NOTE
    if not note.is_file():
        return
    step = Step.model_validate_json(note.read_bytes())
    moved = repository.tip(base) == step.new
    if step.where.is_dir() and discover(step.where):
        release_index(users_git(step.where), folder.run)
    if moved and repository.work_trees().get(base) == step.where:
        with index_held(users_git(step.where), folder.run) as git:
            _follow(git, base, step)
    note.unlink()


def _follow(git: Git, base: str, step: Step) -> None:
    """Take a work tree all the way, however far it came; git itself refuses to lose a file that it does not know."""
    git.try_run("update-index", "-q", "--refresh")
    between = git.changed(step.old, step.new)
    touched = paths(git.run("diff-index", "-z", "--name-only", step.old))
    foreign = [path for path in touched if path not in between]
    brought = []
    for path in between:
        here, old, new = _contents(git, step.where, path), _version(git, step.old, path), _version(git, step.new, path)
        if here == new:
            brought.append(path)
        elif here != ABSENT and here[1] not in (old[1], new[1]):
            foreign.append(path)
    if foreign:
        raise Blocked(
            f"{step.where}: {foreign[0]} is neither as before the {step.what} nor as in it: put it in order first"
        )
    lines = ((*_version(git, step.new, path), path) for path in brought)
    git.run("read-tree", step.old)
    git.run("update-index", "-z", "--index-info", stdin=listing(f"{mode} {oid}\t{path}" for mode, oid, path in lines))
    git.try_run("update-index", "-q", "--refresh")
    _bring(git, base, step)


def _version(git: Git, commit: str, path: str) -> tuple[str, str]:
    """(mode, object id) of a file in a commit; ABSENT for none, and for a submodule, whose files are its own affair."""
    entry = git.entry(commit, path)
    return entry if entry and entry[0] in (*REGULAR, SYMLINK) else ABSENT


def _contents(git: Git, where: Path, path: str) -> tuple[str, str]:
    """The same of a file in a work tree, as git would store it."""
    file = where / path
    if file.is_symlink():
        target = os.readlink(file)  # noqa: PTH115 - a Path would tidy it, and be another target
        return SYMLINK, git.line("hash-object", "--stdin", stdin=os.fsencode(target))
    if not file.is_file():
        return ABSENT
    return REGULAR[bool(file.stat().st_mode & 0o100)], git.line("hash-object", "--", path)
