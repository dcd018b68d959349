"""A plan's data as far as it can be read: who needs whom, makes what and asks whom.

Cross-checks look at this instead of a `Plan`, so that they speak up in the same go as a wrong type elsewhere in it.
"""

from typing import NamedTuple

from flows.places import inside
from tasks.assignment import everything_below, repository_glob

Placed = dict[str, str]
"""Texts of a list, by their places in the plan."""


class Work(NamedTuple):
    """One assignment, as far as it is legible."""

    where: str
    name: str
    needs: Placed
    deliverables: Placed
    writes: Placed
    """Globs over the paths it may change; empty when they cannot be told."""


def mapping(data: object, *keys: str) -> dict[str, object]:
    """The mapping at these keys; empty when there is none."""
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return {key: value for key, value in data.items() if isinstance(key, str)} if isinstance(data, dict) else {}


def texts(data: object, where: str) -> Placed:
    """The texts in the list at `where`; empty when it is none."""
    items = data if isinstance(data, list | tuple) else ()
    return {inside(where, index): item for index, item in enumerate(items) if isinstance(item, str)}


def works(plan: object) -> dict[str, dict[str, Work]]:
    """The assignments of every phase, by name."""
    return {phase: _works(phase, mapping(plan, "phases", phase, "assignments")) for phase in mapping(plan, "phases")}


def _works(phase: str, assignments: dict[str, object]) -> dict[str, Work]:
    where = inside("phases", phase, "assignments")
    return {name: _work(inside(where, name), name, mapping(assignments, name)) for name in assignments}


def _work(where: str, name: str, data: dict[str, object]) -> Work:
    needs, deliverables, writes = (
        texts(data.get(key), inside(where, key)) for key in ("needs", "deliverables", "writes")
    )
    owned = {place: everything_below(glob) for place, glob in writes.items()} or deliverables
    return Work(
        where=where,
        name=name,
        needs=needs,
        deliverables={place: glob for place, glob in deliverables.items() if _is_legible(glob)},
        writes=owned if all(map(_is_legible, owned.values())) else {},
    )


def _is_legible(glob: str) -> bool:
    try:
        repository_glob(glob)
    except ValueError:
        return False
    return True
