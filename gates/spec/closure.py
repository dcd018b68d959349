"""How closed a specification is: the share of what was asked of it that is there."""

from typing import NamedTuple

from gates.verdict import Finding


class Missing(NamedTuple):
    """One piece that is not there, or not as it should be."""

    question: str
    """What was asked; several pieces may be missing of one question, which counts once."""
    finding: Finding


class Closure(NamedTuple):
    """What was asked of a specification."""

    asked: int
    """How many questions."""
    nodes: int
    """Of how many nodes, or documents."""
    missing: tuple[Missing, ...]
