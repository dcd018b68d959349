"""A figure of radon's, by itself: importing radon takes longer than reading what it has said."""

from typing import NamedTuple


class Rank(NamedTuple):
    """One block or file, its figure and its rank."""

    line: int
    name: str
    """Dotted, from the module: `A.m.inner`; `module` for the module's own code, and for a file."""
    value: float
    rank: str
