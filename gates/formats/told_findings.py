"""What a linter or analyser of any language found, whatever the format of its report."""

from collections.abc import Sequence
from typing import Literal

from gates.flagged import lines_of
from gates.model import Frozen
from gates.paths import shown
from gates.ratchet import fresh
from gates.subject import REGULAR, Subject
from gates.verdict import Unmeasurable

Level = Literal["note", "warning", "error"]
LEVELS: tuple[Level, ...] = ("note", "warning", "error")


class Found(Frozen):
    """One result."""

    rule: str | None
    level: Level
    message: str
    path: str | None = None
    """From the root of the tree; None for what has no place in it."""
    line: int | None = None


class ToldFindings(Frozen):
    """A report's results, and what it says of the run itself."""

    results: tuple[Found, ...]
    success: bool | None = None
    """Whether the tool says that it did what it should; None where it does not say."""


class SourceText:
    """Lines of the files of a tree, each file read once; empty for a place that has none."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._known = {file.path for file in subject.files if file.mode in REGULAR}
        self._lines: dict[str, list[str]] = {}

    def line(self, found: Found) -> str:
        """The line that a result points to, without the space around it."""
        if found.path is None or found.line is None or found.path not in self._known:
            return ""
        if found.path not in self._lines:
            self._lines[found.path] = self._read(found.path)
        lines = self._lines[found.path]
        return lines[found.line - 1].strip() if 0 < found.line <= len(lines) else ""

    def _read(self, path: str) -> list[str]:
        try:
            return lines_of(self._subject.root, path)
        except Unmeasurable as problem:
            raise Unmeasurable(f"{shown(path)}, which the report names: {problem}") from None


def new_of(results: Sequence[Found], before: Sequence[Found], here: SourceText, there: SourceText) -> list[Found]:
    """What the base did not have: by rule, file and text of the line, or the message where there is no line."""
    keys = {id(found): _key(found, here) for found in results} | {id(found): _key(found, there) for found in before}
    return fresh(results, before, lambda found: keys[id(found)])


def _key(found: Found, text: SourceText) -> tuple[str | None, str | None, str]:
    return found.rule, found.path, text.line(found) or found.message
