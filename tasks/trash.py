"""Folders that nobody needs any more: out of the way at once, and deleted later by a program that nobody waits for.

`<SPARC_HOME>/trash/` is on the same file system as what is thrown away, so that a rename does it. What a kill, or a
machine that went down, has left there is deleted when the next run begins or goes on.
"""

import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from tasks.command import Command, start_detached
from tasks.scratch import remove

REMOVING = """\
command -v ionice >/dev/null && ionice -c 3 -p $$
for each; do rm -rf -- "$each" || { chmod -R u+rwX -- "$each"; rm -rf -- "$each"; }; done
"""
AT_ONCE = 1000
"""Folders that one program deletes; the next run sees to others."""


def discard(path: Path, home: Path) -> None:
    """Take a folder away, whatever is in it; it is deleted in the background, also after our end."""
    if not os.path.lexists(path):
        return
    away = trash(home) / secrets.token_hex(8)
    try:
        away.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_symlink():
            path.chmod(0o700)  # a folder that may not be written cannot be moved either
        path.rename(away)
    except OSError:  # not ours, or elsewhere
        remove(path)
    else:
        _delete([away])


def sweep(home: Path) -> None:
    """Delete in the background what an earlier run has thrown away and did not live to delete."""
    left = sorted(trash(home).iterdir()) if trash(home).is_dir() else []
    if left:
        _delete(left[:AT_ONCE])


def trash(home: Path) -> Path:
    """Where it waits."""
    return home / "trash"


def _delete(places: Iterable[Path]) -> None:
    env = {"PATH": os.environ.get("PATH", os.defpath)}
    argv = ("nice", "-n", "19", "sh", "-c", REMOVING, "sh", *map(str, places))
    start_detached(Command(argv, Path("/"), env), Path(os.devnull))
