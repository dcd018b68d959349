"""Where in a plan: dotted places such as `phases.refinement.gate[0]`, and the line each of them is written on."""

import re
from collections.abc import Iterable, Mapping

from tasks.errors import Problem

TOP = ""
_LAST = re.compile(r"(\.?[^.\[\]]+|\[\d+\]|.)\Z", re.DOTALL)
_LONGEST_KEY = 60


def inside(where: str, *keys: str | int) -> str:
    """The place below `where`; keys that are no plain words are quoted."""
    for key in keys:
        where += f"[{key}]" if isinstance(key, int) else f"{'.' * bool(where)}{_shown(key)}"
    return where


def _shown(key: str) -> str:
    return key if re.fullmatch(r"[\w-]{1,60}", key) else repr(key[:_LONGEST_KEY])


class Lines:
    """The line of every place in one file, from 1; for a place that is not in it, the line of what encloses it."""

    def __init__(self, known: Mapping[str, int] | None = None) -> None:
        self._known = dict(known or {})

    def of(self, where: str) -> int | None:
        """Line of a place; None when the plan did not come from a file."""
        while where not in self._known and where != TOP:
            where = _LAST.sub("", where)
        return self._known.get(where)

    def locate(self, problems: Iterable[Problem]) -> tuple[Problem, ...]:
        """The problems with their lines, in the order of the file; those that know their line keep it."""
        located = [found if found.line else found._replace(line=self.of(found.where)) for found in problems]
        return tuple(sorted(located, key=lambda found: found.line or 0))
