"""An attempt's workspace: a clone of its own, and what the orchestrator takes from it.

Git is never asked inside the clone after the agent has been there: its files are read with a git directory and an index
of ours, so that nothing in the clone's `.git` counts. What an attempt leaves is the difference between its files and
its start commit; left out are known caches and what was ignored at the start, unless tracked or promised.

A sparse workspace (`tasks/sparse.py`) lacks most files. What is not there by that counts as unchanged; a file that the
agent makes in such a place counts as any other does.

A submodule stays as it is, for its folder is empty at the start: nothing can be put there, and it goes only if
something else takes its place, or if it is missing and .gitmodules was changed as well.
"""

import contextlib
import os
import re
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from gates.paths import shown
from gates.subject import REGULAR, SUBMODULE
from tasks.git import Git, GitError, listing, paths
from tasks.git_directories import clone
from tasks.git_environment import ATTRIBUTES, environment
from tasks.scratch import remove
from tasks.sparse import SETTINGS, cone
from tasks.walk import NestedRepository, Unfit, files_below, parents

BRANCH = "work"
MEGABYTE = 1024 * 1024
FILE_LIMIT = 100 * MEGABYTE
"""Bytes of one file: what the usual hosts accept. What git has once stored stays in the history for ever."""
TOTAL_LIMIT = 1024 * MEGABYTE
"""Bytes of all that one attempt has added or changed, so that none fills the disk."""
LISTED = re.compile(r"(\w) (\d{6}) ([0-9a-f]+) \d\t([^\0]*)\0")
MODIFIED = "C"
__all__ = ["Change", "NestedRepository", "Snapshot", "Unfit", "Workspace", "make", "snapshot"]


@dataclass(frozen=True)
class Workspace:
    """One attempt's clone."""

    path: Path
    hub: Git
    start: str
    """The commit at which it began."""
    index: Path
    """The index as it was before the agent came; its stat data makes the snapshot cheap."""
    sparse: bool = False
    """Whether files of the start commit are missing from it."""


class Entry(NamedTuple):
    """What the index has at a path."""

    mode: str
    oid: str


class Change(NamedTuple):
    """One path that differs from the start commit; modes are git's six digits, 000000 for what is not there."""

    path: str
    before: str
    mode: str
    old: str
    oid: str


@dataclass(frozen=True)
class Snapshot:
    """What an attempt left."""

    tree: str
    changes: tuple[Change, ...]

    @property
    def changed(self) -> tuple[str, ...]:
        """Paths that differ from the start commit."""
        return tuple(change.path for change in self.changes)


def make(path: Path, hub: Git, branch: str, start: str, papers: Path, holds: Iterable[str] | None = None) -> Workspace:
    """Clone one branch of the hub at a commit of it; `papers` is a directory that the agent has no business in.

    `holds` are the paths and globs for which files are wanted in a sparse workspace; None: all files.
    """
    patterns = None if holds is None else cone(hub, start, holds)
    template = papers / "template"
    _write_rules(template, patterns)
    remove(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    clone(hub.directory, branch, path, template, SETTINGS if patterns else ())
    inside = Git(path / ".git", {"GIT_WORK_TREE": str(path)}, path)
    inside.run("checkout", "--quiet", "-B", BRANCH, start)
    # with its times: git tells by them which entries it must read again
    shutil.copy2(path / ".git/index", papers / "index")
    return Workspace(path, hub, start, papers / "index", sparse=patterns is not None)


def _write_rules(directory: Path, patterns: str | None) -> None:
    """What a git directory of a workspace must know of attributes, and of the files that are wanted."""
    (directory / "info").mkdir(parents=True, exist_ok=True)
    (directory / "info/attributes").write_text(ATTRIBUTES)
    (directory / "info/sparse-checkout").unlink(missing_ok=True)
    if patterns is not None:
        (directory / "info/sparse-checkout").write_text(patterns)


def snapshot(workspace: Workspace, promised: Callable[[str], bool]) -> Snapshot:
    """Store the workspace's files as a tree of the hub. `promised` tells the deliverables, which are always taken.

    Raises Unfit for what cannot be taken (a repository, a file that is too large), with its path, and GitError when the
    workspace cannot be read or stored.
    """
    if workspace.path.is_symlink() or not workspace.path.is_dir():
        raise GitError(f"the workspace {workspace.path} is gone")
    with _own_git(workspace) as git:
        known, touched = _listed(git)
        try:
            found = set(files_below(workspace.path, known, promised))
        except OSError as problem:
            raise GitError(f"{str(problem.filename)[:400]} cannot be read: {problem.strerror}") from problem
        new = found - known.keys()
        _refuse_in_submodules(known, new)
        new -= _ignored_by(known, workspace, [name for name in new if not promised(name)])
        here = sorted(new | (touched & found))
        _refuse_large(zip(here, map(_size_of, map(workspace.path.joinpath, here)), strict=True))
        return _stored(git, workspace, _gone(known, touched, found), here)


@contextlib.contextmanager
def _own_git(workspace: Workspace) -> Iterator[Git]:
    """The hub as seen with an index of this workspace, which may be changed, and with rules on what it may lack."""
    papers = workspace.index.parent
    with TemporaryDirectory(prefix="taking-", dir=papers) as scratch:
        own = Path(scratch)
        (own / "HEAD").write_text(f"{workspace.start}\n")
        (own / "commondir").write_text(f"{workspace.hub.directory.absolute()}\n")
        shutil.copy2(workspace.index, own / "index")
        rules = papers / "template/info/sparse-checkout"
        _write_rules(own, rules.read_text() if workspace.sparse else None)
        settings = {key: value for key, _, value in (each.partition("=") for each in SETTINGS if workspace.sparse)}
        settings["core.fsyncMethod"] = "batch"  # one flush for all that is stored, in place of one for each file
        yield Git(own, {"GIT_WORK_TREE": str(workspace.path)}, workspace.path, environment(settings))


def _listed(git: Git) -> tuple[dict[str, Entry], set[str]]:
    """What the index has, and which of it is otherwise on disk, or missing; by stat data if it can be."""
    output = os.fsdecode(git.run("ls-files", "-z", "-t", "-s", "--sparse", "--cached", "--modified"))
    known, touched = {}, set()
    for tag, mode, oid, path in LISTED.findall(output):
        known[path] = Entry(mode, oid)
        if tag == MODIFIED:
            touched.add(path)
    return known, touched


def _gone(known: Mapping[str, Entry], touched: set[str], found: set[str]) -> list[str]:
    """What was there and is not any more; an empty folder that is missing says nothing of a submodule."""
    kept = () if ".gitmodules" in touched else (SUBMODULE,)
    return sorted(name for name in touched - found if known[name].mode not in kept)


def _refuse_in_submodules(known: Mapping[str, Entry], new: Iterable[str]) -> None:
    submodules = {name for name, entry in known.items() if entry.mode == SUBMODULE}
    for name in sorted(new) if submodules else ():
        if inside := submodules.intersection(parents(name)):
            (module,) = inside
            why = f"lies in the submodule {shown(module)}, whose files belong to another repository: leave its folder"
            raise Unfit(name, f"{why} empty, as it was")


def _size_of(path: Path) -> int:
    try:
        found = path.lstat()
    except OSError:  # gone by now: git tells
        return 0
    return found.st_size if stat.S_ISREG(found.st_mode) else 0


def _refuse_large(sizes: Iterable[tuple[str, int]]) -> None:
    """Raise Unfit if a file, or all of them together, have too many bytes."""
    total = 0
    for name, size in sizes:
        total += size
        if size > FILE_LIMIT:
            raise Unfit(
                name,
                f"has {size / MEGABYTE:,.1f} MB, and at most {FILE_LIMIT / MEGABYTE:g} MB of a file are taken: the "
                "history keeps it for ever. Leave it out (delete it, or write it below $TMPDIR), or make it smaller",
            )
        if total > TOTAL_LIMIT:
            raise Unfit(
                name,
                f"is where all that was added and changed comes to more than {TOTAL_LIMIT / MEGABYTE:g} MB, of which "
                "no more is taken from one attempt: delete what is not part of the work, data and builds above all",
            )


def _stored(git: Git, workspace: Workspace, gone: list[str], here: list[str]) -> Snapshot:
    """Store these files of the workspace; `gone` are those that are not there any more."""
    if gone:
        git.run("update-index", "-z", "--force-remove", "--stdin", stdin=listing(gone))
    if here:
        git.run("update-index", "-z", "--add", "--remove", "--replace", "--stdin", stdin=listing(here))
    start = workspace.hub.resolve(workspace.start, "tree") or ""
    taken = snapshot_of(workspace.hub, start, git.line("write-tree") if gone or here else start)
    fresh = [change for change in taken.changes if change.mode in REGULAR]
    _refuse_large((change.path, size) for change, size in zip(fresh, sizes(workspace.hub, fresh), strict=True))
    for change in taken.changes:
        if change.mode == SUBMODULE:  # it became a repository while we read it
            raise NestedRepository(change.path)
    return taken


def snapshot_of(git: Git, start: str, tree: str) -> Snapshot:
    """A tree as what was left of another one."""
    return Snapshot(tree, tuple(_changes(git, start, tree)))


def _changes(git: Git, old: str, new: str) -> Iterator[Change]:
    fields = iter(git.run("diff-tree", "-r", "-z", "--raw", "--no-abbrev", "--no-renames", old, new).split(b"\0"))
    for about, name in zip(fields, fields, strict=False):
        before, mode, was, oid, _ = about.decode().lstrip(":").split()
        yield Change(os.fsdecode(name), before, mode, was, oid)


def sizes(git: Git, changes: Iterable[Change], *, old: bool = False) -> list[int]:
    """Bytes of what stands at each of these paths now, or stood there before."""
    names = "".join(f"{change.old if old else change.oid}\n" for change in changes)
    return [int(size) for size in git.run("cat-file", "--batch-check=%(objectsize)", stdin=names.encode()).split()]


def _ignored_by(known: Mapping[str, Entry], workspace: Workspace, names: list[str]) -> set[str]:
    """Which of these the rules of the start commit ignore; rules that the agent wrote count for nothing."""
    files = {".gitignore", *(f"{folder}/.gitignore" for name in names for folder in parents(name))}
    rules = {name: known[name].oid for name in files & known.keys() if known[name].mode in REGULAR}
    if not names or not rules:
        return set()
    with TemporaryDirectory(prefix="sparc-rules-") as scratch:
        for rule, (_, text) in zip(rules, workspace.hub.objects(rules.values()), strict=True):
            target = Path(scratch) / rule
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text)
        # this command knows no literal names; after `./` nothing in them has a meaning
        env = {"GIT_WORK_TREE": scratch, "GIT_LITERAL_PATHSPECS": "0"}
        git = Git(workspace.hub.directory, env, Path(scratch))
        asked = listing(f"./{name}" for name in names)
        done = git.try_run("check-ignore", "--no-index", "-z", "--stdin", stdin=asked)
        if done.code not in (0, 1):
            raise GitError(f"git check-ignore for {workspace.path}: {done.output.strip()}")
        return {name.removeprefix("./") for name in paths(done.stdout)}
