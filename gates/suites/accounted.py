"""What a run must have told of, read from the tree: every test that its files define, and none of the base's lost."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple

from gates.files import read, regular
from gates.paths import shown
from gates.ratchet import fresh
from gates.subject import Subject
from gates.suites import collected, defined, selection
from gates.suites.canaries import is_selective
from gates.suites.defined import Defined
from gates.suites.guard import Heard, key_of
from gates.suites.junit import Case, told_of
from gates.suites.lost import lost
from gates.suites.pytest_config import Config
from gates.syntax import parse
from gates.verdict import Finding, Unmeasurable

ALLOWED = "tests: lost, or a waiver of test-deleted"


class Account(NamedTuple):
    """What is missing."""

    silent: tuple[str, ...]
    """Files that define tests, and have none in the report."""
    unrun: tuple[Finding, ...]
    """Tests that did not run, though others of their file did, or that ran as other code than their own."""
    shadowed: tuple[Finding, ...]
    """Tests after which another one of the same name stands; against the base only new ones."""
    lost: tuple[Finding, ...]
    """Tests of the base that are gone."""


def account(subject: Subject, paths: Iterable[str], config: Config, cases: list[Case], seen: Heard | None) -> Account:
    """Hold the tests that a tree defines against the cases of its run, and against its base."""
    paths = tuple(paths)
    is_told = told_of(cases)
    files = collected.expected(subject, paths, config)
    tests = _defined(subject, files, config)
    before = _before(subject.base, paths, config) if subject.base else []
    hidden = selection.shadowed(tests)
    broken = {case.name for case in cases if not case.module}
    required = [
        test
        for test in selection.required(tests, config)
        if is_told(test.path) and _module(test.path) not in broken and test not in hidden
    ]
    unrun = _unrun(required, cases)
    return Account(
        silent=tuple(path for path in files if not is_told(path) and _must_run(path, tests, config)),
        unrun=(*unrun, *(_elsewhere(required, seen) if seen else ())),
        shadowed=tuple(map(_shadowed, fresh(hidden, selection.shadowed(before), _same))),
        lost=tuple(map(_lost, lost(selection.required(before, config), tests))),
    )


def _defined(subject: Subject, files: Iterable[str], config: Config) -> list[Defined]:
    return [test for path in files for test in defined.defined_in(path, parse(path, read(subject.root, path)), config)]


def _before(base: Subject, paths: Iterable[str], config: Config) -> list[Defined]:
    """The tests of the base; a file of it that is no Python had none."""
    found: list[Defined] = []
    for path in collected.named(regular(base), paths, config):
        with suppress(Unmeasurable):
            found += _defined(base, [path], config)
    return found


def _must_run(path: str, tests: Iterable[Defined], config: Config) -> bool:
    """Whether a file has a test that the project's own choice does not leave out; one read from nowhere does."""
    own = [test for test in tests if test.path == path]
    return not own or not is_selective(config.words("addopts") or ()) or bool(selection.required(own, config))


def _same(test: Defined) -> tuple[str, str]:
    return test.path, test.name


def _module(path: str) -> str:
    return path.removesuffix(".py").replace("/", ".")


def _unrun(required: Iterable[Defined], cases: Iterable[Case]) -> list[Finding]:
    ran = {(case.module, case.name.partition("[")[0]) for case in cases}
    return [_finding(test, "test-not-run", f"{test.name} did not run") for test in required if _case(test) not in ran]


def _case(test: Defined) -> tuple[str, str]:
    """Module and name of a test's cases in the report."""
    classes, _, function = f"{_module(test.path)}.{test.name}".rpartition(".")
    return classes, function


def _elsewhere(required: Iterable[Defined], seen: Heard) -> Iterator[Finding]:
    """Tests in whose place other code ran."""
    for test in required:
        places = seen.places.get(key_of(".".join(_case(test))), ()) if test.is_plain else ()
        for path, line in places:
            if path != test.path or not test.first <= line <= test.line:
                yield _finding(test, "test-replaced", f"{test.name} ran as other code: {shown(path)}:{line}")


def _shadowed(test: Defined) -> Finding:
    return _finding(test, "test-shadowed", f"{test.name} never runs: the same name is defined again below")


def _lost(test: Defined) -> Finding:
    return _finding(test, "test-deleted", f"{test.name} of the base commit is gone (the plan may allow it: {ALLOWED})")


def _finding(test: Defined, rule: str, message: str) -> Finding:
    return Finding(path=test.path, line=test.line, rule=rule, message=message)
