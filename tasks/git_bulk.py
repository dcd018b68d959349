"""Git asked for many objects at once, some of which may be missing: one process for thousands of them."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from gates.subject import REGULAR, TreeFile
from tasks.git import Git

AT_ONCE = 5000
"""Objects that are held in memory together."""
FIELDS = 3
"""Of the head of an object that is there: `oid type size`."""

Stored = tuple[str, bytes]
"""Type and contents of an object."""


def files(git: Git, tree: str, names: Iterable[str]) -> dict[str, bytes]:
    """Contents of the regular files that a tree or commit has of these, by two processes."""
    listed = git.entries(tree, *names)
    blobs = {path: oid for path, (mode, oid) in listed.items() if mode in REGULAR}
    contents = {oid: stored[1] for oid, stored in found(git, blobs.values()) if stored} if blobs else {}
    return {path: contents[oid] for path, oid in blobs.items() if oid in contents}


def lay_out(git: Git, entries: Iterable[TreeFile], destination: Path) -> None:
    """Write some files of a tree into a new directory, as `Git.checkout` writes all of them."""
    destination.mkdir(parents=True)
    lines = b"".join(f"{each.mode} {each.blob}\t".encode() + os.fsencode(each.path) + b"\0" for each in entries)
    with TemporaryDirectory(prefix="sparc-index-") as scratch:
        some = Git(
            git.directory, {"GIT_INDEX_FILE": f"{scratch}/index", "GIT_WORK_TREE": str(destination)}, destination
        )
        some.run("update-index", "-z", "--index-info", stdin=lines)
        some.run("checkout-index", "--all", "--quiet")


def found(git: Git, names: Iterable[str]) -> Iterator[tuple[str, Stored | None]]:
    """(name, object) for each name, in order; None for one that is missing. No name may hold a space or a line end."""
    wanted = list(names)
    for begin in range(0, len(wanted), AT_ONCE):
        some = wanted[begin : begin + AT_ONCE]
        output = git.run("cat-file", "--batch", stdin="".join(f"{name}\n" for name in some).encode())
        yield from zip(some, _objects(output), strict=True)


def _objects(output: bytes) -> Iterator[Stored | None]:
    at = 0
    while at < len(output):
        end = output.index(b"\n", at)
        fields = output[at:end].decode(errors="replace").split(" ")
        at = end + 1
        if len(fields) != FIELDS:
            yield None
            continue
        size = int(fields[2])
        yield fields[1], output[at : at + size]
        at += size + 1
