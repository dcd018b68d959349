"""How foreign programs are kept from the machine: which ways there are, and which one a run takes.

Every process that runs what agents or targets wrote gets a `Jail`: it may write to its own folders and nowhere else.
`tasks/landlock.py` tells what the kernel does not cover. The caller's HOME remains readable but for what is hidden.
"""

import os
import threading
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from tasks import landlock
from tasks.command import Command, run
from tasks.credentials import secret_paths
from tasks.errors import Refused
from tasks.jail import Isolation, Jail

__all__ = ["ANNOUNCED", "Confinement", "Isolation", "Jail", "best", "chosen", "confinement", "why_not"]

ANNOUNCED = (
    "isolation: none: agents, and the programs of what they wrote, are not kept from writing wherever you may write"
)
MODES: tuple[Isolation, ...] = ("landlock", "bubblewrap", "none")
PROBE = 20.0  # seconds for bubblewrap to run nothing


def best() -> Isolation:
    """What a plan gets that does not ask: Landlock where this kernel has it, else bubblewrap where that works."""
    return next(mode for mode in MODES if not why_not(mode))


def chosen(wanted: Isolation | None) -> Isolation:
    """What a run takes. Raises Refused if a plan asks for what this machine does not have."""
    mode = wanted or best()
    if why := why_not(mode):
        others = " or ".join(f"`isolation: {other}`" for other in MODES if not why_not(other))
        raise Refused(f"isolation: {mode} cannot be had here: {why}; say {others} in the plan, or nothing for the best")
    return mode


@cache
def why_not(mode: Isolation) -> str | None:
    """What is in the way of a mode on this machine, tried for real; None: nothing."""
    if mode == "landlock":
        return _without_landlock()
    return _without_bubblewrap() if mode == "bubblewrap" else None


def _without_landlock() -> str | None:
    """It binds the thread that asks for it: so one is spent on it."""
    found = ["it was not kept from writing"]

    def attempt(place: str) -> None:
        try:
            landlock.restrict((), ())
        except OSError as problem:
            found[0] = problem.strerror or str(problem)
            return
        try:
            Path(place, "written").touch()
        except PermissionError:
            found.clear()

    with TemporaryDirectory(prefix="sparc-probe-") as place:
        thread = threading.Thread(target=attempt, args=(place,), name="landlock-probe")
        thread.start()
        thread.join()
    return found[0] if found else None


def _without_bubblewrap() -> str | None:
    with TemporaryDirectory(prefix="sparc-probe-") as place:
        argv = ("sh", "-c", f"touch '{place}/in/file' && ! touch '{place}/out' 2>/dev/null")
        inside = Path(place, "in")
        inside.mkdir()
        words = Jail("bubblewrap", (inside,)).wrapped(argv, inside)
        done = run(Command(words, inside, {"PATH": os.environ.get("PATH", os.defpath)}, timeout=PROBE))
    if done.failure:
        return f"{done.failure}: install bubblewrap" if "cannot start" in done.failure else done.failure
    return None if done.code == 0 else f"bwrap does not work ({' '.join(done.output.split())[:200] or done.code})"


@dataclass(frozen=True)
class Confinement:
    """How the foreign programs of one run, or one gate, are kept from the machine."""

    mode: Isolation
    hidden: tuple[Path, ...] = ()
    """What none of them may read."""

    def jail(self, *writable: Path) -> Jail:
        """For a program that may write to these."""
        return Jail(self.mode, writable, self.hidden)


def confinement(wanted: Isolation | None, home: Path, *more: Path) -> Confinement:
    """For a plan's wish and a SPARC_HOME; hides its secrets, and `more`. Raises Refused if it cannot be had here."""
    return Confinement(chosen(wanted), (*secret_paths(home), home / "server.json", *more))
