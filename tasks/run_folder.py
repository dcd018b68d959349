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
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from gates.model import Frozen
from tasks.atomic import write_atomically
from tasks.errors import Refused
from tasks.locks import exclusive, holder
from tasks.trash import discard

RUN_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,119}")


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
        return holder(self.path / "lock") is not None


def runs(home: Path) -> tuple[RunFolder, ...]:
    """Every run, oldest first."""
    found = [RunFolder(home, file.parent.name) for file in (home / "runs").glob("*/run.json")]
    return tuple(sorted(found, key=lambda folder: (folder.path / "run.json").stat().st_mtime_ns))


def read_json(path: Path) -> object:
    """A JSON file of ours, or None when there is none."""
    return json.loads(path.read_bytes()) if path.is_file() else None
