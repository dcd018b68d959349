"""What could be covered in a file that no run has told of, counted from its syntax tree."""

import ast
from typing import NamedTuple

SILENT = (ast.Global, ast.Nonlocal)
"""Statements that nothing executes."""


class Statements(NamedTuple):
    """The first lines of the statements of a file, and how many ways out its branches have."""

    lines: list[int]
    branches: int


def count(tree: ast.Module) -> Statements:
    """The statements of a module, docstrings left out."""
    docstrings = {id(node) for node in map(_docstring, ast.walk(tree)) if node}
    lines = {
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt) and not isinstance(node, SILENT) and id(node) not in docstrings
    }
    return Statements(sorted(lines), len(ways(tree)))


def ways(tree: ast.Module) -> list[int]:
    """For each way out of a branch the line of the branch."""
    return [line for node in ast.walk(tree) for line in _ways(node)]


def _docstring(node: ast.AST) -> ast.stmt | None:
    if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) or not node.body:
        return None
    first = node.body[0]
    is_text = (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    )
    return first if is_text else None


def _ways(node: ast.AST) -> list[int]:
    if isinstance(node, ast.Match):
        return [line for case in node.cases for line in (case.pattern.lineno,) * 2]
    return [node.lineno] * 2 if isinstance(node, ast.If | ast.While | ast.For | ast.AsyncFor) else []
