"""One test as it was and as it is: what it lost, sign by sign."""

import ast
import builtins
from collections.abc import Iterator

from gates.ratchet import fresh
from gates.tampering.asserts import Assertion, looks_at_message
from gates.tampering.python import last
from gates.tampering.rebound import shadowed
from gates.tampering.rules import Sign
from gates.tampering.tests import Test
from gates.tampering.truth import number

BROAD = frozenset({"Exception", "BaseException"})
TOLERANCES = frozenset({"rel", "abs", "delta", "atol", "rtol", "rel_tol", "abs_tol", "tolerance", "places", "decimal"})
DIGITS = frozenset({"places", "decimal"})
"""Of these, fewer is wider."""
CLOSE = frozenset({"approx", "isclose", "assertAlmostEqual", "assert_allclose", "allclose", "assert_almost_equal"})
REPEATING = frozenset({"flaky", "retry", "rerun"})
"""Marks by which a test that fails is asked again."""
PATCHING = frozenset({"patch", "object", "setattr", "setitem", "dict"})


def compare(old: Test, new: Test) -> Iterator[Sign]:
    """Every sign but that of fewer assertions, which takes all tests together to judge."""
    if old.segment == new.segment:
        yield from _fewer_cases(old, new)
        return
    yield from _skipped(old, new)
    if new.is_empty and not old.is_empty:
        yield _sign("test-emptied", new, None, f"nothing is left of the body of {new.name}")
    yield from _fewer_cases(old, new)
    yield from _mocked(old, new)
    yield from _repeated(old, new)
    yield from _slept(old, new)
    gained = fresh(new.assertions, old.assertions, _state)
    gone = fresh(old.assertions, new.assertions, _state)
    yield from _hollow(gained, gone, new)
    yield from _pairwise(gained, gone, new, less=new.worth < old.worth)


def _state(assertion: Assertion) -> tuple[str, bool, bool, bool]:
    return assertion.text, assertion.swallowed, assertion.conditional, assertion.worth == 0


def _sign(rule: str, test: Test, line: int | None, message: str) -> Sign:
    return Sign(rule, test.path, line or test.line, message)


def _skipped(old: Test, new: Test) -> Iterator[Sign]:
    for skip in fresh(new.skips, old.skips, lambda each: each.text):
        if skip.here(new.module):
            yield _sign(skip.rule, new, skip.line, f"{new.name} is kept from counting by {skip.name}")
        else:
            yield _sign("test-conditional", new, skip.line, f"{new.name}: {skip.name} under a condition")


def _fewer_cases(old: Test, new: Test) -> Iterator[Sign]:
    if old.cases and new.cases is not None and new.cases < old.cases:
        told = f"{new.name} has {new.cases} cases, and had {old.cases}"
        yield _sign("test-cases-fewer", new, None, told)


def _mocked(old: Test, new: Test) -> Iterator[Sign]:
    """A name that the test called, and now replaces before it does."""
    targets = fresh(_patched(new), _patched(old), lambda each: each[0])
    for target, line in targets:
        if target in old.calls and target not in _patched_names(old):
            yield _sign("test-mocked", new, line, f"{new.name} replaces {target}, which it was there to call")
    for name in sorted(shadowed(new.module, new.node) - shadowed(old.module, old.node)):
        if name in old.calls and name in new.calls:
            yield _sign("test-mocked", new, None, f"{new.name} has a {name} of its own, and called the product's")


def _repeated(old: Test, new: Test) -> Iterator[Sign]:
    if repeats := _marked(new, REPEATING) - _marked(old, REPEATING):
        yield _sign("test-weakened", new, None, f"{new.name} is asked again when it fails: {min(repeats)}")


def _marked(test: Test, names: frozenset[str]) -> set[str]:
    marks = (getattr(each, "func", each) for each in test.node.decorator_list)
    return {last(test.module.dotted(mark)) for mark in marks} & names


def _patched_names(test: Test) -> set[str]:
    return {name for name, _ in _patched(test)}


def _patched(test: Test) -> list[tuple[str, int]]:
    """Last names of what a test replaces, and where."""
    found = []
    for node in ast.walk(test.node):
        if isinstance(node, ast.Call) and last(test.module.dotted(node.func)) in PATCHING:
            given = [*node.args[:2], *(each.value for each in node.keywords if each.arg in ("target", "attribute"))]
            texts = [each.value for each in given if isinstance(each, ast.Constant)]
            found += [(last(text), node.lineno) for text in texts if isinstance(text, str)]
        elif isinstance(node, ast.Assign):
            # `shop.total = lambda: 3`, on something that was imported
            owners = [each for each in node.targets if isinstance(each, ast.Attribute)]
            found += [(each.attr, node.lineno) for each in owners if _is_imported(each, test)]
    return found


def _is_imported(target: ast.Attribute, test: Test) -> bool:
    return isinstance(target.value, ast.Name) and target.value.id in test.module.aliases


def _slept(old: Test, new: Test) -> Iterator[Sign]:
    if "sleep" in new.calls and "sleep" not in old.calls:
        yield _sign("test-slept", new, None, f"{new.name} waits")


def _hollow(gained: list[Assertion], gone: list[Assertion], new: Test) -> Iterator[Sign]:
    for each in gained:
        was = [before for before in gone if before.text == each.text]
        if each.swallowed and (was or each.worth) and not all(before.swallowed for before in was or gone):
            yield _sign("assertion-swallowed", new, each.line, f"{new.name}: this can no longer fail the test")
        elif each.conditional and was and not any(before.conditional for before in was):
            yield _sign("assertion-swallowed", new, each.line, f"{new.name}: this is reached under a condition only")
        elif each.worth == 0 and not each.swallowed:
            yield _sign("assertion-trivial", new, each.line, f"{new.name}: this always holds")


def _pairwise(gained: list[Assertion], gone: list[Assertion], new: Test, *, less: bool) -> Iterator[Sign]:
    """Assertions that took the place of others, each with the one that it is most like."""
    left = list(gone)
    for each in gained:
        same = [before for before in left if before.raises == each.raises and _likeness(before, each)]
        if same:
            before = max(same, key=lambda one: _likeness(one, each))
            left.remove(before)
            yield from _changed(before, each, new, less=less)


def _likeness(one: Assertion, other: Assertion) -> float:
    """1 where they differ in constants alone, less where in what is called as well; 0: they are about other things."""
    if _shape(one.node) == _shape(other.node):
        return 1.0
    mine, others = _words(one.node), _words(other.node)
    return len(mine & others) / max(1, len(mine | others)) if mine & others else 0.5 * one.raises


def _shape(node: ast.AST) -> str:
    """Its syntax without the values in it."""
    text = [type(each).__name__ if isinstance(each, ast.Constant) else _label(each) for each in ast.walk(node)]
    return " ".join(text)


def _label(node: ast.AST) -> str:
    return f"{type(node).__name__}:{getattr(node, 'id', getattr(node, 'attr', getattr(node, 'arg', '')))}"


def _words(node: ast.AST) -> set[str]:
    found = {getattr(each, "id", getattr(each, "attr", "")) for each in ast.walk(node)}
    return found - {""}


def _changed(before: Assertion, after: Assertion, new: Test, *, less: bool) -> Iterator[Sign]:
    """`less`: whether the test as a whole asserts less than it did."""
    if before.text == after.text:
        return  # it is reached in another way, which is told already
    if after.raises:
        if why := _broadened(before.node, after.node, new):
            yield _sign("raises-broadened", new, after.line, f"{new.name}: {why}")
    elif why := _widened(before.node, after.node, new):
        yield _sign("tolerance-widened", new, after.line, f"{new.name}: {why}")
    elif why := _less_strict(before.node, after.node):
        yield _sign("test-weakened", new, after.line, f"{new.name}: {why}")
    elif less and 0 < after.worth < 1 <= before.worth and not after.swallowed:
        yield _sign("test-weakened", new, after.line, f"{new.name}: this says less than what it took the place of")
    elif after.worth and after.worth >= before.worth:
        yield _sign("expectation-changed", new, after.line, f"{new.name} expects something else")


def _less_strict(before: ast.AST, after: ast.AST) -> str:
    """Where the same value was equal to something, and now need only be something like it."""
    was = before.test if isinstance(before, ast.Assert) else None
    now = after.test if isinstance(after, ast.Assert) else None
    if not isinstance(was, ast.Compare) or now is None or not isinstance(was.ops[0], ast.Eq | ast.Is):
        return ""
    sides = {ast.dump(was.left), ast.dump(was.comparators[0])}
    negated = isinstance(now, ast.UnaryOp) and isinstance(now.op, ast.Not)
    now = now.operand if isinstance(now, ast.UnaryOp) and negated else now
    if isinstance(now, ast.Compare):
        strict = (ast.NotEq, ast.IsNot) if negated else (ast.Eq, ast.Is)
        loose = not isinstance(now.ops[0], strict)
        return "is compared less strictly than it was" if loose and ast.dump(now.left) in sides else ""
    return "was compared, and now need only be true" if ast.dump(now) in sides else ""


def _broadened(before: ast.AST, after: ast.AST, new: Test) -> str:
    was, now = _kinds(before, new), _kinds(after, new)
    if now & BROAD and not was & BROAD:
        return f"accepts any {', '.join(sorted(now & BROAD))}"
    if was and was < now:
        return f"accepts {', '.join(sorted(now - was))} as well"
    if wider := sorted(kind for kind in now - was if any(_is_kind_of(each, kind) for each in was - now)):
        return f"accepts any {wider[0]}"
    if _looks(before) and not _looks(after) and (was == now or _has(after, "match")):
        return "no longer looks at the message"
    return ""


def _is_kind_of(name: str, wider: str) -> bool:
    """Whether one of Python's own exceptions is a kind of another."""
    one, other = getattr(builtins, name, None), getattr(builtins, wider, None)
    return isinstance(one, type) and isinstance(other, type) and one is not other and issubclass(one, other)


def _looks(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and looks_at_message(node)


def _kinds(node: ast.AST, test: Test) -> set[str]:
    if not isinstance(node, ast.Call):
        return set()
    named = [each.value for each in node.keywords if each.arg == "expected_exception"]
    kinds = [test.module.meant(each) for each in [*node.args[:1], *named]]
    parts = [part for kind in kinds for part in (kind.elts if isinstance(kind, ast.Tuple) else [kind])]
    return {last(test.module.dotted(test.module.meant(part))) for part in parts}


def _has(node: ast.AST, keyword: str) -> bool:
    return isinstance(node, ast.Call) and any(each.arg == keyword for each in node.keywords)


def _widened(before: ast.AST, after: ast.AST, new: Test) -> str:
    was, now = _tolerances(before, new), _tolerances(after, new)
    for name, value in now.items():
        known = was.get(name)
        if known is not None and (value < known if name in DIGITS else value > known):
            return f"{name.strip('<')} {value:g}, and was {known:g}"
    if now.keys() - was.keys() - DIGITS and was.keys() <= now.keys():
        return f"allows a difference ({', '.join(sorted(now.keys() - was.keys()))})"
    return ""


def _tolerances(node: ast.AST, test: Test) -> dict[str, float]:
    """Every number that says how far apart two values may be."""
    found: dict[str, float] = {}
    for each in ast.walk(node):
        if isinstance(each, ast.Call) and last(test.module.dotted(each.func)) in CLOSE:
            found |= {"close": 0.0} | _in_order(each, test)
        if isinstance(each, ast.keyword) and each.arg in TOLERANCES and (value := number(each.value)) is not None:
            found[each.arg] = value
        if isinstance(each, ast.Compare) and _is_distance(each.left) and isinstance(each.ops[0], ast.Lt | ast.LtE):
            value = number(each.comparators[0])
            found |= {} if value is None else {"<": value}
    return found


def _in_order(call: ast.Call, test: Test) -> dict[str, float]:
    """Tolerances of `approx(value, rel, abs)` that stand without their names."""
    if last(test.module.dotted(call.func)) != "approx":
        return {}
    values = zip(("rel", "abs"), map(number, call.args[1:3]), strict=False)
    return {name: value for name, value in values if value is not None}


def _is_distance(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "abs"
