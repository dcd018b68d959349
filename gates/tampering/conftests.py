"""What a conftest replaces for every test: when it is imported, or in a fixture that no test asks for."""

import ast
from collections.abc import Iterator

from gates.tampering.python import Function, Module, last
from gates.tampering.rules import Mark, Sign

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
    for node in module.outer_functions():
        if any("autouse=True" in ast.unparse(each) for each in node.decorator_list):
            yield from _patches(module, node)


def _patches(module: Module, node: ast.AST) -> Iterator[Mark]:
    imported = {name.partition(".")[0] for name in module.aliases.values()} - {"sys", "os", ""}
    for each in ast.walk(node):
        told = ""
        if isinstance(each, ast.Call) and last(module.dotted(each.func)) in PATCHES:
            told = ast.unparse(each)
        elif isinstance(each, ast.Assign):
            owned = [one for one in each.targets if isinstance(one, ast.Attribute)]
            into = [one for one in owned if module.dotted(one.value).partition(".")[0] in imported]
            told = ast.unparse(each) if into else ""
        if told and not any(word in told.casefold() for word in SCENE):
            number = getattr(each, "lineno", 1)
            sign = Sign("patched-for-all", module.path, number, f"{told[:LONGEST]}, for every test")
            yield Mark(sign, told, module.line(number))
