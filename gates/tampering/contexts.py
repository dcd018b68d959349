"""What makes a failed assertion disappear: handlers, a `finally` that goes away with it, contexts of the file's own."""

import ast

from gates.tampering.python import Function, Module, last
from gates.tampering.skips import skipping
from gates.tampering.truth import truth

CATCHING = frozenset({"AssertionError", "Exception", "BaseException", "Failed"})


def catches(handler: ast.ExceptHandler, module: Module) -> bool:
    """Whether it makes a failed assertion disappear."""
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type] if handler.type else []
    caught = handler.type is None or any(last(module.dotted(kind)) in CATCHING for kind in kinds)
    return caught and not any(_fails(node, module) for each in handler.body for node in ast.walk(each))


def _fails(node: ast.AST, module: Module) -> bool:
    """Whether a handler goes on to fail the test."""
    if isinstance(node, ast.Raise | ast.Assert):
        return True
    return isinstance(node, ast.Call) and (last(module.dotted(node.func)) == "fail" or bool(skipping(node, module)))


def leaves_finally(node: ast.stmt) -> bool:
    """Whether a `finally` goes away with whatever was raised."""
    leaving = ast.Return | ast.Break | ast.Continue
    return any(isinstance(each, leaving) for each in getattr(node, "finalbody", ()))


def swallows(name: str, module: Module) -> bool:
    """Whether a context of the module's own has this name, and a failed assertion disappears in it."""
    own = (node for node in module.tree.body if isinstance(node, ast.ClassDef | Function) and node.name == name)
    return any(_is_swallowing(node, module) for node in own)


def _is_swallowing(node: ast.ClassDef | Function, module: Module) -> bool:
    if isinstance(node, ast.ClassDef):
        ends = (each for each in node.body if isinstance(each, Function) and each.name in ("__exit__", "__aexit__"))
        given = (each.value for end in ends for each in ast.walk(end) if isinstance(each, ast.Return) and each.value)
        return any(truth(each) is True for each in given)
    tries = (each for each in ast.walk(node) if isinstance(each, ast.Try))
    return any(_yields(each) and any(catches(one, module) for one in each.handlers) for each in tries)


def _yields(node: ast.Try) -> bool:
    return any(isinstance(inside, ast.Yield) for each in node.body for inside in ast.walk(each))
