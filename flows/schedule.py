"""Who may be asked when: the graph of a phase's assignments, and the ready-set that follows it while they run.

A graph maps every name to the names it needs; its order is the plan's, and every answer here keeps that order.
All of it expects a graph without cycles and without unknown names, which `flows.inspect_plan` makes sure of.
"""

from collections.abc import Collection, Iterable, Mapping
from graphlib import TopologicalSorter

from tasks.assignment import Assignment

Graph = Mapping[str, Collection[str]]


def graph(assignments: Mapping[str, Assignment]) -> dict[str, set[str]]:
    """From every assignment to those it needs."""
    return {name: set(assignment.needs) for name, assignment in assignments.items()}


def layers(needs: Graph) -> tuple[tuple[str, ...], ...]:
    """Generations: the first needs nothing, each later one something of the one before it."""
    sorter = TopologicalSorter(needs)
    sorter.prepare()
    generations = []
    while sorter.is_active():
        ready = sorter.get_ready()
        sorter.done(*ready)
        generations.append(_in_order(needs, ready))
    return tuple(generations)


def critical_path(needs: Graph) -> tuple[str, ...]:
    """The longest chain by number of assignments, first to last; of equally long ones the first by name."""
    longest: dict[str, tuple[str, ...]] = {}
    for name in TopologicalSorter(needs).static_order():
        longest[name] = (*_longest(longest[need] for need in needs[name]), name)
    return _longest(longest.values())


def dependents(needs: Graph, names: Collection[str]) -> set[str]:
    """Everything that needs one of these names, directly or through others; not the names themselves."""
    needed_by: dict[str, list[str]] = {name: [] for name in needs}
    for name, needed in needs.items():
        for need in needed:
            needed_by[need].append(name)
    found: set[str] = set()
    ahead = list(names)
    while ahead:
        new = set(needed_by[ahead.pop()]) - found
        found |= new
        ahead.extend(new)
    return found


def _longest(chains: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return min(chains, key=lambda chain: (-len(chain), chain), default=())


def _in_order(needs: Graph, names: Collection[str]) -> tuple[str, ...]:
    return tuple(name for name in needs if name in names)


class ReadySet:
    """Hands out assignments the moment their needs are merged, and never earlier.

    What is already merged is left out from the start. A failed one holds back whatever needs it; the others go on.
    """

    def __init__(self, needs: Graph, merged: Collection[str] = ()) -> None:
        self._needs = {
            name: tuple(need for need in needed if need not in merged)
            for name, needed in needs.items()
            if name not in merged
        }
        self._sorter = TopologicalSorter(self._needs)
        self._sorter.prepare()
        self._failed: set[str] = set()
        self._running: set[str] = set()
        self._waiting: set[str] = set(self._sorter.get_ready())

    @property
    def active(self) -> bool:
        """Whether anything is running, or ready to be handed out."""
        return bool(self._running or self._waiting)

    @property
    def skipped(self) -> tuple[str, ...]:
        """What will never be handed out, because something it needs has failed."""
        return _in_order(self._needs, dependents(self._needs, self._failed))

    def ready(self) -> tuple[str, ...]:
        """What may be asked now and was not handed out before."""
        handed_out = _in_order(self._needs, self._waiting)
        self._running |= self._waiting
        self._waiting.clear()
        return handed_out

    def done(self, name: str) -> None:
        """It is merged; KeyError if it was not running."""
        self._running.remove(name)
        self._sorter.done(name)
        self._waiting |= set(self._sorter.get_ready())

    def failed(self, name: str) -> None:
        """It will not be merged; KeyError if it was not running."""
        self._running.remove(name)
        self._failed.add(name)
