"""What must not be told: passwords in addresses, values of variables that a plan lets through, this machine's paths."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import JsonValue

SHORTEST_SECRET = 6
"""Shorter values (`1`, `true`, `utf-8`) are no secrets, and stand in too many words."""


def without_passwords(text: str) -> str:
    """Text without the names and passwords that addresses may hold."""
    # up to the last @ before a slash: a password may hold one
    return re.sub(r"(?<=://)[^/\s'\"]+@", "***@", text)


class Redaction:
    """Replaces paths and secrets by their names in braces: `{workspace}`, `{API_KEY}`."""

    def __init__(self, paths: Mapping[Path, str], secrets: Mapping[str, str]) -> None:
        """`paths`: path to name; `secrets`: name to value."""
        texts = {str(path): name for path, name in paths.items() if path.parent != path}
        values = {value: name for name, value in secrets.items() if len(value) >= SHORTEST_SECRET}
        self._names = texts | values
        # longest first, for a folder has its own name; and `/home/me` does not stand in `/home/me-too`
        forms = [re.escape(value) for value in _longest_first(values)]
        forms += [rf"{re.escape(text)}(?![\w-])" for text in _longest_first(texts)]
        self._pattern = re.compile("|".join(forms) or "(?!)")

    def text(self, text: str) -> str:
        """A text that can be shown."""
        return self._pattern.sub(lambda match: f"{{{self._names[match[0]]}}}", without_passwords(text))

    def json(self, value: JsonValue) -> JsonValue:
        """The same for every text in a JSON value, keys left as they are."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.json(item) for item in value]
        if isinstance(value, dict):
            return {key: self.json(item) for key, item in value.items()}
        return value


def _longest_first(texts: Iterable[str]) -> list[str]:
    return sorted(texts, key=len, reverse=True)
