"""A room in which the same tests are run again and again, each time as if for the first time.

Before each run the checkout is what it was when the project had just been installed, and HOME and TMPDIR are empty; so
nothing that one run has done or spoilt is there for the next. After it, its report is put where no later one reaches.
A module of the target's environment, out of its reach, says which switch is on (`gates/proof/stubs.py`).
"""

import os
import secrets
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from gates.ran import tail
from gates.subject import Ran, Run
from gates.suites import suite
from gates.tests import Limits
from tasks.environment import Installed
from tasks.errors import SparcError
from tasks.ground import Ground
from tasks.rooms import Room
from tasks.scratch import copy, remove

OFF = 0
"""No switch has this number."""


class NotStaged(SparcError):
    """The room cannot be made as it was."""


class Played(NamedTuple):
    """One run."""

    name: str
    run: Run
    seconds: float


class Stage:
    """Made for one tree with switches; its runs follow one another."""

    def __init__(self, ground: Ground, tree: str, limits: Limits, module: str) -> None:
        """`module` is the name of what the switches ask. Raises SparcError."""
        self._room: Room = ground.open(tree)
        if self._room.installed is None:
            raise NotStaged("there is no environment to run tests in")
        self._limits, self._config = limits, ground.config
        self._installed: Installed = self._room.installed
        self._pristine = self._room.folder / "pristine"
        self._kept = self._room.folder / "kept"
        self._kept.mkdir()
        self._switch = _site(self._installed.venv) / f"{module}.py"
        # one for all runs, so that none is told from another by its command line
        self._token = secrets.token_hex(8)
        self._count = 0
        _copied(self._room.checkout, self._pristine)

    def play(self, on: int, paths: tuple[str, ...], more: Iterable[str], timeout: float) -> Played:
        """Run the tests of some files (of none: all that the limits say) with one switch on."""
        self._count += 1
        self._reset(on)
        reports = self._room.reports / "of"
        reports.mkdir(parents=True)
        started = time.monotonic()
        ran = self._run(reports, paths, tuple(more), timeout)
        seconds = time.monotonic() - started
        kept = self._kept / str(self._count)
        reports.rename(kept)
        return Played(str(self._count), Run(ran=(ran,), reports=kept), seconds)

    def _run(self, reports: Path, paths: tuple[str, ...], more: tuple[str, ...], timeout: float) -> Ran:
        limits = self._limits.model_copy(update={"paths": paths}) if paths else self._limits
        place = suite.Place(
            root=self._room.checkout, python=self._installed.bin / "python", reports=reports,
            base_config=self._config, token=self._token, packages=self._installed.packages,
        )  # fmt: skip
        wanted = suite.programs(limits, None, place)
        for name, text in wanted.files.items():
            Path(name).write_text(text, encoding="utf-8")
        ran = self._room.run((*wanted.steps[0].argv, *more), timeout, wanted.env)
        return ran.model_copy(update={"output": tail(ran.output)})

    def _reset(self, on: int) -> None:
        remove(self._room.checkout)
        _copied(self._pristine, self._room.checkout)
        for name in ("HOME", "TMPDIR"):
            place = Path(self._room.env[name])
            remove(place)
            place.mkdir(mode=0o700)
        remove(self._room.reports)
        self._switch.write_text(f"ON = {on}\n", encoding="ascii")
        # what was compiled of it before is known by the time of its source, which must never be the same
        os.utime(self._switch, (self._count, self._count))


def _site(venv: Path) -> Path:
    found = sorted(venv.glob("lib/python*/site-packages"))
    if not found:
        raise NotStaged("the target's environment has no site-packages: is it a Python of another kind?")
    return found[0]


def _copied(source: Path, destination: Path) -> None:
    if not copy(source, destination):
        raise NotStaged("the checkout could not be copied: is the disk full?")
