"""The keys in TOML and JSON."""

import json
import tomllib
from collections.abc import Iterator
from typing import Any

from tasks.structure_names import DEEPEST, TOO_DEEP, Unreadable, below, fingerprint


class _Pairs(list[tuple[str, object]]):
    """A JSON object with every pair that it has: a key may stand there twice."""


def toml(text: str) -> Iterator[tuple[str, str]]:
    """Every key, as `tables.and.key`."""
    return _keys(tomllib.loads(text))


def json_keys(text: str) -> Iterator[tuple[str, str]]:
    """The same; a key that stands in an object twice comes twice."""
    return _keys(json.loads(text, object_pairs_hook=_Pairs))


def _keys(value: object, at: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """Every key below a table, with the fingerprint of its value."""
    if depth > DEEPEST:
        raise Unreadable(TOO_DEEP)
    pairs: Any = value.items() if isinstance(value, dict) else value if isinstance(value, _Pairs) else None
    if pairs:
        for key, inner in pairs:
            yield from _keys(inner, below(at, key), depth + 1)
    elif at:
        yield at, fingerprint(repr(value))
