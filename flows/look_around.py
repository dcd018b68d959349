"""Looking around after every attempt: conflicts are told before anything is merged, and never hold up a run.

A look tells the journal, from where the terminal, `sparc status` and the report have it; what is new also goes to
evidence, to a table among Prefect's artifacts and to memory. Whatever goes wrong with that is a notice.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import cached_property

from tasks.artifacts import conflict_table
from tasks.conflict_history import Conflict, conflicts_of
from tasks.errors import Blocked, Interrupted
from tasks.events import Notice, OfPhase
from tasks.hub import Hub
from tasks.journal import Journal
from tasks.lookout import Lookout
from tasks.memory import Memory
from tasks.remember import remember_conflicts
from tasks.report_markdown import CONFLICT_HEADS, conflict_row
from tasks.threads import in_thread
from tasks.wording import count


@dataclass
class Watch:
    """The conflict radar of one phase, as its flow uses it."""

    hub: Hub
    journal: Journal
    number: int
    phase: str
    open_memory: Callable[[], Awaitable[Memory]]
    _asked: int = 0
    _answered: int = 0
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)
    _noticed: set[str] = field(default_factory=set)
    _memory: Memory | None = None

    @cached_property
    def _lookout(self) -> Lookout:
        return Lookout(self.hub, self.journal, self.number, self.phase)

    async def look(self) -> None:
        """Tell what is new since the last look; those who ask during one are answered together by the next."""
        self._asked += 1
        mine = self._asked
        async with self._one_at_a_time:
            if self._answered < mine:
                everyone = self._asked
                await self._safely(self._look)
                self._answered = everyone

    async def close(self) -> None:
        """The last look of a phase that ends; what memory still lacks, after a kill for instance, is added."""
        async with self._one_at_a_time:
            await self._safely(self._look)
            await self._safely(self._remember)

    async def _safely(self, step: Callable[[], Awaitable[None]]) -> None:
        try:
            await step()
        except Interrupted:
            raise
        except Exception as fault:  # noqa: BLE001 - the radar only tells; without it a run is as right as with it
            text = f"the conflict radar failed: {type(fault).__name__}: {fault}"
            if text not in self._noticed:
                self._noticed.add(text)
                with contextlib.suppress(Blocked):  # what cannot be written stops the run at its next event
                    self.journal.write(Notice(text=text))

    async def _look(self) -> None:
        if await in_thread(self._lookout.look):
            found = await in_thread(self._history)
            await self._safely(self._remember)
            await self._show(found)

    def _history(self) -> tuple[Conflict, ...]:
        events = (event for event in self.journal.read() if isinstance(event, OfPhase))
        return conflicts_of(event for event in events if event.number == self.number)

    async def _remember(self) -> None:
        found = await in_thread(self._history)
        if found:
            self._memory = self._memory or await self.open_memory()
            await in_thread(remember_conflicts, self._memory, self.hub, self.number, self.phase, found)

    async def _show(self, found: tuple[Conflict, ...]) -> None:
        rows = [dict(zip(CONFLICT_HEADS, conflict_row(one), strict=True)) for one in found]
        ahead = sum(one.ahead for one in found)
        about = f"{self.number} {self.phase} of {self.hub.plan}: {count(ahead, 'conflict')} ahead"
        await conflict_table(f"{self.hub.plan}-{self.number}-{self.phase}", rows, about)
