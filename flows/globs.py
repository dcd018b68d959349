"""Whether globs over repository paths can mean the same file."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import product
from typing import NamedTuple

from gates.paths import is_glob

_WILD = re.compile(r"[*?\[]")
_TOKEN = re.compile(r"\*+|\[!?\]?[^\]]*\]|.", re.DOTALL)
_ANY = "?"


class Claim(NamedTuple):
    """A glob, whose it is, and where the plan says so."""

    owner: str
    glob: str
    where: str


def overlap(one: str, other: str) -> bool:
    """Whether some path may match both, as `gates.paths` matches.

    `[...]` counts as any character here: a yes may be one too many, a no never is.
    """
    return one == other or any(
        _meet(path.split("/"), other_path.split("/"), _is_deep, _parts_overlap)
        for path, other_path in product(_spelt_out(one), _spelt_out(other))
    )


def _spelt_out(glob: str) -> tuple[str, ...]:
    """Without wildcards a pattern is that path, or what lies below it."""
    return (glob,) if is_glob(glob) else (glob, f"{glob}/**")


def overlapping(claims: Iterable[Claim]) -> Iterator[tuple[Claim, Claim]]:
    """Pairs of claims of different owners that may mean the same file.

    Sorted by what stands before the first wildcard, a claim can only meet those whose start is a start of its own.
    """
    alike: list[Claim] = []
    for claim in sorted(claims, key=lambda claim: _start(claim.glob)):
        while alike and not _start(claim.glob).startswith(_start(alike[-1].glob)):
            alike.pop()
        for other in alike:
            if other.owner != claim.owner and overlap(other.glob, claim.glob):
                yield other, claim
        alike.append(claim)


def _start(glob: str) -> str:
    return _WILD.split(glob, maxsplit=1)[0]


def _is_deep(part: str) -> bool:
    return part == "**"


def _is_star(token: str) -> bool:
    return token.startswith("*")


def _parts_overlap(one: str, other: str) -> bool:
    return one == other or _meet(_tokens(one), _tokens(other), _is_star, _characters_overlap)


def _tokens(part: str) -> list[str]:
    return [_ANY if len(token) > 1 and token[0] == "[" else token for token in _TOKEN.findall(part)]


def _characters_overlap(one: str, other: str) -> bool:
    return one == other or _ANY in (one, other)


def _meet(
    one: Sequence[str], other: Sequence[str], is_run: Callable[[str], bool], alike: Callable[[str, str], bool]
) -> bool:
    """Whether two patterns have a word in common; a run stands for any number of items, none included."""
    seen, ahead = {(0, 0)}, [(0, 0)]
    while ahead:
        at, other_at = ahead.pop()
        left, right = one[at : at + 1], other[other_at : other_at + 1]
        steps = set()
        if any(is_run(item) for item in (*left, *right)):
            steps = {(at + len(left), other_at), (at, other_at + len(right))}
        elif left and right and alike(left[0], right[0]):
            steps = {(at + 1, other_at + 1)}
        ahead.extend(steps - seen)
        seen |= steps
    return (len(one), len(other)) in seen
