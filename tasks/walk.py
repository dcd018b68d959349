"""The files that lie in a workspace: every one that counts, without the caches, and no repository in between.

Sockets, pipes and devices are no files: git cannot keep them. No symbolic link is followed.
"""

import os
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

CACHES = frozenset({
    "__pycache__", ".pytest_cache", ".ruff_cache", ".mypy_cache", ".hypothesis", ".tox", ".nox", ".venv",
    "node_modules", ".coverage", ".DS_Store", ".aider.chat.history.md", ".aider.input.history",
})  # fmt: skip
CACHE_SUFFIXES = (".egg-info", ".pyc", ".pyo")
CACHE = re.compile("|".join([
    *(f"(?:^|/){re.escape(name)}(?:/|\\Z)" for name in sorted(CACHES)),
    *(f"{re.escape(suffix)}(?:/|\\Z)" for suffix in CACHE_SUFFIXES),
]))  # fmt: skip
"""A path that is one, or leads through one."""
DOT_GIT = re.compile(r"(\.git|git~1)[ .]*(:.*)?", re.IGNORECASE | re.DOTALL)
"""What git itself takes for a repository's folder, on whichever file system, and leaves out without a word."""
BARE = frozenset({"HEAD", "objects", "refs"})


class Unfit(Exception):
    """What was left cannot be taken; carries the path, and why, as a sentence for the next attempt."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(path)
        self.path, self.why = path, why


class NestedRepository(Unfit):
    """A repository inside the workspace's own, or what git would take for one; carries its path."""

    def __init__(self, path: str) -> None:
        super().__init__(path, "a repository inside the workspace: remove it")


def files_below(root: Path, tracked: Collection[str], promised: Callable[[str], bool]) -> Iterator[str]:
    """Files and symbolic links below a workspace that count, `/`-separated. Raises NestedRepository and OSError."""
    in_tracked = {parent for name in tracked if CACHE.search(name) for parent in parents(name)}
    places = [""]
    while places:
        place = places.pop()
        with os.scandir(root / place) as listed:
            entries = [entry for entry in listed if place or entry.name != ".git"]
        if found := _repository_in(entries, place + "HEAD" in tracked):
            raise NestedRepository(place + found)
        for entry in entries:
            path, cache = place + entry.name, CACHE.search(entry.name) is not None
            if entry.is_dir(follow_symlinks=False):
                places += [f"{path}/"] if not cache or path in in_tracked else []
            elif _is_file(entry) and (not cache or path in tracked or promised(path)):
                yield path


def _is_file(entry: os.DirEntry[str]) -> bool:
    return entry.is_symlink() or entry.is_file(follow_symlinks=False)


def _repository_in(entries: Sequence[os.DirEntry[str]], known: bool) -> str | None:  # noqa: FBT001
    """Which of a folder's entries makes a repository of it; a bare one that was there at the start is `known`."""
    names = {entry.name for entry in entries}
    dotted = next((name for name in names if DOT_GIT.fullmatch(name)), None)
    return dotted or ("HEAD" if names >= BARE and not known else None)


def parents(name: str) -> Sequence[str]:
    """The folders in which a path lies, from the top; the root is left out."""
    parts = name.split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts))]
