"""`deliverables`: what the work has promised is there, and not empty."""

import codecs

from pydantic import JsonValue

from gates.files import absence, read, regular
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


def measure(limits: Limits, subject: Subject) -> JsonValue:  # noqa: ARG001 - every check is asked with its limits
    """Each deliverable, and its fault or None."""
    if not subject.deliverables:
        raise Unmeasurable("no deliverables are declared: name some, or leave this check out of the gate")
    found = tuple(Promised(path=path, fault=_fault(subject, path)) for path in subject.deliverables)
    return Report(deliverables=found).model_dump(mode="json")


def _fault(subject: Subject, deliverable: str) -> str | None:
    # without wildcards a directory of that name is no deliverable
    matches = matcher([deliverable] if is_glob(deliverable) else ())
    files = [path for path in regular(subject) if path == deliverable or matches(path)]
    if not files:
        return absence(subject, deliverable)
    if all(_is_empty(subject, path) for path in files):
        return f"{shown(deliverable)} is empty" if len(files) == 1 else f"all files of {shown(deliverable)} are empty"
    return None


def _is_empty(subject: Subject, path: str) -> bool:
    return not read(subject.root, path).removeprefix(codecs.BOM_UTF8).strip()


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
