"""Python's syntax trees of the files of a tree, and errors in a sentence for what has none."""

import ast
from importlib.util import decode_source
from typing import NoReturn

from gates.paths import shown
from gates.verdict import Finding, Unmeasurable


def parse(path: str, source: bytes) -> ast.Module:
    """The syntax tree of a file; `path` is what an error names."""
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as problem:
        refuse(path, problem)


def decode(path: str, source: bytes) -> str:
    """The text of a Python file, in the encoding that it declares."""
    try:
        return decode_source(source)
    except (SyntaxError, ValueError, LookupError) as problem:
        refuse(path, problem)


def refuse(path: str, problem: Exception) -> NoReturn:
    """Say that a file cannot be measured, where and why."""
    line = problem.lineno if isinstance(problem, SyntaxError) else None
    reason = (problem.msg if isinstance(problem, SyntaxError) else str(problem)) or type(problem).__name__
    place = f"{shown(path)}:{line}" if line else shown(path)
    raise Unmeasurable(
        f"{place} cannot be read as Python: {reason}", Finding(path=path, line=line, message=reason)
    ) from None
