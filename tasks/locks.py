"""Lock files: held by one process at a time, and let go by the kernel when that dies, however it dies."""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from tasks.command import processes
from tasks.errors import Interrupted, Refused

GLANCE = 0.5  # seconds for which a lock may be held by somebody who only looks whether it is
PATIENCE = 0.05  # seconds between two looks at a lock


@contextlib.contextmanager
def exclusive(lock: Path, refusal: str, note: str | None = None) -> Iterator[None]:
    """Hold a lock file until the block ends or the process dies.

    Raises Refused with `refusal` when another process holds it; `{holder}` there is what that one noted.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a+b") as file:
        until = time.monotonic() + GLANCE
        while not _taken(file):
            if time.monotonic() > until:
                raise Refused(refusal.replace("{holder}", _note(file)))
            time.sleep(GLANCE / 50)
        file.truncate(0)
        file.write((note or str(os.getpid())).encode())
        file.flush()
        yield


def _taken(file: IO[bytes]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _note(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read(200).decode(errors="replace").strip() or "unknown"


def holder(lock: Path) -> str | None:
    """What the process that holds a lock has noted in it; None if none does. The look itself holds it: see GLANCE."""
    try:
        with lock.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return _note(file)
    except FileNotFoundError:
        pass
    return None


@contextlib.contextmanager
def awaited(lock: Path) -> Iterator[None]:
    """Be the only one, of all threads and processes, inside this block. Raises Interrupted when the run is stopped."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("ab") as file:
        while not _taken(file):
            if processes.get().stopped:
                raise Interrupted("interrupted while waiting for another run; `sparc resume` goes on")
            time.sleep(PATIENCE)
        yield
