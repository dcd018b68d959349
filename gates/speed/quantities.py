"""Figures with their units, as a plan writes them (`15 s`, `100 MB`, `10 %`) and as people read them."""

import math
import re
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from gates.model import UNITS

Measure = Literal["cpu", "instructions", "wall", "memory", "output", "size"]

TIMES = {"ms": 0.001, "s": 1.0, "min": 60.0, "m": 60.0, "h": 3600.0}
SIZES = {"B": 1.0} | {unit: float(size) for unit, size in UNITS.items()}
COUNTS = {"k": 1e3, "M": 1e6, "G": 1e9}
FAMILIES: dict[Measure, dict[str, float]] = {
    "cpu": TIMES, "wall": TIMES, "memory": SIZES, "size": SIZES, "instructions": COUNTS, "output": {},
}  # fmt: skip
"""The units of each measure, in seconds, bytes, instructions; a number that is printed has none that we know."""
EXAMPLES = {"cpu": "15 s", "wall": "15 s", "memory": "100 MB", "size": "5 MB", "instructions": "200 M"}
AMOUNT = r"^([0-9]+(?:\.[0-9]+)?) ?([A-Za-z]*)$"
PERCENT = r"^([0-9]+(?:\.[0-9]+)?) ?%$"
SHOWN_TIMES = {"ms": 0.001, "s": 1.0}


def _amount(value: object) -> object:
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf
    if is_number or (isinstance(value, str) and re.fullmatch(AMOUNT, value, re.ASCII)):
        return value
    raise ValueError("expected a number with its unit, such as 15 s or 100 MB")


def _percent(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(PERCENT, value, re.ASCII):
        raise ValueError("expected a percentage such as 10 %")
    return value


Amount = Annotated[
    float | str,
    BeforeValidator(_amount),
    WithJsonSchema({"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": AMOUNT}]}),
]
"""A number, or a number with its unit; which units there are depends on what is measured. Kept as it is written."""
Percent = Annotated[str, BeforeValidator(_percent), Field(json_schema_extra={"pattern": PERCENT})]
"""`10 %`; kept as it is written."""


def value_of(amount: float | str, measure: Measure) -> float:
    """In seconds, bytes, instructions, or as printed. Raises ValueError where the unit does not fit."""
    family = FAMILIES[measure]
    match = re.fullmatch(AMOUNT, str(amount), re.ASCII)
    number, unit = (match[1], match[2]) if match else (str(amount), "")
    bare = not unit and (measure in ("output", "instructions"))
    if not bare and unit not in family:
        example = f", such as {EXAMPLES[measure]}" if measure in EXAMPLES else "; write what it counts as its unit"
        known = f" with a unit ({', '.join(family)})" if family else " without a unit"
        told = amount if isinstance(amount, str) else f"{amount:g}"
        raise ValueError(f"{told} is no limit for {measure}: expected a number{known}{example}")
    return float(number) * (1.0 if bare else family[unit])


def share_of(percent: str) -> float:
    """`10 %` as 0.1."""
    return float(percent.rstrip("% ")) / 100


def shown(value: float, measure: Measure, unit: str | None = None) -> str:
    """A figure for people: `1.25 s`, `97 MB`, `51.7 M instructions`, `1043 requests`."""
    match measure:
        case "cpu" | "wall":
            return _scaled(value, SHOWN_TIMES, "s")
        case "memory" | "size":
            return _scaled(value, SIZES, "B")
        case "instructions":
            return f"{_scaled(value, COUNTS, '')} instructions"
    return f"{value:.6g}{' ' + unit if unit else ''}"


def _scaled(value: float, units: dict[str, float], least: str) -> str:
    """In the greatest unit that it reaches."""
    size, unit = max(((size, unit) for unit, size in units.items() if value >= size), default=(1.0, least))
    return f"{value / size:.4g} {unit}".rstrip()
