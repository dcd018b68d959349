"""`contains`: a pattern is found in the files; in one of them, or with `each` in every one."""

import re

from pydantic import JsonValue, field_validator

from gates.metrics.by_file import ByFile, Figures, needs_of, sentence
from gates.metrics.figures import Need, Unread
from gates.model import Flag, Frozen
from gates.paths import shown
from gates.subject import Subject
from gates.texts import Regex, Texts, chosen
from gates.verdict import Finding, Verdict, answer, counted, error


class Limits(Texts):
    """The files, and what must be found in them."""

    pattern: Regex
    """Regular expression; `^` and `$` stand at the ends of lines."""
    each: Flag = False
    """Whether every file must contain it; otherwise one of them is enough."""

    @field_validator("pattern")
    @classmethod
    def _says_something(cls, pattern: str) -> str:
        if re.search(pattern, "", re.MULTILINE):
            raise ValueError(f"{pattern!r} matches the empty text, so every file contains it")
        return pattern


class Report(Frozen):
    """Where the pattern was found."""

    lines: dict[str, int | None]
    """Path to the line of the first match, None without one."""
    unread: dict[str, str]
    """Path to why it could not be read."""


def _needs(limits: Limits, subject: Subject) -> list[Need]:
    return needs_of("match", chosen(limits, subject), subject, limits.pattern)


def _report(_: Limits, __: Subject, figures: Figures) -> JsonValue:
    """The first match in each file; what cannot be read is noted, for a match elsewhere may settle the question."""
    return {
        "lines": {need.path: line for need, line in figures.items() if not isinstance(line, Unread)},
        "unread": {need.path: sentence(need, why) for need, why in figures.items() if isinstance(why, Unread)},
    }


BY_FILE = ByFile(_needs, _report)
measure = BY_FILE.measure


def judge(limits: Limits, report: JsonValue) -> Verdict:
    """Passed when found where it must be; undecided when a file that could not be read might decide."""
    found = Report.model_validate(report)
    hits = [path for path, line in found.lines.items() if line]
    misses = [path for path, line in found.lines.items() if not line]
    if found.unread and (limits.each or not hits):
        return error("contains", next(iter(found.unread.values())), limit=limits.pattern)
    passed = bool(hits) and not (limits.each and misses)
    missing = [Finding(path=path, message=f"{shown(path)} has no match of {limits.pattern!r}") for path in misses]
    total = len(hits) + len(misses)
    return answer(
        "contains",
        f"{limits.pattern!r} in {len(hits)} of {counted(total, 'file')}"
        + ("" if passed else f": not in {shown(misses[0])}"),
        measured=len(hits),
        limit=total if limits.each else 1,
        findings=() if passed else missing,
        passed=passed,
    )
