"""Tests by the functions that define them: which of them are new or changed against a base, and where a lost one went.

A test is known by its function: the file that it is run from and its name with its classes, without parameters. A
changed decorator changes a test, for parameters stand there.
"""

import ast
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import PurePosixPath
from typing import NamedTuple

from gates.files import read
from gates.proof.changed_code import Function, body, likeness, print_of, tokens
from gates.proof.changed_functions import functions
from gates.subject import REGULAR, Subject
from gates.suites.junit import Case
from gates.syntax import parse
from gates.verdict import Unmeasurable

LIKE, LIKE_OF_THAT_NAME = 0.8, 0.4
"""How much a test has in common with the one that it was, at least: under another name, and under its own."""
MOST_COMPARED = 10_000
"""Pairs of tests that are compared for that, each of which takes about a millisecond: those of one name go first."""


class Key(NamedTuple):
    """A test, for all of its parameters."""

    path: str
    name: str
    """`TestPosting.test_total`."""

    @property
    def function(self) -> str:
        """Its name without its classes."""
        return self.name.rpartition(".")[2]


class Test(NamedTuple):
    """How a test is written."""

    line: int
    print: str
    """Of all that it does, its decorators included."""
    tokens: tuple[str, ...]


Tests = Mapping[Key, Test]
Cases = Mapping[str, Case]
"""Name of each case (`id_of`) to the worst that came of it."""


def id_of(case: Case) -> str:
    """The name of a case as pytest's reports have it, parameters included."""
    return f"{case.module}.{case.name}" if case.module else case.name


def by_id(cases: Iterable[Case]) -> dict[str, Case]:
    """Cases by their names; of several of one name (a test and its teardown) the one that says most, and no success."""
    ranks = {"passed": 0, "skipped": 1, "error": 2, "failure": 3}
    found: dict[str, Case] = {}
    for case in cases:
        known = found.get(id_of(case))
        if known is None or ranks[case.outcome] > ranks[known.outcome]:
            found[id_of(case)] = case
    return found


class Files:
    """The files of a tree, by the dotted names that pytest makes of them."""

    def __init__(self, subject: Subject) -> None:
        paths = [file.path for file in subject.files if file.mode in REGULAR]
        self.paths = frozenset(paths)
        self._dotted = {path.removesuffix(".py").replace("/", "."): path for path in paths if path.endswith(".py")}

    def of(self, case: Case) -> str | None:
        """The file that a case was run from; None if no file has its name."""
        dotted = case.module or case.name
        while dotted and dotted not in self._dotted:
            dotted = dotted.rpartition(".")[0]
        return self._dotted.get(dotted, case.file if case.file in self.paths else None)

    def key(self, case: Case) -> Key:
        """The test of a case."""
        path = self.of(case) or case.file or ""
        dotted = path.removesuffix(".py").replace("/", ".")
        classes = case.module.removeprefix(dotted).removeprefix(".") if case.module.startswith(dotted) else case.module
        name = case.name.partition("[")[0]
        return Key(path, f"{classes}.{name}" if classes else name)


def written(subject: Subject, paths: Iterable[str]) -> dict[Key, Test]:
    """Every function of these files, by its place; of several in one place the last. A broken file has none."""
    found: dict[Key, Test] = {}
    present = {file.path for file in subject.files if file.mode in REGULAR}
    for path in paths:
        if path in present and PurePosixPath(path).suffix == ".py":
            with suppress(Unmeasurable):
                for each in functions(path, read(subject.root, path)):
                    node = each.node
                    words = tuple(tokens([node.args, body(node), node.decorator_list], whole=True))
                    found[Key(path, each.name)] = Test(each.line, print_of(words), words)
    return found


def around(subject: Subject, path: str) -> str | None:
    """A name for what a file has beside its tests and its imports: fixtures, helpers, tables. None: no such file."""
    if path not in {file.path for file in subject.files if file.mode in REGULAR}:
        return None
    with suppress(Unmeasurable):
        return print_of(tokens(_beside(parse(path, read(subject.root, path)).body), whole=True))
    return None


def _beside(statements: Iterable[ast.stmt]) -> Iterator[object]:
    for statement in statements:
        if isinstance(statement, ast.ClassDef):
            yield from (statement.bases, statement.decorator_list)
            yield from _beside(statement.body)
        elif not isinstance(statement, ast.Import | ast.ImportFrom) and not _is_test(statement):
            yield statement


def _is_test(statement: ast.stmt) -> bool:
    return isinstance(statement, Function) and statement.name.startswith("test")


class Places(NamedTuple):
    """Two trees' tests, as far as they lie in files that differ."""

    old: Tests
    new: Tests
    disturbed: frozenset[str] = frozenset()
    """Files in which more than tests has changed."""

    def changed(self, key: Key) -> bool:
        """Whether the test is not written as in the base; one in a file that is the same is not."""
        test = self.new.get(key)
        known = self.old.get(key)
        return test is not None and (known is None or known.print != test.print)

    def line(self, key: Key) -> int | None:
        """Where it is written."""
        test = self.new.get(key) or self.old.get(key)
        return test.line if test else None

    def moved(self, lost: Collection[Key], free: Collection[Key]) -> dict[Key, Key]:
        """Where lost tests went: each to a free one of the same code, else to that which is most like it, if any is."""
        gone: Tests = {key: self.old[key] for key in sorted(lost) if key in self.old}
        there: Tests = {key: self.new[key] for key in sorted(free) if key in self.new}
        named = _equal(gone, there, lambda key, test: (key.function, test.print))
        gone, there = _without(gone, named.keys()), _without(there, {*named.values()})
        same = _equal(gone, there, lambda _, test: test.print)
        gone, there = _without(gone, same.keys()), _without(there, {*same.values()})
        return named | same | _alike(gone, there)


def _without(tests: Tests, found: Collection[Key]) -> Tests:
    return {key: test for key, test in tests.items() if key not in found}


def _equal(gone: Tests, there: Tests, sign: Callable[[Key, Test], Hashable]) -> dict[Key, Key]:
    """Pairs of tests that have one sign, in order."""
    free: defaultdict[Hashable, deque[Key]] = defaultdict(deque)
    for key, test in there.items():
        free[sign(key, test)].append(key)
    return {key: places.popleft() for key, test in gone.items() if (places := free[sign(key, test)])}


def _alike(gone: Tests, there: Tests) -> dict[Key, Key]:
    """Pairs of tests of which one may be the other that was edited; what is most like another goes first."""
    pairs = islice(_pairs(gone, there), MOST_COMPARED)
    likely = [(score, one, other) for one, other in pairs if (score := _score(one, gone[one], other, there[other]))]
    went: dict[Key, Key] = {}
    taken: set[Key] = set()
    for _, one, other in sorted(likely, key=lambda found: (-found[0], found[1], found[2])):
        if one not in went and other not in taken:
            went[one] = other
            taken.add(other)
    return went


def _pairs(gone: Iterable[Key], there: Collection[Key]) -> Iterator[tuple[Key, Key]]:
    """Every pair: those of one name first, then those of one name without classes."""
    named: defaultdict[str, list[Key]] = defaultdict(list)
    called: defaultdict[str, list[Key]] = defaultdict(list)
    for other in there:
        named[other.name].append(other)
        called[other.function].append(other)
    yield from ((one, other) for one in gone for other in named[one.name])
    yield from ((one, other) for one in gone for other in called[one.function] if one.name != other.name)
    yield from ((one, other) for one in gone for other in there if one.function != other.function)


def _score(one: Key, old: Test, other: Key, new: Test) -> float:
    """From 0, which is not the same test, to 2: almost the same code under the same name."""
    is_named = _is_named(one.function, other.function)
    like = likeness(old.tokens, new.tokens, LIKE_OF_THAT_NAME if is_named else LIKE)
    return like + is_named if like else 0.0


def _is_named(one: str, other: str) -> bool:
    """Whether two names are the same, or one of them says more: `test_total`, `test_total_of_nothing`."""
    short, long = sorted((one, other), key=len)
    return one == other or ("_" in short and long.startswith(f"{short}_"))


def grouped(cases: Cases, files: Files) -> dict[Key, list[str]]:
    """The names of the cases of each test, without those of files as a whole."""
    found: defaultdict[Key, list[str]] = defaultdict(list)
    for name, case in cases.items():
        if case.module:
            found[files.key(case)].append(name)
    return dict(found)


def broken_files(cases: Cases, files: Files) -> dict[str, Case]:
    """Files that could not be collected, and what was said of each."""
    found = ((files.of(case), case) for case in cases.values() if not case.module and case.outcome == "error")
    return {path: case for path, case in found if path}
