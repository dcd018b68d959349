"""Names of files in reports of foreign tools, brought to the files of a tree."""

import posixpath
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import PurePosixPath
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from gates.subject import Subject
from gates.verdict import Unmeasurable

_WORD = r"[^\s:()\[\]'\"<>|,]"
PLACE = re.compile(rf"(?<!{_WORD})({_WORD}++):([1-9][0-9]{{0,8}})\b")
"""A file and a line, as nearly every tool prints them; of a URI the part behind `file:`."""
MOST_PLACES = 200


class Where(NamedTuple):
    """What a report means by `src/a.rs`."""

    root: str
    """The checkout in which the program ran; absolute."""
    files: Collection[str]
    """What git lists."""
    folders: tuple[str, ...] = ("",)
    """In which relative names are looked for, from the root of the tree."""

    def inside(self, name: str) -> str | None:
        """A name's path in the tree, tracked or not; None for a place outside of it."""
        if posixpath.isabs(name):
            return self._relative(posixpath.normpath(name))
        places = (posixpath.normpath(posixpath.join(self.root, folder, name)) for folder in self.folders)
        candidates = list(map(self._relative, places))
        tracked = (path for path in candidates if path in self.files)
        return next(tracked, None) or next((path for path in candidates if path), None)

    def _relative(self, place: str) -> str | None:
        root = self.root.rstrip("/") + "/"
        return place.removeprefix(root) if place.startswith(root) else None

    def tracked(self, name: str) -> str | None:
        """The same, but None for what git does not list either."""
        path = self.inside(name)
        return path if path in self.files else None

    def first_place(self, text: str) -> tuple[str, int] | None:
        """The first tracked file and line that a text names: a stack trace, most likely."""
        for number, match in enumerate(PLACE.finditer(text)):
            if number >= MOST_PLACES:
                break
            path = self.tracked(match[1])
            if path:
                return path, int(match[2])
        return None


def where(subject: Subject, checkout: str, files: Iterable[str] | None = None) -> Where:
    """For the run of a command: `checkout` is where it ran; a project in a subfolder names its files from there."""
    folders = dict.fromkeys(("", "" if subject.python == "." else subject.python))
    listed = files if files is not None else (file.path for file in subject.files)
    return Where(checkout, frozenset(listed), tuple(folders))


def checkout_of(subject: Subject, run: str) -> str:
    """Where a run took place, as its starter noted it."""
    notes = subject.notes
    place = notes.get(run) if isinstance(notes, Mapping) else None
    if not isinstance(place, str):
        raise Unmeasurable("it is not known where the command ran")
    return place


def uri_path(uri: str, base: str | None = None) -> str:
    """The path that a URI reference means; `base` is the URI that it is relative to. Raises Unmeasurable."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        raise Unmeasurable(f"{uri!r} is no URI") from None
    if parts.scheme not in ("", "file"):
        return uri
    path = unquote(parts.path, errors="surrogateescape")
    return str(PurePosixPath(uri_path(base), path)) if base and not path.startswith("/") else path
