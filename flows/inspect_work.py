"""What the assignments of one phase must be to each other: needs that resolve, and files with one maker at a time."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from itertools import chain

from flows.globs import Claim, overlap, overlapping
from flows.outline import Work
from flows.places import inside
from flows.schedule import dependents
from flows.words import did_you_mean
from gates.paths import is_glob
from tasks.errors import Problem

Works = Mapping[str, Work]
Needs = dict[str, tuple[str, ...]]

_APART = "let one of them need the other, or keep their files apart"


def inspect_work(phase: Works) -> Iterator[Problem]:
    """Every problem between the assignments of a phase."""
    return chain(_dangling(phase), _cycles(phase), _double_claims(phase), _out_of_bounds(phase))


def shared_ground(phase: Works) -> Iterator[Problem]:
    """Concurrent assignments that may write the same paths: one warning for each that meets earlier ones."""
    met: dict[str, dict[str, tuple[Claim, Claim]]] = {}
    for first, second in _concurrent(phase, [claim for work in phase.values() for claim in _claims(work, work.writes)]):
        met.setdefault(second.owner, {}).setdefault(first.owner, (first, second))
    for owner in sorted(met, key=list(phase).index):
        (first, second), *others = met[owner].values()
        more = f" and {len(others)} more" if others else ""
        sentence = f"{second.glob} may mean files of {first.owner} ({first.glob}){more} as well: {_APART}"
        yield Problem(second.where, None, sentence)


def _dangling(phase: Works) -> Iterator[Problem]:
    for work in phase.values():
        for where, need in work.needs.items():
            if need == work.name:
                yield Problem(where, None, f"{need} needs itself; leave it out")
            elif need not in phase:
                yield Problem(where, None, f"no assignment of this phase is named {need!r}{did_you_mean(need, phase)}")


def _graph(phase: Works) -> Needs:
    return {
        name: tuple(sorted({need for need in work.needs.values() if need in phase and need != name}))
        for name, work in phase.items()
    }


def _cycles(phase: Works) -> Iterator[Problem]:
    """One problem a cycle; its members are taken out, so that the next one is found."""
    graph = _graph(phase)
    while cycle := _a_cycle(graph):
        told = " needs ".join([*cycle, cycle[0]])
        yield Problem(
            inside(phase[cycle[0]].where, "needs"), None, f"needs go in a circle: {told}; take one of them out"
        )
        graph = {
            name: tuple(need for need in needs if need not in cycle)
            for name, needs in graph.items()
            if name not in cycle
        }


def _a_cycle(graph: Needs) -> list[str]:
    """Members of one cycle, each before one that it needs, from the one written first; empty when there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as found:
        cycle: list[str] = found.args[1][:0:-1]
        start = min(range(len(cycle)), key=lambda index: list(graph).index(cycle[index]))
        return cycle[start:] + cycle[:start]
    return []


def _double_claims(phase: Works) -> Iterator[Problem]:
    """One problem for every deliverable that an earlier assignment claims as well."""
    told: set[str] = set()
    claims = [claim for work in phase.values() for claim in _claims(work, work.deliverables)]
    for first, second in _concurrent(phase, claims):
        named = first.glob == second.glob or not (is_glob(first.glob) and is_glob(second.glob))
        if named and second.where not in told:
            told.add(second.where)
            yield Problem(second.where, None, f"{second.glob} is claimed by {first.owner} as well: {_APART}")


def _out_of_bounds(phase: Works) -> Iterator[Problem]:
    for work in phase.values():
        for where, glob in work.deliverables.items() if work.writes else ():
            if not any(overlap(glob, owned) for owned in work.writes.values()):
                owned = ", ".join(work.writes.values())
                yield Problem(where, None, f"{glob} is outside of what it may write ({owned}); add it to writes")


def _claims(work: Work, globs: Mapping[str, str]) -> Iterator[Claim]:
    return (Claim(work.name, glob, where) for where, glob in globs.items())


def _concurrent(phase: Works, claims: Iterable[Claim]) -> Iterator[tuple[Claim, Claim]]:
    """Overlapping claims, in plan order, of assignments of which neither needs the other, not even through others."""
    graph = _graph(phase)
    after = cache(lambda name: dependents(graph, {name}))
    order = {name: index for index, name in enumerate(phase)}
    for pair in overlapping(claims):
        first, second = sorted(pair, key=lambda claim: order[claim.owner])
        if first.owner not in after(second.owner) and second.owner not in after(first.owner):
            yield first, second
