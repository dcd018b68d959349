"""Git asked for many objects at once, some of which may be missing: one process for thousands of them."""

from collections.abc import Iterable, Iterator

from tasks.git import Git

AT_ONCE = 5000
"""Objects that are held in memory together."""
FIELDS = 3
"""Of the head of an object that is there: `oid type size`."""

Stored = tuple[str, bytes]
"""Type and contents of an object."""


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
