"""What in a file takes code out of the check of its types: comments, and one decorator."""

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator

from gates.flagged import Flag
from gates.syntax import decode, parse

COMMENTS = {
    "type-ignore": re.compile(r"#\s*type:\s*ignore(?!\w)(\[[^\]]*\])?"),
    "mypy-comment": re.compile(r"#\s*mypy:\s*\S.*"),
    "pyright-comment": re.compile(r"#\s*pyright:\s*\S.*"),
}
OF_MYPY = re.compile(r"^# mypy: .*", re.MULTILINE)
"""A parser of mypy's reads every line that begins so, those of texts as well."""
DECORATOR = "no_type_check"


def switches(path: str, source: bytes) -> list[Flag]:
    """Every place that switches the check off for something. Raises Unmeasurable for what is no Python."""
    return sorted((*_comments(path, source), *_decorators(path, source)), key=lambda flag: flag.line)


def _comments(path: str, source: bytes) -> Iterable[Flag]:
    if b"type:" not in source and b"mypy:" not in source and b"pyright:" not in source:
        return ()
    parse(path, source)  # which refuses with a sentence what has no tokens
    text = decode(path, source)
    told = [("mypy-comment", text.count("\n", 0, line.start()) + 1, line[0]) for line in OF_MYPY.finditer(text)]
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            found = ((rule, pattern.search(token.string)) for rule, pattern in COMMENTS.items())
            told += [(rule, token.start[0], match[0]) for rule, match in found if match]
    # most of those lines are comments as well
    return {(rule, line): _flag(rule, path, line, said.strip()) for rule, line, said in told}.values()


def _decorators(path: str, source: bytes) -> Iterator[Flag]:
    if DECORATOR.encode() not in source:
        return
    for node in ast.walk(parse(path, source)):
        if isinstance(node, ast.stmt | ast.expr) and _uses(node):
            yield _flag("no-type-check", path, node.lineno, DECORATOR)


def _uses(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        # by another name it begins here; by its own it is told where it is used, whatever import it came by
        return any(alias.name == DECORATOR != (alias.asname or DECORATOR) for alias in node.names)
    if isinstance(node, ast.Attribute):
        return node.attr == DECORATOR
    return isinstance(node, ast.Name) and node.id == DECORATOR


def _flag(rule: str, path: str, line: int, text: str) -> Flag:
    return Flag(rule=rule, path=path, line=line, message=f"takes code out of the check: {text}")
