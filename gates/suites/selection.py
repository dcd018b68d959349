"""Of the tests that a tree defines, which must run by the project's own options, and which never can."""

import ast
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from gates.suites.defined import Defined
from gates.suites.pytest_config import Config


def required(tests: Iterable[Defined], config: Config) -> list[Defined]:
    """Those that must run by the project's own options: `-m` is understood, other choices make none required."""
    words = config.words("addopts") or []
    if any(word.startswith(("-k", "--deselect")) for word in words):
        return []
    expressions = list(_expressions(words))
    return [test for test in tests if test.is_sure and all(_selected(each, test.marks) for each in expressions)]


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
