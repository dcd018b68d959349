"""Names that are one on some file systems: those of macOS and Windows tell neither case nor normal form."""

import os
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator

from gates.paths import shown
from tasks.context import ToldFinding
from tasks.git import Git
from tasks.walk import parents
from tasks.workspace import Snapshot

AT_ONCE = 500
"""Folders that are listed together."""
NOTHING = "000000"


def folded(name: str) -> str:
    """What is equal for two names that such a file system takes for one."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())


def clashes(git: Git, start: str, taken: Snapshot) -> Iterator[ToldFinding]:
    """The names that a snapshot has added beside one from which they differ only so; the folders' names as well."""
    added = [change.path for change in taken.changes if change.before == NOTHING]
    folders = sorted({above for path in added for above in ("", *parents(path))})
    before, now = _names(git, start, folders), _names(git, taken.tree, folders)
    for folder in folders:
        twins = defaultdict[str, list[str]](list)
        for name in sorted(now[folder]):
            twins[folded(name)].append(name)
        for names in twins.values():
            if len(names) > 1 and (fresh := [name for name in names if name not in before[folder]]):
                yield _finding(folder, fresh[-1], next(name for name in names if name != fresh[-1]))


def _finding(folder: str, fresh: str, other: str) -> ToldFinding:
    path, twin = (f"{folder}/{name}" if folder else name for name in (fresh, other))
    how = "in upper and lower case"
    if unicodedata.normalize("NFC", fresh) == unicodedata.normalize("NFC", other):
        how = f"in how its characters are composed ({fresh!a} and {other!a})"
    return ToldFinding(
        check="attempt", path=path,
        message=f"differs from {shown(twin)} only {how}: on macOS and Windows they are one, and a checkout loses one "
        "of them. Keep one name, in the spelling that is there already",
    )  # fmt: skip


def _names(git: Git, tree: str, folders: list[str]) -> dict[str, set[str]]:
    """What lies directly in each of these folders of a tree; nothing in one that is not there."""
    found: dict[str, set[str]] = {folder: set() for folder in folders}
    for begin in range(0, len(folders), AT_ONCE):
        for path in _listed(git, tree, folders[begin : begin + AT_ONCE]):
            folder, _, name = path.rpartition("/")
            if folder in found:
                found[folder].add(name)
    return found


def _listed(git: Git, tree: str, folders: Iterable[str]) -> Iterator[str]:
    below = [f"{folder}/" for folder in folders if folder]
    for words in ((), ("--", *below)) if below else ((),):
        names = git.run("ls-tree", "-z", "--name-only", "--full-tree", tree, *words)
        yield from (os.fsdecode(name) for name in names.split(b"\0") if name)
