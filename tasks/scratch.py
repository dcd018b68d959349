"""Folders that are ours for a while: taking them away whatever was left in them, and one builder at a time."""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from tasks.command import Command, processes, run
from tasks.errors import Interrupted

PATIENCE = 0.05  # seconds between two looks at a lock


def remove(path: Path) -> None:
    """Take a folder away: read-only ones, and trees deeper than Python's own removal can follow, as well."""
    if os.path.lexists(path) and not _tool("rm", "-rf", path):
        _tool("chmod", "-R", "u+rwX", path)
        _tool("rm", "-rf", path)


def copy(source: Path, destination: Path) -> bool:
    """Copy a folder with its links as links and its times, by which compiled modules stay valid."""
    return _tool("cp", "-a", source, destination)


def _tool(*words: str | Path) -> bool:
    env = {"PATH": os.environ.get("PATH", os.defpath)}
    return run(Command(tuple(map(str, words)), Path("/"), env)).code == 0


@contextlib.contextmanager
def locked(file: Path) -> Iterator[None]:
    """Be the only one, of all threads and processes, inside this block. Raises Interrupted when the run is stopped."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("ab") as handle:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if processes.get().stopped:
                    raise Interrupted("interrupted while waiting for another run; `sparc resume` goes on") from None
                time.sleep(PATIENCE)
            else:
                break
        yield
