"""Where a phase's work is merged: candidates on its branch, the gates of those that are waiting, and their merges.

This is the ground on which the queue decides (`flows/merge_queue.py`). Work that has no gate does not wait there.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from flows.common_gate import Gate, common
from flows.gate import Asked, Question, ask_all, ended
from flows.merge_queue import Chain, Fate, Findings, Link, MergeQueue
from flows.work import PhaseWork
from gates.verdict import fold
from tasks.attempt import Attempt
from tasks.context import told
from tasks.events import BatchEnded, Merged
from tasks.git import Git
from tasks.hub import Hub
from tasks.integrate import Gated, Landing, Resolution, candidate_on, land, provisional
from tasks.kept_verdicts import Kept
from tasks.threads import in_thread


@dataclass(frozen=True, eq=False)
class Entry:
    """What an attempt left, on its way into the phase's branch."""

    attempt: Attempt
    gate: Gate
    """Without a check: it is merged as it is."""
    round: int
    resolution: Resolution | None = None

    @property
    def name(self) -> str:
        """The assignment."""
        return self.attempt.assignment


class _Said(NamedTuple):
    """What gates said of a tree."""

    asked: tuple[Asked, ...]
    told: bool
    """Whether the journal knows of it."""


class Grounds:
    """The branch of one phase."""

    def __init__(self, phase: PhaseWork) -> None:
        self._phase = phase
        self._queue: MergeQueue[Entry] = MergeQueue(self, phase.merging)
        self._said: dict[Entry, _Said] = {}
        """What the gates said last of a tree, by the entry that came last in it."""
        self._failed: dict[str, Kept] = {}
        """What failed in this turn of the queue, by what was asked."""

    async def bring_in(self, entry: Entry) -> Fate:
        """Merge an entry, in its turn if it has a gate; what became of it."""
        if not entry.gate.checks:
            return await self._at_once(entry)
        try:
            fate = await self._queue.land(entry)
            if fate.findings:
                self._tell(entry, self._said[entry])
            return fate
        finally:
            self._said.pop(entry, None)

    async def close(self) -> None:
        """End what is being measured: nobody waits for it."""
        await self._queue.close()

    async def _at_once(self, entry: Entry) -> Fate:
        async with self._phase.merging:
            while True:
                chain = await in_thread(chained, self._phase.work.hub.git, self._phase.branch, [entry])
                if chain.conflicts:
                    return Fate(conflict=chain.conflicts[0][1])
                if await self.land(chain.links):
                    return Fate()

    # -- the ground of the queue

    async def chain(self, entries: Sequence[Entry]) -> Chain[Entry]:
        """Chain candidates on the branch as it stands. What failed in an earlier turn is forgotten."""
        self._failed = {}
        return await in_thread(chained, self._phase.work.hub.git, self._phase.branch, entries)

    async def measure(self, links: Sequence[Link[Entry]]) -> Findings:
        """Ask the gates of all these of the last one's tree; what they have against it."""
        asked = await (self._measure_one(links[0]) if len(links) == 1 else self._measure_several(links))
        self._said[links[-1].entry] = _Said(tuple(asked), told=len(links) == 1)
        return told([each.verdict for each in asked])

    async def _measure_one(self, link: Link[Entry]) -> list[Asked]:
        def tell(place: int, asked: Asked) -> None:
            self._phase.work.journal.write(ended(self._phase, link.entry.round, link.entry.name, place, asked))

        base, gate, number = self._phase.work.hub.plan_tip, link.entry.gate, link.entry.round
        built_on = (link.found.ours,) if link.found.ours != base else ()
        refused = await in_thread(left_before, self._phase.work.hub, self._phase.number, self._phase.name, link.entry)
        question = Question(
            link.found, base, gate.checks, gate.deliverables, number, gate.assignment, earlier=built_on, refused=refused
        )
        return await ask_all(self._phase, question, tell, self._failed)

    async def _measure_several(self, links: Sequence[Link[Entry]]) -> list[Asked]:
        began, found, base = time.monotonic(), links[-1].found, self._phase.work.hub.plan_tip
        asked: list[Asked] = []
        for part in common([link.entry.gate for link in links]):
            # one tree for all of them: what any of them has lost of the branch as it stands
            question = Question(
                found, base, part.checks, part.deliverables, links[-1].entry.round, earlier=(links[0].found.ours,)
            )
            asked += await ask_all(self._phase, question, lambda _place, _asked: None, self._failed)
        self._phase.work.journal.write(BatchEnded(
            **self._phase.about, assignments=tuple(link.entry.name for link in links), tree=found.tree,
            checks=len(asked), outcome=fold([each.verdict for each in asked]),
            seconds=round(time.monotonic() - began, 3),
        ))  # fmt: skip
        return asked

    async def land(self, links: Sequence[Link[Entry]]) -> bool:
        """Merge these, each by a merge of its own, after what the gates said of the last one's tree."""
        said = self._said.get(links[-1].entry, _Said((), told=True))
        gated = Gated(tuple(each.evidence for each in said.asked), links[-1].commit)
        names = ", ".join(link.entry.name for link in links)
        commits = await land(names, [(self._landing(link.entry), link.found) for link in links], gated)
        for link, commit in zip(links, commits or (), strict=False):
            self._tell(link.entry, said)
            attempt = link.entry.attempt
            about = self._phase.about | {"assignment": attempt.assignment, "attempt": attempt.attempt}
            self._phase.work.journal.write(Merged(**about, commit=commit, seconds=attempt.seconds))
        return commits is not None

    def _landing(self, entry: Entry) -> Landing:
        phase, attempt = self._phase, entry.attempt
        return Landing(
            phase.work.hub, phase.number, phase.name, attempt.assignment, attempt.attempt, attempt.agent,
            attempt.evidence, entry.resolution,
        )  # fmt: skip

    def _tell(self, entry: Entry, said: _Said) -> None:
        """Tell the journal what was measured for an entry together with others."""
        for place, asked in () if said.told else enumerate(_concerning(entry, said.asked)):
            self._phase.work.journal.write(ended(self._phase, entry.round, entry.name, place, asked))


def _concerning(entry: Entry, asked: Sequence[Asked]) -> Iterator[Asked]:
    """The answers to an entry's own gate, in its order, then what fails of the others'."""
    own = entry.gate.bound
    yield from (each for check in own for each in asked if each.check == check)
    yield from (each for each in asked if each.check not in own and not each.verdict.passed)


def left_before(hub: Hub, number: int, phase: str, entry: Entry) -> tuple[str, ...]:
    """What the assignment's attempt before this one left, if it was not merged."""
    place = f"refs/heads/agent/{number}-{phase}/{entry.name}/"
    left = {int(ref.removeprefix(place)): commit for ref, commit in hub.git.refs(place).items()}
    newest = max((attempt for attempt in left if attempt < entry.attempt.attempt), default=None)
    merged = hub.tip(hub.phase_branch(number, phase))
    return () if newest is None or hub.git.ancestor(left[newest], merged) else (left[newest],)


def chained(git: Git, branch: str, entries: Sequence[Entry]) -> Chain[Entry]:
    """Candidates one on top of the other; up to the first that conflicts with one ahead of it.

    A resolution stands alone: its tree is not what git makes of its parents, so that very tree is measured.
    """
    ours = tip = git.line("rev-parse", "--verify", branch)
    links: list[Link[Entry]] = []
    conflicts = []
    for entry in entries:
        if entry.resolution and links:
            break
        theirs = entry.attempt.commit or ""
        found = candidate_on(git, branch, ours, theirs, entry.resolution)
        if found.conflicts and links:
            found = candidate_on(git, branch, tip, theirs, entry.resolution)
            if not found.conflicts:
                break
        if found.conflicts:
            conflicts.append((entry, found))
            continue
        ours = provisional(git, found) if len(entries) > 1 else ""
        links.append(Link(entry, found, ours))
        if entry.resolution:
            break
    return Chain(links, conflicts)
