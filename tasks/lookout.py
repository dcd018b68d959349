"""Looks out for conflicts in one phase: compares what its attempts left, and tells what is new.

The sides are the newest attempt of each assignment that is not merged yet, and the phase's branch itself. What meets
the branch is told by the assignment that brought it there: that the first of two was merged makes no new conflict of
theirs. What was told before is read from the journal, so that a resumed run tells nothing twice.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from pydantic import JsonValue

from gates.paths import shown
from tasks import evidence
from tasks.commits import Trailer
from tasks.events import ConflictSeen
from tasks.git import Git
from tasks.hub import Hub
from tasks.journal import Journal
from tasks.merge_bases import pair
from tasks.overlap import Overlap, Place
from tasks.radar import Radar, Sight, unsaved

BRANCHES = "refs/heads/"
Names = tuple[str, str]


class Meeting(NamedTuple):
    """Two that meet: the commit of each, and where."""

    commits: tuple[str, str]
    overlap: Overlap


@dataclass
class Lookout:
    """Of one phase."""

    hub: Hub
    journal: Journal
    number: int
    phase: str
    radar: Radar = field(default_factory=Radar)
    _brought: dict[str, tuple[str | None, frozenset[str]]] = field(default_factory=dict)
    """Merge -> the assignment that it brought, and the paths that it changed, as they are shown."""

    @property
    def branch(self) -> str:
        """Full name of the phase's branch."""
        return self.hub.phase_branch(self.number, self.phase)

    @cached_property
    def _told(self) -> dict[Names, Overlap]:
        """What was told last of every two that meet."""
        told: dict[Names, Overlap] = {}
        for event in self.journal.read():
            if isinstance(event, ConflictSeen) and event.number == self.number:
                told[event.ours, event.theirs] = event.overlap
        return {names: overlap for names, overlap in told.items() if overlap.found}

    def look(self) -> bool:
        """Compare what there is now; whether there was anything new. Raises GitError."""
        tip = self.hub.git.resolve(self.branch)
        if tip is None:  # the phase never began
            return False
        newest = self._newest()
        with unsaved(self.hub.git) as git:
            sight = self.radar.look(git, newest.values(), tip)
            meetings = self._meetings(git, sight, {commit: name for name, commit in newest.items()}, tip)
        return self._tell(meetings, {name: commit for name, commit in newest.items() if commit in sight.active}, tip)

    def _newest(self) -> dict[str, str]:
        """The commit of each assignment's newest attempt."""
        prefix = f"{BRANCHES}agent/{self.number}-{self.phase}/"
        newest: dict[str, tuple[int, str]] = {}
        for ref, commit in self.hub.git.refs(prefix).items():
            name, _, attempt = ref.removeprefix(prefix).partition("/")
            if attempt.isdecimal():
                newest[name] = max(newest.get(name, (0, "")), (int(attempt), commit))
        return {name: commit for name, (_, commit) in newest.items()}

    def _meetings(self, git: Git, sight: Sight, names: dict[str, str], tip: str) -> dict[Names, Meeting]:
        """Every two that meet, by their names."""
        found: dict[Names, Meeting] = {}
        for (one, other), overlap in sorted(sight.pairs.items()):
            if overlap.found and tip not in (one, other):
                _add(found, (names[one], one), (names[other], other), overlap)
        for commit in sight.active:
            overlap = sight.pairs[pair(commit, tip)]
            base = sight.bases.get(pair(commit, tip), ("",))[0]
            for name, part in self._attributed(git, overlap, base, tip) if overlap.found else ():
                _add(found, (names[commit], commit), (name, tip), part)
        return found

    def _attributed(self, git: Git, overlap: Overlap, base: str, tip: str) -> Iterator[tuple[str, Overlap]]:
        """What meets the phase's branch, by the assignments whose merges since `base` touched those paths."""
        merges = [self._merge(git, commit.oid) for commit in git.first_parents(base, tip)] if base else []
        everyone = {name for name, _ in merges if name}
        parts: dict[str, list[Place]] = {}
        for place in overlap.places:
            touched = {name for name, paths in merges if name and place.path in paths}
            unclear = everyone if len(everyone) == 1 else {self.branch.removeprefix(BRANCHES)}
            for name in touched or unclear:
                parts.setdefault(name, []).append(place)
        for name, places in parts.items():
            yield name, overlap.model_copy(update={"places": tuple(places)})
        if not parts:
            yield self.branch.removeprefix(BRANCHES), overlap

    def _merge(self, git: Git, oid: str) -> tuple[str | None, frozenset[str]]:
        if oid not in self._brought:
            commit = git.commit(oid)
            paths = git.changed(commit.parents[0], oid) if commit.parents else ()
            self._brought[oid] = commit.trailers.get(Trailer.ASSIGNMENT), frozenset(map(shown, paths))
        return self._brought[oid]

    def _tell(self, meetings: dict[Names, Meeting], branches: dict[str, str], tip: str) -> bool:
        """Evidence first, then an event for every two of which something else is to be told than before."""
        fresh = [names for names, meeting in sorted(meetings.items()) if meeting.overlap != self._told.get(names)]
        over = sorted(self._told.keys() - meetings.keys())
        if not fresh and not over:
            return False
        (name,) = evidence.keep(self.hub.git, [self._record(meetings, branches, tip)])
        for ours, theirs in [*fresh, *over]:
            commits, overlap = meetings.get((ours, theirs), Meeting(("", ""), Overlap()))
            self.journal.write(ConflictSeen(
                number=self.number, phase=self.phase, ours=ours, theirs=theirs, overlap=overlap,
                commits=commits if overlap.found else (), evidence=name,
            ))  # fmt: skip
            self._told[ours, theirs] = overlap
        for names in over:
            del self._told[names]
        return True

    def _record(self, meetings: dict[Names, Meeting], branches: dict[str, str], tip: str) -> dict[str, JsonValue]:
        pairs: list[JsonValue] = [
            {"ours": ours, "theirs": theirs, "commits": list(meeting.commits), "level": meeting.overlap.word}
            | meeting.overlap.model_dump(mode="json")
            for (ours, theirs), meeting in sorted(meetings.items())
        ]
        return {
            "kind": "conflicts", "run": self.hub.run, "plan": self.hub.plan, "phase": self.phase,
            "number": self.number, "tip": tip, "branches": dict(branches), "pairs": pairs,
        }  # fmt: skip


def _add(found: dict[Names, Meeting], one: tuple[str, str], other: tuple[str, str], overlap: Overlap) -> None:
    """Note a meeting under its names; an assignment may meet another's merged work and its new attempt as well."""
    (ours, mine), (theirs, yours) = sorted((one, other))
    if ours == theirs:
        return
    before = found.get((ours, theirs))
    if before:
        known = {place.path for place in overlap.places}
        kept = [place for place in before.overlap.places if place.path not in known]
        unknown = overlap.unknown or before.overlap.unknown
        overlap = overlap.model_copy(update={"places": (*overlap.places, *kept), "unknown": unknown})
    found[ours, theirs] = Meeting((mine, yours), overlap)
