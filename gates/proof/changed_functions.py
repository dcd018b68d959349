"""The functions of a tree's product code that its base did not have like that.

A function is new or changed when its arguments or what its body does are not those of the base
(`gates/proof/changed_code.py` says what counts as that); one that has only moved is neither. Lambdas, and functions
that are made by `exec`, are part of the code around them.
"""

import ast
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple

from gates.files import read
from gates.proof.changed_code import Function, body, print_of, tokens
from gates.ratchet import fresh
from gates.subject import REGULAR, Subject
from gates.syntax import decode, refuse
from gates.verdict import Unmeasurable

UNTOLD = ("__repr__",)
"""Functions of these names are for people who look for a fault, and are left out."""


class Found(NamedTuple):
    """A function of a file."""

    path: str
    name: str
    """With what it lies in, `Ledger.post` or `outer.inner`."""
    line: int
    print: str
    """Of what it does and of its arguments."""
    is_empty: bool
    """Its body is nothing already: abstract, a protocol's, an overload, `pass`, `...`, `return None`."""
    node: Function


def functions(path: str, source: bytes) -> list[Found]:
    """Every function of a file, nested ones and methods too, in order. Raises Unmeasurable."""
    try:
        return list(_walk(path, ast.parse(decode(path, source))))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as problem:
        refuse(path, problem)


def _walk(path: str, tree: ast.Module) -> Iterator[Found]:
    waiting: list[tuple[ast.AST, str]] = [(tree, "")]
    while waiting:
        node, inside = waiting.pop()
        if isinstance(node, Function):
            yield _found(path, inside + node.name, node)
        is_scope = isinstance(node, Function | ast.ClassDef)
        within = f"{inside}{node.name}." if isinstance(node, Function | ast.ClassDef) and is_scope else inside
        waiting += [(child, within) for child in reversed([*ast.iter_child_nodes(node)])]


def _found(path: str, name: str, node: Function) -> Found:
    did = print_of(tokens([type(node).__name__, node.args, body(node)]))
    return Found(path, name, node.lineno, did, all(map(_does_nothing, body(node))), node)


def _does_nothing(statement: ast.stmt) -> bool:
    """Whether replacing it by `return` would change nothing, or it only says that somebody else is to do it."""
    match statement:
        case ast.Pass() | ast.Global() | ast.Nonlocal() | ast.Return(value=None):
            return True
        case ast.Return(value=ast.Constant(value=None)) | ast.Expr(value=ast.Constant()):
            return True
        case ast.Raise(exc=ast.Name(id="NotImplementedError") | ast.Call(func=ast.Name(id="NotImplementedError"))):
            return True
    return False


def changed(subject: Subject, base: Subject, product: Iterable[str]) -> list[Found]:
    """Functions of product files that the base did not have, in order of their place; those for people are left out."""
    known = {file.path: file.blob for file in base.files if file.mode in REGULAR}
    blobs = {file.path: file.blob for file in subject.files}
    touched = [path for path in product if not blobs[path] or blobs[path] != known.get(path)]
    found = [each for path in touched for each in functions(path, read(subject.root, path))]
    before = list(_before(subject, base))
    # first what stayed in its place, then what has moved
    new = fresh(found, before, lambda each: (each.path, each.name, each.print))
    gone = fresh(before, found, lambda each: (each.path, each.name, each.print))
    new = fresh(new, gone, lambda each: (each.node.name, each.print))
    return [each for each in new if each.node.name not in UNTOLD]


def _before(subject: Subject, base: Subject) -> Iterator[Found]:
    """Functions of the base's files that the subject has otherwise, or not at all."""
    same = {(file.path, file.blob) for file in subject.files if file.blob}
    for file in base.files:
        if file.mode in REGULAR and file.path.endswith(".py") and (file.path, file.blob) not in same:
            # what cannot be read has no function that anybody could have kept
            with suppress(Unmeasurable):
                yield from functions(file.path, read(base.root, file.path))
