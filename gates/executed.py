"""Line by line what a check has seen executed: handed back beside its verdict, for whoever exports it."""

from pydantic import BaseModel, ConfigDict, JsonValue, TypeAdapter

from gates import command, coverage
from gates.checks import Check
from gates.coverage_figures import Covered
from gates.line_hits import LineHits

LINES: TypeAdapter[tuple[LineHits, ...]] = TypeAdapter(tuple[LineHits, ...])


class _Told(BaseModel):
    """The part of a `command`'s report that has lines."""

    model_config = ConfigDict(extra="ignore")

    files: tuple[LineHits, ...]


def _hits(file: Covered) -> LineHits:
    hit, missed = sorted(set(file.lines.executed)), sorted(set(file.lines.missing))
    return LineHits(path=file.path, hit=tuple(hit), missed=tuple(missed), named=file.imported)


def lines_of(check: Check, report: JsonValue) -> tuple[LineHits, ...]:
    """The lines in the report that a check has measured; none of a check that measures no coverage."""
    limits = check.limits
    if isinstance(limits, coverage.Limits):
        files = coverage.Report.model_validate(report).files
        return tuple(_hits(file) for file in files)
    if isinstance(limits, command.Limits) and limits.report is not None and limits.report.family == "coverage":
        return _Told.model_validate(report).files
    return ()
