"""What failed on the base already: for a repository whose tests are not all green, so that what is new still counts."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from gates.files import regular
from gates.subject import Subject, compared
from gates.suites import collected, guard, pytest_run
from gates.suites.canary_doubts import canary_doubts
from gates.suites.junit import Case
from gates.suites.pytest_config import Config
from gates.verdict import Unmeasurable

RUN = "base"
"""Name of the further run that it is read from."""
FAILURES = ("failure", "error")
ENDED_BY_ITSELF = (0, 1)
"""All passed; some failed. With 2 it was broken off; higher codes are pytest's own trouble."""

Ids = Counter[tuple[str, str]]
"""How often a case (module, name) did not pass: several may have one name."""


def failed_before(subject: Subject, paths: Iterable[str], config: Config) -> Ids:
    """What failed in the base's own run. Raises Unmeasurable without a base, and where its run says nothing."""
    base = compared(subject)
    if not collected.named(regular(base), tuple(paths), config):
        return Ids()  # a base without tests
    run = subject.runs.get(RUN)
    if run is None:
        raise Unmeasurable("what fails on the base cannot be told: its tests were not run")
    left = subject.model_copy(update={"ran": run.ran, "reports": run.reports})
    try:
        told = pytest_run.told(left)
    except Unmeasurable as problem:
        raise Unmeasurable(f"what fails on the base cannot be told: {problem}", *problem.findings) from None
    if reason := next(_doubts(told, run.ran[0].code), None):
        raise Unmeasurable(f"what fails on the base cannot be told: {reason}", *pytest_run.last_words(left))
    return Ids((case.module, case.name) for case in told.cases if case.outcome in FAILURES)


def _doubts(told: pytest_run.Told, code: int | None) -> Iterator[str]:
    cases = [*told.cases, *told.canaries]
    if code not in ENDED_BY_ITSELF:
        yield f"pytest ended with code {code}, which is no result of tests"
    if (code == 0) is any(case.outcome in FAILURES for case in cases):
        yield f"pytest ended with code {code}, and its report says something else"
    yield from canary_doubts(told)
    if told.guard:
        yield from guard.contradictions(cases, guard.heard(told.guard))


def parted(problems: Sequence[Case], before: Ids) -> tuple[list[Case], list[Case]]:
    """Failures that are new, and those that the base had: one of the base stands for one of that name."""
    left, new, old = before.copy(), list[Case](), list[Case]()
    for case in problems:
        name = (case.module, case.name)
        (old if left[name] else new).append(case)
        left[name] -= 1 if left[name] else 0
    return new, old
