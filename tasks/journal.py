"""The run's journal: what happened, in order, one JSON line an event.

The journal tells and never decides: what is done is read from git. It is only ever appended to, from any number of
threads and processes: every event is one `write` on a descriptor opened for appending, and the kernel keeps two apart.

A process that is killed, or a disk that is full, may leave the last line without its end. Such a line is no event. The
next writer marks it as torn and starts a line of its own, so any other unreadable line is somebody else's.
"""

import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from gates.model import Frozen
from gates.verdict import Finding, Outcome, Verdict
from tasks.errors import Blocked
from tasks.overlap import Overlap

_TORN = b" #torn"  # an event ends with a brace, so no event ends like this


class Stamped(Frozen):
    """What every event says."""

    at: float = 0.0
    """Seconds since the epoch, UTC; the journal fills it in."""


class RunStarted(Stamped):
    """The first event of a run, and of each resumption of it."""

    event: Literal["run-started"] = "run-started"
    run: str
    plan: str
    goal: str
    base: str
    branch: str
    start: str
    """The commit that the plan's branch starts from."""
    repository: str
    resumed: bool
    isolation: str
    """How agents and targets are kept from the machine: a mode of `tasks/isolation.py`."""
    phases: tuple[str, ...] = ()
    """The names of all phases in the order in which they run; their numbers are their places, from 1."""
    signer: str | None = None
    """Fingerprint of the key with which merges are signed; None: they are not."""


class OfPhase(Stamped):
    """What every event of a phase says."""

    number: int
    """Counts phases across increments, from 1."""
    phase: str


class PhaseStarted(OfPhase):
    """A phase begins, or goes on after a resumption."""

    event: Literal["phase-started"] = "phase-started"
    assignments: tuple[str, ...]
    gate: tuple[str, ...]
    """The labels of the checks that will close the phase."""


class OfAttempt(OfPhase):
    """What every event of an attempt says."""

    assignment: str
    attempt: int


class AttemptStarted(OfAttempt):
    """An agent is asked."""

    event: Literal["attempt-started"] = "attempt-started"
    agent: str


class AttemptEnded(OfAttempt):
    """An agent left its work, failed, or was ended."""

    event: Literal["attempt-ended"] = "attempt-ended"
    outcome: Literal["left", "failed", "interrupted"]
    reason: str | None = None
    commit: str | None = None
    """What the attempt left, on its own branch."""
    findings: tuple[Finding, ...] = ()
    seconds: float


class Merged(OfAttempt):
    """An attempt's work is on the phase's branch."""

    event: Literal["merged"] = "merged"
    commit: str
    seconds: float


class ConflictSeen(OfPhase):
    """Two of a phase's branches meet, or no longer do; the newest word on a pair counts."""

    event: Literal["conflict-seen"] = "conflict-seen"
    ours: str
    """An assignment; the phase's branch for merged work that is nobody's in particular. The smaller name first."""
    theirs: str
    overlap: Overlap
    """Where they meet; nothing: they no longer do, for they are merged or were asked again."""
    commits: tuple[str, ...] = ()
    """Of ours and of theirs; none when they no longer meet."""
    evidence: str | None = None


class CheckEnded(OfPhase):
    """One check answered."""

    event: Literal["check-ended"] = "check-ended"
    round: int
    """From 1 in each sitting; 0 at the gate of the release."""
    assignment: str | None = None
    """Set for a check of that assignment's own gate, None for the phase's."""
    place: int = 0
    """Where the check stands in its gate, from 0; checks end in any order."""
    verdict: Verdict
    seconds: float
    evidence: str | None = None
    kept: str | None = None
    """Where this was measured before, if it was not measured anew: `2 refinement, posting`."""


class BatchEnded(OfPhase):
    """Several assignments' candidates were measured together, one on top of the other."""

    event: Literal["batch-ended"] = "batch-ended"
    assignments: tuple[str, ...]
    """In the order in which they are merged if it passed; else the chain is split, or the last one is the culprit."""
    tree: str
    """What was measured: the tree with all of them."""
    checks: int
    outcome: Outcome
    seconds: float


class GateEnded(OfPhase):
    """All checks of a phase's gate answered for one round."""

    event: Literal["gate-ended"] = "gate-ended"
    round: int
    outcome: Outcome
    evidence: str | None = None


class Escalated(OfPhase):
    """A gate keeps failing: a person should look."""

    event: Literal["escalated"] = "escalated"
    reason: str


class ReviewAsked(OfPhase):
    """The run waits for a person."""

    event: Literal["review-asked"] = "review-asked"
    points: tuple[str, ...]


class ReviewAnswered(OfPhase):
    """A person answered, or `--yes` did."""

    event: Literal["review-answered"] = "review-answered"
    approved: bool
    by: str
    """Who answered; `--yes` when nobody did."""
    comment: str


class PhaseEnded(OfPhase):
    """The phase is merged, or stays where it is."""

    event: Literal["phase-ended"] = "phase-ended"
    outcome: Literal["passed", "blocked"]
    reason: str | None = None
    commit: str | None = None


class ReleaseStep(Stamped):
    """What follows the last gate: a push, a command that deploys or looks at what was deployed, a rollback."""

    event: Literal["release-step"] = "release-step"
    step: Literal["push", "deploy", "verify", "rollback"]
    outcome: Literal["passed", "failed"]
    text: str
    """What was done, or why it failed."""
    commit: str
    """What was pushed or deployed; of a rollback, the merge that made it."""
    seconds: float


class Notice(Stamped):
    """A warning for people."""

    event: Literal["notice"] = "notice"
    text: str


class RunEnded(Stamped):
    """The last event, until a resumption."""

    event: Literal["run-ended"] = "run-ended"
    outcome: Literal["released", "blocked", "interrupted"]
    reason: str | None = None
    commit: str | None = None


Event = Annotated[
    RunStarted
    | PhaseStarted
    | AttemptStarted
    | AttemptEnded
    | Merged
    | ConflictSeen
    | CheckEnded
    | BatchEnded
    | GateEnded
    | Escalated
    | ReviewAsked
    | ReviewAnswered
    | PhaseEnded
    | ReleaseStep
    | Notice
    | RunEnded,
    Field(discriminator="event"),
]
_EVENT: TypeAdapter[Event] = TypeAdapter(Event)


class Journal:
    """The journal of one run, at `path`; the file is made by the first event."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, event: Event) -> None:
        """Append `event`, stamped with the time. Raises `Blocked` when the machine cannot take it."""
        stamped = event.model_copy(update={"at": time.time()}).model_dump(mode="json")
        # file names may hold bytes that are no UTF-8; they are told with question marks
        line = json.dumps(stamped, ensure_ascii=False).encode(errors="replace") + b"\n"
        try:
            self._append(line)
        except OSError as fault:
            raise Blocked(f"{self.path}: cannot be written ({fault.strerror}); mend that, then resume") from fault

    def _append(self, line: bytes) -> None:
        file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            whole = _mark_if_torn(file) + line
            if os.write(file, whole) < len(whole):
                raise OSError(0, "only a part of a line could be written, the disk may be full")
        finally:
            os.close(file)

    def read(self) -> tuple[Event, ...]:
        """Every event so far; none when there is no journal. Raises `Blocked` for a line that is no event."""
        return tuple(self._events(self._lines(0), first=1))

    def follow(self, stop: threading.Event, poll: float = 0.1) -> Iterator[Event]:
        """Every event from the first on, as they come, until `stop` is set and all that was written before is told."""
        position, number = 0, 1
        while True:
            last = stop.is_set()  # asked before reading, so that nothing written before it was set is missed
            lines = self._lines(position)
            yield from self._events(lines, first=number)
            position, number = position + sum(map(len, lines)), number + len(lines)
            if last:
                return
            stop.wait(poll)

    def _lines(self, position: int) -> list[bytes]:
        """The lines from `position` on that have their end."""
        try:
            with self.path.open("rb") as file:
                file.seek(position)
                data = file.read()
        except FileNotFoundError:
            return []
        except OSError as fault:
            raise Blocked(f"{self.path}: cannot be read ({fault.strerror})") from fault
        return data[: data.rfind(b"\n") + 1].splitlines(keepends=True)

    def _events(self, lines: list[bytes], first: int) -> Iterator[Event]:
        for number, line in enumerate(lines, first):
            if line.endswith(_TORN + b"\n"):
                continue
            try:
                yield _EVENT.validate_json(line)
            except ValidationError as wrong:
                what = wrong.errors(include_url=False)[0]["msg"]
                raise Blocked(
                    f"{self.path}:{number}: not an event of this version of sparc ({what}); "
                    "another program or another version wrote it, and without that line the journal can be read again"
                ) from wrong


def _mark_if_torn(file: int) -> bytes:
    """What to write before an event: nothing, or the end of a line that never got one.

    A line that somebody is writing at this moment may look torn as well. It is whole by the time our own write gets
    its turn, and then the mark stands on a line of its own, which is left out too.
    """
    size = os.fstat(file).st_size
    torn = size > 0 and os.pread(file, 1, size - 1) != b"\n"
    return _TORN + b"\n" if torn else b""
