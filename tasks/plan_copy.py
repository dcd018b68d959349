"""A run's own copy of its plan's folder: made once, and looked at again before anything of it is believed.

The manifest lists every file that was copied; its sha256 is the plan's fingerprint, which the run's record, the flows
of its phases and the evidence of every gate carry. So a plan that somebody changed under a run is noticed: a gate made
milder, an agent or a check exchanged. What is added beside the copied files counts for nothing.
"""

import hashlib
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from stat import S_IFLNK

from tasks.atomic import write_atomically
from tasks.errors import Blocked, Refused
from tasks.run_folder import RunFolder

PLAN_FOLDER_LIMIT = 64 * 1024 * 1024  # bytes
NOT_COPIED = (".git", ".hg", ".svn", ".venv", "node_modules", "__pycache__", ".mypy_cache", ".ruff_cache")


def manifest_of(folder: Path) -> bytes:
    """A line for every file and link: sha256 of its contents, what tells kind and mode, its path."""
    files = sorted(path for path in folder.rglob("*") if path.is_symlink() or path.is_file())
    return b"".join(_line(folder, os.fsencode(file.relative_to(folder).as_posix())) for file in files)


def _line(folder: Path, name: bytes) -> bytes:
    file = folder / os.fsdecode(name)
    link = file.is_symlink()
    content = hashlib.sha256(os.fsencode(file.readlink()) if link else file.read_bytes()).hexdigest()
    return b"%s %o %s\0" % (content.encode(), file.lstat().st_mode & (S_IFLNK if link else 0o111), name)


def fingerprint(manifest: bytes) -> str:
    """What tells a plan, with the files beside it, from any other."""
    return hashlib.sha256(manifest).hexdigest()


def keep_manifest(folder: RunFolder) -> None:
    """Write down what a new run's copy holds."""
    write_atomically(folder.manifest, manifest_of(folder.plan_dir))


def refuse_changed(folder: RunFolder, expected: str) -> None:
    """Raise Blocked unless all that was copied is as it was; `expected` is the fingerprint."""
    try:
        manifest = folder.manifest.read_bytes()
    except OSError as problem:
        raise Blocked(f"{folder.manifest} cannot be read ({problem.strerror}): start a new run") from problem
    if fingerprint(manifest) != expected:
        changed: str | None = folder.manifest.name
    else:
        changed = _first_changed(folder.plan_dir, (line for line in manifest.split(b"\0") if line))
    if changed:
        raise Blocked(
            f"the run's copy of its plan was changed after it had begun ({changed} in {folder.path}), so nothing of it "
            "is believed: put it back as it was and resume, or start a new run"
        )


def _first_changed(folder: Path, lines: Iterable[bytes]) -> str | None:
    for line in lines:
        name = line.split(b" ", 2)[2]
        try:
            same = _line(folder, name) == line + b"\0"
        except OSError:
            same = False
        if not same:
            return os.fsdecode(name)
    return None


def copy_plan(plan: Path, destination: Path, home: Path) -> None:
    """Copy the plan and its folder's files, but not SPARC_HOME, so that a resume runs what was started.

    A link that stays inside the folder is copied as one. Raises Refused for one that leads out of it, and when the
    folder is too large to be a plan's own.
    """
    source = plan.resolve().parent
    total = 0
    for directory, names, files in os.walk(source):
        links = [name for name in (*names, *files) if name not in NOT_COPIED and (Path(directory) / name).is_symlink()]
        names[:] = [
            name
            for name in names
            if name not in NOT_COPIED
            and not _holds(Path(directory) / name, destination)
            and (Path(directory) / name).resolve() != home.resolve()
        ]
        target = destination / Path(directory).relative_to(source)
        target.mkdir(parents=True, exist_ok=True)
        for name in links:
            (target / name).symlink_to(_inside(Path(directory) / name, source))
        for name in files:
            file = Path(directory) / name
            if name in links or not file.is_file():
                continue
            total += file.stat().st_size
            if total > PLAN_FOLDER_LIMIT:
                raise Refused(
                    f"the plan's folder {source} holds more than {PLAN_FOLDER_LIMIT >> 20} MiB, all of which a run "
                    "copies: move the plan and the files that it uses into a folder of their own"
                )
            shutil.copy2(file, target / name)


def _inside(link: Path, source: Path) -> str:
    """Where a link leads, relative to it; Refused unless that is among what is copied."""
    try:
        target = link.resolve()
    except (OSError, RuntimeError):  # a loop
        target = None
    if target is None or not target.is_relative_to(source) or set(target.relative_to(source).parts) & {*NOT_COPIED}:
        raise Refused(
            f"{link} leads out of what a run copies of the plan's folder {source}: put what it leads to there instead, "
            "or move the plan and the files that it uses into a folder of their own"
        )
    return os.path.relpath(target, link.parent)


def _holds(folder: Path, inner: Path) -> bool:
    return inner.resolve().is_relative_to(folder.resolve())
