"""One run of a benchmark in its room, and the figure that it gives."""

import hashlib
import json
import math
import os
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from gates.paths import matcher, shown
from gates.ran import crash
from gates.slo import Limits
from gates.subject import Ran
from tasks.agents.asking import WORDS, replaced
from tasks.capture import HEAD, TAIL
from tasks.command import Command, Completed, run_foreign
from tasks.errors import SparcError
from tasks.exam import Exam
from tasks.rooms import Room
from tasks.scratch import remove

VALGRIND = ("valgrind", "--tool=callgrind", "--trace-children=yes", "--vgdb=no", "--quiet")
KEPT = HEAD + TAIL
"""Bytes of each stream; of longer ones the middle is left out."""
READING = 20.0
"""Seconds to find a number in what a command printed."""
END = 1 << 16
"""Bytes at the end of a file of valgrind's in which its sum stands."""
HIDDEN = 0.05
"""A share of the processor time that may have escaped the count."""
STEADY = {"PYTHONHASHSEED": "0"}
"""The order of Python's sets would give each run another number of instructions."""


class RunFailed(SparcError):
    """A command gave no figure; `ran` is what came of it, and `runner` who ran it."""

    def __init__(self, reason: str, ran: Ran, runner: "Runner") -> None:
        super().__init__(reason)
        self.ran, self.runner = ran, runner


class TimeIsUp(SparcError):
    """A command was ended because all of the check's time was spent."""


class Run(NamedTuple):
    """What one run gave."""

    figure: float
    printed: str
    """The sha256 of its standard output."""
    ran: Ran


class Runner:
    """Runs one check's commands in one room."""

    def __init__(self, exam: Exam, limits: Limits, room: Room) -> None:
        self.room, self._exam, self._limits = room, exam, limits
        self.until = math.inf
        """When its time is up, by the monotonic clock."""
        words = {word: f"{{{word}}}" for word in WORDS} | dict(exam.words) | {"workspace": str(room.checkout)}
        self._words = words

    def prepare(self) -> None:
        """What the plan wants done first. Raises RunFailed, TimeIsUp."""
        for argv in self._limits.setup:
            self._completed(argv, replaced(argv, self._words))

    def figure(self) -> Run:
        """Run the command once. Raises RunFailed, TimeIsUp, SparcError."""
        argv = replaced(self._limits.run, self._words)
        if self._limits.measure == "instructions":
            argv = self._counted(argv)
        done, ran = (
            self._completed(self._limits.run, argv) if argv else (Completed(0, b"", b"", 0.0), Ran(argv=(), code=0))
        )
        try:
            self._refuse_cut(done)
            figure = self._figure_of(done)
        except SparcError as problem:
            raise RunFailed(str(problem), ran, self) from None
        return Run(figure, hashlib.sha256(done.stdout).hexdigest(), ran)

    def _completed(self, written: Sequence[str], argv: Sequence[str]) -> tuple[Completed, Ran]:
        """What came of a command that the plan has written so."""
        name, spent = shown(" ".join(written)[:200]), f"its time of {self._limits.timeout:g} s was up"
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeIsUp(f"{spent} before {name} had run often enough")
        done = self.room.completed(argv, left, STEADY, metered=True)
        ran = Ran(argv=tuple(argv), code=done.code, failure=done.failure, output=done.output)
        if done.failure and time.monotonic() >= self.until:
            raise TimeIsUp(f"{spent} while {name} ran")
        if (reason := crash(ran)) or done.code:
            raise RunFailed(f"{name} {reason or f'ended with code {done.code}'}", ran, self)
        return done, ran

    def _refuse_cut(self, done: Completed) -> None:
        """Output of which the middle was not kept cannot be looked at; there, the sentence of ours has a number."""
        looked_at = self._limits.measure == "output" or self._limits.same_output
        if looked_at and max(len(done.stdout), len(done.stderr)) > KEPT:
            raise SparcError(f"it printed more than {KEPT >> 10} KB, which is more than can be looked at: print less")

    def _figure_of(self, done: Completed) -> float:
        """In the unit of what is measured. Raises SparcError where there is none."""
        match self._limits.measure:
            case "size":
                return float(_size(self.room.checkout, self._limits.paths))
            case "output":
                return _printed(self._limits.pattern or "", done, self._exam)
            case "instructions":
                _used(done)
                return float(_instructions(self.room.reports))
        return _used(done)[self._limits.measure]

    def _counted(self, argv: Sequence[str]) -> tuple[str, ...]:
        """The command under valgrind, whose files go into an empty folder."""
        program = shutil.which(VALGRIND[0], path=self.room.env["PATH"])
        if program is None:
            raise SparcError(
                "valgrind is not installed, and measure: instructions needs it: install it, or measure cpu"
            )
        remove(self.room.reports)
        self.room.reports.mkdir()
        return (program, *VALGRIND[1:], f"--callgrind-out-file={self.room.reports}/%p.out", *argv)


def _used(done: Completed) -> dict[str, float]:
    """Its time and memory. Raises SparcError where these are not all that it used."""
    usage = done.usage
    if usage is None:
        raise SparcError("what it used could not be measured: its supervisor did not tell")
    if usage.left:
        raise SparcError("something that it had started was still working when it ended: let it wait for all of it")
    if usage.hidden > HIDDEN * usage.cpu + HIDDEN:
        raise SparcError(
            f"{usage.hidden:.2f} s of processor time were used by processes that nobody waited for, and not counted"
        )
    return {"cpu": usage.cpu, "wall": usage.wall, "memory": float(usage.peak)}


def _size(checkout: Path, patterns: Sequence[str]) -> int:
    """Bytes of the files that are meant, as they lie there; none of them may be something else than a file."""
    meant = matcher(patterns)
    found = {name: entry for name, entry in _entries(checkout) if meant(name)}
    for name, entry in found.items():
        if not entry.is_file(follow_symlinks=False):
            raise SparcError(f"paths: {shown(name)} is no regular file, and has no size of its own")
    if not found:
        raise SparcError(f"paths: there is no file {', '.join(patterns)} after the command has run")
    return sum(entry.stat(follow_symlinks=False).st_size for entry in found.values())


def _entries(checkout: Path) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """What lies in a checkout, folders left out, by its path; however deep, and without following a link."""
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        with os.scandir(checkout / folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(f"{folder}{entry.name}/")
                else:
                    yield f"{folder}{entry.name}", entry


def _instructions(reports: Path) -> int:
    """What valgrind has counted in all processes. Raises SparcError unless each of its files has an end."""
    totals = [_total(path) for path in reports.iterdir()]
    if not totals or None in totals:
        raise SparcError("valgrind left no whole count: a process of the command was ended before it could write it")
    return sum(total for total in totals if total is not None)


def _total(path: Path) -> int | None:
    if path.is_symlink() or not path.is_file():
        return None
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - END, 0))
        words = [line.split() for line in file.read().splitlines() if line.startswith(b"totals:")]
    return int(words[0][1]) if len(words) == 1 and len(words[0]) == 2 and words[0][1].isdigit() else None  # noqa: PLR2004


def _printed(pattern: str, done: Completed, exam: Exam) -> float:
    """The number that a command printed, found by a process that may be ended: a pattern can take for ever."""
    argv = (sys.executable, "-I", "-m", "gates.speed.printed")
    text = b"\n".join((done.stdout, done.stderr)).decode(errors="replace")
    question = json.dumps({"pattern": pattern, "text": text}).encode()
    answer = run_foreign(Command(argv, Path("/"), {}, question, READING, exam.confinement.jail()))
    try:
        found = json.loads(answer.stdout)
        number, problem = found.get("number"), found.get("problem")
    except (ValueError, AttributeError):
        raise SparcError(
            f"no number could be found in what it printed: {answer.failure or 'the search crashed'}"
        ) from None
    if not isinstance(number, float):
        raise SparcError(str(problem))
    return number
