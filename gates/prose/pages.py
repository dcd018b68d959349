"""What a check wants to know of a document."""

from typing import NamedTuple


class Link(NamedTuple):
    """A link or an image."""

    target: str
    line: int


class Block(NamedTuple):
    """A fenced block of code."""

    language: str
    """The first word behind the fence, in lower case; empty without one."""
    text: str
    line: int
    """Of its first line of code."""


class Page(NamedTuple):
    """One text."""

    links: tuple[Link, ...]
    undefined: tuple[Link, ...]
    """Labels of links that nothing defines."""
    anchors: frozenset[str]
    blocks: tuple[Block, ...]
