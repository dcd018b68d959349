"""Functions whose bodies are nothing: the same source with a switch at the head of each function's body.

A switch is an `if` of one line that returns when it is on. Everything else stays: the arguments, the docstring, that it
is a generator or a coroutine; `return` in a generator ends it before its first value, and in `__init__` does nothing.
"""

import ast
import io
import tokenize
from collections.abc import Iterable
from typing import NamedTuple

from gates.paths import shown
from gates.proof.changed_code import Function, body
from gates.syntax import decode
from gates.verdict import Unmeasurable

IN_TESTS = 'if "PYTEST_CURRENT_TEST" in __import__("os").environ: return'
"""A switch that is on while a test runs, and off while modules are imported."""


class Switch(NamedTuple):
    """A function, and what stands at the head of its body."""

    node: Function
    text: str


class _Edit(NamedTuple):
    line: int
    """From 1."""
    column: int
    """In bytes of UTF-8."""
    text: str


def switched(path: str, source: bytes, switches: Iterable[Switch]) -> bytes:
    """The source with switches. Raises Unmeasurable for what cannot be written otherwise."""
    text = decode(path, source)
    lines = [line.encode("utf-8", "surrogatepass") for line in text.split("\n")]
    for edit in sorted((_edit(lines, switch) for switch in switches), reverse=True):
        line = lines[edit.line - 1]
        lines[edit.line - 1] = line[: edit.column] + edit.text.encode() + line[edit.column :]
    made = b"\n".join(lines)
    try:
        ast.parse(made.decode("utf-8", "surrogatepass"))
    except (SyntaxError, ValueError) as problem:
        raise Unmeasurable(f"{shown(path)} cannot be rewritten with bodies of nothing: {problem}") from None
    return _encoded(path, source, made)


def _edit(lines: list[bytes], switch: Switch) -> _Edit:
    """Where a switch goes: before the first statement that is no docstring, on a line of its own."""
    node, first = switch.node, switch.node.body[0]
    head = _margin(lines[node.lineno - 1])
    if not _begins_line(lines, first):
        # a body behind the colon: it is put below
        return _Edit(first.lineno, first.col_offset, f"\n{head} {switch.text}\n{head} ")
    statement = next(iter(body(node)), None)
    if statement is None or not _begins_line(lines, statement):
        margin = _margin(lines[first.lineno - 1])
        place = statement or first
        return _Edit(place.lineno, place.col_offset, f"\n{margin}{switch.text}\n{margin}")
    line = min([statement.lineno, *(mark.lineno for mark in getattr(statement, "decorator_list", ()))])
    return _Edit(line, 0, f"{_margin(lines[line - 1])}{switch.text}\n")


def _begins_line(lines: list[bytes], statement: ast.stmt) -> bool:
    return not lines[statement.lineno - 1][: statement.col_offset].strip()


def _margin(line: bytes) -> str:
    return line[: len(line) - len(line.lstrip())].decode()


def _encoded(path: str, source: bytes, made: bytes) -> bytes:
    encoding, _ = tokenize.detect_encoding(io.BytesIO(source).readline)
    try:
        return made.decode("utf-8", "surrogatepass").encode(encoding)
    except (UnicodeEncodeError, LookupError) as problem:
        raise Unmeasurable(f"{shown(path)} cannot be written in its encoding: {problem}") from None
