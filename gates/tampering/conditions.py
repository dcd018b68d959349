"""What code stands under, and whether such a condition holds: as the Python and the system that gates run on tell."""

import ast
import operator
import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from gates.tampering.python import Function, Module
from gates.tampering.truth import truth

Under = tuple[ast.AST, ...]
"""What something stands under: tests of `if`, errors that are caught, patterns, what loops go over."""

KNOWN: Mapping[str, Any] = {
    "sys.platform": sys.platform,
    "os.name": os.name,
    "sys.version_info": tuple(sys.version_info[:3]),
    "sys.implementation.name": sys.implementation.name,
    "typing.TYPE_CHECKING": False,
}
COMPARE: Mapping[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le,
    ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Is: operator.is_, ast.IsNot: operator.is_not,
    ast.In: lambda one, many: one in many, ast.NotIn: lambda one, many: one not in many,
}  # fmt: skip


class Unknown(Exception):
    """Raised for whatever cannot be told without running it."""


def holds(condition: ast.expr, module: Module) -> bool | None:
    """Whether a condition of a mark holds here; None if that cannot be told. A text is one as well, for pytest."""
    meant = module.meant(condition)
    if isinstance(meant, ast.Constant) and isinstance(meant.value, str):
        try:
            meant = ast.parse(meant.value, mode="eval").body
        except SyntaxError:
            return None
    return _told(meant, module)


def known(test: ast.expr, module: Module) -> bool | None:
    """Whether the test of an `if` holds here; None if that cannot be told."""
    always = truth(test)
    return _told(test, module) if always is None else always


def placed(top: Iterable[ast.AST], *, inner: bool = False) -> Iterator[tuple[ast.AST, Under]]:
    """Every node with what it stands under; `inner`: also those of functions inside."""
    waiting = deque[tuple[ast.AST, Under]]((node, ()) for node in top)
    while waiting:
        node, under = waiting.popleft()
        yield node, under
        if inner or not isinstance(node, Function | ast.ClassDef | ast.Lambda):
            for part, value in ast.iter_fields(node):
                below = (*under, *_about(node, part))
                each_of = value if isinstance(value, list) else [value]
                waiting += ((each, below) for each in each_of if isinstance(each, ast.AST))


def _about(node: ast.AST, part: str) -> Under:
    """What must hold for one part of a node to be come to."""
    if isinstance(node, ast.If | ast.While | ast.IfExp) and part in ("body", "orelse"):
        return (node.test if part == "body" else ast.UnaryOp(ast.Not(), node.test),)
    if isinstance(node, ast.For | ast.AsyncFor) and part == "body":
        return (node.iter,)
    if isinstance(node, ast.ExceptHandler) and part == "body":
        return (node.type or ast.Name("BaseException"),)
    if isinstance(node, ast.Match) and part == "cases":
        return (ast.Starred(node.subject),)  # no condition, but it tells two of them apart
    if isinstance(node, ast.match_case) and part == "body":
        return (node.pattern, *([node.guard] if node.guard else ()))
    return ()


def may_hold(under: Under, module: Module) -> bool:
    """Whether what stands under all that may be come to here."""
    return not any(isinstance(each, ast.expr) and known(each, module) is False for each in under)


def _told(condition: ast.expr, module: Module) -> bool | None:
    try:
        return bool(_value(condition, module))
    except (Unknown, TypeError, ValueError, IndexError, KeyError, RecursionError):
        return None


def _value(node: ast.AST, module: Module) -> Any:  # noqa: ANN401 - of a condition
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name | ast.Attribute):
        return _named(node, module)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return not _value(node.operand, module)
    if isinstance(node, ast.BoolOp):
        values = [_value(each, module) for each in node.values]
        return all(values) if isinstance(node.op, ast.And) else any(values)
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        return COMPARE[type(node.ops[0])](_operand(node.left, module), _operand(node.comparators[0], module))
    return _called(node, module)


def _operand(node: ast.AST, module: Module) -> Any:  # noqa: ANN401
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return tuple(_operand(each, module) for each in node.elts)
    return _value(node, module)


def _named(node: ast.AST, module: Module) -> Any:  # noqa: ANN401
    name = module.dotted(node)
    if name in KNOWN:
        return KNOWN[name]
    given = [
        each.value
        for each in module.tree.body
        if isinstance(each, ast.Assign) and any(getattr(target, "id", None) == name for target in each.targets)
    ]
    if len(given) == 1 and not (isinstance(given[0], ast.Name) and given[0].id == name):
        return _value(given[0], module)
    raise Unknown(name)


def _called(node: ast.AST, module: Module) -> Any:  # noqa: ANN401
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "startswith":
        return str(_value(node.func.value, module)).startswith(str(_operand(node.args[0], module)))
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return _value(node.value, module)[node.slice.value]
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
        ends = [None if each is None else _operand(each, module) for each in (node.slice.lower, node.slice.upper)]
        return _value(node.value, module)[slice(*ends)]
    raise Unknown(type(node).__name__)
