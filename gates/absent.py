"""`absent`: a pattern is found in none of the files."""

from pydantic import JsonValue

from gates.metrics.by_file import ByFile, Figures, needs_of, readable
from gates.metrics.figures import Need
from gates.model import Frozen
from gates.subject import Subject
from gates.texts import Regex, Texts, chosen
from gates.verdict import Finding, Verdict, answer, counted, worst


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


def _needs(limits: Limits, subject: Subject) -> list[Need]:
    return needs_of("places", chosen(limits, subject), subject, limits.pattern)


def _report(_: Limits, __: Subject, figures: Figures) -> JsonValue:
    """Every match, with its line."""
    files = readable("places", figures)
    places: list[JsonValue] = [
        {"path": path, "line": line, "text": text} for path, some in files.items() for line, text in some
    ]
    return {"files": len(files), "places": places}


BY_FILE = ByFile(_needs, _report)
measure = BY_FILE.measure


def judge(limits: Limits, report: JsonValue) -> Verdict:
    """Passed when there is no match."""
    found = Report.model_validate(report)
    findings = [Finding(path=place.path, line=place.line, message=place.text) for place in found.places]
    return answer(
        "absent",
        f"{limits.pattern!r} found {counted(len(findings), 'time')} in {counted(found.files, 'file')}{worst(findings)}",
        measured=len(findings),
        limit=0,
        findings=findings,
        passed=not findings and found.files > 0,
    )
