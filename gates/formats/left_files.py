"""Finding and reading the files that a program of the target left, wherever it was told to leave them.

What lies behind a symbolic link is not found, neither as the last part of a path nor on the way there.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from gates.paths import fixed, is_glob, matcher, shown
from gates.reports import read_report
from gates.verdict import Unmeasurable

MOST_FILES = 2000
MOST_ENTRIES = 500_000
"""Files that are looked at to find those which a glob means."""


def present(root: Path, pattern: str) -> tuple[str, ...]:
    """The paths below a directory that a pattern means, sorted; whatever lies there, a link or a directory too.

    Raises Unmeasurable where there are too many to look at.
    """
    if not is_glob(pattern):
        return (pattern,) if os.path.lexists(root / pattern) else ()
    means = matcher([pattern])
    found: list[str] = []
    for number, path in enumerate(_below(root, fixed(pattern))):
        if number > MOST_ENTRIES or len(found) > MOST_FILES:
            raise Unmeasurable(f"{shown(pattern)} is looked for among too many files: name a folder of its own")
        if means(path):
            found.append(path)
    return tuple(sorted(found))


def _below(root: Path, folder: str) -> Iterator[str]:
    """Every path that is no directory; links are not followed, not even to the folder."""
    parts = PurePosixPath(folder).parts
    if any(root.joinpath(*parts[: depth + 1]).is_symlink() for depth in range(len(parts))):
        return
    for place, _folders, names in os.walk(root / folder, followlinks=False):
        inside = Path(place).relative_to(root)
        yield from (PurePosixPath(inside, name).as_posix() for name in names)


def read_all(root: Path | None, pattern: str, *, most: int) -> list[tuple[str, bytes]]:
    """(path, contents) of each file that a pattern means; at least one, none empty, all together at most `most` bytes.

    Raises Unmeasurable.
    """
    if root is None:
        raise Unmeasurable("no reports were kept of the run")
    found = present(root, pattern)
    if not found:
        raise Unmeasurable(f"the run left no {shown(pattern)}")
    files: list[tuple[str, bytes]] = []
    for path in found:
        _refuse_links(root, path)
        data = read_report(root, path, most=most)
        if not data:
            raise Unmeasurable(f"{shown(path)} is empty")
        most -= len(data)
        files.append((path, data))
    return files


def _refuse_links(root: Path, path: str) -> None:
    """Whoever wrote the report may have led the way to it anywhere."""
    place = root
    for part in PurePosixPath(path).parent.parts:
        place = place / part
        if not stat.S_ISDIR(place.lstat().st_mode):
            raise Unmeasurable(f"{shown(path)} lies behind a symbolic link, which is never followed")
