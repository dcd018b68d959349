"""What a test asserts: each assertion with what it is worth, and whether it can fail the test at all."""

import ast
import builtins
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from gates.tampering.conditions import known, may_hold, placed
from gates.tampering.contexts import CATCHING, catches, leaves_finally, swallows
from gates.tampering.python import Function, Module, last, refused_when_deep
from gates.tampering.truth import is_empty, truth
from gates.tampering.worth import WEAK, Names, Scale

ASSERTING = re.compile(r"^_?(assert|check|verify|expect|ensure|validate|compare|should)(_|[A-Z]|$)")
"""Names of functions and methods that assert on behalf of a test."""
WEAK_METHODS = frozenset({"assertIsNotNone", "assertIsInstance", "assert_called", "assertTrue"})
SAME = frozenset({"assertEqual", "assertIs", "assertEquals", "assertListEqual", "assertDictEqual", "assertAlmostEqual"})
RAISING = frozenset({"raises", "warns", "assertRaises", "assertRaisesRegex", "assertWarns", "assertWarnsRegex"})
SKIPPING = frozenset({"skip", "skipTest", "SkipTest", "xfail", "importorskip"})
STOPPING = frozenset({"pytest.skip", "pytest.xfail", "sys.exit", "os._exit", "pytest.exit", "self.skipTest"})


@dataclass(frozen=True, eq=False)
class Assertion:
    """One assertion of a test."""

    node: ast.AST
    text: str
    """Its syntax, as one text."""
    worth: float
    swallowed: bool
    """Whether it is caught, or never reached."""
    conditional: bool = False
    """Whether it is reached under a condition alone of which nothing is known."""
    raises: bool = False
    """Whether it expects an exception or a warning."""

    @property
    def line(self) -> int:
        """Where it stands."""
        return getattr(self.node, "lineno", 1)


def assertions_of(function: Function, module: Module, helpers: Mapping[str, float]) -> list[Assertion]:
    """Every assertion in a function; `helpers` are functions that assert, and what they are worth.

    Raises Unmeasurable for code that is nested too deeply to be followed, as of hundreds of `elif`.
    """
    reader = _Reader(module, helpers, _local(function), _doing(function), _uncalled(function))
    with refused_when_deep(module):
        return list(reader.block(function.body, _Reached()))


def _uncalled(function: Function) -> frozenset[str]:
    """Functions inside of it that it never names again, and that nothing decorates."""
    inside = {each.name for each in ast.walk(function) if isinstance(each, Function) and not each.decorator_list}
    named = {each.id for each in ast.walk(function) if isinstance(each, ast.Name)}
    return frozenset(inside - named - {function.name})


def _local(function: Function) -> dict[str, ast.expr]:
    """What local names stand for that are given a value once."""
    assigned: dict[str, list[ast.expr]] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            assigned.setdefault(node.targets[0].id, []).append(node.value)
    return {name: values[0] for name, values in assigned.items() if len(values) == 1}


def _doing(function: Function) -> tuple[int, ...]:
    """Lines on which something is called: what has a name before may be something else behind."""
    calls = (node for node in ast.walk(function) if isinstance(node, ast.Call))
    return tuple(call.lineno for call in calls if not hasattr(builtins, getattr(call.func, "id", "")))


@dataclass(frozen=True)
class _Reached:
    """How a statement is come to."""

    swallowed: bool = False
    conditional: bool = False
    expected: bool = False
    """Whether any error of it is expected, so that an `assert` can no longer fail the test."""


@dataclass(frozen=True)
class _Reader:
    module: Module
    helpers: Mapping[str, float]
    local: Names
    doing: tuple[int, ...]
    uncalled: frozenset[str]

    @cached_property
    def scale(self) -> Scale:
        """What weighs expressions."""
        return Scale(self.module, self.local, self.doing)

    def block(self, body: Sequence[ast.stmt], how: _Reached) -> Iterator[Assertion]:
        """Of statements one after the other; what comes after the end of a block is never reached."""
        for statement in body:
            yield from self._statement(statement, how)
            ends = self._ends(statement)
            how = replace(
                how,
                swallowed=how.swallowed or ends is True or isinstance(statement, ast.Continue | ast.Break),
                conditional=how.conditional or ends is None,
            )

    def _ends(self, node: ast.stmt) -> bool | None:
        """Whether the function never goes on behind it; None: it may not."""
        if self._is_end(node):
            return True
        # a return that leaves assertions out; to raise, or to skip, is told in another way
        inside = () if isinstance(node, ast.Assert | ast.Assign | ast.Expr) else placed([node])
        leaves = (under for each, under in inside if isinstance(each, ast.Return))
        return None if any(may_hold(under, self.module) for under in leaves) else False

    def _is_end(self, node: ast.stmt) -> bool:
        if isinstance(node, ast.If):
            return self._chosen(node)
        inside: Sequence[ast.stmt] = []
        if isinstance(node, ast.With | ast.AsyncWith) and not any(
            self._kinds(each)[0] in (*RAISING, "suppress") for each in node.items
        ):
            inside = node.body
        elif isinstance(node, ast.Try | ast.TryStar) and not node.handlers:
            inside = [*node.body, *node.finalbody]
        elif isinstance(node, ast.For | ast.AsyncFor) and truth(node.iter) is True:
            inside = node.body
        elif isinstance(node, ast.Expr | ast.Assign | ast.AnnAssign | ast.Assert):
            return any(self._stops(each) for each in ast.walk(node) if isinstance(each, ast.Call))
        return isinstance(node, ast.Return | ast.Raise) or any(map(self._is_end, inside))

    def _chosen(self, node: ast.If) -> bool:
        certain = known(node.test, self.module)
        sides = [any(map(self._is_end, side)) for side in (node.body, node.orelse)]
        return all(sides) if certain is None else sides[0 if certain else 1]

    def _stops(self, call: ast.Call) -> bool:
        return self.module.dotted(call.func) in STOPPING

    def _statement(self, node: ast.stmt, how: _Reached) -> Iterator[Assertion]:
        if isinstance(node, ast.Assert):
            swallowed = how.swallowed or how.expected
            yield Assertion(node, ast.dump(node.test), self.scale.of(node.test), swallowed, how.conditional)
        elif isinstance(node, Function | ast.ClassDef):
            # counted for where it is defined, if anything names it; whether it is called is not looked into
            never = isinstance(node, Function) and node.name in self.uncalled
            yield from self.block(node.body, replace(how, swallowed=how.swallowed or never))
        else:
            yield from self._calls(node, how)
            yield from self._nested(node, how)

    def _nested(self, node: ast.stmt, how: _Reached) -> Iterator[Assertion]:
        """Of the blocks inside a statement."""
        inside = self._inside(node, how)
        for each in self.block(getattr(node, "body", []), inside):
            yield replace(each, worth=each.worth * _rounds(node, each))
        others = self._otherwise(node, how)
        yield from self.block(getattr(node, "orelse", []), others)
        yield from self.block(getattr(node, "finalbody", []), how)
        for handler in getattr(node, "handlers", ()):
            yield from self.block(handler.body, replace(how, swallowed=how.swallowed or leaves_finally(node)))
        for case in getattr(node, "cases", ()):
            yield from self.block(case.body, replace(how, conditional=True))

    def _inside(self, node: ast.stmt, how: _Reached) -> _Reached:
        if isinstance(node, ast.If | ast.While):
            holds = known(node.test, self.module)
            both = isinstance(node, ast.If) and _asserts(node.orelse)
            return replace(how, swallowed=how.swallowed or holds is False,
                           conditional=how.conditional or (holds is None and not both))  # fmt: skip
        if isinstance(node, ast.For | ast.AsyncFor):
            return replace(how, swallowed=how.swallowed or is_empty(node.iter))
        if isinstance(node, ast.Try | ast.TryStar):
            caught = leaves_finally(node) or any(catches(each, self.module) for each in node.handlers)
            return replace(how, swallowed=how.swallowed or caught)
        if isinstance(node, ast.With | ast.AsyncWith):
            return replace(how, swallowed=how.swallowed or any(self._suppresses(each) for each in node.items),
                           expected=how.expected or any(self._expects(each) for each in node.items))  # fmt: skip
        return how

    def _otherwise(self, node: ast.stmt, how: _Reached) -> _Reached:
        if not isinstance(node, ast.If):
            return how
        holds, both = known(node.test, self.module), _asserts(node.body)
        return replace(how, swallowed=how.swallowed or holds is True,
                       conditional=how.conditional or (holds is None and not both))  # fmt: skip

    def _suppresses(self, item: ast.withitem) -> bool:
        # `raises(Exception)` may be about what is called; `raises(AssertionError)` expects whatever fails
        name, kinds = self._kinds(item)
        if swallows(name, self.module):
            return True
        return bool(kinds & (CATCHING if name == "suppress" else {"AssertionError"})) and name in ("suppress", "raises")

    def _expects(self, item: ast.withitem) -> bool:
        name, kinds = self._kinds(item)
        return name in ("raises", "assertRaises") and bool(kinds & CATCHING)

    def _kinds(self, item: ast.withitem) -> tuple[str, set[str]]:
        call = item.context_expr
        if not isinstance(call, ast.Call):
            return "", set()
        given = [*call.args, *(each.value for each in call.keywords if each.arg == "expected_exception")]
        each_of = (part for one in given for part in (one.elts if isinstance(one, ast.Tuple) else [one]))
        return last(self.module.dotted(call.func)), {last(self.module.dotted(part)) for part in each_of}

    # -- what is asserted by a call

    def _calls(self, node: ast.stmt, how: _Reached) -> Iterator[Assertion]:
        expressions = [part for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr | ast.withitem)]
        for call in (each for part in expressions for each in ast.walk(part) if isinstance(each, ast.Call)):
            name, swallowed, conditional = self._called(call), how.swallowed, how.conditional
            if name in RAISING:
                worth = 0.0 if _raises_itself(node, call) else 1.0 + looks_at_message(call)
                yield Assertion(call, ast.dump(call), worth, swallowed, conditional, raises=True)
            elif (self.helpers.get(name) and _is_own(call.func)) or ASSERTING.match(name):
                yield Assertion(call, ast.dump(call), self._worth_of_call(name, call), swallowed, conditional)

    def _called(self, call: ast.Call) -> str:
        return call.func.attr if isinstance(call.func, ast.Attribute) else last(self.module.dotted(call.func))

    def _worth_of_call(self, name: str, call: ast.Call) -> float:
        if name in SAME and len(call.args) > 1:
            left, right = call.args[:2]
            return 0.0 if self.scale.same(left, right) else self.scale.parts(left, right)
        if name in ("assertTrue", "assertFalse") and call.args:
            worth = self.scale.of(call.args[0])
            return worth if name == "assertTrue" or worth else 1.0
        if _is_own(call.func) and self.helpers.get(name) == 0:
            return 0.0  # one of the module's own, which does nothing
        return WEAK if name in WEAK_METHODS else max(1.0, self.helpers.get(name, 1.0))


def _rounds(node: ast.stmt, assertion: Assertion) -> int:
    """How many different values a loop puts into an assertion, where they stand in it."""
    if not isinstance(node, ast.For) or not isinstance(node.iter, ast.List | ast.Tuple | ast.Set):
        return 1
    names = {each.id for each in ast.walk(node.target) if isinstance(each, ast.Name)}
    used = {each.id for each in ast.walk(assertion.node) if isinstance(each, ast.Name)}
    return max(1, len({ast.dump(each) for each in node.iter.elts})) if names & used else 1


def looks_at_message(call: ast.Call) -> bool:
    """Whether what is raised must say something; a pattern that fits any text asks nothing."""
    texts = [each.value for each in call.keywords if each.arg == "match"] + call.args[1:2]
    return any(not (isinstance(each, ast.Constant) and _fits_all(each.value)) for each in texts)


def _fits_all(pattern: object) -> bool:
    try:
        return isinstance(pattern, str) and bool(re.search(pattern, "") and re.search(pattern, "\0"))
    except re.error:
        return False


def _raises_itself(node: ast.stmt, call: ast.Call) -> bool:
    """Whether what is to be raised is raised by the test: with nothing but `raises` around it."""
    if not isinstance(node, ast.With | ast.AsyncWith) or len(node.items) != 1 or node.items[0].context_expr is not call:
        return False
    return any(isinstance(each, ast.Raise) for each in node.body)


def _asserts(body: Sequence[ast.stmt]) -> bool:
    nodes = (node for each in body for node in ast.walk(each))
    return any(isinstance(node, ast.Assert) or (isinstance(node, ast.Call) and _is_asserting(node)) for node in nodes)


def _is_asserting(call: ast.Call) -> bool:
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    return name in RAISING or name in SKIPPING or bool(ASSERTING.match(name))


def _is_own(function: ast.expr) -> bool:
    """Whether a call is of a function of the module, or of a method of the same class."""
    if isinstance(function, ast.Attribute):
        return isinstance(function.value, ast.Name) and function.value.id in ("self", "cls")
    return isinstance(function, ast.Name)
