"""Whether our canaries came out as they must: the reason why the report of a run cannot be believed, when not."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from pathlib import PurePosixPath

from gates.paths import shown
from gates.suites.canaries import Canary
from gates.suites.junit import Case
from gates.suites.pytest_run import Told

REMEDY = "or let the plan say `tests: {guarded: false}`, if the suite cannot bear tests that are not its own"


def canary_doubts(told: Told) -> Iterator[str]:
    """One sentence for each file of canaries with an outcome that it must not have."""
    outcomes: defaultdict[PurePosixPath, set[str]] = defaultdict(set)
    for file, outcome in {(case.file, case.outcome) for case in told.cases if case.file}:
        outcomes[PurePosixPath(file).parent].add(outcome)
    for canary in told.guard.canaries if told.guard else ():
        folder = PurePosixPath(canary.path).parent
        if reason := _doubt(canary, told.canaries, outcomes[folder]):
            place = shown(folder.as_posix())
            yield f"a test of ours in {place} {reason}: see what turns results there (conftest.py, plugins), {REMEDY}"


def _doubt(canary: Canary, cases: Iterable[Case], beside: AbstractSet[str]) -> str | None:
    """What is wrong; `beside` are the outcomes of the target's tests in the same folder."""
    module = canary.path.removesuffix(".py").replace("/", ".")
    found: defaultdict[str, list[Case]] = defaultdict(list)
    for case in cases:
        if (case.module or case.name) == module:
            # a plugin may run every test several times
            found[case.name.partition("[")[0]].append(case)
    if not found and not beside:
        return None  # nothing was run in this folder: whether something should have been, its own tests say
    reasons = (_unlike(wanted, found.get(name, []), beside) for name, wanted in canary.outcomes.items())
    return next(filter(None, reasons), None)


def _unlike(wanted: str, cases: list[Case], beside: AbstractSet[str]) -> str | None:
    if not cases:
        return f"must come out as {wanted}, and did not run"
    outcomes = {case.outcome for case in cases}
    # what is run again after a failure stands there once more, without an outcome
    again = wanted in outcomes and wanted != "passed" and outcomes <= {wanted, "passed"}
    if outcomes == {wanted} or again or (outcomes == {"skipped"} and beside <= {"skipped"}):
        return None
    message = cases[0].message.partition("\n")[0]
    return f"must come out as {wanted}, and came out as {' and '.join(sorted(outcomes))} ({message})".replace(" ()", "")
