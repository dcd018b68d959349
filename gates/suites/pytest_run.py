"""What a run of the target's tests left, once it is certain that it came to an end."""

from collections.abc import Container, Iterable
from typing import NamedTuple

from gates.ran import crash, said
from gates.subject import Subject
from gates.suites import guard, junit
from gates.suites.canaries import Canary
from gates.suites.guard import Guard
from gates.suites.junit import Case
from gates.suites.printed import without
from gates.verdict import Finding, Unmeasurable


class Told(NamedTuple):
    """What the report of a run tells."""

    cases: list[Case]
    """Of the target's tests, in order."""
    canaries: list[Case]
    """Of ours among them."""
    guard: Guard | None
    """What we noted of the run ourselves; None when nobody watched it."""


def cases(subject: Subject) -> list[Case]:
    """Every case of the target's own tests, at least one; canaries are left out."""
    return told(subject).cases


def told(subject: Subject) -> Told:
    """The report of the run, the target's tests apart from ours. Raises Unmeasurable when there is none."""
    if not subject.ran:
        raise Unmeasurable("the tests were not run")
    ran = subject.ran[0]
    if reason := crash(ran):
        raise Unmeasurable(f"pytest: {reason}", *last_words(subject))
    try:
        found = junit.read(subject.reports)
    except Unmeasurable as problem:
        raise Unmeasurable(f"pytest ended with code {ran.code}, and {problem}", *last_words(subject)) from None
    noted = guard.read(subject.reports)
    planted = _modules(noted.canaries if noted else ())
    ours = [case for case in found if _is_in(case, planted)]
    theirs = [case for case in found if not _is_in(case, planted)]
    if not theirs:
        raise Unmeasurable(f"no test was collected (pytest ended with code {ran.code})", *last_words(subject))
    return Told(theirs, ours, noted)


def printed(subject: Subject) -> str:
    """What pytest printed of the target's tests."""
    try:
        noted = guard.read(subject.reports)
    except Unmeasurable:
        noted = None
    return without(noted.canaries if noted else (), subject.ran[0].output)


def last_words(subject: Subject) -> tuple[Finding]:
    """The end of that, as a finding."""
    return said(subject.ran[0].model_copy(update={"output": printed(subject)}))


def _modules(canaries: Iterable[Canary]) -> frozenset[str]:
    """The names that pytest makes of their files' paths."""
    return frozenset(canary.path.removesuffix(".py").replace("/", ".") for canary in canaries)


def _is_in(case: Case, modules: Container[str]) -> bool:
    # what could not be collected has the file's name for its own
    return (case.module or case.name) in modules
