"""What an assertion is worth: 0 if it always holds, WEAK if it says little about a value, else one for each thing.

The same value on both sides is found through local names as well: `r = f(1)` and `assert r == f(1)`.
"""

import ast
from collections.abc import Mapping, Sequence
from itertools import pairwise

from gates.tampering.python import Module, last
from gates.tampering.truth import DISPLAY, truth

WEAK = 0.5
WEAK_CALLS = frozenset({"isinstance", "hasattr", "callable", "issubclass", "len", "bool"})
EQUAL = (ast.Eq, ast.Is, ast.LtE, ast.GtE, ast.In)
ANYTHING = frozenset({"unittest.mock.ANY", "mock.ANY", "ANY"})
Names = Mapping[str, ast.expr]


class Scale:
    """Weighs what the tests of a module assert.

    `local` is what names stand for that are given a value once, `doing` are lines on which anything may have changed:
    a value that was taken before and is taken again behind them is compared with what it was.
    """

    def __init__(self, module: Module, local: Names, doing: Sequence[int]) -> None:
        self._module, self._local, self._doing = module, local, doing

    def of(self, test: ast.expr) -> float:
        """Of what has to be true."""
        if truth(test) is True:
            return 0.0
        if isinstance(test, ast.BoolOp):
            parts = [self.of(value) for value in test.values]
            return sum(parts) if isinstance(test.op, ast.And) else min(parts)
        if isinstance(test, ast.Compare):
            sides = [test.left, *test.comparators]
            links = zip(test.ops, pairwise(sides), strict=True)
            return sum(self._compared(op, left, right) for op, (left, right) in links)
        if isinstance(test, ast.Call) and last(self._module.dotted(test.func)) in WEAK_CALLS:
            return self._weak(test)
        return WEAK if isinstance(test, ast.Name | ast.Attribute | ast.Subscript | ast.NamedExpr) else 1.0

    def same(self, left: ast.expr, right: ast.expr) -> bool:
        """Whether two expressions are the same one."""
        return bool({ast.dump(left), self._meant(left)} & {ast.dump(right), self._meant(right)})

    def parts(self, left: ast.expr, right: ast.expr) -> float:
        """How many things are compared at once; what is equal to anything is none."""
        sizes = [self._size(side) for side in (left, right)]
        return 0.0 if 0 in sizes else float(max([1, *(size for size in sizes if size is not None)]))

    def _size(self, side: ast.expr) -> float | None:
        if self._is_anything(side):
            return 0
        if not isinstance(side, (*DISPLAY, ast.Dict)):
            return None
        values = side.values if isinstance(side, ast.Dict) else side.elts
        # a yes in a row of them says as much as it does by itself
        told = sum(WEAK if _is_flag(each) else 1.0 for each in values if not self._is_anything(each))
        # to compare with an empty one says that there is nothing
        return told if values else 1

    def _compared(self, op: ast.cmpop, left: ast.expr, right: ast.expr) -> float:
        if isinstance(left, ast.Constant) and isinstance(right, ast.Constant):
            return 0.0
        if isinstance(op, EQUAL) and self.same(left, right):
            return 0.0
        if isinstance(op, ast.GtE | ast.Gt) and _never_negative(left) and _is_low(right, op):
            return 0.0 if isinstance(op, ast.GtE) else WEAK
        if isinstance(left, ast.Call) and (weak := _of_kind(left)) is not None:
            return weak
        if isinstance(op, ast.IsNot | ast.NotEq) and isinstance(right, ast.Constant) and right.value in (None, ""):
            return WEAK
        return self.parts(left, right) if isinstance(op, EQUAL) else 1.0

    def _weak(self, call: ast.Call) -> float:
        about_object = any(isinstance(each, ast.Name) and each.id == "object" for each in call.args[1:])
        constant = bool(call.args) and all(isinstance(each, ast.Constant) for each in call.args)
        return 0.0 if about_object or constant else WEAK

    def _is_anything(self, side: ast.expr) -> bool:
        return self._module.dotted(side) in ANYTHING

    def _meant(self, node: ast.expr) -> str:
        """With a local name in place of which its value can be put."""
        value = self._local.get(node.id) if isinstance(node, ast.Name) else None
        if value is not None and any((value.end_lineno or value.lineno) < line < node.lineno for line in self._doing):
            return ast.dump(node)
        return ast.dump(node if value is None or isinstance(value, ast.Constant) else value)


def _is_flag(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, bool)


def _of_kind(call: ast.Call) -> float | None:
    """Of `type(value) == int`, and of the length of what the test itself has put together."""
    name = getattr(call.func, "id", "")
    if name == "type":
        return WEAK
    return 0.0 if name == "len" and call.args and isinstance(call.args[0], (*DISPLAY, ast.Dict)) else None


def _never_negative(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("len", "abs")


def _is_low(node: ast.expr, op: ast.cmpop) -> bool:
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, ast.USub)
    return isinstance(node, ast.Constant) and node.value == 0 and isinstance(op, ast.GtE | ast.Gt)
