"""A work tree's index while a release brings it forward: held by git's own lock, written beside it, put in its place.

The lock is the one that git itself takes, `index.lock`, so that nobody else changes the index meanwhile; it names the
run, so that one which a kill left behind is told from anybody else's. Git then works on a copy.
"""

import contextlib
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import replace

from tasks.errors import Blocked
from tasks.git import Git

COPY = "index.sparc-"


@contextlib.contextmanager
def index_held(git: Git, run: str) -> Iterator[Git]:
    """Hold a work tree's index; the same git on a copy, which takes the index's place if the block ends well.

    Raises Blocked while anybody else holds it.
    """
    index, lock = git.directory / "index", git.directory / "index.lock"
    try:
        file = lock.open("x", encoding="utf-8")
    except FileExistsError:
        raise Blocked(
            f"{lock} is there: another git works in that work tree, or one was killed there; wait for it, or remove "
            "that file if none is left"
        ) from None
    copy = git.directory / f"{COPY}{secrets.token_hex(4)}"
    try:
        with file:
            file.write(_owner(run))
        if index.exists():
            shutil.copy2(index, copy)  # with its time, by which git tells what may have changed since
        yield replace(git, extra={**git.extra, "GIT_INDEX_FILE": str(copy)})
        if copy.exists():
            copy.replace(index)
    finally:
        copy.unlink(missing_ok=True)
        lock.unlink(missing_ok=True)


def release_index(git: Git, run: str) -> None:
    """Take away what a killed process of this run has left of `index_held`; what is anybody else's stays."""
    lock = git.directory / "index.lock"
    with contextlib.suppress(FileNotFoundError):
        if lock.read_bytes() == _owner(run).encode():
            lock.unlink()
            for copy in git.directory.glob(f"{COPY}*"):
                copy.unlink(missing_ok=True)


def _owner(run: str) -> str:
    return f"sparc run {run}\n"
