"""Radon's figures for every block of a file, and for the file.

Radon's own command leaves nested functions, classes in functions, module-level code and `except*` out, and ends well
whatever it found. Its API is asked here about each block of the syntax tree by itself.
"""

import ast
import re
import tokenize
from collections.abc import Iterator

from radon.complexity import cc_rank
from radon.metrics import h_visit_ast, mi_compute, mi_rank
from radon.visitors import ComplexityVisitor

from gates.metrics import raw
from gates.metrics.figures import Unread
from gates.metrics.rank import Rank
from gates.metrics.source import decode, parse, unread

Block = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
MOST_BLOCKS = 50_000


STARRED = re.compile(r"except[\s\\]*\*")


def _plain(content: bytes) -> ast.Module:
    """The syntax tree of a file, for radon: which does not know `except*`."""
    tree = parse(content)
    return _Plain().visit(tree) if STARRED.search(decode(content)) else tree


class _Plain(ast.NodeTransformer):
    """Makes each handler of an `except*` count as one of a plain `except`."""

    def visit_TryStar(self, node: ast.TryStar) -> ast.AST:
        plain = ast.Try(body=node.body, handlers=node.handlers, orelse=node.orelse, finalbody=node.finalbody)
        return self.generic_visit(ast.copy_location(plain, node))


def complexities(_: str, content: bytes) -> list[Rank]:
    """The cyclomatic complexity of each block, and of the module's own code. Raises Unread."""
    try:
        blocks = list(_blocks(_plain(content)))
        values = [(name, line, _complexity(node)) for name, line, node in blocks]
    except RecursionError as problem:
        raise unread(problem) from None
    if len(values) > MOST_BLOCKS:
        raise Unread(f"has more than {MOST_BLOCKS} functions and classes")
    return [Rank(line, name, value, cc_rank(value)) for name, line, value in values]


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
    return int(block.complexity) + _of_head(node)


def _of_head(node: ast.AST) -> int:
    """What stands before a block's body: decorators, defaults, bases; radon looks at none of it."""
    parts: list[ast.expr | None] = [*getattr(node, "decorator_list", ()), *getattr(node, "bases", ())]
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        parts += [*node.args.defaults, *node.args.kw_defaults]
    lines: list[ast.stmt] = [ast.Expr(value=part) for part in parts if part is not None]
    return int(ComplexityVisitor.from_ast(ast.Module(body=lines, type_ignores=[])).complexity) - 1 if lines else 0


def maintainability(_: str, content: bytes) -> Rank:
    """The maintainability index of a file. Raises Unread."""
    try:
        tree = _plain(content)
        lines = raw.count(decode(content))
        comments = lines.comments / lines.source * 100 if lines.source else 0
        complexity = ComplexityVisitor.from_ast(tree).total_complexity
        value = mi_compute(h_visit_ast(tree).total.volume, complexity, lines.logical, comments)
    except (RecursionError, SyntaxError, tokenize.TokenError) as problem:
        raise unread(problem) from None
    return Rank(1, "module", value, mi_rank(value))
