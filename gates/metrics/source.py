"""Python's source and syntax trees, or why there are none; without anything that takes long to import."""

import ast
from importlib.util import decode_source

from gates.metrics.figures import Unread


def parse(content: bytes) -> ast.Module:
    """The syntax tree of a file. Raises Unread."""
    try:
        return ast.parse(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as problem:
        raise unread(problem) from None


def decode(content: bytes) -> str:
    """The text of a Python file, in the encoding that it declares. Raises Unread."""
    try:
        return decode_source(content)
    except (SyntaxError, ValueError, LookupError) as problem:
        raise unread(problem) from None


def unread(problem: Exception) -> Unread:
    """That a file cannot be read as Python, where and why."""
    line = problem.lineno if isinstance(problem, SyntaxError) else None
    reason = (problem.msg if isinstance(problem, SyntaxError) else str(problem)) or type(problem).__name__
    return Unread(f"cannot be read as Python: {reason}", line)
