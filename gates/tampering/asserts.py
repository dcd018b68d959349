"""What a test asserts: each assertion with what it is worth, and whether it can fail the test at all.

An assertion is worth 0 if it always holds, WEAK if it says little about a value, and otherwise one for each thing that
it compares. The same value on both sides is found through local names as well: `r = f(1)` and `assert r == f(1)`.
"""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gates.tampering.python import Function, Module, last

WEAK = 0.5
ASSERTING = re.compile(r"^_?(assert|check|verify|expect|ensure|validate|compare|should)(_|[A-Z]|$)")
"""Names of functions and methods that assert on behalf of a test."""
WEAK_CALLS = frozenset({"isinstance", "hasattr", "callable", "issubclass", "len", "bool"})
WEAK_METHODS = frozenset({"assertIsNotNone", "assertIsInstance", "assert_called", "assertTrue"})
SAME = frozenset({"assertEqual", "assertIs", "assertEquals", "assertListEqual", "assertDictEqual", "assertAlmostEqual"})
RAISING = frozenset({"raises", "warns", "assertRaises", "assertRaisesRegex", "assertWarns", "assertWarnsRegex"})
SKIPPING = frozenset({"skip", "skipTest", "SkipTest", "xfail", "importorskip"})
CATCHING = frozenset({"AssertionError", "Exception", "BaseException", "Failed"})
EQUAL = (ast.Eq, ast.Is, ast.LtE, ast.GtE, ast.In)
DISPLAY = (ast.Tuple, ast.List, ast.Set)
ANYTHING = frozenset({"unittest.mock.ANY", "mock.ANY", "ANY"})
Names = Mapping[str, ast.expr]


@dataclass(frozen=True, eq=False)
class Assertion:
    """One assertion of a test."""

    node: ast.AST
    text: str
    """Its syntax, as one text."""
    worth: float
    swallowed: bool
    """Whether it is caught, or never reached."""
    raises: bool = False
    """Whether it expects an exception or a warning."""

    @property
    def line(self) -> int:
        """Where it stands."""
        return getattr(self.node, "lineno", 1)


def assertions_of(function: Function, module: Module, helpers: Mapping[str, float]) -> list[Assertion]:
    """Every assertion in a function; `helpers` are functions that assert, and what they are worth."""
    return list(_Reader(module, helpers, _local(function)).block(function.body, swallowed=False))


def _local(function: Function) -> dict[str, ast.expr]:
    """What local names stand for that are given a value once."""
    assigned: dict[str, list[ast.expr]] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            assigned.setdefault(node.targets[0].id, []).append(node.value)
    return {name: values[0] for name, values in assigned.items() if len(values) == 1}


@dataclass(frozen=True)
class _Reader:
    module: Module
    helpers: Mapping[str, float]
    local: Names

    def block(self, body: Sequence[ast.stmt], *, swallowed: bool) -> Iterator[Assertion]:
        """Of statements one after the other; what comes after the end of a block is never reached."""
        for statement in body:
            yield from self._statement(statement, swallowed=swallowed)
            swallowed = swallowed or self._ends(statement)

    def _ends(self, node: ast.stmt) -> bool:
        if isinstance(node, ast.Return | ast.Raise | ast.Continue | ast.Break):
            return True
        return isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and self._stops(node.value)

    def _stops(self, call: ast.Call) -> bool:
        name = self.module.dotted(call.func)
        return name in ("pytest.skip", "pytest.xfail", "sys.exit", "os._exit", "pytest.exit", "self.skipTest")

    def _statement(self, node: ast.stmt, *, swallowed: bool) -> Iterator[Assertion]:
        if isinstance(node, ast.Assert):
            yield Assertion(node, ast.dump(node.test), self._worth(node.test), swallowed)
        elif isinstance(node, Function | ast.ClassDef):
            # counted for where it is defined; whether it is called is not looked into
            yield from self.block(node.body, swallowed=swallowed)
        else:
            yield from self._calls(node, swallowed=swallowed)
            yield from self._nested(node, swallowed=swallowed)

    def _nested(self, node: ast.stmt, *, swallowed: bool) -> Iterator[Assertion]:
        """Of the blocks inside a statement."""
        inside = swallowed
        if isinstance(node, ast.If | ast.While):
            inside = swallowed or _is_false(node.test)
        elif isinstance(node, ast.For | ast.AsyncFor):
            inside = swallowed or _is_empty(node.iter)
        elif isinstance(node, ast.Try | ast.TryStar):
            inside = swallowed or any(map(self._catches, node.handlers))
        elif isinstance(node, ast.With | ast.AsyncWith):
            inside = swallowed or any(map(self._suppresses, node.items))
        yield from self.block(getattr(node, "body", []), swallowed=inside)
        for part in ("orelse", "finalbody"):
            yield from self.block(getattr(node, part, []), swallowed=swallowed)
        for handler in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
            yield from self.block(handler.body, swallowed=swallowed)

    def _catches(self, handler: ast.ExceptHandler) -> bool:
        """Whether it makes a failed assertion disappear."""
        kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type] if handler.type else []
        catches = handler.type is None or any(last(self.module.dotted(kind)) in CATCHING for kind in kinds)
        return catches and not any(_fails(node, self.module) for each in handler.body for node in ast.walk(each))

    def _suppresses(self, item: ast.withitem) -> bool:
        call = item.context_expr
        if not isinstance(call, ast.Call):
            return False
        name, kinds = last(self.module.dotted(call.func)), {last(self.module.dotted(each)) for each in call.args}
        # `raises(Exception)` may be about what is called; `raises(AssertionError)` expects whatever fails
        return bool(kinds & (CATCHING if name == "suppress" else {"AssertionError"})) and name in ("suppress", "raises")

    # -- what is asserted by a call

    def _calls(self, node: ast.stmt, *, swallowed: bool) -> Iterator[Assertion]:
        expressions = [part for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr | ast.withitem)]
        for call in (each for part in expressions for each in ast.walk(part) if isinstance(each, ast.Call)):
            name = self._called(call)
            if name in RAISING:
                looks = len(call.args) > 1 or any(each.arg == "match" for each in call.keywords)
                yield Assertion(call, ast.dump(call), 1.0 + looks, swallowed, raises=True)
            elif (name in self.helpers and _is_own(call.func)) or ASSERTING.match(name):
                yield Assertion(call, ast.dump(call), self._worth_of_call(name, call), swallowed)

    def _called(self, call: ast.Call) -> str:
        return call.func.attr if isinstance(call.func, ast.Attribute) else last(self.module.dotted(call.func))

    def _worth_of_call(self, name: str, call: ast.Call) -> float:
        if name in SAME and len(call.args) > 1:
            left, right = call.args[:2]
            return 0.0 if self._same(left, right) else _parts(left, right)
        if name in ("assertTrue", "assertFalse") and call.args:
            worth = self._worth(call.args[0])
            return worth if name == "assertTrue" or worth else 1.0
        return WEAK if name in WEAK_METHODS else max(1.0, self.helpers.get(name, 1.0))

    # -- what is asserted by an expression

    def _worth(self, test: ast.expr) -> float:
        if isinstance(test, ast.BoolOp):
            parts = [self._worth(value) for value in test.values]
            return sum(parts) if isinstance(test.op, ast.And) else min(parts)
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            return 0.0 if _is_false(test.operand) else 1.0
        if isinstance(test, ast.Compare):
            return self._worth_of_comparison(test)
        if _is_true(test):
            return 0.0
        if isinstance(test, ast.Call) and last(self.module.dotted(test.func)) in WEAK_CALLS:
            return self._worth_of_weak(test)
        return WEAK if isinstance(test, ast.Name | ast.Attribute | ast.Subscript | ast.NamedExpr) else 1.0

    def _worth_of_weak(self, call: ast.Call) -> float:
        about_object = any(isinstance(each, ast.Name) and each.id == "object" for each in call.args[1:])
        constant = bool(call.args) and all(isinstance(each, ast.Constant) for each in call.args)
        return 0.0 if about_object or constant else WEAK

    def _worth_of_comparison(self, test: ast.Compare) -> float:
        left, right, op = test.left, test.comparators[0], test.ops[0]
        if len(test.ops) > 1:
            return float(len(test.ops))
        if isinstance(left, ast.Constant) and isinstance(right, ast.Constant):
            return 0.0
        if isinstance(op, EQUAL) and (self._same(left, right) or self._is_anything(left, right)):
            return 0.0
        if isinstance(op, ast.GtE | ast.Gt) and _never_negative(left) and _is_low(right, op):
            return 0.0 if isinstance(op, ast.GtE) else WEAK
        if isinstance(op, ast.IsNot | ast.NotEq) and isinstance(right, ast.Constant) and right.value in (None, ""):
            return WEAK
        return _parts(left, right)

    def _is_anything(self, *sides: ast.expr) -> bool:
        return any(self.module.dotted(side) in ANYTHING for side in sides)

    def _same(self, left: ast.expr, right: ast.expr) -> bool:
        return bool({ast.dump(left), self._meant(left)} & {ast.dump(right), self._meant(right)})

    def _meant(self, node: ast.expr) -> str:
        """With a local name in place of which its value can be put."""
        value = self.local.get(node.id) if isinstance(node, ast.Name) else None
        return ast.dump(node if value is None or isinstance(value, ast.Constant) else value)


def _is_own(function: ast.expr) -> bool:
    """Whether a call is of a function of the module, or of a method of the same class."""
    if isinstance(function, ast.Attribute):
        return isinstance(function.value, ast.Name) and function.value.id in ("self", "cls")
    return isinstance(function, ast.Name)


def _parts(left: ast.expr, right: ast.expr) -> float:
    """How many things are compared at once."""
    sizes = [len(side.elts) for side in (left, right) if isinstance(side, DISPLAY)]
    sizes += [len(side.keys) for side in (left, right) if isinstance(side, ast.Dict)]
    return float(max([1, *sizes]))


def _is_true(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return bool(node.value)
    if isinstance(node, (*DISPLAY, ast.JoinedStr)):
        return bool(getattr(node, "elts", None) or getattr(node, "values", None))
    return isinstance(node, ast.Lambda) or (isinstance(node, ast.Dict) and bool(node.keys))


def _is_false(node: ast.expr) -> bool:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return _is_true(node.operand)
    return (isinstance(node, ast.Constant) and not node.value) or _is_empty(node)


def _is_empty(node: ast.expr) -> bool:
    """Whether a loop over it never begins."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range" and node.args:
        return len(node.args) == 1 and isinstance(node.args[0], ast.Constant) and node.args[0].value == 0
    return (isinstance(node, DISPLAY) and not node.elts) or (isinstance(node, ast.Dict) and not node.keys)


def _never_negative(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("len", "abs")


def _is_low(node: ast.expr, op: ast.cmpop) -> bool:
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, ast.USub)
    return isinstance(node, ast.Constant) and node.value == 0 and isinstance(op, ast.GtE | ast.Gt)


def _fails(node: ast.AST, module: Module) -> bool:
    """Whether a handler goes on to fail the test."""
    if isinstance(node, ast.Raise | ast.Assert):
        return True
    return isinstance(node, ast.Call) and last(module.dotted(node.func)) in ("fail", *SKIPPING)
