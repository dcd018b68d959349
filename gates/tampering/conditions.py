"""Whether a condition of a skip holds: what can be told of it from the Python and the system that gates run on."""

import ast
import operator
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

from gates.tampering.python import Module

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
    """Whether a condition holds here; None if that cannot be told."""
    try:
        return bool(_value(condition, module))
    except (Unknown, TypeError, ValueError, IndexError, KeyError, RecursionError):
        return None


def _value(node: ast.AST, module: Module) -> Any:  # noqa: ANN401 - of a condition
    if isinstance(node, ast.Constant):
        return _text(node.value, module) if isinstance(node.value, str) else node.value
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


def _text(text: str, module: Module) -> Any:  # noqa: ANN401
    """Pytest takes a text for a condition as well."""
    try:
        return _value(ast.parse(text, mode="eval").body, module)
    except SyntaxError:
        raise Unknown(text) from None
