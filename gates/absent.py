"""`absent`: a pattern is found in none of the files."""

import re
from itertools import islice

from pydantic import JsonValue

from gates.files import read_text
from gates.model import Frozen
from gates.subject import Subject
from gates.texts import Regex, Texts, chosen
from gates.verdict import Finding, Verdict, answer, worst

MOST_PLACES = 100
"""Places told of one file."""


class Limits(Texts):
    """The files, and what must not be found in them."""

    pattern: Regex
    """Regular expression; `^` and `$` stand at the ends of lines."""


class Place(Frozen):
    """One match."""

    path: str
    line: int
    text: str


class Report(Frozen):
    """How many files were read, and where the pattern was found."""

    files: int
    places: tuple[Place, ...]


def measure(limits: Limits, subject: Subject) -> JsonValue:
    """Every match, with its line."""
    files = chosen(limits, subject)
    texts = ((path, read_text(subject.root, path)) for path in files)
    places = tuple(place for path, text in texts for place in _places(limits.pattern, path, text))
    return Report(files=len(files), places=places).model_dump(mode="json")


def _places(pattern: str, path: str, text: str) -> list[Place]:
    return [
        Place(path=path, line=text.count("\n", 0, match.start()) + 1, text=_line(text, match.start()))
        for match in islice(re.finditer(pattern, text, re.MULTILINE), MOST_PLACES)
    ]


def _line(text: str, position: int) -> str:
    start = text.rfind("\n", 0, position) + 1
    return text[start:].partition("\n")[0].strip()[:120]


def judge(limits: Limits, report: JsonValue) -> Verdict:
    """Passed when there is no match."""
    found = Report.model_validate(report)
    findings = [Finding(path=place.path, line=place.line, message=place.text) for place in found.places]
    return answer(
        "absent",
        f"{limits.pattern!r} found {len(findings)} times in {found.files} files{worst(findings)}",
        measured=len(findings),
        limit=0,
        findings=findings,
        passed=not findings and found.files > 0,
    )
