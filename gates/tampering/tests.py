"""The tests of a file of Python: which are collected, and what each of them is made of."""

import ast
import keyword
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import PurePosixPath

from gates.paths import TEST_FOLDERS, matcher
from gates.suites.collected import NORECURSE, PYTHON_FILES
from gates.suites.defined import is_no_test
from gates.suites.pytest_config import Config
from gates.tampering.asserts import ASSERTING, RAISING, Assertion, assertions_of
from gates.tampering.python import Function, Module, last, refused_when_deep
from gates.tampering.rebound import set_again
from gates.tampering.skips import Skip, listed, marks_among, pytestmark, skips_of, texts
from gates.tampering.truth import number

PARAMETRIZE = ("parametrize",)
WORDS = re.compile(r"\w+")
HARNESS = RAISING | frozenset({"", "approx", "mark", "parametrize", "param", "usefixtures", "fixture"})
FILLERS = frozenset({*keyword.kwlist, "self", *map(str, range(10))})
"""Words that any two tests may share."""


@dataclass(frozen=True, eq=False)
class _File:
    """What the tests of a file have in common."""

    module: Module
    helpers: Mapping[str, float]

    @cached_property
    def marks(self) -> tuple[ast.expr, ...]:
        """Those of the module."""
        return tuple(pytestmark(self.module.tree.body, self.module))

    @cached_property
    def fixtures(self) -> dict[str, Function]:
        """Those that are made here, by their names."""
        return {node.name: node for node in self.module.outer_functions() if _is_fixture(node)}


@dataclass(frozen=True, eq=False)
class Test:
    """One test function."""

    file: _File
    node: Function
    owners: tuple[ast.ClassDef, ...]
    """The class that it is a method of, behind those around it."""
    under: tuple[ast.expr, ...]
    """Conditions under which it is defined at all."""

    @property
    def module(self) -> Module:
        """The file, as it was read."""
        return self.file.module

    @property
    def path(self) -> str:
        """The file."""
        return self.module.path

    @cached_property
    def owner(self) -> str:
        """The names of its classes; empty for none."""
        return "::".join(each.name for each in self.owners)

    @property
    def name(self) -> str:
        """As pytest names it: `TestMoney::test_add`."""
        return f"{self.owner}::{self.node.name}" if self.owner else self.node.name

    @property
    def line(self) -> int:
        """Where it stands."""
        return self.node.lineno

    @cached_property
    def segment(self) -> str:
        """Its text, decorators included, and the conditions that it is under."""
        first = min([self.node.lineno, *(each.lineno for each in self.node.decorator_list)])
        text = self.module.segment(first, self.node.end_lineno or self.node.lineno)
        return "\n".join([*map(ast.unparse, self.under), text])

    @cached_property
    def body(self) -> str:
        """Its text without its name and decorators, and without how it is laid out."""
        first = self.node.body[0].lineno
        return " ".join(self.module.segment(first, self.node.end_lineno or first).split())

    @cached_property
    def words(self) -> frozenset[str]:
        """The words of its body and of its decorators; by them two tests are alike."""
        return frozenset(WORDS.findall(self.segment)) - FILLERS

    @cached_property
    def assertions(self) -> list[Assertion]:
        """What it asserts."""
        return assertions_of(self.node, self.module, self.file.helpers)

    @cached_property
    def worth(self) -> float:
        """What its assertions that can fail are worth, all together."""
        return sum(each.worth for each in self.assertions if not each.swallowed)

    @cached_property
    def calls(self) -> frozenset[str]:
        """Last names of whatever it calls or takes an attribute of, but for what every test is made with."""
        nodes = list(ast.walk(self.node))
        called = {last(self.module.dotted(node.func)) for node in nodes if isinstance(node, ast.Call)}
        taken = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
        return frozenset(name for name in called | taken if name not in HARNESS and not ASSERTING.match(name))

    @cached_property
    def skips(self) -> list[Skip]:
        """What keeps it from running: its own decorators, calls in its body, and conditions that it is under."""
        around = [Skip(f"if {texts((each,))}", each.lineno, "if", each, negated=True) for each in self.under]
        return [*skips_of(self.node, self.module), *around]

    @cached_property
    def cases(self) -> int | None:
        """How many cases it is run with; None if that cannot be told from its text."""
        marks = [call for each in self._marks if (call := _parametrize(each, self.module))]
        given = {name for call in marks for name in _arguments(call)}
        counts = [_count(call, self.module, "argvalues") for call in marks]
        counts += [_count(call, self.module, "params") for call in self._fixtures(given)]
        known = [each for each in counts if each is not None]
        return math.prod(known) if len(known) == len(counts) else None

    @property
    def _marks(self) -> Iterator[ast.expr]:
        """Those of its own, of its classes, and of the module."""
        yield from self.node.decorator_list
        for each in self.owners:
            yield from (*each.decorator_list, *pytestmark(each.body, self.module))
        yield from self.file.marks

    def _fixtures(self, given: set[str]) -> Iterator[ast.Call]:
        """Fixtures of the file with cases of their own that it uses, itself or by others; `given`: what marks give."""
        known = self.file.fixtures
        waiting, seen = [self.node], set(given)
        while waiting:
            names = {each.arg for each in ast.walk(waiting.pop().args) if isinstance(each, ast.arg)} - seen
            seen |= names
            for node in (known[name] for name in names & known.keys()):
                waiting.append(node)
                calls = (each for each in node.decorator_list if isinstance(each, ast.Call))
                yield from (each for each in calls if any(one.arg == "params" for one in each.keywords))

    @cached_property
    def is_empty(self) -> bool:
        """Whether its body does nothing at all."""
        return all(_does_nothing(each) for each in self.node.body)


def is_collected(path: str, config: Config) -> bool:
    """Whether pytest takes a file for tests by its name, and comes to where it lies."""
    *folders, _ = PurePosixPath(path).parts
    names, skipped = config.words("python_files") or PYTHON_FILES, config.words("norecursedirs") or NORECURSE
    if not any(PurePosixPath(path).match(name) for name in names):
        return False
    if any(fnmatchcase(folder, pattern) for folder in folders for pattern in skipped):
        return False
    roots = [root.removeprefix("./").rstrip("/") for root in config.words("testpaths") or ()]
    return not roots or any(
        root in ("", ".") or f"{path}/".startswith(f"{root}/") or matcher([root])(path) for root in roots
    )


def is_testing(path: str, config: Config) -> bool:
    """Whether a file has to do with tests: it is one, or lies beside them."""
    *folders, name = PurePosixPath(path).parts
    return not TEST_FOLDERS.isdisjoint(folders) or name == "conftest.py" or is_collected(path, config)


def tests_of(module: Module) -> dict[str, Test]:
    """Name -> test, of all that pytest collects: a later one of the same name takes the place of the first."""
    if _is_no_test(module.tree.body):
        return {}
    file = _File(module, helpers_of(module) | dict.fromkeys(_idle(module), 0.0))
    with refused_when_deep(module):
        found = [Test(file, *each) for each in _collected(module.tree.body, (), ())]
    gone = set_again(module)
    return {
        test.name: test
        for test in found
        if gone.get(test.node.name, 0) <= test.line and gone.get(test.owner.partition("::")[0], 0) <= test.line
    }


def _is_no_test(body: Sequence[ast.stmt]) -> bool:
    """`__test__ = False`, also with a type."""
    typed = [node for node in body if isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") == "__test__"]
    return is_no_test(body) or any(isinstance(each.value, ast.Constant) and not each.value.value for each in typed)


def _collected(
    body: Iterable[ast.stmt], owners: tuple[ast.ClassDef, ...], under: tuple[ast.expr, ...]
) -> Iterator[tuple[Function, tuple[ast.ClassDef, ...], tuple[ast.expr, ...]]]:
    for node in body:
        if isinstance(node, Function) and _is_test(node):
            yield node, owners, under
        elif isinstance(node, ast.ClassDef) and _is_suite(node):
            yield from _collected(node.body, (*owners, node), under)
        elif isinstance(node, ast.If):
            otherwise = ast.copy_location(ast.UnaryOp(ast.Not(), node.test), node.test)
            yield from _collected(node.body, owners, (*under, node.test))
            yield from _collected(node.orelse, owners, (*under, otherwise))
        elif isinstance(node, ast.Try | ast.With):
            yield from _collected([*node.body, *getattr(node, "orelse", ())], owners, under)


def _is_test(node: Function) -> bool:
    return node.name.startswith("test") and not _is_fixture(node)


def _is_fixture(node: Function) -> bool:
    return any("fixture" in ast.dump(each) for each in node.decorator_list)


def _is_suite(node: ast.ClassDef) -> bool:
    case = any(ast.unparse(base).endswith(("TestCase", "Case", "Base", "Tests", "Mixin")) for base in node.bases)
    if not (node.name.startswith("Test") or case) or _is_no_test(node.body):
        return False
    return case or not any(isinstance(each, Function) and each.name in ("__init__", "__new__") for each in node.body)


def fixtures_of(module: Module) -> set[str]:
    """Names of a module's fixtures."""
    return set(_File(module, {}).fixtures)


def helpers_of(module: Module, *, every: bool = False) -> dict[str, float]:
    """Functions of a module that are no tests, and what one call of them asserts; `every`: also those without any."""
    found: dict[str, float] = {}
    for node in module.outer_functions():
        if not _is_test(node) and (every or any(isinstance(each, ast.Assert) for each in ast.walk(node))):
            own = [each for each in assertions_of(node, module, {}) if not each.swallowed]
            found[node.name] = sum(each.worth * (0.5 if each.conditional else 1.0) for each in own)
    return found


def _idle(module: Module) -> Iterator[str]:
    """Functions that assert nothing, and call nothing that could."""
    for node in module.outer_functions():
        if not any(
            isinstance(each, ast.Assert | ast.Call | ast.Raise) for part in node.body for each in ast.walk(part)
        ):
            yield node.name


def _parametrize(mark: ast.expr, module: Module) -> ast.Call | None:
    meant = module.meant(mark)
    is_call = isinstance(meant, ast.Call) and last(module.dotted(meant.func)) in PARAMETRIZE
    return meant if is_call and isinstance(meant, ast.Call) else None


def _arguments(call: ast.Call) -> list[str]:
    """The names that a parametrize gives values to."""
    named = [*call.args[:1], *(each.value for each in call.keywords if each.arg == "argnames")]
    return [name for each in named for part in ast.walk(each) if isinstance(part, ast.Constant)
            for name in WORDS.findall(str(part.value))]  # fmt: skip


def _count(call: ast.Call, module: Module, name: str) -> int | None:
    """The cases of one parametrize, or of one fixture, that run."""
    named = [each.value for each in call.keywords if each.arg == name]
    values = named[0] if named else call.args[1] if len(call.args) > 1 else None
    values = module.meant(values) if values else None
    taken: slice | None = slice(None)
    if isinstance(values, ast.Subscript) and isinstance(values.slice, ast.Slice):
        taken, values = _slice(values.slice), module.meant(values.value)
    if taken is None or not isinstance(values, ast.List | ast.Tuple | ast.Set):
        return None
    if any(isinstance(each, ast.Starred) for each in values.elts):
        return None
    # the same case twice is one
    return len({ast.dump(each) for each in values.elts[taken] if not _marked(each, module)})


def _slice(node: ast.Slice) -> slice | None:
    """A slice whose ends are whole numbers; None if they are none."""
    ends = [each and number(each) for each in (node.lower, node.upper, node.step)]
    given = [each is not None for each in (node.lower, node.upper, node.step)]
    known = all(isinstance(end, float) and end.is_integer() for end, stated in zip(ends, given, strict=True) if stated)
    if not known or ends[2] == 0:
        return None
    return slice(*(int(end) if isinstance(end, float) else None for end in ends))


def _marked(case: ast.expr, module: Module) -> bool:
    """Whether a `pytest.param` is skipped, or expected to fail, whatever holds or as it is here."""
    given = [each.value for each in case.keywords if each.arg == "marks"] if isinstance(case, ast.Call) else []
    marks = [mark for each in given for mark in listed(each, module)]
    return any(skip.here(module) for skip in marks_among(marks, module))


def _does_nothing(node: ast.stmt) -> bool:
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Return) and not isinstance(node.value, ast.Call))
