"""The counts of lines that radon's maintainability index is made of, in linear time.

`radon.raw.analyze` tokenizes a literal again with each of its lines (1,600 lines of one literal cost 15 s), and takes
a separator inside a string for the end of a line. Here a file is tokenized once; the counts are radon's own elsewhere.
"""

import io
import tokenize
from collections.abc import Iterator
from typing import NamedTuple

from radon.raw import _logical

Tokens = list[tokenize.TokenInfo]
LAYOUT = frozenset({tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER})
END = tokenize.TokenInfo(tokenize.ENDMARKER, "", (0, 0), (0, 0), "")


class Raw(NamedTuple):
    """Counts of one file, or of one logical line of it."""

    logical: int = 0
    """Statements, as radon counts them."""
    source: int = 0
    """Lines that hold code."""
    comments: int = 0
    """Comments, and the lines of a string that stands alone on several of them."""


def count(source: str) -> Raw:
    """The counts of a file; raises SyntaxError or tokenize.TokenError for what is no Python."""
    lines = source.split("\n")
    total = Raw()
    for tokens in _logical_lines(source):
        total = Raw(*(here + more for here, more in zip(total, _count(tokens, lines), strict=True)))
    return total


def _logical_lines(source: str) -> Iterator[Tokens]:
    """What stands between two ends of a statement, a comment line or a blank line; without layout."""
    tokens: Tokens = []
    depth = 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in LAYOUT:
            tokens.append(token)
        if token.type == tokenize.OP:
            depth += (token.string in "([{") - (token.string in ")]}")
        if tokens and (token.type == tokenize.NEWLINE or (token.type == tokenize.NL and depth == 0)):
            yield tokens
            tokens = []


def _count(tokens: Tokens, lines: list[str]) -> Raw:
    first, last = tokens[0], tokens[-1]
    filled = sum(bool(line.strip()) for line in lines[first.start[0] - 1 : last.end[0]])
    comments = sum(token.type == tokenize.COMMENT for token in tokens)
    alone = first.type if len(tokens) == 1 else None
    if alone == tokenize.STRING:
        comments += filled if first.start[0] < first.end[0] else 0
    is_code = alone not in (tokenize.STRING, tokenize.COMMENT)
    return Raw(logical=_logical([*tokens, END]), source=filled if is_code else 0, comments=comments)
