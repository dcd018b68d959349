"""`<SPARC_HOME>/runs/<run>/`: where one run keeps everything that is not yet in the user's repository.

run.json       what was asked, written once
plan/          a copy of the plan and its folder's files: what a resume runs
plan.manifest  what that copy held: whatever changes it afterwards is noticed
hub.git        the run's bare repository
workspaces/    one clone for each attempt that is at work, or whose files could not be stored
attempts/      one folder an attempt: its context, prompt, output, HOME and temporary directory
gates/         scratch of the gates
journal.jsonl  what happened, in order
report.html
lock           held while a process carries the run
"""

import contextlib
import fcntl
import json
import os
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pydantic import ValidationError

from gates.model import Frozen
from tasks.errors import Refused
from tasks.trash import discard

RUN_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,119}")
GLANCE = 0.5  # seconds for which a lock may be held by somebody who only looks whether it is


class RunRecord(Frozen):
    """What was asked for."""

    run: str
    plan: str
    plan_file: str
    """The plan's path inside the folder's `plan/`."""
    repository: Path
    """Absolute path of the user's repository, as given."""
    base: str
    """Name of the branch that the plan starts from and releases into."""
    start: str
    """The commit at which that branch stood."""
    memory: str
    """Name of the storage block that holds the memory."""
    fingerprint: str
    """sha256 of the copied plan folder's manifest: the same plan is the same bytes."""


@dataclass(frozen=True)
class RunFolder:
    """One run's folder."""

    home: Path
    """SPARC_HOME."""
    run: str

    @property
    def path(self) -> Path:
        """The folder itself."""
        return self.home / "runs" / self.run

    @property
    def plan_dir(self) -> Path:
        """The copy of the plan's folder."""
        return self.path / "plan"

    @property
    def manifest(self) -> Path:
        """What the copy of the plan's folder held when it was made."""
        return self.path / "plan.manifest"

    @property
    def hub(self) -> Path:
        """The run's bare repository."""
        return self.path / "hub.git"

    @property
    def journal(self) -> Path:
        """What happened."""
        return self.path / "journal.jsonl"

    @property
    def report(self) -> Path:
        """The page for people."""
        return self.path / "report.html"

    @property
    def record(self) -> RunRecord:
        """What was asked for. Raises Refused if there is no such run or its record is not whole."""
        file = self.path / "run.json"
        if not RUN_ID.fullmatch(self.run) or not file.is_file():
            raise Refused(f"no run {self.run!r} under {self.home}: `sparc status` lists the runs")
        try:
            return RunRecord.model_validate_json(file.read_bytes())
        except (OSError, ValidationError) as problem:
            why = problem.errors()[0]["msg"] if isinstance(problem, ValidationError) else problem.strerror
            raise Refused(f"{file} cannot be read ({why}): the run cannot be resumed") from problem

    @property
    def exists(self) -> bool:
        """Whether the run was ever started."""
        return (self.path / "run.json").is_file()

    def create(self, record: RunRecord) -> None:
        """Write the record, last and at once: a folder without it was never a run."""
        write_atomically(self.path / "run.json", record.model_dump_json(indent=1).encode())

    def attempt_dir(self, number: int, phase: str, assignment: str, attempt: int) -> Path:
        """Where an attempt's papers lie."""
        return self.path / "attempts" / f"{number}-{phase}" / assignment / str(attempt)

    def claim_attempt(self, number: int, phase: str, assignment: str) -> int:
        """The next attempt's number, from 1, across resumes; claimed by making its directory."""
        parent = self.attempt_dir(number, phase, assignment, 0).parent
        parent.mkdir(parents=True, exist_ok=True)
        attempt = max((int(entry.name) for entry in parent.iterdir() if entry.name.isdigit()), default=0)
        while True:
            attempt += 1
            with contextlib.suppress(FileExistsError):
                (parent / str(attempt)).mkdir()
                return attempt

    def clean(self) -> None:
        """Throw away what a released run needs no more: its clones and scratch; papers, hub and report stay."""
        for name in ("workspaces", "gates"):
            discard(self.path / name, self.home)

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold the run for this process. Raises Refused while another one does."""
        self.path.mkdir(parents=True, exist_ok=True)
        with exclusive(self.path / "lock", f"run {self.run} is being carried by another process (pid {{holder}})"):
            yield

    @property
    def live(self) -> bool:
        """Whether a process carries the run right now."""
        try:
            with (self.path / "lock").open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)  # only for a look: see GLANCE
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False


def runs(home: Path) -> tuple[RunFolder, ...]:
    """Every run, oldest first."""
    found = [RunFolder(home, file.parent.name) for file in (home / "runs").glob("*/run.json")]
    return tuple(sorted(found, key=lambda folder: (folder.path / "run.json").stat().st_mtime_ns))


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
                file.seek(0)
                holder = file.read(200).decode(errors="replace").strip() or "unknown"
                raise Refused(refusal.replace("{holder}", holder))
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


def write_atomically(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Replace a file at once: whoever reads it sees the old or the new one, also after a kill."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.tmp")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    finally:  # a full disk is not helped by what did not fit
        fresh.unlink(missing_ok=True)


def read_json(path: Path) -> object:
    """A JSON file of ours, or None when there is none."""
    return json.loads(path.read_bytes()) if path.is_file() else None
