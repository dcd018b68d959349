"""Radon's figures for every block and file of a tree.

Radon's own command leaves nested functions, classes in functions, module-level code and `except*` out, and ends well
whatever it found. Its API is asked here about each block of the syntax tree by itself.
"""

import ast
import tokenize
from collections.abc import Iterator

from radon.complexity import cc_rank
from radon.metrics import h_visit_ast, mi_compute, mi_rank
from radon.visitors import ComplexityVisitor

from gates import raw
from gates.model import Frozen
from gates.syntax import decode, parse, refuse

Block = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class Rank(Frozen):
    """One block or file, its figure and its rank."""

    path: str
    line: int
    name: str
    value: float
    rank: str


class _Plain(ast.NodeTransformer):
    """Radon does not know `except*`; to it each handler shall count as of a plain `except`."""

    def visit_TryStar(self, node: ast.TryStar) -> ast.AST:
        plain = ast.Try(body=node.body, handlers=node.handlers, orelse=node.orelse, finalbody=node.finalbody)
        return self.generic_visit(ast.copy_location(plain, node))


def complexities(path: str, source: bytes) -> list[Rank]:
    """The cyclomatic complexity of each block, and of the module's own code."""
    tree = parse(path, source)
    try:
        blocks = list(_blocks(_Plain().visit(tree)))
        values = [(name, line, _complexity(node)) for name, line, node in blocks]
    except RecursionError as problem:
        refuse(path, problem)
    return [Rank(path=path, line=line, name=name, value=value, rank=cc_rank(value)) for name, line, value in values]


def _blocks(tree: ast.Module) -> Iterator[tuple[str, int, ast.AST]]:
    """The module, and every function and class at any depth under its dotted name."""
    yield "module", 1, tree
    waiting: list[tuple[str, ast.AST]] = [("", tree)]
    while waiting:
        prefix, parent = waiting.pop()
        for node in ast.iter_child_nodes(parent):
            if isinstance(node, Block):
                yield prefix + node.name, node.lineno, node
                waiting.append((f"{prefix}{node.name}.", node))
            else:
                waiting.append((prefix, node))


def _complexity(node: ast.AST) -> int:
    visitor = ComplexityVisitor.from_ast(node)
    if isinstance(node, ast.Module):
        return int(visitor.complexity)
    (block,) = visitor.functions or visitor.classes
    return int(block.complexity)


def maintainability(path: str, source: bytes) -> Rank:
    """The maintainability index of a file."""
    tree = parse(path, source)
    try:
        lines = raw.count(decode(path, source))
        comments = lines.comments / lines.source * 100 if lines.source else 0
        complexity = ComplexityVisitor.from_ast(_Plain().visit(tree)).total_complexity
        value = mi_compute(h_visit_ast(tree).total.volume, complexity, lines.logical, comments)
    except (RecursionError, SyntaxError, tokenize.TokenError) as problem:
        refuse(path, problem)
    return Rank(path=path, line=1, name="module", value=value, rank=mi_rank(value))
