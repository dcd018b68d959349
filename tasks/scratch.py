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


def linked(source: Path, destination: Path) -> bool:
    """Lay out a virtual environment as another one, most of whose packages are links to those of the source.

    What is in it can be added to, but nothing must write through the links: only for programs that are kept from that.
    Copied are programs, for they find their environment by where they lie, data beside the packages, which others may
    add to, and compiled modules of packages that are a single file, which are looked for beside the link.
    """
    packages = [folder.relative_to(source) for folder in source.glob("lib/python*/site-packages")]
    kept = {folder.parts[0] for folder in packages}
    destination.mkdir()
    copied = _tool("cp", "-a", "-t", destination, *(entry for entry in source.iterdir() if entry.name not in kept))
    for folder in packages:
        (destination / folder).mkdir(parents=True)
        for entry in (source / folder).iterdir():
            place = destination / folder / entry.name
            if entry.name == "__pycache__":
                copied = copy(entry, place) and copied
            else:
                place.symlink_to(entry)
    return copied


def _tool(*words: str | Path) -> bool:
    env = {"PATH": os.environ.get("PATH", os.defpath)}
    return run(Command(tuple(map(str, words)), Path("/"), env)).code == 0
