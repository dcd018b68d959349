"""Where a link in a document leads, within a tree as git lists it.

A target is read as GitHub does it: from the document's folder, or with a slash at its beginning from the root of the
repository; `#anchor` is a heading of a Markdown file (its own, or a folder's README), `#L10-L20` are lines of any file.
What leads to another machine is only counted; what leads out of the repository leads nowhere.
"""

import posixpath
import re
from collections.abc import Callable
from functools import cached_property
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from gates.files import read
from gates.paths import shown
from gates.prose.pages import Page
from gates.subject import SUBMODULE, SYMLINK, Subject

MARKDOWN = (".md", ".markdown")
README = "README.md"
LINES = re.compile(r"L([0-9]{1,9})(?:C[0-9]+)?(?:-L?([0-9]{1,9})(?:C[0-9]+)?)?")
PROGRAMS = frozenset({
    "mailto", "tel", "sms", "data", "xmpp", "news", "magnet", "geo", "urn", "doi", "skype", "irc", "vscode",
    "javascript", "about",
})  # fmt: skip
"""What leads elsewhere without a host; of any other beginning nobody knows where it leads."""
HOPS = 8
"""Symbolic links that may follow one another."""


class Wrong(NamedTuple):
    """Why a link does not resolve."""

    rule: str
    reason: str


class Map:
    """The files and folders of a tree, to which links may lead."""

    def __init__(self, subject: Subject, page: Callable[[str], Page]) -> None:
        """`page`: the page that a Markdown file of the tree is."""
        self._subject, self._page = subject, page
        self._modes = {file.path: file.mode for file in subject.files}

    @cached_property
    def _folders(self) -> frozenset[str]:
        parents: set[str] = {"."}
        for path in self._modes:
            while path := posixpath.dirname(path):
                parents.add(path)
        return frozenset(parents)

    def wrong(self, document: str, target: str) -> Wrong | None:
        """Why a target in a document does not resolve; None when it does. It must not be an external one."""
        place, _, anchor = target.partition("#")
        path = unquote(place.partition("?")[0])
        if "\\" in path or "\0" in path:
            return Wrong("link-path", f"{shown(target)} is no path: write it with /")
        found = self._arrived(posixpath.join(posixpath.dirname(document), path), path) if path else document
        if isinstance(found, Wrong):
            return found
        return self._without_anchor(found, unquote(anchor)) if anchor else None

    def _arrived(self, joined: str, path: str) -> str | Wrong:
        """The file or folder that a path means in the end."""
        place = posixpath.normpath(path.lstrip("/") or "." if path.startswith("/") else joined)
        for _ in range(HOPS):
            if place == ".." or place.startswith(("../", "/")):
                return Wrong("link-outside", f"{shown(path)} leads out of the repository")
            if self._modes.get(place) != SYMLINK:
                break
            place = posixpath.normpath(posixpath.join(posixpath.dirname(place), self._target(place)))
        if self._modes.get(place) == SYMLINK or (place not in self._modes and place not in self._folders):
            return Wrong("link-path", f"{shown(path)} leads to nothing that git knows")
        if path.endswith("/") and place in self._modes and self._modes[place] != SUBMODULE:
            return Wrong("link-path", f"{shown(path)} is a file, and no folder")
        return place

    def _target(self, link: str) -> str:
        try:
            # an absolute one leads out of the repository, wherever that lies
            return str((self._subject.root / link).readlink())
        except OSError:
            return "/"

    def _without_anchor(self, place: str, anchor: str) -> Wrong | None:
        """Why a file or a folder has no such anchor."""
        path = place if place in self._modes else posixpath.normpath(posixpath.join(place, README))
        if path not in self._modes or self._modes[path] == SUBMODULE:
            return Wrong("link-anchor", f"#{shown(anchor)}: {shown(place)} has no page that could have anchors")
        if lines := LINES.fullmatch(anchor):
            most = len(read(self._subject.root, path).splitlines())
            is_there = 0 < int(lines[1]) <= int(lines[2] or lines[1]) <= most
            return None if is_there else Wrong("link-anchor", f"#{anchor}: {shown(path)} has {most} lines")
        if not path.lower().endswith(MARKDOWN):
            return Wrong("link-anchor", f"#{shown(anchor)}: only Markdown files are known to have anchors of that kind")
        # browsers go to the top of any page, whatever it holds
        if anchor.lower() == "top" or anchor in self._page(path).anchors:
            return None
        return Wrong("link-anchor", f"#{shown(anchor)} is no heading of {shown(path)}")


def is_external(target: str) -> bool:
    """Whether a link leads to another machine, or to a program: `https:`, `mailto:`, `//host`."""
    try:
        parts = urlsplit(target)
    except ValueError:
        return False
    return bool(parts.netloc or parts.scheme in PROGRAMS)
