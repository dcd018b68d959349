"""Folders that are ours for a while: copying them, and taking them away whatever was left in them."""

import os
from pathlib import Path

from tasks.command import Command, run


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
