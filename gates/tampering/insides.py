"""Code that changes what others are made of: functions' code, namespaces, pytest's own objects, how time is told.

And product code that asks whether it is being tested, which behaves in tests as it does nowhere else.
"""

import ast
from collections.abc import Callable, Iterator
from typing import Any
from unittest import TestCase

from gates.tampering.python import Function, Module, last
from gates.tampering.rules import Mark, Sign

MEASURING = frozenset({"math", "cmath", "time", "operator", "statistics", "decimal", "fractions", "difflib", "doctest"})
"""Modules of Python's own by which tests compare and measure."""
OF_PYTEST = frozenset({"config", "request", "session", "item", "items"})
"""Names under which pytest hands its own objects to hooks and fixtures."""
GIVING = frozenset({"setattr", "delattr"})
OWN = frozenset({"globals", "vars", "locals"})
CHANGING = frozenset({"update", "pop", "setdefault", "__setitem__", "__delitem__", "clear"})
REGISTERING = frozenset(
    {"register", "import_plugin", "consider_module", "consider_pluginarg", "unregister", "set_blocked"}
)
TELLING = frozenset({"PYTEST_CURRENT_TEST", "PYTEST_VERSION", "PYTEST_RUN_CONFIG"})
"""Variables that are set while pytest runs."""
RUNNERS = frozenset({"pytest", "_pytest", "unittest"})
UNITTEST = frozenset({"run", "__call__", "debug", "_callTestMethod", "__getattribute__", "_callSetUp"})
"""Methods by which a test case of unittest comes to a result."""


def marks_of(module: Module, *, testing: bool) -> list[Mark]:
    """Everything of this kind in a file; `testing`: whether it has to do with tests."""
    looks = LOOKS | (OF_TESTS if testing else OF_PRODUCT)
    return [mark for node in module.nodes for look in looks.get(type(node), ()) for mark in look(module, node)]


def _mark(module: Module, rule: str, node: ast.AST, message: str) -> Iterator[Mark]:
    number = getattr(node, "lineno", 1)
    yield Mark(Sign(rule, module.path, number, message), message, module.line(number))


def _targets(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.Assign | ast.Delete):
        return list(node.targets)
    return [node.target] if isinstance(node, ast.AugAssign | ast.AnnAssign) else []


# -- anywhere


def _assigned(module: Module, node: ast.AST) -> Iterator[Mark]:
    for target in _targets(node):
        if isinstance(target, ast.Attribute) and target.attr == "__code__":
            yield from _mark(
                module, "builtins-patched", node, f"{ast.unparse(target)} is set: a function does something else"
            )
        elif (
            isinstance(target, ast.Attribute)
            and module.dotted(target.value) in MEASURING
            and _imports(module, target.value)
        ):
            yield from _mark(module, "builtins-patched", node, f"{ast.unparse(target)} is set")


def _imports(module: Module, node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in module.aliases


# -- in tests


def _into(module: Module, node: ast.AST) -> Iterator[Mark]:
    """What is put into a module's own names, or into what pytest has made."""
    for target in _targets(node):
        if isinstance(target, ast.Subscript) and _is_namespace(target.value):
            yield from _mark(module, "modules-replaced", node, f"{ast.unparse(target)} is set")
        elif isinstance(target, ast.Attribute) and (root := _root_of_pytest(module, target.value)):
            yield from _of_pytest(module, node, ast.unparse(target), root)


def _called(module: Module, node: ast.Call) -> Iterator[Mark]:
    function = node.func
    if isinstance(function, ast.Attribute):
        if function.attr in ("append", "extend", "insert") and getattr(function.value, "id", "").startswith(
            "collect_ignore"
        ):
            yield from _mark(module, "test-skipped", node, f"{ast.unparse(node)[:120]}: is not collected")
        elif function.attr in CHANGING and _is_namespace(function.value):
            yield from _mark(module, "modules-replaced", node, f"{ast.unparse(node)[:120]}")
        elif function.attr in REGISTERING and "pluginmanager" in ast.unparse(function.value):
            yield from _mark(module, "plugin-loaded", node, ast.unparse(node)[:120])
    elif isinstance(function, ast.Name) and function.id in GIVING and node.args:
        owner = node.args[0]
        if isinstance(owner, ast.Subscript) and module.dotted(owner.value) == "sys.modules":
            yield from _mark(module, "modules-replaced", node, f"{ast.unparse(node)[:120]}")
        elif root := _root_of_pytest(module, owner):
            yield from _of_pytest(module, node, ast.unparse(node)[:120], root)


def _is_namespace(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") in OWN and not node.args


def _root_of_pytest(module: Module, node: ast.expr) -> str:
    """The object of pytest's that something is a part of; `request.cls` is where fixtures put what tests use."""
    parts = ast.unparse(node).split(".")
    given = parts[0] in OF_PYTEST and parts[0] not in module.aliases and _is_argument(module, parts[0])
    return parts[0] if given and parts[1:] != ["cls"] and not {"stash", "cache"} & set(parts) else ""


def _is_argument(module: Module, name: str) -> bool:
    """Whether a hook or a fixture has it from pytest."""
    functions = (node for node in module.nodes if isinstance(node, Function) and _is_pytests(node))
    return any(each.arg == name for node in functions for each in node.args.args)


def _is_pytests(node: Function) -> bool:
    return node.name.startswith("pytest_") or any("fixture" in ast.unparse(each) for each in node.decorator_list)


def _of_pytest(module: Module, node: ast.AST, told: str, root: str) -> Iterator[Mark]:
    rule = "pytest-configured" if root == "config" and ".option" in told else "patched-for-all"
    if rule == "pytest-configured" or root != "config":
        yield from _mark(module, rule, node, f"{told} is set")


def _case(module: Module, node: ast.ClassDef) -> Iterator[Mark]:
    """A test case of unittest that decides itself what it comes to."""
    if not any(last(module.dotted(base)).endswith("TestCase") for base in node.bases):
        return
    for each in node.body:
        name = each.name if isinstance(each, Function) else ""
        if name in UNITTEST or name in UNITTEST_ASSERTS:
            yield from _mark(module, "builtins-patched", each, f"{node.name}.{name} takes the place of unittest's")
        for target in _targets(each):
            if getattr(target, "id", "") in ("failureException", *UNITTEST, *UNITTEST_ASSERTS):
                yield from _mark(module, "builtins-patched", each, f"{node.name}.{ast.unparse(target)} is set")


def _loads(module: Module, node: ast.FunctionDef) -> Iterator[Mark]:
    if node.name == "load_tests" and node in module.tree.body:
        yield from _mark(module, "pytest-hook", node, "load_tests says which tests unittest runs")


UNITTEST_ASSERTS = frozenset(name for name in dir(TestCase) if name.startswith(("assert", "fail")))


# -- in the product


def _asks(module: Module, node: ast.Compare) -> Iterator[Mark]:
    """`"pytest" in sys.modules`."""
    about = isinstance(node.left, ast.Constant) and node.left.value in RUNNERS
    if about and isinstance(node.ops[0], ast.In | ast.NotIn) and module.dotted(node.comparators[0]) == "sys.modules":
        yield from _mark(module, "test-detected", node, f"{ast.unparse(node)}: it asks whether it is tested")


def _looks_up(module: Module, node: ast.Call) -> Iterator[Mark]:
    first = node.args[0] if node.args else None
    about = isinstance(first, ast.Constant) and first.value in RUNNERS
    if about and module.dotted(node.func) in ("sys.modules.get", "sys.modules.__contains__"):
        yield from _mark(module, "test-detected", node, f"{ast.unparse(node)}: it asks whether it is tested")


def _names(module: Module, node: ast.Constant) -> Iterator[Mark]:
    if isinstance(node.value, str) and node.value in TELLING:
        yield from _mark(module, "test-detected", node, f"{node.value}: it asks whether it is tested")


Looks = dict[type[ast.AST], tuple[Callable[[Module, Any], Iterator[Mark]], ...]]
LOOKS: Looks = dict.fromkeys((ast.Assign, ast.AugAssign, ast.AnnAssign), (_assigned,))
OF_TESTS: Looks = dict.fromkeys((ast.Assign, ast.AugAssign, ast.AnnAssign), (_assigned, _into)) | {
    ast.Delete: (_into,), ast.Call: (_called,), ast.ClassDef: (_case,), ast.FunctionDef: (_loads,),
}  # fmt: skip
OF_PRODUCT: Looks = {ast.Compare: (_asks,), ast.Call: (_looks_up,), ast.Constant: (_names,)}
