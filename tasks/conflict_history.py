"""The conflicts of a phase as its events tell them: who met whom, where, since when, and whether it is over."""

from collections.abc import Iterable

from gates.model import Frozen
from tasks.events import ConflictSeen, PhaseEnded
from tasks.overlap import Overlap, Word


class Conflict(Frozen):
    """Two of a phase's branches that met, from the first word of it to the last."""

    ours: str
    """An assignment, or the phase's branch for merged work."""
    theirs: str
    level: Word
    """As it was told last, while they met."""
    places: tuple[str, ...]
    """Where, and how; the worst first. Of an `unknown` one: why."""
    more: int
    """How many places are left out."""
    since: float
    """Seconds since the epoch."""
    resolved: float | None
    """When they no longer met; None while they do."""

    @property
    def ahead(self) -> bool:
        """Whether it is still to come, and takes more than git to merge."""
        return self.resolved is None and self.level != "same file"


def conflicts_of(events: Iterable[object]) -> tuple[Conflict, ...]:
    """Every conflict of a phase, in the order in which they were seen; one that has passed has none left."""
    found: list[Conflict] = []
    for event in events:
        if isinstance(event, PhaseEnded) and event.outcome == "passed":
            found = [one if one.resolved is not None else _now(one, resolved=event.at) for one in found]
        elif isinstance(event, ConflictSeen):
            _tell(found, event)
    return tuple(found)


def _tell(found: list[Conflict], event: ConflictSeen) -> None:
    both = (event.ours, event.theirs)
    place = next((at for at, one in enumerate(found) if one.resolved is None and (one.ours, one.theirs) == both), None)
    overlap = event.overlap
    about = {"level": overlap.word, "places": places_of(overlap), "more": overlap.more}
    if place is not None:
        found[place] = _now(found[place], **(about if overlap.found else {"resolved": event.at}))
    elif overlap.found:
        found.append(Conflict(ours=event.ours, theirs=event.theirs, since=event.at, resolved=None, **about))


def _now(one: Conflict, **fields: object) -> Conflict:
    return one.model_copy(update=fields)


def places_of(overlap: Overlap) -> tuple[str, ...]:
    """Where two branches meet, in words; or why that is not known."""
    return (*map(str, overlap.places), *((overlap.unknown,) if overlap.unknown else ()))
