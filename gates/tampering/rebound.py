"""Names that a file of tests gives to something else: its own tests, and what it has from the product."""

import ast
from collections.abc import Iterable, Iterator

from gates.tampering.python import Function, Module

GIVING = frozenset({"setattr", "delattr"})


def set_again(module: Module) -> dict[str, int]:
    """Names of tests and of their classes that get another value, or none, with the last line where they do."""
    found: dict[str, int] = {}
    for name, line in _given(module.tree.body):
        found[name] = max(line, found.get(name, 0))
    classes = (node for node in module.tree.body if isinstance(node, ast.ClassDef))
    for name, line in (pair for each in classes for pair in _given(each.body)):
        if name.casefold().startswith("test"):
            found[name] = max(line, found.get(name, 0))
    return found


def _given(body: Iterable[ast.stmt]) -> Iterator[tuple[str, int]]:
    for node in body:
        if isinstance(node, Function | ast.ClassDef):
            continue
        yield from ((name, node.lineno) for name in _names(node))
        for part in ("body", "orelse", "finalbody"):
            yield from _given(getattr(node, part, ()))
        for handler in getattr(node, "handlers", ()):
            yield from _given(handler.body)


def _names(node: ast.stmt) -> Iterator[str]:
    """What one statement sets, without the blocks inside of it."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield from ((each.asname or each.name) for each in node.names)
        return
    blocks = {id(each) for part in ("body", "orelse", "finalbody", "handlers") for each in getattr(node, part, ())}
    for part in (each for child in ast.iter_child_nodes(node) if id(child) not in blocks for each in ast.walk(child)):
        if isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Load):
            yield part.id
        elif isinstance(part, ast.Attribute) and not isinstance(part.ctx, ast.Load):
            # `TestShop.__test__ = False` takes the class away, another attribute itself
            yield getattr(part.value, "id", "") if part.attr == "__test__" else part.attr
        elif isinstance(part, ast.Call) and getattr(part.func, "id", "") in GIVING and part.args[1:]:
            yield str(getattr(part.args[1], "value", ""))


def shadowed(module: Module, function: Function) -> set[str]:
    """Names that the module has imported, and that a function has from somewhere else."""
    own = {each.arg for each in ast.walk(function.args) if isinstance(each, ast.arg)}
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            own.add(node.id)
        elif isinstance(node, Function | ast.ClassDef) and node is not function:
            own.add(node.name)
    return own & module.aliases.keys()


def replaced_for_all(module: Module) -> set[str]:
    """Imported names that one of the module's functions sets for all of it (`global add`)."""
    found: set[str] = set()
    if not any(isinstance(node, ast.Global) for node in module.nodes):
        return found
    for node in (node for node in module.nodes if isinstance(node, Function)):
        inside = list(ast.walk(node))
        named = {name for each in inside if isinstance(each, ast.Global) for name in each.names}
        found |= named & {each.id for each in inside if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}
        found |= named & {each.name for each in inside if isinstance(each, Function)}
    return found & module.aliases.keys()
