"""What keeps tests from running, or from counting: marks and calls, and the conditions under which they do so."""

import ast
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from gates.tampering.conditions import Under, holds, may_hold, placed
from gates.tampering.python import Function, Module, last

ALWAYS = frozenset({"skip", "expectedFailure"})
UNDER = frozenset({"skipif", "skipIf", "xfail"})
UNLESS = frozenset({"skipUnless"})
XFAILS = frozenset({"xfail", "expectedFailure"})
SKIPS = frozenset({
    "pytest.skip", "pytest.xfail", "pytest.importorskip", "unittest.SkipTest", "unittest.case.SkipTest",
    "self.skipTest", "_pytest.outcomes.Skipped", "_pytest.outcomes.skip", "_pytest.outcomes.xfail",
    "_pytest.outcomes.importorskip", "pytest.skip.Exception", "pytest.xfail.Exception", "_pytest.outcomes.XFailed",
})  # fmt: skip
"""What keeps a test from counting when it is called or raised."""


class Skip(NamedTuple):
    """One of them."""

    text: str
    """What makes two of them the same."""
    line: int
    name: str
    """`skipif`; `return` for a test that ends before it begins."""
    condition: ast.expr | None = None
    """Under which it skips; None: whatever holds."""
    negated: bool = False
    """Whether it skips where the condition does not hold."""
    under: Under = ()
    """What a call stands under."""

    @property
    def rule(self) -> str:
        """What it breaks."""
        return "test-xfailed" if self.name in XFAILS else "test-skipped"

    def here(self, module: Module) -> bool:
        """Whether it keeps the test from running here, or may."""
        marked = self.condition is None or holds(self.condition, module) is not self.negated
        return marked and may_hold(self.under, module)


def skips_of(node: Function, module: Module) -> list[Skip]:
    """Those of one test: its decorators, calls in its body, and a return before anything else."""
    return [*marks_among(node.decorator_list, module), *_calls(node.body, module), *_returns(node.body)]


def skips_of_file(module: Module) -> list[Skip]:
    """Those of a whole file, and of the classes in it."""
    found = list(_calls(module.tree.body, module))
    classes = [node for node in module.nodes if isinstance(node, ast.ClassDef)]
    scopes: list[ast.Module | ast.ClassDef] = [module.tree, *classes]
    for scope in scopes:
        marks = [*getattr(scope, "decorator_list", ()), *pytestmark(scope.body, module)]
        found += marks_among(marks, module, getattr(scope, "name", ""))
    return found


def marks_among(marks: Iterable[ast.expr], module: Module, scope: str = "") -> Iterator[Skip]:
    """Those among marks, whatever names they were given before."""
    for mark in marks:
        meant = module.meant(mark)
        fetched = module.dotted(meant) if isinstance(meant, ast.Call) else ""
        call = meant if isinstance(meant, ast.Call) and not fetched else None
        name = last(fetched or module.dotted(call.func if call else meant))
        if name in ALWAYS | UNDER | UNLESS:
            given = [*call.args, *(each.value for each in call.keywords if each.arg == "condition")] if call else []
            condition = given[0] if given and name not in ALWAYS else None
            yield Skip(f"{scope} {ast.dump(meant)}", mark.lineno, name, condition, name in UNLESS)


def _calls(body: Iterable[ast.stmt], module: Module) -> Iterator[Skip]:
    for node, under in placed(body):
        if name := skipping(node, module):
            told = last(name.removesuffix(".Exception"))
            yield Skip(f"{told} {texts(under)}", getattr(node, "lineno", 1), told, under=under)


def _returns(body: Iterable[ast.stmt], under: Under = ()) -> Iterator[Skip]:
    for place, node in enumerate(body):
        if isinstance(node, ast.If):
            yield from _returns(node.body, (*under, node.test))
        elif isinstance(node, ast.Return) and place == 0 and node.value is None:
            yield Skip(f"return {texts(under)}", node.lineno, "return", under=under)


def texts(under: Under) -> str:
    """What makes two places the same, by what they stand under."""
    return " ".join(map(ast.dump, under))


def skipping(node: ast.AST, module: Module) -> str:
    """What skips in a call, or in a `raise` without one: `pytest.skip`, `unittest.SkipTest`; empty for all else."""
    named = node.func if isinstance(node, ast.Call) else node.exc if isinstance(node, ast.Raise) else None
    name = module.dotted(named) if named and not isinstance(named, ast.Call) else ""
    return name if name in SKIPS else ""


def pytestmark(body: Iterable[ast.stmt], module: Module) -> Iterator[ast.expr]:
    """The marks that a module or a class sets for all of its tests."""
    for node in body:
        if isinstance(node, ast.If | ast.Try | ast.With):
            yield from pytestmark([*node.body, *getattr(node, "orelse", ())], module)
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign) else None
        if value and any(getattr(each, "id", "") == "pytestmark" for each in targets):
            yield from listed(value, module)


def listed(value: ast.expr, module: Module) -> Iterator[ast.expr]:
    """The marks of a list, of several that are added, and of names that stand for one."""
    value = module.meant(value)
    parts = value.elts if isinstance(value, ast.List | ast.Tuple) else []
    parts = [value.left, value.right] if isinstance(value, ast.BinOp) else parts
    if not parts and not isinstance(value, ast.List | ast.Tuple):
        yield value
    for part in parts:
        yield from listed(part.value if isinstance(part, ast.Starred) else part, module)
