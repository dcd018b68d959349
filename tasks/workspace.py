"""An attempt's workspace: a clone of its own, and what the orchestrator takes from it.

Git is never asked inside the clone after the agent has been there: its files are read with the hub as git directory and
an index of ours, so that nothing in the clone's `.git` counts. What an attempt leaves is the difference between its
files and its start commit; left out are known caches and what was ignored at the start, unless tracked or promised.
Sockets, pipes and devices are no files: git cannot keep them.
"""

import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tasks.git import ATTRIBUTES, Git, GitError, clone, listing, paths
from tasks.scratch import remove

CACHES = frozenset({
    "__pycache__", ".pytest_cache", ".ruff_cache", ".mypy_cache", ".hypothesis", ".tox", ".nox", ".venv",
    "node_modules", ".coverage", ".DS_Store", ".aider.chat.history.md", ".aider.input.history",
})  # fmt: skip
CACHE_SUFFIXES = (".egg-info", ".pyc", ".pyo")
DOT_GIT = re.compile(r"(\.git|git~1)[ .]*(:.*)?", re.IGNORECASE | re.DOTALL)
"""What git itself takes for a repository's folder, on whichever file system, and leaves out without a word."""
BARE = frozenset({"HEAD", "objects", "refs"})
BRANCH = "work"


class NestedRepository(Exception):
    """A repository inside the workspace's own, or what git would take for one; carries its path."""


@dataclass(frozen=True)
class Workspace:
    """One attempt's clone."""

    path: Path
    hub: Git
    start: str
    """The commit at which it began."""
    index: Path
    """The index as it was before the agent came; its stat data makes the snapshot cheap."""


@dataclass(frozen=True)
class Snapshot:
    """What an attempt left."""

    tree: str
    changed: tuple[str, ...]
    """Paths that differ from the start commit."""


def make(path: Path, hub: Git, branch: str, start: str, papers: Path) -> Workspace:
    """Clone one branch of the hub at a commit of it; `papers` is a directory that the agent has no business in."""
    template = papers / "template"
    (template / "info").mkdir(parents=True, exist_ok=True)
    (template / "info/attributes").write_text(ATTRIBUTES)
    remove(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    clone(hub.directory, branch, path, template)
    inside = Git(path / ".git", {"GIT_WORK_TREE": str(path)}, path)
    inside.run("checkout", "--quiet", "-B", BRANCH, start)
    # with its times: git tells by them which entries it must read again
    shutil.copy2(path / ".git/index", papers / "index")
    return Workspace(path, hub, start, papers / "index")


def snapshot(workspace: Workspace, promised: Callable[[str], bool]) -> Snapshot:
    """Store the workspace's files as a tree of the hub. `promised` tells the deliverables, which are always taken.

    Raises NestedRepository when the agent left a repository inside its own, GitError when it cannot be read or stored.
    """
    env = {"GIT_INDEX_FILE": str(workspace.index), "GIT_WORK_TREE": str(workspace.path)}
    git = Git(workspace.hub.directory, env, workspace.path)
    if workspace.path.is_symlink() or not workspace.path.is_dir():
        raise GitError(f"the workspace {workspace.path} is gone")
    tracked = set(paths(git.run("ls-files", "-z")))
    try:
        found = set(files_below(workspace.path, tracked, promised))
    except OSError as problem:
        raise GitError(f"{str(problem.filename)[:400]} cannot be read: {problem.strerror}") from problem
    rules = [name for name in tracked if name.rpartition("/")[2] == ".gitignore"]
    ignored = _ignored_by(rules, workspace, [name for name in found - tracked if not promised(name)])
    touched = set(paths(git.run("diff-files", "-z", "--name-only")))
    if gone := sorted(touched - found):
        git.run("update-index", "-z", "--force-remove", "--stdin", stdin=listing(gone))
    here = sorted((found - tracked - ignored) | (touched & found))
    git.run("update-index", "-z", "--add", "--remove", "--replace", "--stdin", stdin=listing(here))
    tree = git.line("write-tree")
    return Snapshot(tree, workspace.hub.changed(workspace.start, tree))


def files_below(root: Path, tracked: set[str], promised: Callable[[str], bool]) -> Iterator[str]:
    """Files and symbolic links below a workspace that count, `/`-separated. Raises NestedRepository and OSError."""
    in_tracked = {parent for name in tracked for parent in _parents(name)}
    places = [""]
    while places:
        place = places.pop()
        with os.scandir(root / place) as listed:
            entries = [entry for entry in listed if place or entry.name != ".git"]
        if found := _repository_in(entries, place + "HEAD" in tracked):
            raise NestedRepository(place + found)
        for entry in entries:
            path, cache = place + entry.name, _is_cache(entry.name)
            if entry.is_dir(follow_symlinks=False):
                places += [f"{path}/"] if not cache or path in in_tracked else []
            elif (entry.is_file() or entry.is_symlink()) and (not cache or path in tracked or promised(path)):
                yield path


def _repository_in(entries: Sequence[os.DirEntry[str]], known: bool) -> str | None:  # noqa: FBT001
    """Which of a folder's entries makes a repository of it; a bare one that was there at the start is `known`."""
    names = {entry.name for entry in entries}
    dotted = next((name for name in names if DOT_GIT.fullmatch(name)), None)
    return dotted or ("HEAD" if names >= BARE and not known else None)


def _parents(name: str) -> Sequence[str]:
    parts = name.split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts))]


def _is_cache(name: str) -> bool:
    return name in CACHES or name.endswith(CACHE_SUFFIXES)


def _ignored_by(rules: list[str], workspace: Workspace, names: list[str]) -> set[str]:
    """Which of these the rules of the start commit ignore; rules that the agent wrote count for nothing."""
    if not names or not rules:
        return set()
    with TemporaryDirectory(prefix="sparc-rules-") as scratch:
        for rule in rules:
            target = Path(scratch) / rule
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(workspace.hub.read(workspace.start, rule) or b"")
        # this command knows no literal names; after `./` nothing in them has a meaning
        env = {"GIT_WORK_TREE": scratch, "GIT_LITERAL_PATHSPECS": "0"}
        git = Git(workspace.hub.directory, env, Path(scratch))
        asked = listing(f"./{name}" for name in names)
        done = git.try_run("check-ignore", "--no-index", "-z", "--stdin", stdin=asked)
        if done.code not in (0, 1):
            raise GitError(f"git check-ignore for {workspace.path}: {done.output.strip()}")
        return {name.removeprefix("./") for name in paths(done.stdout)}
