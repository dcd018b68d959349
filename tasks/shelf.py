"""Shelves: small files below `<SPARC_HOME>/cache/`, each by the name of its content's question, the oldest given away.

Whatever stands on a shelf can be found out again, so nothing depends on it: what is missing, or cannot be read, was
never there.
"""

import contextlib
import os
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tasks.atomic import write_atomically

DAY = 24 * 3600.0
SELDOM = 64
"""Of so many files that are written, one has the shelf looked through."""


@dataclass(frozen=True)
class Shelf:
    """One of them; several processes may use it at once."""

    folder: Path
    most_bytes: int
    """What all files together may have; beyond it, those that were not used for the longest time go."""
    days: float
    """How long a file stays that nobody uses."""
    most_of_one: int = 16 << 20
    """Bytes of a single file; a larger one is neither written nor read."""

    def get(self, name: str) -> bytes | None:
        """A file's bytes, None where there is none; used is as good as new."""
        place = self._place(name)
        with contextlib.suppress(OSError):
            if place.lstat().st_size <= self.most_of_one and not place.is_symlink():
                data = place.read_bytes()
                os.utime(place)
                return data
        return None

    def put(self, name: str, data: bytes) -> None:
        """Write a file; a full disk, or one that may not be written, is no reason to stop."""
        if len(data) <= self.most_of_one:
            with contextlib.suppress(OSError):
                write_atomically(self._place(name), data, 0o600)
        if secrets.randbelow(SELDOM) == 0:
            self.prune()

    def prune(self) -> None:
        """Give away what is too old, and the oldest of what is too much."""
        room, too_old = self.most_bytes, time.time() - self.days * DAY
        for used, size, place in sorted(self._files(), reverse=True):
            room -= size
            if room < 0 or used < too_old:
                with contextlib.suppress(OSError):
                    place.unlink()

    def _place(self, name: str) -> Path:
        return self.folder / name[:2] / name

    def _files(self) -> Iterator[tuple[float, int, Path]]:
        for place in self.folder.glob("*/*"):
            with contextlib.suppress(OSError):
                about = place.lstat()
                yield about.st_mtime, about.st_size, place
