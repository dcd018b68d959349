"""The tests that the files of a tree define, read from their syntax.

What is read is what pytest collects by name and class. Functions made at run time are not known here; those that stand
in a condition may not be there at run time, and are known but not required.
"""

import ast
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from gates.files import read, regular
from gates.paths import is_glob
from gates.subject import Subject
from gates.suites.collected import Function, defines_test, is_suite, last_name, named
from gates.suites.pytest_config import Config
from gates.syntax import parse

NO_TESTS = frozenset({"fixture", "yield_fixture", "property", "cached_property", "overload", "register", "setter"})
"""Decorators of what is no test, whatever its name."""


class Defined(NamedTuple):
    """One test function or method."""

    path: str
    name: str
    """With its classes: `TestPost.test_empty`."""
    first: int
    """The line of its first decorator, or of its `def`."""
    line: int
    """Of its `def`."""
    body: str
    """Its arguments and statements, in a form that does not depend on where it stands."""
    marks: frozenset[str]
    """Of pytest, on it and on what it lies in."""
    is_plain: bool
    """A function that nothing but pytest's marks decorates, nor its class: pytest calls it as it stands."""
    is_sure: bool
    """Not within a condition."""
    scope: int
    """Which list of statements it stands in: two of one name in the same one cannot both run."""

    @property
    def function(self) -> str:
        """Its name without its classes."""
        return self.name.rpartition(".")[2]


class _Scope(NamedTuple):
    """Where a list of statements stands."""

    classes: tuple[str, ...] = ()
    marks: frozenset[str] = frozenset()
    is_plain: bool = True
    is_sure: bool = True
    is_unittest: bool = False


def expected(subject: Subject, paths: Iterable[str], config: Config) -> dict[str, list[Defined]]:
    """The files below the selected paths that pytest collects by their names, and that define a test: with their tests.

    A file that is known to define some, by pytest's own names, may have none that can be read.
    """
    found: dict[str, list[Defined]] = {}
    for path in named(regular(subject), paths, config):
        tree = parse(path, read(subject.root, path))
        tests = defined_in(path, tree, config)
        if tests or defines_test(tree):
            found[path] = tests
    return found


def defined_in(path: str, tree: ast.Module, config: Config) -> list[Defined]:
    """The tests of a file, in order."""
    return list(_Reader(path, config).read(tree.body, _Scope(marks=_assigned(tree.body))))


class _Reader:
    def __init__(self, path: str, config: Config) -> None:
        self._path = path
        self._functions = config.words("python_functions") or ["test"]
        self._classes = config.words("python_classes") or ["Test"]

    def read(self, body: Sequence[ast.stmt], scope: _Scope) -> Iterator[Defined]:
        for node in body:
            if isinstance(node, Function):
                wanted = ["test"] if scope.is_unittest else self._functions
                if _fits(node.name, wanted) and NO_TESTS.isdisjoint(map(last_name, node.decorator_list)):
                    yield self._defined(node, scope, id(body))
            elif isinstance(node, ast.ClassDef):
                yield from self._class(node, scope)
            else:
                for block in _blocks(node):
                    yield from self.read(block, scope._replace(is_sure=False))

    def _class(self, node: ast.ClassDef, scope: _Scope) -> Iterator[Defined]:
        is_unittest = is_suite(node) and not node.name.startswith("Test")
        if not (is_unittest or _fits(node.name, self._classes)) or is_no_test(node.body):
            return
        # a base or a decorator may wrap every method
        plain = not (node.bases or node.keywords) and all(map(_mark, node.decorator_list))
        inner = _Scope(
            classes=(*scope.classes, node.name),
            marks=scope.marks | _marks(node.decorator_list) | _assigned(node.body),
            is_plain=scope.is_plain and plain,
            is_sure=scope.is_sure,
            is_unittest=is_unittest,
        )
        yield from self.read(node.body, inner)

    def _defined(self, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: _Scope, block: int) -> Defined:
        plain = isinstance(node, ast.FunctionDef) and all(map(_mark, node.decorator_list))
        return Defined(
            path=self._path,
            name=".".join((*scope.classes, node.name)),
            first=min([node.lineno, *(each.lineno for each in node.decorator_list)]),
            line=node.lineno,
            body=_text(node),
            marks=scope.marks | _marks(node.decorator_list),
            is_plain=scope.is_plain and plain,
            is_sure=scope.is_sure,
            scope=block,
        )


def _text(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """Arguments and statements as text, comments and layout left out."""
    try:
        return "\n".join([ast.unparse(node.args), *map(ast.unparse, node.body)])
    except RecursionError:
        return f"too deep, {node.name}"


def _fits(name: str, patterns: Iterable[str]) -> bool:
    """As pytest does: a prefix, or a glob."""
    return any(fnmatchcase(name, pattern) if is_glob(pattern) else name.startswith(pattern) for pattern in patterns)


def _blocks(node: ast.stmt) -> Iterator[list[ast.stmt]]:
    """The statements inside of `if`, `try`, `with` and the like, block by block."""
    for name in ("body", "orelse", "finalbody"):
        if block := getattr(node, name, None):
            yield block
    for handler in getattr(node, "handlers", ()):
        yield handler.body


def is_no_test(body: Iterable[ast.stmt]) -> bool:
    """`__test__ = False`, by which a class says that it is none."""
    return any(
        isinstance(node, ast.Assign)
        and any(isinstance(target, ast.Name) and target.id == "__test__" for target in node.targets)
        and isinstance(node.value, ast.Constant)
        and not node.value.value
        for node in body
    )


def _assigned(body: Iterable[ast.stmt]) -> frozenset[str]:
    """Marks of a whole module or class: `pytestmark = pytest.mark.slow`, or a list of them."""
    values = [
        node.value
        for node in body
        if isinstance(node, ast.Assign)
        and any(isinstance(target, ast.Name) and target.id == "pytestmark" for target in node.targets)
    ]
    marks = [mark for value in values for mark in (value.elts if isinstance(value, ast.List | ast.Tuple) else [value])]
    return _marks(marks)


def _marks(nodes: Iterable[ast.expr]) -> frozenset[str]:
    return frozenset(filter(None, map(_mark, nodes)))


def _mark(node: ast.expr) -> str | None:
    """`slow` of `pytest.mark.slow`, or of a call of it."""
    if isinstance(node, ast.Call):
        node = node.func
    is_mark = isinstance(node, ast.Attribute) and last_name(node.value) == "mark"
    return last_name(node) if is_mark else None
