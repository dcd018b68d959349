"""`traceability`: every requirement of the specification has a test, or a check, that names it, ran and passed.

Where requirements are defined tells `gates/requirements.py`, which tests name which `gates/naming.py`. A test that one
could not run or that failed stands for nothing, unless the plan says that tests are not executed (`executed: false`):
then naming is enough, in any language. That a test also tests what it names is for `red_green` and `stub_probe`.

A check of the same gate stands for the requirements that the plan names it after, `slo: {name: req-2, ...}`, if it
passed; capitals are no matter there.

Told are as well: names in tests that nothing defines, requirements that are defined twice, those that the base commit
had and that are gone, and tests that stand for more requirements than one test may.
"""

from collections.abc import Iterable, Iterator
from typing import Annotated

from pydantic import ConfigDict, Field, JsonValue

from gates.files import regular, select
from gates.model import Count, Flag, Frozen
from gates.naming import Test, finder, named_by, tests_of, unknown
from gates.paths import Paths, is_test, matcher, shown
from gates.requirements import Defined, Requirements, defined
from gates.subject import Beside, Subject
from gates.suites import guard, pytest_run
from gates.suites.before import ENDED_BY_ITSELF
from gates.suites.canary_doubts import canary_doubts
from gates.suites.junit import Case
from gates.verdict import Finding, Unmeasurable, Verdict, answer, worst
from gates.waivers import Waiver, split

PASSED = "passed"
MOST_ROWS, MOST_TESTS, LONGEST = 300, 5, 200
"""Of the matrix, of the tests in one row, and of the characters of a name in it; what is beyond is counted."""


Mention = tuple[Test, set[str]]
"""A test, and the requirements that it names."""


class Limits(Frozen):
    """The requirements, and the tests that stand for them."""

    model_config = ConfigDict(serialize_by_alias=True)

    requirements: Requirements
    """Where they are defined."""
    in_: Paths = Field(default=(), alias="in")
    """Files or globs of the tests. Default: whatever is a test by its name or by where it lies."""
    executed: Flag = True
    """Whether only those tests count that pytest ran and that passed."""
    per_test: Annotated[Count, Field(ge=1)] = 10
    """How many requirements one test, or check, may stand for; one that names more of them stands for none."""


def compares(_: Limits) -> bool:
    """Always: what the base commit required is still required."""
    return True


class Row(Frozen):
    """One requirement, and what stands for it."""

    requirement: Defined
    tests: tuple[tuple[str, str], ...]
    """Label and outcome of each test that names it: passed, failed, skipped, not run, named."""
    checks: tuple[tuple[str, str], ...] = ()
    """The same of checks."""

    @property
    def stands(self) -> tuple[tuple[str, str], ...]:
        """All that names it; checks first, for they are few."""
        return (*self.checks, *self.tests)

    def counts(self, good: str) -> bool:
        """Whether a test came to what is good, or a check passed."""
        return any(outcome == good for _, outcome in self.tests) or any(said == PASSED for _, said in self.checks)


class Report(Frozen):
    """The matrix, and what else is wrong."""

    rows: tuple[Row, ...]
    others: tuple[Finding, ...]
    tests: int
    waivers: tuple[Waiver, ...]


def measure(limits: Limits, subject: Subject) -> JsonValue:
    """The matrix of requirements and tests. Raises Unmeasurable without requirements, tests or a run of them."""
    found = defined(limits.requirements, subject)
    if not found:
        raise Unmeasurable("no requirement is defined: look at the paths and at how requirements are told from text")
    tests = list(tests_of(subject, _paths(limits, subject)))
    checks = [(each, _of_check(limits, each, found)) for each in subject.beside]
    if not tests and not any(names for _, names in checks):
        raise Unmeasurable("no test is found that could name a requirement: say in which files they are (in)")
    outcomes = _outcomes(subject) if limits.executed and tests else None
    once = {each.name: each for each in reversed(found)}
    names = finder(once)
    mentions = [(test, names(test)) for test in tests]
    named = _named(limits, mentions, once)
    rows = tuple(
        Row(
            requirement=each,
            tests=tuple((test.label, _outcome(test, outcomes)) for test in named[each.name]),
            checks=tuple((f"check {one.label}", one.outcome) for one, names in checks if each.name in names),
        )
        for each in sorted(once.values(), key=lambda each: (each.path, each.line or 0, each.name))
    )
    others = (*_twice(found), *_gone(limits, subject, once), *_strays(limits, mentions, once))
    report = Report(rows=rows, others=others, tests=len(tests) + len(checks), waivers=subject.waivers)
    return report.model_dump(mode="json")


def _paths(limits: Limits, subject: Subject) -> Iterable[str]:
    definitions = matcher(limits.requirements.paths)
    paths = select(subject, limits.in_) if limits.in_ else filter(is_test, regular(subject))
    # beside tests lie data of theirs, which name nothing unless the plan says that they are tests
    return [path for path in paths if not definitions(path) and (limits.in_ or path.endswith(".py"))]


def _of_check(limits: Limits, check: Beside, found: Iterable[Defined]) -> set[str]:
    names = named_by(check.name, {each.name for each in found})
    return names if len(names) <= limits.per_test else set()


def _named(limits: Limits, mentions: Iterable[Mention], known: dict[str, Defined]) -> dict[str, list[Test]]:
    found: dict[str, list[Test]] = {name: [] for name in known}
    for test, names in mentions:
        # a file that is no Python stands for all the tests in it
        for name in names if len(names) <= limits.per_test or not test.name else ():
            found[name].append(test)
    return found


# -- what became of the tests


def _outcomes(subject: Subject) -> dict[tuple[str, str], str]:
    """(path, name) of each test function to what its cases came to together."""
    told = pytest_run.told(subject)
    if reason := next(_doubts(told, subject.ran[0].code), None):
        raise Unmeasurable(reason, *pytest_run.last_words(subject))
    together: dict[tuple[str, str], set[str]] = {}
    for case in told.cases:
        if case.file:
            together.setdefault((case.file, _name(case)), set()).add(case.outcome)
    return {test: _together(outcomes) for test, outcomes in together.items()}


def _doubts(told: pytest_run.Told, code: int | None) -> Iterator[str]:
    """Why what is told of the run cannot be believed, as the check `tests` has it."""
    if code not in ENDED_BY_ITSELF:
        yield f"pytest ended with code {code}, which is no result of tests"
    if code == 0 and any(case.outcome in ("failure", "error") for case in (*told.cases, *told.canaries)):
        yield "pytest ended with code 0, but its report tells of failures"
    yield from canary_doubts(told)
    if told.guard:
        yield from guard.contradictions([*told.cases, *told.canaries], guard.heard(told.guard))


def _name(case: Case) -> str:
    """`TestClass.test_name` of one of its cases."""
    of_file = (case.file or "").removesuffix(".py").replace("/", ".")
    classes = case.module.removeprefix(of_file).lstrip(".")
    return ".".join(filter(None, (classes, case.name.partition("[")[0])))


def _together(outcomes: set[str]) -> str:
    if not outcomes.isdisjoint(("failure", "error")):
        return "failed"
    return "passed" if "passed" in outcomes else "skipped"


def _outcome(test: Test, outcomes: dict[tuple[str, str], str] | None) -> str:
    return "named" if outcomes is None else outcomes.get((test.path, test.name), "not run")


# -- what else is wrong


def _twice(found: Iterable[Defined]) -> Iterator[Finding]:
    first: dict[str, Defined] = {}
    for each in found:
        known = first.setdefault(each.name, each)
        if known is not each:
            message = f"{each.name} is defined twice: at {known.place} as well"
            yield Finding(path=each.path, line=each.line, rule="requirement-duplicate", message=message)


def _gone(limits: Limits, subject: Subject, known: dict[str, Defined]) -> Iterator[Finding]:
    """What the base required; a base without the specification required nothing."""
    base = subject.base
    if base is None or not any(map(matcher(limits.requirements.paths), regular(base))):
        return
    wanted = limits.requirements.model_copy(update={"paths": _there(limits.requirements.paths, base)})
    for each in defined(wanted, base):
        if each.name not in known:
            message = f"{each.name} was defined here, and is required no more"
            yield Finding(path=each.path, rule="requirement-deleted", message=message)


def _there(patterns: Paths, subject: Subject) -> Paths:
    """The patterns that mean something in a tree."""
    return tuple(pattern for pattern in patterns if any(map(matcher([pattern]), regular(subject))))


def _strays(limits: Limits, mentions: Iterable[Mention], known: dict[str, Defined]) -> Iterator[Finding]:
    for test, names in mentions:
        for name in sorted(unknown(test, limits.requirements.pattern, known)):
            message = f"{test.label} names {name}, which nothing defines"
            yield Finding(path=test.path, line=test.line, rule="requirement-unknown", message=message)
        if test.name and (many := len(names)) > limits.per_test:
            message = f"{test.label} names {many} requirements, and one test may stand for {limits.per_test}"
            yield Finding(path=test.path, line=test.line, rule="requirement-crowd", message=message)


# -- the answer


def judge(limits: Limits, report: JsonValue) -> Verdict:
    """Passed when every requirement has a test that counts, and nothing else is wrong."""
    found = Report.model_validate(report)
    good = PASSED if limits.executed else "named"
    untested = [row for row in found.rows if not row.counts(good)]
    standing, waived = split([*map(_finding, untested), *found.others], found.waivers)
    traced = len(found.rows) - len(untested)
    verdict = answer(
        "traceability",
        f"{traced} of {len(found.rows)} requirements have a {_stands(found)} that"
        f" {'passed' if limits.executed else 'names them'}"
        f"{worst(standing)}",
        measured={"requirements": len(found.rows), "traced": traced, "matrix": _matrix(found.rows)},
        limit={"traced": len(found.rows)},
        findings=standing,
        passed=bool(found.rows) and found.tests > 0 and not standing,
    )
    return verdict.model_copy(update={"waived": waived})


def _stands(found: Report) -> str:
    return "test or check" if any(row.checks for row in found.rows) else "test"


def _finding(row: Row) -> Finding:
    told = ", ".join(f"{shown(label)} {outcome}" for label, outcome in row.stands[:MOST_TESTS])
    what = "test or check" if row.checks else "test"
    message = (
        f"{row.requirement.name} has no {what} that counts ({told})"
        if told
        else f"no test names {row.requirement.name}"
    )
    return Finding(path=row.requirement.path, line=row.requirement.line, rule="requirement-untested", message=message)


def _matrix(rows: tuple[Row, ...]) -> list[JsonValue]:
    """What the report shows, the first rows of it."""
    return [
        {
            "requirement": row.requirement.name[:LONGEST],
            "defined": row.requirement.place[:LONGEST],
            "tests": [{"test": label[:LONGEST], "outcome": outcome} for label, outcome in row.stands[:MOST_TESTS]],
            "more": max(len(row.stands) - MOST_TESTS, 0),
        }
        for row in rows[:MOST_ROWS]
    ]
