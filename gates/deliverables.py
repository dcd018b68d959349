"""`deliverables`: what the work has promised is there, and not empty."""

from collections.abc import Mapping

from pydantic import JsonValue

from gates.files import absence, regular
from gates.metrics.by_file import ByFile, Figures, needs_of, readable
from gates.metrics.figures import Need
from gates.model import Frozen
from gates.paths import is_glob, matcher, shown
from gates.subject import Subject
from gates.verdict import Finding, Unmeasurable, Verdict, answer


class Limits(Frozen):
    """Every deliverable exists as a regular file with something in it; of a glob's files at least one."""


class Promised(Frozen):
    """One deliverable, and what is wrong with it."""

    path: str
    fault: str | None


class Report(Frozen):
    """Every deliverable."""

    deliverables: tuple[Promised, ...]


def _needs(_: Limits, subject: Subject) -> list[Need]:
    if not subject.deliverables:
        raise Unmeasurable("no deliverables are declared: name some, or leave this check out of the gate")
    files = {path for deliverable in subject.deliverables for path in _meant(subject, deliverable)}
    return needs_of("blank", sorted(files), subject)


def _report(_: Limits, subject: Subject, figures: Figures) -> JsonValue:
    """Each deliverable, and its fault or None."""
    blank = readable("blank", figures)
    found = tuple(Promised(path=path, fault=_fault(subject, path, blank)) for path in subject.deliverables)
    return Report(deliverables=found).model_dump(mode="json")


BY_FILE = ByFile(_needs, _report)
measure = BY_FILE.measure


def _meant(subject: Subject, deliverable: str) -> list[str]:
    # without wildcards a directory of that name is no deliverable
    matches = matcher([deliverable] if is_glob(deliverable) else ())
    return [path for path in regular(subject) if path == deliverable or matches(path)]


def _fault(subject: Subject, deliverable: str, blank: Mapping[str, bool]) -> str | None:
    files = _meant(subject, deliverable)
    if not files:
        return absence(subject, deliverable)
    if all(blank[path] for path in files):
        return f"{shown(deliverable)} is empty" if len(files) == 1 else f"all files of {shown(deliverable)} are empty"
    return None


def judge(limits: Limits, report: JsonValue) -> Verdict:  # noqa: ARG001 - every check is asked with its limits
    """Passed when no deliverable has a fault."""
    promised = Report.model_validate(report).deliverables
    faults = [
        Finding(message=entry.fault, path=None if is_glob(entry.path) else entry.path)
        for entry in promised
        if entry.fault
    ]
    here = len(promised) - len(faults)
    summary = f"{here} of {len(promised)} present" + (f": {faults[0].message}" if faults else "")
    return answer(
        "deliverables", summary, measured=here, limit=len(promised), findings=faults, passed=bool(here and not faults)
    )
