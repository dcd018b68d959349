"""The names that a Python module gives a meaning: functions, classes with their own names, variables, imports."""

import ast
from collections.abc import Iterator

from tasks.structure_names import IMPORTED, fingerprint

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def definitions(source: bytes) -> Iterator[tuple[str, str]]:
    """(dotted name, fingerprint) of every definition; raises what `ast.parse` raises.

    Comments and layout count for nothing. A class is its decorators and bases; what is defined in it has names of its
    own. What a function defines inside belongs to it.
    """
    yield from _of_body(ast.parse(source), "")


def _of_body(scope: ast.AST, at: str) -> Iterator[tuple[str, str]]:
    """Of one scope: what stands under a condition, a loop or a `try` is in the same one."""
    for node in ast.iter_child_nodes(scope):
        if isinstance(node, _Function):
            yield at + node.name, _fingerprint(node)
        elif isinstance(node, ast.ClassDef):
            yield at + node.name, _fingerprint(*node.decorator_list, *node.bases, *node.keywords, word="class")
            yield from _of_body(node, f"{at}{node.name}.")
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from ((at + name, meaning) for name, meaning in _imported(node))
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            yield from ((at + name, _fingerprint(node)) for name in _assigned(node))
        elif isinstance(node, ast.stmt | ast.excepthandler | ast.match_case):
            yield from _of_body(node, at)


def _imported(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    for alias in node.names:
        whole = alias.name if alias.asname else alias.name.partition(".")[0]
        if isinstance(node, ast.ImportFrom):
            yield alias.asname or alias.name, f"{IMPORTED}{'.' * node.level}{node.module or ''} {alias.name}"
        else:
            yield alias.asname or whole, f"{IMPORTED}{whole}"


def _assigned(node: ast.Assign | ast.AnnAssign) -> Iterator[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    parts = (part for target in targets for part in (getattr(target, "elts", None) or [target]))
    return (part.id for part in parts if isinstance(part, ast.Name))


def _fingerprint(*nodes: ast.AST, word: str = "") -> str:
    return fingerprint("\n".join((word, *map(ast.dump, nodes))))
