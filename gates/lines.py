"""`lines`: the files have so many lines, all of them together."""

from typing import Annotated

from pydantic import Field, JsonValue, TypeAdapter

from gates.metrics.by_file import ByFile, Figures, needs_of, readable
from gates.metrics.figures import Need
from gates.paths import shown
from gates.subject import Subject
from gates.texts import Texts, chosen
from gates.verdict import Finding, Verdict, answer, counted


class Limits(Texts):
    """The files, and how many lines they have at least."""

    at_least: Annotated[int, Field(ge=1, strict=True)]
    """Lines of all files together, blank ones included."""


REPORT = TypeAdapter(dict[str, int])


def _needs(limits: Limits, subject: Subject) -> list[Need]:
    return needs_of("lines", chosen(limits, subject), subject)


def _report(_: Limits, __: Subject, figures: Figures) -> JsonValue:
    """Lines of each file."""
    return readable("lines", figures)


BY_FILE = ByFile(_needs, _report)
measure = BY_FILE.measure


def judge(limits: Limits, report: JsonValue) -> Verdict:
    """Passed when the sum reaches the limit."""
    counts = REPORT.validate_python(report)
    total = sum(counts.values())
    passed = total >= limits.at_least
    short = [Finding(path=path, message=f"{shown(path)} has {count} lines") for path, count in counts.items()]
    summary = f"{total} {'>=' if passed else '<'} {limits.at_least} in {counted(len(counts), 'file')}"
    return answer(
        "lines", summary, measured=total, limit=limits.at_least, findings=() if passed else short, passed=passed
    )
