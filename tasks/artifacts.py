"""What Prefect's UI shows of a run beside its states: gate tables, progress, the report."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from prefect.artifacts import (
    acreate_markdown_artifact,
    acreate_progress_artifact,
    acreate_table_artifact,
    aupdate_progress_artifact,
)

from gates.verdict import Verdict
from tasks.wording import plain


def key_of(name: str) -> str:
    """An artifact key: lower-case letters, digits and dashes."""
    return re.sub(r"[^a-z0-9-]+", "-", name.lower()).strip("-")


def gate_rows(verdicts: Sequence[Verdict]) -> list[dict[str, str]]:
    """One gate's answers, a row a check."""
    return [
        {
            "check": verdict.check,
            "outcome": str(verdict.outcome),
            "measured": _cell(verdict.measured),
            "limit": _cell(verdict.limit),
            "summary": verdict.summary,
            "waived": "; ".join(f"{each.headline} ({each.reason})" for each in verdict.waived),
        }
        for verdict in verdicts
    ]


async def gate_table(name: str, verdicts: Sequence[Verdict]) -> None:
    """One gate's answers."""
    await acreate_table_artifact(table=gate_rows(verdicts), key=key_of(f"gate-{name}"), description=f"Gate of {name}")


async def conflict_table(name: str, rows: Sequence[Mapping[str, str]], description: str) -> None:
    """Which branches meet, and where; no row: none do."""
    cells = [{column: plain(cell, 1000) for column, cell in row.items()} for row in rows]
    await acreate_table_artifact(table=cells, key=key_of(f"conflicts-{name}"), description=description)


async def report_page(run: str, markdown: str) -> None:
    """The report of a run."""
    await acreate_markdown_artifact(markdown=markdown, key=key_of(f"report-{run}"), description=f"Report of {run}")


def _cell(value: object) -> str:
    return "" if value is None else str(value)


@dataclass
class Progress:
    """How many assignments of a phase are merged."""

    artifact: UUID
    total: int
    merged: int = 0
    _told: int = 0
    _telling: asyncio.Lock = field(default_factory=asyncio.Lock)

    @classmethod
    async def start(cls, name: str, total: int) -> "Progress":
        """Begin at zero."""
        artifact = await acreate_progress_artifact(progress=0.0, key=key_of(f"progress-{name}"), description=name)
        return cls(artifact, total)

    async def step(self) -> None:
        """One more is merged; asking again for one that was merged before does not go beyond the end.

        Those that are merged while the server is being told are told together.
        """
        self.merged = min(self.merged + 1, self.total)
        async with self._telling:
            if self._told < self.merged:
                self._told = self.merged
                await aupdate_progress_artifact(self.artifact, progress=100.0 * self._told / self.total)
