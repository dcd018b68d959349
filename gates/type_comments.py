"""What in a file takes code out of the check of its types: comments, and one decorator."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator

from gates.flagged import Flag
from gates.syntax import decode, parse

COMMENTS = {
    "type-ignore": re.compile(r"#\s*type:\s*ignore(?!\w)(\[[^\]]*\])?"),
    "mypy-comment": re.compile(r"#\s*mypy:\s*\S.*"),
    "pyright-comment": re.compile(r"#\s*pyright:\s*\S.*"),
}
DECORATOR = "no_type_check"


def switches(path: str, source: bytes) -> list[Flag]:
    """Every place that switches the check off for something. Raises Unmeasurable for what is no Python."""
    return sorted((*_comments(path, source), *_decorators(path, source)), key=lambda flag: flag.line)


def _comments(path: str, source: bytes) -> Iterator[Flag]:
    if b"type:" not in source and b"mypy:" not in source and b"pyright:" not in source:
        return
    parse(path, source)  # which refuses with a sentence what has no tokens
    for token in tokenize.generate_tokens(io.StringIO(decode(path, source)).readline):
        if token.type == tokenize.COMMENT:
            for rule, pattern in COMMENTS.items():
                if found := pattern.search(token.string):
                    yield _flag(rule, path, token.start[0], found[0].strip())


def _decorators(path: str, source: bytes) -> Iterator[Flag]:
    if DECORATOR.encode() not in source:
        return
    for node in ast.walk(parse(path, source)):
        # a decorator by another name begins with its import
        if isinstance(node, ast.ImportFrom) and any(alias.name == DECORATOR for alias in node.names):
            yield _flag("no-type-check", path, node.lineno, DECORATOR)
        if isinstance(node, ast.Attribute) and node.attr == DECORATOR:
            yield _flag("no-type-check", path, node.lineno, DECORATOR)


def _flag(rule: str, path: str, line: int, text: str) -> Flag:
    return Flag(rule=rule, path=path, line=line, message=f"takes code out of the check: {text}")
