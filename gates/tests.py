"""`tests`: the target's tests ran, every file of them, and enough of them passed.

Pytest's exit code, its report, and what we saw of the run ourselves must say the same: each of them alone is forged by
a line in a conftest. And what ran must be what the tree defines: no test left out, none of the base commit's lost.

With `new_only` the base's own tests are run as well, and what fails there by the same name is told and does not count
(`gates/suites/before.py`).
"""

from collections.abc import Container, Iterable, Mapping
from typing import Annotated

from pydantic import AfterValidator, JsonValue, StringConstraints

from gates.model import Count, Duration, Flag, Frozen
from gates.paths import Paths, is_glob, shown
from gates.ran import tail
from gates.subject import Subject
from gates.suites import guard, pytest_config, pytest_run
from gates.suites.accounted import account
from gates.suites.before import ENDED_BY_ITSELF, FAILURES, Ids, failed_before, parted
from gates.suites.canaries import failing
from gates.suites.canary_doubts import canary_doubts
from gates.suites.junit import Case
from gates.verdict import Finding, Verdict, answer, error, first, worst
from gates.waivers import Waiver, split


def _roots(paths: tuple[str, ...]) -> tuple[str, ...]:
    for path in filter(is_glob, paths):
        raise ValueError(f"{path!r} is a glob, which pytest does not take: name directories or files")
    return paths


Option = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


class Limits(Frozen):
    """Which tests are run, and what must come of them."""

    paths: Annotated[Paths, AfterValidator(_roots)] = ()
    """Directories or files to run. Default: what pytest's configuration at the base commit says."""
    at_least: Count = 1
    """Tests that must have passed."""
    skipped: Count = 0
    """Tests that may be skipped, or may fail as expected."""
    timeout: Duration = 600
    """How long the run may take."""
    options: Mapping[Option, str | int | float | bool] = {}
    """Options of pytest's ini file, over those of the base commit."""
    lost: Count = 0
    """Tests of the base commit that may be gone: deleted, or merged with others. Counts where there is a base."""
    guarded: Flag = True
    """Whether canaries run among the tests, and each test is watched. For a suite that cannot bear it: false."""
    new_only: Flag = False
    """Whether only those failures count that the base commit does not have: its tests are run as well, and what fails
    there by the same name is told, and is no fault. For a repository whose tests are not all green."""


def compares(limits: Limits) -> bool:  # noqa: ARG001 - whatever the limits are
    """Whether the base commit's tree is looked at as well: always, where there is one."""
    return True


class Problem(Frozen):
    """A case that did not pass."""

    path: str | None
    line: int | None
    message: str


class Report(Frozen):
    """What pytest's exit code and its report say."""

    code: int | None
    output: str
    passed: int
    problems: tuple[Problem, ...]
    """Failures and errors; with `new_only` those that are new."""
    old: tuple[Problem, ...] = ()
    """With `new_only`: those that the base has as well."""
    skipped: tuple[Problem, ...]
    silent: tuple[str, ...]
    """Files that define tests, and have none in the report."""
    canaries: int
    """Tests of ours that must not have passed."""
    doubts: tuple[str, ...]
    """Why the report cannot be believed."""
    unrun: tuple[Finding, ...]
    """Tests that the tree defines, and that did not run as they stand there."""
    shadowed: tuple[Finding, ...]
    lost: tuple[Finding, ...]
    waivers: tuple[Waiver, ...]


def measure(limits: Limits, subject: Subject) -> JsonValue:
    """The cases of the run, what speaks against them, and the tests that it does not tell of."""
    told = pytest_run.told(subject)
    seen = guard.heard(told.guard) if told.guard else None
    config = pytest_config.chosen(subject.base_config).over(limits.options)
    missing = account(subject, limits.paths, config, told.cases, seen)
    known = {file.path for file in subject.files}
    failed = [case for case in told.cases if case.outcome in FAILURES]
    before = failed_before(subject, limits.paths, config) if limits.new_only else Ids()
    new, old = parted(failed, before)
    return Report(
        code=subject.ran[0].code,
        output=tail(pytest_run.printed(subject)),
        passed=sum(case.outcome == "passed" for case in told.cases),
        problems=tuple(_problem(case, known) for case in new),
        old=tuple(_problem(case, known) for case in old),
        skipped=tuple(_problem(case, known) for case in told.cases if case.outcome == "skipped"),
        silent=missing.silent,
        canaries=len(list(failing(told.guard.canaries))) if told.guard else 0,
        doubts=(*canary_doubts(told), *(guard.contradictions([*told.cases, *told.canaries], seen) if seen else ())),
        unrun=missing.unrun,
        shadowed=missing.shadowed,
        lost=missing.lost,
        waivers=subject.waivers,
    ).model_dump(mode="json")


def _problem(case: Case, known: Container[str | None]) -> Problem:
    path = case.file if case.file in known else None
    return Problem(path=path, line=case.line, message=f"{case.outcome} of {case.name}: {case.message}")


def judge(limits: Limits, report: JsonValue) -> Verdict:
    """Passed when all accounts agree that enough tests passed, none failed, and none was left out or lost."""
    found = Report.model_validate(report)
    limit: JsonValue = {"passed": limits.at_least, "failed": 0, "skipped": limits.skipped}
    if reason := _contradiction(found):
        # what is doubted says more than what was printed, with failures of ours in it
        said = () if found.doubts else (Finding(message=found.output or "pytest printed nothing"),)
        more = map(_doubt, found.doubts)
        return error("tests", reason, *more, *_findings(found.problems), *_silent(found), *said, limit=limit)
    standing, waived = split([*found.unrun, *found.shadowed, *found.lost], found.waivers)
    problems, skipped = _findings(found.problems), _findings(found.skipped)
    faults = [*problems, *_silent(found), *_kept(limits, standing), *_misses(limits, found)]
    counted = {"passed": found.passed, "failed": len(problems), "skipped": len(skipped)}
    verdict = answer(
        "tests",
        f"{found.passed} passed, {len(problems)} failed, {len(skipped)} skipped{_before(found)}" + worst(faults),
        measured={**counted, **({"failed_before": len(found.old)} if limits.new_only else {})},
        limit=limit,
        findings=faults,
        passed=not faults and found.passed >= limits.at_least,
    )
    return verdict.model_copy(update={"waived": waived, "noted": first([*map(_old, found.old)])})


def _before(found: Report) -> str:
    return f", {len(found.old)} failed on the base as well" if found.old else ""


def _old(problem: Problem) -> Finding:
    message = f"fails on the base as well: {problem.message}"
    return Finding(path=problem.path, line=problem.line, rule="test-failed-before", message=message)


def _kept(limits: Limits, standing: Iterable[Finding]) -> list[Finding]:
    """Findings that count: of tests that are gone only more than may be."""
    standing = list(standing)
    gone = sum(finding.rule == "test-deleted" for finding in standing)
    return [finding for finding in standing if finding.rule != "test-deleted" or gone > limits.lost]


def _doubt(reason: str) -> Finding:
    return Finding(message=reason, rule="report-contradicted")


def _misses(limits: Limits, found: Report) -> list[Finding]:
    """Too few tests that passed, or too many that were skipped."""
    skipped = _findings(found.skipped) if len(found.skipped) > limits.skipped else []
    # failures say more than their number
    if found.passed < limits.at_least and not found.problems:
        return [Finding(message=f"fewer than {limits.at_least} tests passed"), *skipped]
    return skipped


def _contradiction(found: Report) -> str | None:
    """Why what is told of the run cannot be believed."""
    code, failures = found.code, len(found.problems) + len(found.old)
    if code not in ENDED_BY_ITSELF:
        return f"pytest ended with code {code}, which is no result of tests"
    if code == 0 and failures:
        return f"pytest ended with code 0, but its report tells of {failures} failures"
    if found.doubts:
        return found.doubts[0]
    # canaries fail as they must, so that the code is 1 whatever the others come to
    if (code == 0) != (failures + found.canaries == 0):
        return f"pytest ended with code {code}, but its report tells of {failures + found.canaries} failures"
    return f"no test ran of {', '.join(map(shown, found.silent))}" if found.silent and not failures else None


def _findings(problems: Iterable[Problem]) -> list[Finding]:
    return [Finding(path=problem.path, line=problem.line, message=problem.message) for problem in problems]


def _silent(found: Report) -> list[Finding]:
    return [Finding(path=path, message="defines tests, and none of them ran") for path in found.silent]
