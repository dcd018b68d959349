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
from gates.suites.guard import Heard, Place, key_of
from gates.suites.junit import Case, told_of
from gates.suites.lost import lost
from gates.suites.pytest_config import Config
from gates.suites.usurped import usurped
from gates.syntax import parse
from gates.verdict import Finding, Unmeasurable

ALLOWED = "tests: lost, or a waiver of test-deleted"


class Account(NamedTuple):
    """What is missing."""

    silent: tuple[str, ...]
    """Files that define tests, and have none in the report."""
    unrun: tuple[Finding, ...]
    """Tests that did not run, though others of their file did, or that ran as other code than their own; and modules
    that were imported in place of the product's."""
    shadowed: tuple[Finding, ...]
    """Tests after which another one of the same name stands; against the base only new ones."""
    lost: tuple[Finding, ...]
    """Tests of the base that are gone."""


def account(subject: Subject, paths: Iterable[str], config: Config, cases: list[Case], seen: Heard | None) -> Account:
    """Hold the tests that a tree defines against the cases of its run, and against its base."""
    paths = tuple(paths)
    is_told = told_of(cases)
    files = defined.expected(subject, paths, config)
    tests = [test for own in files.values() for test in own]
    before = _before(subject.base, paths, config) if subject.base else []
    hidden = selection.shadowed(tests)
    broken = {case.name for case in cases if not case.module}
    required = [
        test
        for test in selection.required(tests, config)
        if is_told(test.path) and _module(test.path) not in broken and test not in hidden
    ]
    ran = _Ran(cases, seen)
    return Account(
        silent=tuple(path for path in files if not is_told(path) and _must_run(files[path], config)),
        unrun=(*_unrun(required, ran), *(_replaced(subject, required, seen, ran) if seen else ())),
        shadowed=tuple(map(_shadowed, fresh(hidden, selection.shadowed(before), _same))),
        # what stands in a condition, or in a class of which it is not known, stands for one of the base if it ran
        lost=tuple(map(_lost, lost(selection.required(before, config), [test for test in tests if ran.kept(test)]))),
    )


def _before(base: Subject, paths: Iterable[str], config: Config) -> list[Defined]:
    """The tests of the base; a file of it that is no Python had none."""
    found: list[Defined] = []
    for path in collected.named(regular(base), paths, config):
        with suppress(Unmeasurable):
            found += defined.defined_in(path, parse(path, read(base.root, path)), config)
    return found


def _must_run(own: list[Defined], config: Config) -> bool:
    """Whether a file has a test that the project's own choice does not leave out; one read from nowhere does."""
    if not own:
        return True
    chosen = is_selective(config.words("addopts") or ())
    return bool(selection.required(own, config) if chosen else selection.left(own, config))


def _same(test: Defined) -> tuple[str, str]:
    return test.path, test.name


def _module(path: str) -> str:
    return path.removesuffix(".py").replace("/", ".")


class _Ran:
    """What was run, by the report and by what we saw."""

    def __init__(self, cases: Iterable[Case], seen: Heard | None) -> None:
        found = {(case.module, case.name.partition("[")[0], case.outcome) for case in cases}
        self._names = {(module, name) for module, name, _ in found}
        self._passed = {(module, name) for module, name, outcome in found if outcome == "passed"}
        # what has no list of its own was not looked into
        called = seen.places.values() if seen else ()
        self._places = {place for each in called for place in (each.own if each.ran is None else each.ran)}

    def told(self, test: Defined) -> bool:
        """Whether it ran, be it under another name: in a class that inherits it, or as one of many made of it."""
        return _case(test) in self._names or any(_within(test, place) for place in self._places)

    def passed(self, test: Defined) -> bool:
        """Whether a test of its name passed."""
        return _case(test) in self._passed

    def kept(self, test: Defined) -> bool:
        """Whether it can stand for a test of the base."""
        return test.is_sure or self.told(test)


def _within(test: Defined, place: Place) -> bool:
    path, line = place
    return path == test.path and test.first <= line <= test.line


def _unrun(required: Iterable[Defined], ran: _Ran) -> list[Finding]:
    return [_finding(test, "test-not-run", f"{test.name} did not run") for test in required if not ran.told(test)]


def _case(test: Defined) -> tuple[str, str]:
    """Module and name of a test's cases in the report."""
    classes, _, function = f"{_module(test.path)}.{test.name}".rpartition(".")
    return classes, function


def _replaced(subject: Subject, required: Iterable[Defined], seen: Heard, ran: _Ran) -> Iterator[Finding]:
    yield from _elsewhere(required, seen, ran)
    yield from usurped(subject, seen)


def _elsewhere(required: Iterable[Defined], seen: Heard, ran: _Ran) -> Iterator[Finding]:
    """Tests in whose place other code ran."""
    for test in required:
        called = seen.places.get(key_of(".".join(_case(test))))
        if called is None:
            continue
        other = [place for place in called.own if test.is_plain and not _within(test, place)]
        for path, line in other:
            yield _finding(test, "test-replaced", f"{test.name} ran as other code: {shown(path)}:{line}")
        if other or called.ran is None or not ran.passed(test):
            continue
        if not any(_within(test, place) for place in called.ran):
            yield _finding(test, "test-replaced", f"{test.name} passed, and its own code was never entered")


def _shadowed(test: Defined) -> Finding:
    return _finding(test, "test-shadowed", f"{test.name} never runs: the same name is defined again below")


def _lost(test: Defined) -> Finding:
    return _finding(test, "test-deleted", f"{test.name} of the base commit is gone (the plan may allow it: {ALLOWED})")


def _finding(test: Defined, rule: str, message: str) -> Finding:
    return Finding(path=test.path, line=test.line, rule=rule, message=message)
