"""What a conftest replaces for every test: when it is imported, or in a fixture that no test asks for."""

import ast
from collections.abc import Iterator

from gates.tampering.python import Function, Module, last
from gates.tampering.rules import Mark, Sign
from gates.tampering.truth import truth

PATCHES = frozenset({"setattr", "patch", "object", "delattr", "setitem"})
SCENE = ("environ", "argv", "sys.path", "cwd", "stdin", "stdout", "stderr", "home", "setenv")
"""`monkeypatch.setattr(sys, "argv", ...)` and the like set a scene, and replace no code."""
LONGEST = 120


def patched_for_all(module: Module) -> Iterator[Mark]:
    """Every such place of a conftest."""
    for node in module.tree.body:
        if isinstance(node, Function | ast.ClassDef):
            continue
        yield from _patches(module, node)
    called = {getattr(each.func, "id", "") for each in _calls_at_top(module)}
    for node in module.outer_functions():
        if node.name in called or node.name.startswith("pytest_") or any(map(_is_for_all, node.decorator_list)):
            yield from _patches(module, node)


def _calls_at_top(module: Module) -> Iterator[ast.Call]:
    """What a conftest calls when it is imported."""
    for node in module.tree.body:
        if not isinstance(node, Function | ast.ClassDef):
            yield from (each for each in ast.walk(node) if isinstance(each, ast.Call))


def _is_for_all(decorator: ast.expr) -> bool:
    """Whether it makes a fixture that no test asks for."""
    given = [each.value for each in getattr(decorator, "keywords", ()) if each.arg == "autouse"]
    return any(truth(each) is not False for each in given)


def _patches(module: Module, node: ast.AST) -> Iterator[Mark]:
    imported = {name.partition(".")[0] for name in module.aliases.values()} - {"sys", "os", ""}
    for each in ast.walk(node):
        told = ""
        if isinstance(each, ast.Call) and last(module.dotted(each.func)) in PATCHES:
            told = ast.unparse(each)
        elif isinstance(each, ast.Assign):
            # `shop.__dict__["add"]` is an attribute, and any other entry is data
            owned = [one for one in each.targets if isinstance(one, ast.Attribute) or module.dotted(one)]
            into = [
                one
                for one in owned
                if module.dotted(one).partition(".")[0] in imported and not isinstance(one, ast.Name)
            ]
            told = ast.unparse(each) if into else ""
        if told and not any(word in told.casefold() for word in SCENE):
            number = getattr(each, "lineno", 1)
            sign = Sign("patched-for-all", module.path, number, f"{told[:LONGEST]}, for every test")
            yield Mark(sign, told, module.line(number))
