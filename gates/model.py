"""The base of every record that travels between the layers, and the types that several of them share."""

import re
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema


class Frozen(BaseModel):
    """An immutable record that refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
DURATION = r"^([0-9]+(?:\.[0-9]+)?)([smhd])$"


def _seconds(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, str) and (match := re.fullmatch(DURATION, value, re.ASCII)):
        return float(match[1]) * SECONDS[match[2]]
    raise ValueError("expected a duration such as 90s, 10m, 2h or 7d, or a number of seconds")


Duration = Annotated[
    float,
    Field(gt=0, allow_inf_nan=False),
    BeforeValidator(_seconds),
    WithJsonSchema({"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "string", "pattern": DURATION}]}),
]
"""Seconds; in a plan also `90s`, `10m`, `2h`, `7d`. Serialises back to a number."""

UNITS = {"KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40}
SIZE = r"^([0-9]+(?:\.[0-9]+)?) ?(KB|MB|GB|TB)$"


def _bytes(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and (match := re.fullmatch(SIZE, value, re.ASCII)):
        return int(float(match[1]) * UNITS[match[2]])
    raise ValueError("expected a size such as 500 MB or 4 GB, or a number of bytes")


Size = Annotated[
    int,
    Field(gt=0),
    BeforeValidator(_bytes),
    WithJsonSchema({"anyOf": [{"type": "integer", "exclusiveMinimum": 0}, {"type": "string", "pattern": SIZE}]}),
]
"""Bytes; in a plan also `500 MB`, `4 GB`. Serialises back to a number."""

Count = Annotated[int, Field(ge=0, strict=True)]
"""A whole number from 0; strict, for in YAML a lone `yes` would count as 1."""

Flag = Annotated[bool, Field(strict=True)]
"""True or false, and no word for it."""
