"""`tests`: the target's tests ran, every file of them, and enough of them passed.

Pytest's exit code and its report must say the same: either of them alone is forged by one line in a conftest.
"""

from collections.abc import Container, Iterable, Mapping
from typing import Annotated

from pydantic import AfterValidator, JsonValue, StringConstraints

from gates import collected, pytest_config, pytest_run
from gates.junit import Case, told_of
from gates.model import Count, Duration, Frozen
from gates.paths import Paths, is_glob, shown
from gates.ran import tail
from gates.subject import Subject
from gates.verdict import Finding, Verdict, answer, error, worst

ENDED_BY_ITSELF = (0, 1, 2)
"""All passed; some failed; some could not be collected. Higher codes are pytest's own trouble."""


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
    """Failures and errors."""
    skipped: tuple[Problem, ...]
    silent: tuple[str, ...]
    """Files that define tests, and have none in the report."""


def measure(limits: Limits, subject: Subject) -> JsonValue:
    """The cases of the run, and the test files that it does not tell of."""
    cases = pytest_run.cases(subject)
    config = pytest_config.chosen(subject.base_config).over(limits.options)
    files = collected.expected(subject, limits.paths, config)
    is_told = told_of(cases)
    known = {file.path for file in subject.files}
    return Report(
        code=subject.ran[0].code,
        output=tail(subject.ran[0].output),
        passed=sum(case.outcome == "passed" for case in cases),
        problems=tuple(_problem(case, known) for case in cases if case.outcome in ("failure", "error")),
        skipped=tuple(_problem(case, known) for case in cases if case.outcome == "skipped"),
        silent=tuple(path for path in files if not is_told(path)),
    ).model_dump(mode="json")


def _problem(case: Case, known: Container[str | None]) -> Problem:
    path = case.file if case.file in known else None
    return Problem(path=path, line=case.line, message=f"{case.outcome} of {case.name}: {case.message}")


def judge(limits: Limits, report: JsonValue) -> Verdict:
    """Passed when code and report agree that enough tests passed, none failed, and no file was left out."""
    found = Report.model_validate(report)
    limit: JsonValue = {"passed": limits.at_least, "failed": 0, "skipped": limits.skipped}
    if reason := _contradiction(found):
        output = Finding(message=found.output or "pytest printed nothing")
        return error("tests", reason, *_findings(found.problems), *_silent(found), output, limit=limit)
    problems, skipped = _findings(found.problems), _findings(found.skipped)
    findings = [*problems, *_silent(found), *_misses(limits, found)]
    return answer(
        "tests",
        f"{found.passed} passed, {len(problems)} failed, {len(skipped)} skipped" + worst(findings),
        measured={"passed": found.passed, "failed": len(problems), "skipped": len(skipped)},
        limit=limit,
        findings=findings,
        passed=not findings and found.passed >= limits.at_least,
    )


def _misses(limits: Limits, found: Report) -> list[Finding]:
    """Too few tests that passed, or too many that were skipped."""
    skipped = _findings(found.skipped) if len(found.skipped) > limits.skipped else []
    # failures say more than their number
    if found.passed < limits.at_least and not found.problems:
        return [Finding(message=f"fewer than {limits.at_least} tests passed"), *skipped]
    return skipped


def _contradiction(found: Report) -> str | None:
    """Why code and report together cannot be believed."""
    code, failures = found.code, len(found.problems)
    if code not in ENDED_BY_ITSELF:
        return f"pytest ended with code {code}, which is no result of tests"
    if (code == 0) != (failures == 0):
        return f"pytest ended with code {code}, but its report tells of {failures} failures"
    if found.silent and not failures:
        return f"no test ran of {', '.join(map(shown, found.silent))}"
    return None


def _findings(problems: Iterable[Problem]) -> list[Finding]:
    return [Finding(path=problem.path, line=problem.line, message=problem.message) for problem in problems]


def _silent(found: Report) -> list[Finding]:
    return [Finding(path=path, message="defines tests, and none of them ran") for path in found.silent]
