"""Figures that were measured before: `<SPARC_HOME>/cache/figures.sqlite`, by everything that they depend on.

A key is the sha256 of the metric and its parameters, the path, the blob, our code of the metric, the versions of its
tools and of whoever extends them, and the Python that parses. An entry is a figure as JSON, with a digest of key and
figure: one that was cut off or altered by accident is none, and measured again. What could not be measured is not kept.

Only the orchestrator writes here, and only figures that it asked for itself. With `isolation: none` nobody may use it:
a program of the target could have written to it. A database that is broken, locked or on a full disk has no entries.
"""

import contextlib
import hashlib
import json
import platform
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, entry_points, version
from pathlib import Path
from typing import Any

import gates
from gates.metrics.figure_types import fits
from gates.metrics.figures import METRICS, Need

DAY = 24 * 3600
DAYS = 30
"""How long an entry stays that nobody asks for."""
MOST_ENTRIES = 200_000
"""When there are more, those that were not asked for the longest time go, down to half of it."""
MOST_CHARACTERS = 1 << 20
"""Of one figure that is kept."""
AT_ONCE = 500
PATIENCE = 2.0
"""Seconds to wait for another process that writes."""
TABLE = (
    "CREATE TABLE IF NOT EXISTS figures"
    " (key BLOB PRIMARY KEY, figure TEXT NOT NULL, digest BLOB NOT NULL, used INTEGER NOT NULL)"
)
FIND = "SELECT key, figure, digest, used FROM figures WHERE key IN"


@dataclass(frozen=True)
class FigureStore:
    """The figures of one SPARC_HOME; several threads and processes may use it at once."""

    file: Path

    @classmethod
    def of(cls, home: Path) -> "FigureStore":
        """That of a SPARC_HOME."""
        return cls(home / "cache" / "figures.sqlite")

    def find(self, needs: Sequence[Need]) -> dict[Need, Any]:
        """Those that are known."""
        keys = {_key(need): need for need in needs if need.blob}
        rows: list[tuple[bytes, str, bytes, int]] = []

        def look(base: sqlite3.Connection) -> None:
            for some in _pieces(tuple(keys)):
                rows.extend(base.execute(f"{FIND} ({','.join('?' * len(some))})", some))
            _used(base, [key for key, _, _, used in rows if used < time.time() - DAY])

        self._with(look)
        found = {keys[key]: json.loads(text) for key, text, digest, _ in rows if _is_whole(key, text, digest)}
        return {need: figure for need, figure in found.items() if fits(need.metric, figure)}

    def keep(self, figures: Mapping[Need, Any]) -> None:
        """Keep what was measured."""
        texts = {_key(need): json.dumps(figure, separators=(",", ":")) for need, figure in figures.items() if need.blob}
        now = int(time.time())
        rows = [(key, text, _digest(key, text), now) for key, text in texts.items() if len(text) <= MOST_CHARACTERS]

        def write(base: sqlite3.Connection) -> None:
            base.executemany("INSERT OR REPLACE INTO figures VALUES (?, ?, ?, ?)", rows)
            (last,) = base.execute("SELECT coalesce(max(rowid), 0) FROM figures").fetchone()
            if last % MOST_ENTRIES < len(rows):
                _prune(base)

        self._with(write)

    def _with(self, work: Callable[[sqlite3.Connection], None]) -> None:
        """Do something in one transaction, or nothing of it."""
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.closing(sqlite3.connect(self.file, timeout=PATIENCE)) as base, base:
                base.execute("PRAGMA synchronous = OFF")  # after a loss of power it may be gone, and is seen to be
                base.execute(TABLE)
                work(base)
        except (sqlite3.OperationalError, OSError):  # locked, full, not ours
            return
        except sqlite3.DatabaseError:  # no database at all
            with contextlib.suppress(OSError):
                self.file.unlink()


def _used(base: sqlite3.Connection, keys: Sequence[bytes]) -> None:
    base.executemany("UPDATE figures SET used = ? WHERE key = ?", [(int(time.time()), key) for key in keys])


def _prune(base: sqlite3.Connection) -> None:
    base.execute("DELETE FROM figures WHERE used < ?", (int(time.time()) - DAYS * DAY,))
    last = base.execute("SELECT used FROM figures ORDER BY used DESC LIMIT 1 OFFSET ?", (MOST_ENTRIES // 2,)).fetchone()
    if last:
        base.execute("DELETE FROM figures WHERE used <= ?", last)


def _pieces(keys: tuple[bytes, ...]) -> Iterator[tuple[bytes, ...]]:
    return (keys[begin : begin + AT_ONCE] for begin in range(0, len(keys), AT_ONCE))


def _key(need: Need) -> bytes:
    about = (_maker(need.metric), need.parameters, need.path, need.blob)
    return hashlib.sha256(json.dumps(about).encode()).digest()


def _digest(key: bytes, text: str) -> bytes:
    return hashlib.blake2b(text.encode(), key=key, digest_size=16).digest()


def _is_whole(key: bytes, text: object, digest: bytes) -> bool:
    return isinstance(text, str) and digest == _digest(key, text)


@cache
def _maker(metric: str) -> str:
    """Everything but path and content on which a figure depends."""
    about = METRICS[metric]
    folder = Path(gates.__file__).parent / "metrics"
    code = [(folder / f"{module}.py").read_bytes() for module in about.modules]
    return json.dumps([
        metric, hashlib.sha256(b"\0".join(code)).hexdigest(), [(tool, _version(tool)) for tool in about.tools],
        extensions(metric), sys.implementation.name, platform.python_version(), sys.getrecursionlimit(),
    ])  # fmt: skip


def extensions(metric: str) -> list[tuple[str, str]]:
    """Names and versions of the distributions that add something to the tools of a metric."""
    points = (point for group in METRICS[metric].extended_by for point in entry_points(group=group))
    return sorted({(point.dist.name, point.dist.version) for point in points if point.dist})


def _version(tool: str) -> str:
    try:
        return version(tool)
    except PackageNotFoundError:
        return "none"
