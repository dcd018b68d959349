"""Files that are somewhere else now: what was known of them goes with them.

A file of the base that is gone is taken to be a new one of the candidate if that has the same content, or else the same
name and about the same size. Each new file takes the place of one that is gone and no more, so that nothing is known
twice.
"""

from collections.abc import Callable, Iterable, Mapping

from gates.subject import REGULAR, TreeFile

ALIKE = 2.0
"""How many times as large the larger one of two files may be."""

Files = Mapping[str, TreeFile]


def moved(before: Iterable[TreeFile], after: Iterable[TreeFile]) -> dict[str, str]:
    """Path in the base to path in the candidate, of each regular file that was moved."""
    old = {file.path: file for file in before if file.mode in REGULAR}
    new = {file.path: file for file in after if file.mode in REGULAR}
    gone = {path: file for path, file in old.items() if path not in new}
    fresh = {path: file for path, file in new.items() if path not in old}
    same = _same_content(gone, fresh)
    for key in (_name_in_folder, _name):
        taken = set(same.values())
        rest = {path: file for path, file in gone.items() if path not in same}
        same |= _same_name(rest, {path: file for path, file in fresh.items() if path not in taken}, key)
    return same


def _same_content(gone: Files, fresh: Files) -> dict[str, str]:
    places: dict[str, list[str]] = {}
    for path in sorted(fresh, reverse=True):
        places.setdefault(fresh[path].blob, []).append(path)
    pairs: dict[str, str] = {}
    for path in sorted(gone):
        if gone[path].blob and (waiting := places.get(gone[path].blob)):
            # of several copies the one whose name has stayed the same
            best = next((place for place in waiting if _name(place) == _name(path)), waiting[-1])
            waiting.remove(best)
            pairs[path] = best
    return pairs


def _same_name(gone: Files, fresh: Files, key: Callable[[str], str]) -> dict[str, str]:
    places: dict[str, list[str]] = {}
    for path in sorted(fresh):
        places.setdefault(key(path), []).append(path)
    pairs: dict[str, str] = {}
    for path in sorted(gone):
        waiting = places.get(key(path), [])
        alike = [place for place in waiting if _alike(gone[path].size, fresh[place].size)]
        if alike:
            best = max(alike, key=lambda place: _shared(path, place))
            waiting.remove(best)
            pairs[path] = best
    return pairs


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _name_in_folder(path: str) -> str:
    """With the folder that it lies in: of many files of one name only few share that."""
    return "/".join(path.split("/")[-2:])


def _alike(one: int, other: int) -> bool:
    return max(one, other) <= ALIKE * min(one, other)


def _shared(one: str, other: str) -> int:
    """How many folders two paths have in common."""
    return len(set(one.split("/")) & set(other.split("/")))
