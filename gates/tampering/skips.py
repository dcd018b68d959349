"""What keeps tests from running, or from counting: marks and calls, and the conditions under which they do so."""

import ast
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from gates.tampering.conditions import holds
from gates.tampering.python import Function, Module, last

ALWAYS = frozenset({"skip", "expectedFailure"})
UNDER = frozenset({"skipif", "skipIf", "xfail"})
UNLESS = frozenset({"skipUnless"})
XFAILS = frozenset({"xfail", "expectedFailure"})
CALLS = frozenset({"skip", "skipTest", "SkipTest", "xfail", "importorskip", "Skipped"})


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

    @property
    def rule(self) -> str:
        """What it breaks."""
        return "test-xfailed" if self.name in XFAILS else "test-skipped"

    def here(self, module: Module) -> bool:
        """Whether it keeps the test from running here, or may."""
        return self.condition is None or holds(self.condition, module) is not self.negated


def skips_of(node: Function, module: Module) -> list[Skip]:
    """Those of one test: its decorators, and calls at the top of its body."""
    return [*_marks(node.decorator_list, ""), *_calls(node.body, module)]


def skips_of_file(module: Module) -> list[Skip]:
    """Those of a whole file, and of the classes in it."""
    found = list(_calls([each for each in module.tree.body if not isinstance(each, ast.Return)], module))
    classes = [node for node in module.nodes if isinstance(node, ast.ClassDef)]
    scopes: list[ast.Module | ast.ClassDef] = [module.tree, *classes]
    for scope in scopes:
        marks = [*getattr(scope, "decorator_list", ()), *_pytestmark(scope.body)]
        found += _marks(marks, getattr(scope, "name", ""))
    return found


def _marks(marks: Iterable[ast.expr], scope: str) -> Iterator[Skip]:
    for mark in marks:
        call = mark if isinstance(mark, ast.Call) else None
        target = call.func if call else mark
        name = target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")
        if name in ALWAYS | UNDER | UNLESS:
            given = [*call.args, *(each.value for each in call.keywords if each.arg == "condition")] if call else []
            condition = given[0] if given and name not in ALWAYS else None
            yield Skip(f"{scope} {ast.dump(mark)}", mark.lineno, name, condition, name in UNLESS)


def _calls(body: Iterable[ast.stmt], module: Module, condition: ast.expr | None = None) -> Iterator[Skip]:
    about = ast.dump(condition) if condition is not None else ""
    for place, node in enumerate(body):
        if isinstance(node, ast.If):
            yield from _calls(node.body, module, node.test)
        elif isinstance(node, ast.Raise | ast.Expr | ast.Assign) and (name := _skipping(node, module)):
            yield Skip(f"{name} {about}", node.lineno, name, condition)
        elif isinstance(node, ast.Return) and place == 0 and node.value is None:
            yield Skip(f"return {about}", node.lineno, "return", condition)


def _skipping(node: ast.Raise | ast.Expr | ast.Assign, module: Module) -> str:
    value = node.exc if isinstance(node, ast.Raise) else node.value
    name = module.dotted(value.func) if isinstance(value, ast.Call) else ""
    return last(name) if last(name) in CALLS and name.startswith(("pytest.", "self.", "unittest.", "_pytest.")) else ""


def _pytestmark(body: Iterable[ast.stmt]) -> Iterator[ast.expr]:
    for node in body:
        if isinstance(node, ast.Assign) and any(getattr(each, "id", "") == "pytestmark" for each in node.targets):
            yield from node.value.elts if isinstance(node.value, ast.List | ast.Tuple) else [node.value]
