"""Where a target's metadata name a package, so that a finding about it has a place."""

import posixpath
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import NamedTuple

from gates.files import read, regular
from gates.subject import Subject

STATED = re.compile(r"(pyproject\.toml|setup\.cfg|setup\.py|[^/]*(requirements|constraints)[^/]*\.(txt|in))$")
LOCKED = re.compile(r"(uv\.lock|pylock[^/]*\.toml|poetry\.lock|Pipfile(\.lock)?|pdm\.lock)$")
MOST_BYTES = 20_000_000


class Place(NamedTuple):
    """A line of a file."""

    path: str
    line: int
    """From 1; 0: no line of it."""


def place_of(subject: Subject, package: str) -> Place:
    """The line that names a package: where people state it, else where it is locked, else the metadata as a whole."""
    parts = (re.escape(part) for part in re.split(r"[-_.]+", package))
    pattern = re.compile(rf"(?<![A-Za-z0-9._-]){'[-_.]+'.join(parts)}(?![A-Za-z0-9_-]|\.[A-Za-z])", re.IGNORECASE)
    files = list(_metadata(subject))
    for path in files:
        text = read(subject.root, path, MOST_BYTES).decode("utf-8", errors="replace")
        if found := pattern.search(text):
            return Place(path, text.count("\n", 0, found.start()) + 1)
    return Place(files[0] if files else posixpath.normpath(posixpath.join(subject.python, "pyproject.toml")), 0)


def _metadata(subject: Subject) -> Iterator[str]:
    """Files that decide on dependencies, the nearest to the target's folder first."""
    files = sorted(regular(subject), key=lambda path: (posixpath.dirname(path) not in ("", subject.python), path))
    for kind in (STATED, LOCKED):
        yield from (path for path in files if kind.match(PurePosixPath(path).name))
