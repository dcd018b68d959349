"""The queue: candidates that must be measured before they are merged, several at once where several wait.

* Who comes first is merged first. Whatever waits when a turn begins is chained, each candidate on top of the one before
  it, as far as the batch may reach (`batch_size`), and the tip is measured once, by the gates of all of them.
* Green: all of them are merged. Red: the chain is split by halves. What is green up to its half is merged at once.
* The culprit is the first in the queue with which the chain is red while everything ahead of it is green. Of two that
  are each green and red together it is therefore the later one, found before it is merged on top of the other.
  It alone is told; those behind it wait for the next turn, without it.
* Only whole stretches from the front are measured: one that is red by itself and green with those behind it is merged
  with them.
* An entry that conflicts with the branch is told so at once. One that conflicts with those ahead of it ends the chain:
  what becomes of them decides.
* The branch may move meanwhile, by what needs no measuring. Then the chain is made again; the ground need not measure a
  tree that it knows. Who has lost one such race keeps everybody else from merging until it is through: nobody starves.
* Every turn settles at least its first entry. Nothing is remembered: after a kill the branch tells what is merged.
"""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack, nullcontext
from dataclasses import dataclass
from typing import Generic, NamedTuple, Protocol, TypeVar

from tasks.context import ToldFinding
from tasks.integrate import Candidate

E = TypeVar("E")
Findings = tuple[ToldFinding, ...]

PRIOR = (1, 20)
"""What is taken for granted before anything was measured: one failure in twenty."""
SIZES = ((0.02, 16), (0.08, 8), (0.17, 4), (0.33, 2))
"""Up to this failure rate, this many at once: about where a change costs the fewest measurements."""


def batch_size(passed: int, failed: int) -> int:
    """How many changes to measure at once, after so many have passed and failed: at least 1, at most 16."""
    rate = (failed + PRIOR[0]) / (passed + failed + PRIOR[1])
    return next((size for most, size in SIZES if rate <= most), 1)


@dataclass(frozen=True)
class Link(Generic[E]):
    """An entry's candidate, on top of the link before it."""

    entry: E
    found: Candidate
    commit: str
    """The candidate as a commit, on no branch: what the next link is made on."""


class Chain(NamedTuple, Generic[E]):
    """Candidates one on top of the other, from the branch's tip on."""

    links: Sequence[Link[E]]
    """Of the first entries, without those that conflict with the branch itself."""
    conflicts: Sequence[tuple[E, Candidate]]
    """Those."""


class Fate(NamedTuple):
    """What became of an entry; with neither it is merged."""

    findings: Findings = ()
    """What speaks against it."""
    conflict: Candidate | None = None
    """The candidate, if it conflicts with the branch."""


class Ground(Protocol[E]):
    """What a queue decides upon."""

    async def chain(self, entries: Sequence[E]) -> Chain[E]:
        """Chain candidates on the branch as it stands; up to the first that conflicts with one ahead of it."""

    async def measure(self, links: Sequence[Link[E]]) -> Findings:
        """What the gates of all these say of the last one's tree; nothing: all passed."""

    async def land(self, links: Sequence[Link[E]]) -> bool:
        """Merge these, whose last tree has passed; False if the branch is not where the first one has it."""


class Waiting(Generic[E]):
    """An entry in the queue."""

    def __init__(self, entry: E) -> None:
        self.entry = entry
        self.fate: asyncio.Future[Fate] = asyncio.get_running_loop().create_future()


class MergeQueue(Generic[E]):
    """The queue of one branch."""

    def __init__(self, ground: Ground[E], merging: asyncio.Lock) -> None:
        """`merging` is held by whoever moves the branch."""
        self._ground, self._merging = ground, merging
        self._waiting: list[Waiting[E]] = []
        self._worker: asyncio.Task[None] | None = None
        self.passed = self.failed = 0
        """Entries that were measured, and what came of them."""

    async def land(self, entry: E) -> Fate:
        """Wait for an entry's turn; what became of it. Raises what measuring or merging it raised."""
        waiting = Waiting(entry)
        self._waiting.append(waiting)
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        try:
            return await waiting.fate
        finally:
            if waiting in self._waiting:  # nobody waits for it any more
                self._waiting.remove(waiting)

    async def close(self) -> None:
        """End what is under way: nobody waits for it."""
        if self._worker:
            self._worker.cancel()
            await asyncio.gather(self._worker, return_exceptions=True)

    async def _work(self) -> None:
        """Turn after turn, while anybody waits."""
        while self._waiting:
            batch = self._waiting[: batch_size(self.passed, self.failed)]
            try:
                await self._turn(batch)
            except Exception as problem:  # noqa: BLE001 - raised where the fate is awaited
                self._waiting = [each for each in self._waiting if each not in batch]
                for each in batch:
                    if not each.fate.done():
                        each.fate.set_exception(problem)

    async def _turn(self, batch: list[Waiting[E]]) -> None:
        async with AsyncExitStack() as stack:
            held = False
            while not await self._decided(batch, held=held):
                if not held:
                    await stack.enter_async_context(self._merging)
                    held = True

    async def _decided(self, batch: list[Waiting[E]], *, held: bool) -> bool:
        """Measure a batch and merge what is green, up to the first culprit; False if the branch moved under it."""
        waiting = [each for each in batch if each in self._waiting]
        links = await self._chained(waiting)
        green, red = 0, len(links)
        findings = await self._ground.measure(links) if links else ()
        if not findings:
            return await self._landed(links, held=held)
        while red - green > 1:
            middle = (green + red) // 2
            said = await self._ground.measure(links[:middle])
            if said:
                red, findings = middle, said
            elif await self._landed(links[green:middle], held=held):
                green = middle
            else:
                return False
        self.failed += 1
        self._settle(links[red - 1].entry, Fate(findings))
        return True

    async def _chained(self, waiting: list[Waiting[E]]) -> Sequence[Link[E]]:
        """The links of a batch; what conflicts with the branch is told."""
        chain = await self._ground.chain([each.entry for each in waiting])
        for entry, found in chain.conflicts:
            self._settle(entry, Fate(conflict=found))
        return chain.links

    async def _landed(self, links: Sequence[Link[E]], *, held: bool) -> bool:
        if not links:
            return True
        async with nullcontext() if held else self._merging:
            if not await self._ground.land(links):
                return False
        self.passed += len(links)
        for link in links:
            self._settle(link.entry, Fate())
        return True

    def _settle(self, entry: E, fate: Fate) -> None:
        """Tell an entry's fate to who waits for it; if that one is gone by now, nobody."""
        for each in [each for each in self._waiting if each.entry is entry]:
            self._waiting.remove(each)
            if not each.fate.done():
                each.fate.set_result(fate)
