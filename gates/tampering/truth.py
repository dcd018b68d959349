"""What an expression comes to whatever is tested: values that are always true, and numbers that can be worked out."""

import ast
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

DISPLAY = (ast.Tuple, ast.List, ast.Set)
EMPTY = ("list", "tuple", "set", "frozenset", "dict", "str", "bool")
"""Calls that give what is empty without arguments."""
COMPARE: Mapping[type[ast.cmpop], Callable[[Any, Any], object]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Is: operator.eq, ast.IsNot: operator.ne,
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
}  # fmt: skip
MATHS: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Pow: math.pow,
}  # fmt: skip


def truth(node: ast.expr) -> bool | None:
    """Whether an expression is always true or never is; None where that depends on what it is about."""
    if isinstance(node, ast.Constant):
        return bool(node.value)
    if isinstance(node, ast.Lambda | ast.GeneratorExp):
        return True
    if isinstance(node, (*DISPLAY, ast.Dict, ast.JoinedStr)):
        return _of_display(node)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        inside = truth(node.operand)
        return None if inside is None else not inside
    if isinstance(node, ast.NamedExpr):
        return truth(node.value)
    return _of_parts(node)


def _of_display(node: ast.expr) -> bool | None:
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(each, ast.Constant) for each in node.values) or None
    parts = node.keys if isinstance(node, ast.Dict) else getattr(node, "elts", [])
    known = [each for each in parts if each is not None and not isinstance(each, ast.Starred)]
    return True if known else None if parts else False


def _of_parts(node: ast.expr) -> bool | None:
    if isinstance(node, ast.BoolOp):
        decides = isinstance(node.op, ast.Or)
        values = [truth(each) for each in node.values]
        if decides in values:
            return decides
        return None if None in values else not decides
    if isinstance(node, ast.IfExp):
        chosen = {True: [node.body], False: [node.orelse], None: [node.body, node.orelse]}[truth(node.test)]
        found = {truth(each) for each in chosen}
        return found.pop() if len(found) == 1 else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr | ast.Add):
        # a number that is added to a yes or no, and a yes that is joined with one
        added = (number(node.left), number(node.right)) if isinstance(node.op, ast.Add) else ()
        return True if any(added) or True in (_flag(node.left), _flag(node.right)) else None
    if isinstance(node, ast.Compare):
        return _of_constants(node)
    return _of_call(node) if isinstance(node, ast.Call) else None


def _flag(node: ast.expr) -> bool | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, bool) else None


def _of_constants(node: ast.Compare) -> bool | None:
    """Of constants alone; a chain holds where each of its links does."""
    sides = [node.left, *node.comparators]
    if isinstance(node.ops[0], ast.In) and isinstance(node.left, ast.Constant) and node.left.value in ("", b""):
        return True
    if not all(isinstance(each, ast.Constant) for each in sides):
        return None
    try:
        pairs = zip(node.ops, sides, sides[1:], strict=False)
        return all(COMPARE[type(op)](getattr(one, "value", 0), getattr(two, "value", 0)) for op, one, two in pairs)
    except (KeyError, TypeError):
        return None


def _of_call(node: ast.Call) -> bool | None:
    """Of builtins that say something of their arguments; `str` of anything is a text."""
    name = getattr(node.func, "id", getattr(node.func, "attr", ""))
    if not node.args:
        return False if name in EMPTY and not node.keywords and isinstance(node.func, ast.Name) else None
    first = node.args[0]
    if isinstance(node.func, ast.Attribute):
        starts = name in ("startswith", "endswith") and isinstance(first, ast.Constant) and first.value == ""
        return True if starts else None
    if name in (*EMPTY, "repr"):
        # a text of a yes or no is never empty
        of_text = name == "repr" or (name == "str" and isinstance(first, ast.Compare | ast.BoolOp))
        return True if of_text else truth(first) if name != "str" else None
    return _of_all(name, first)


def _of_all(name: str, first: ast.expr) -> bool | None:
    inside = [truth(each) for each in first.elts] if isinstance(first, DISPLAY) else None
    if name == "any" and inside is not None:
        return True if True in inside else None
    if name == "all":
        return True if (inside is not None and set(inside) <= {True}) or _of_nothing(first) else None
    return None


def _of_nothing(node: ast.expr) -> bool:
    """Whether a comprehension goes over something that is empty."""
    return isinstance(node, ast.GeneratorExp | ast.ListComp) and any(is_empty(each.iter) for each in node.generators)


def is_empty(node: ast.expr) -> bool:
    """Whether a loop over it never begins."""
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "range":
        ends = [number(each) for each in node.args]
        known = [int(each) for each in ends if each is not None and math.isfinite(each)]
        return len(known) == len(ends) > 0 and not range(*known[:2])
    return isinstance(node, (*DISPLAY, ast.Dict, ast.Call)) and truth(node) is False


def number(node: ast.expr) -> float | None:
    """The value of an expression that is made of numbers alone: `10**9`, `float("inf")`."""
    try:
        return _number(node)
    except (ArithmeticError, ValueError, TypeError):
        return None


def _number(node: ast.expr) -> float | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        return float(node.value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inside = _number(node.operand)
        return None if inside is None else -inside
    if isinstance(node, ast.BinOp) and type(node.op) in MATHS:
        left, right = _number(node.left), _number(node.right)
        return None if left is None or right is None else MATHS[type(node.op)](left, right)
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "float" and len(node.args) == 1:
        return float(ast.literal_eval(node.args[0]))
    return math.inf if isinstance(node, ast.Attribute) and node.attr == "inf" else None
