"""What a piece of Python does, apart from how it is written: tokens of its syntax tree.

Docstrings, comments, formatting and annotations leave no token.
"""

import ast
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher

Function = ast.FunctionDef | ast.AsyncFunctionDef

SILENT = frozenset({"annotation", "returns", "type_comment", "type_params", "ctx", "kind"})
"""Fields that change nothing of what is done."""
MOST_TOKENS = 2000
"""Of each of two pieces that are compared for likeness, which takes time by the square of it."""


def body(node: ast.AST) -> list[ast.stmt]:
    """The statements of a function, a class or a module, without its docstring."""
    statements: list[ast.stmt] = getattr(node, "body", [])
    first = statements[0] if statements else None
    is_docstring = (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    )
    return statements[1:] if is_docstring else statements


def tokens(parts: Iterable[object], *, whole: bool = False) -> Iterator[str]:
    """Tokens of syntax trees (nodes, lists of nodes, constants), in order; `whole`: with bodies of inner functions.

    Without recursion, for trees may be deep.
    """
    waiting: list[object] = [*parts][::-1]
    while waiting:
        part = waiting.pop()
        if isinstance(part, _Mark):
            yield part
        elif isinstance(part, list):
            waiting += [_Mark("]"), *reversed(part), _Mark("[")]
        elif isinstance(part, ast.AnnAssign) and part.value is None:
            continue
        elif isinstance(part, ast.AST):
            inner = [body(part)] if whole and isinstance(part, Function) else []
            waiting += [_Mark(")"), *inner, *reversed(_fields(part)), _Mark(f"{_kind(part)}(")]
        else:
            yield f"{type(part).__name__} {part!r}"


class _Mark(str):
    """A token that is none of the code's own constants."""

    __slots__ = ()


def _kind(node: ast.AST) -> str:
    # with an annotation it does what it does without
    return "Assign" if isinstance(node, ast.AnnAssign) else type(node).__name__


def _fields(node: ast.AST) -> list[object]:
    if isinstance(node, ast.AnnAssign):
        return [[node.target], node.value]
    if isinstance(node, Function):
        # its body is its own affair
        return [node.name, node.args, node.decorator_list]
    if isinstance(node, ast.ClassDef):
        return [node.name, node.bases, node.keywords, node.decorator_list, body(node)]
    return [value for name, value in ast.iter_fields(node) if name not in SILENT]


def print_of(found: Iterable[str]) -> str:
    """A name for what tokens say; equal tokens have equal ones."""
    digest = hashlib.sha256()
    for token in found:
        digest.update(f"{len(token)} {token}\n".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def likeness(one: Sequence[str], other: Sequence[str], least: float) -> float:
    """How much two pieces have in common: from 0 to 1, which is all; 0 if it is less than `least`."""
    matcher = SequenceMatcher(None, one[:MOST_TOKENS], other[:MOST_TOKENS], autojunk=False)
    # the first two are upper bounds, and quickly found
    for ratio in (matcher.real_quick_ratio, matcher.quick_ratio, matcher.ratio):
        if (found := ratio()) < least:
            return 0.0
    return found
