"""Of the tests that a tree defines, which must run by the project's own options, and which never can."""

import ast
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from gates.suites.collected import values
from gates.suites.defined import Defined
from gates.suites.pytest_config import Config


def required(tests: Iterable[Defined], config: Config) -> list[Defined]:
    """Those that must run by the project's own options: `-m` and `--deselect` are understood, `-k` requires none."""
    words = config.words("addopts") or []
    if any(word.startswith("-k") for word in words):
        return []
    expressions = list(_expressions(words))
    certain = [test for test in left(tests, config) if test.is_sure]
    return [test for test in certain if all(_selected(each, test.marks) for each in expressions)]


def left(tests: Iterable[Defined], config: Config) -> list[Defined]:
    """Those that `--deselect` leaves to be run, with all of their parameters."""
    nodes = [node for node in values(config.words("addopts") or (), "--deselect") if node]
    return [test for test in tests if not any(_is_of(test, node) for node in nodes)]


def _is_of(test: Defined, node: str) -> bool:
    """As pytest does, by the beginning; or the node is one of the test's own parameters, which may be all it has."""
    own = "::".join((test.path, *test.name.split(".")))
    return own.startswith(node) or node.startswith(f"{own}[")


def _expressions(words: Sequence[str]) -> Iterator[str]:
    for word, following in pairwise([*words, ""]):
        if word == "-m":
            yield following
        elif word.startswith("-m") and not word.startswith("--"):
            yield word.removeprefix("-m").removeprefix("=")


def _selected(expression: str, marks: frozenset[str]) -> bool:
    """Whether an expression of marks is true; one that we do not understand is not."""
    try:
        return _value(ast.parse(expression.strip(), mode="eval").body, marks)
    except (SyntaxError, ValueError):
        return False


def _value(node: ast.expr, marks: frozenset[str]) -> bool:
    match node:
        case ast.Name():
            return node.id in marks
        case ast.UnaryOp(op=ast.Not()):
            return not _value(node.operand, marks)
        case ast.BoolOp(op=ast.And()):
            return all(_value(each, marks) for each in node.values)
        case ast.BoolOp():
            return any(_value(each, marks) for each in node.values)
    raise ValueError("not an expression of names")


def shadowed(tests: Iterable[Defined]) -> list[Defined]:
    """Tests after which another one of the same name is defined in the same place: the first never runs."""
    last = {(test.path, test.name, test.scope): test for test in tests}
    return [test for test in tests if last[test.path, test.name, test.scope] != test]
