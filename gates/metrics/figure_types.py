"""What the figures of each metric look like: whatever comes from a file or another process is looked at by this."""

from typing import Annotated, Any

from pydantic import Strict, TypeAdapter, ValidationError

from gates.metrics.bandit_issues import Issue
from gates.metrics.rank import Rank

Line = Annotated[int, Strict()]

TYPES: dict[str, TypeAdapter[Any]] = {
    "bandit": TypeAdapter(list[Issue]),
    "complexity": TypeAdapter(list[Rank]),
    "maintainability": TypeAdapter(Rank),
    "lines": TypeAdapter(Line),
    "blank": TypeAdapter(Annotated[bool, Strict()]),
    "match": TypeAdapter(Line | None),
    "places": TypeAdapter(list[tuple[Line, str]]),
}
"""One for each key of `figures.METRICS`."""


def fits(metric: str, figure: object) -> bool:
    """Whether this is a figure of that metric, as JSON has it."""
    try:
        TYPES[metric].validate_python(figure)
    except ValidationError:
        return False
    return True
