"""Lock files that a killed git has left: found, told in words, and removed where they are ours and nobody holds them.

A git that lives may hold a lock without having its file open (it closes the locks of references before its hooks run),
so whoever works in the repository since before the lock was made counts as its holder as well.
"""

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tasks.locks import holder

STALE_AFTER = 3.0
"""Seconds: a younger lock may be of a process that we have not seen yet."""
SLACK = 1.0
"""Seconds by which the clocks of a file system and of processes may differ."""
LOCK = re.compile(r"'([^'\n]+\.lock)'")
READERS = frozenset({b"cat-file", b"for-each-ref", b"merge-tree", b"rev-list", b"rev-parse", b"upload-pack"})
"""Commands of git that take no lock."""


class Holder(NamedTuple):
    """A process that holds a lock, or may hold it."""

    pid: int
    words: str

    def __str__(self) -> str:
        return f"process {self.pid} ({self.words})"


def locks(directory: Path) -> Iterator[Path]:
    """The lock files of a git directory; objects themselves have none."""
    for place, names, files in os.walk(directory):
        names[:] = [name for name in names if len(name) > 2 or Path(place).name != "objects"]  # noqa: PLR2004 - `3f`
        yield from (Path(place, name) for name in files if name.endswith(".lock"))


def clear(directory: Path) -> tuple[str, ...]:
    """Remove the stale locks of a hub whose run this process carries; why those stay that do, as sentences.

    Waits until a lock is old enough to tell; a few seconds at most.
    """
    found = list(locks(directory))
    return tuple(why for lock in found if (why := _clear(directory, lock)))


def _clear(directory: Path, lock: Path) -> str | None:
    while (age := _age(lock)) is not None:
        if holder := holder_of(directory, lock):
            return f"{lock} is held by {holder}: it will go by itself, or end that process and resume"
        if not carried(directory.parent):
            return f"{lock} was left behind, and only the process that carries the run removes it: resume the run"
        if age >= STALE_AFTER:
            lock.unlink(missing_ok=True)
            return None
        time.sleep(0.1)
    return None


def _age(lock: Path) -> float | None:
    """Seconds since a lock was made; None if it is gone."""
    try:
        return time.time() - lock.stat().st_mtime
    except FileNotFoundError:
        return None


def carried(run: Path) -> bool:
    """Whether this very process holds the lock of a run's folder."""
    try:
        return holder(run / "lock") == str(os.getpid())
    except OSError:
        return False


def explained(directory: Path, words: str) -> str:
    """Git's words; if they are about a lock of somebody else's, also who holds it and what to do."""
    match = LOCK.search(words)
    if "File exists" not in words or not match:
        return words
    lock = Path(match[1])
    holder = holder_of(directory, lock)
    state = f"held by {holder}: wait for it" if holder else "held by no process: a git that was killed has left it"
    return f"{words} ({lock} is {state}; sparc removes no lock of yours: when no git works there, remove it and resume)"


def holder_of(directory: Path, lock: Path) -> Holder | None:
    """The process that holds a lock, or has been at work in the repository since before it was made."""
    try:
        made = lock.stat()
    except FileNotFoundError:
        return None
    places = {os.fsencode(path) for path in (directory, directory.absolute(), directory.resolve())}
    for process in Path("/proc").glob("[0-9]*"):
        if int(process.name) != os.getpid() and _holds(process, places, made):
            return Holder(int(process.name), _command(process)[:200] or "unknown")
    return None


def _holds(process: Path, places: set[bytes], made: os.stat_result) -> bool:
    try:
        opened = [entry.stat() for entry in (process / "fd").iterdir()]
    except OSError:  # it ends, or is somebody else's
        opened = []
    if any((one.st_dev, one.st_ino) == (made.st_dev, made.st_ino) for one in opened):
        return True
    try:
        words = (process / "cmdline").read_bytes().split(b"\0")
        if not words[0].rpartition(b"/")[2].startswith(b"git") or READERS & {*words}:
            return False
        near = {b"GIT_DIR=" + place for place in places} & {*(process / "environ").read_bytes().split(b"\0")}
        here = os.readlink(os.fsencode(process / "cwd"))  # noqa: PTH115 - bytes
        near |= {place for place in places if here == place or here.startswith(place + b"/")}
        near |= {word for word in words if any(place in word for place in places)}
        return bool(near) and _began(process) < made.st_mtime + SLACK
    except (OSError, ValueError):
        return False


def _began(process: Path) -> float:
    """When a process began, in seconds since the epoch."""
    ticks = int((process / "stat").read_bytes().rpartition(b")")[2].split()[19])
    boot = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    return boot + ticks / os.sysconf("SC_CLK_TCK")


def _command(process: Path) -> str:
    try:
        return (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""
