"""The base's own suite: run once for all candidates that are compared with the same base.

What it left is kept below SPARC_HOME for a day, where isolation keeps the target's programs from it; without isolation
it is run again for each candidate. Only a run that came to its own end, and left a report, is kept.
"""

import base64
import hashlib
import json
import threading
import time
from collections import defaultdict
from pathlib import Path

from gates.model import Frozen
from gates.ran import crash, tail
from gates.reports import read_report
from gates.subject import Ran, Run
from gates.suites import before, guard, junit
from gates.tests import Limits as Tests
from gates.verdict import Unmeasurable
from tasks.errors import Interrupted, SparcError
from tasks.ground import Ground
from tasks.kept_verdicts import versions
from tasks.shelf import DAY, Shelf
from tasks.suite_run import Left, NoEnvironment, run_suite

MOST_BYTES = 64 << 20
MOST_OF_ONE = 8 << 20

_turns: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)


class _Entry(Frozen):
    """What a run left, as it lies on the shelf."""

    measured_at: float
    """Seconds since the epoch."""
    ran: tuple[Ran, ...]
    report: str
    """In base64, as the next one."""
    guard: str | None


def run(ground: Ground, limits: Tests) -> Run:
    """What the suite of the base left. Raises SparcError."""
    question = _question(ground, limits)
    # candidates that are measured at the same time wait for one run
    with _turns[question]:
        known = _find(ground, question)
        if known:
            return _laid_out(ground, known)
        done = trimmed(run_suite(ground.open(ground.exam.compared), limits, None, ground.config))
        _keep(ground, question, done)
        return done


def of_base(ground: Ground, limits: Tests) -> dict[str, Run]:
    """The same as further runs of a subject; none where the base has no environment. Raises SparcError."""
    try:
        return {before.RUN: run(ground, limits)}
    except NoEnvironment:
        return {}
    except Interrupted:
        raise
    except SparcError as problem:
        raise SparcError(f"what passes on the base cannot be told: {problem}") from None


def trimmed(left: Left) -> Run:
    """What a run left, with the end of its output only."""
    return Run(ran=tuple(ran.model_copy(update={"output": tail(ran.output)}) for ran in left.ran), reports=left.reports)


def _question(ground: Ground, limits: Tests) -> str:
    """The sha256 of all that decides on the run, as far as it is known beforehand."""
    exam = ground.exam
    tree = ground.git.resolve(exam.compared or "", "tree")
    target = [ground.wanted.model_dump(mode="json"), limits.model_dump(mode="json"), dict(ground.config)]
    text = json.dumps([tree, exam.isolation, versions(), *target], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _shelf(ground: Ground) -> Shelf | None:
    """None where whatever runs could have written on it."""
    folder = ground.exam.home / "cache" / "base-suites"
    return None if ground.exam.isolation == "none" else Shelf(folder, MOST_BYTES, 1, MOST_OF_ONE)


def _find(ground: Ground, question: str) -> _Entry | None:
    shelf = _shelf(ground)
    data = shelf.get(question) if shelf else None
    try:
        entry = _Entry.model_validate_json(data) if data else None
    except ValueError:
        return None
    return entry if entry and 0 <= time.time() - entry.measured_at < DAY else None


def _keep(ground: Ground, question: str, done: Run) -> None:
    shelf = _shelf(ground)
    if shelf is None or done.reports is None or crash(done.ran[0]):
        return
    try:
        report = read_report(done.reports, junit.NAME, most=MOST_OF_ONE)
    except Unmeasurable:
        return
    noted = guard.beside(done.reports)
    entry = _Entry(
        measured_at=time.time(), ran=done.ran, report=_text(report),
        guard=_text(noted.read_bytes()) if noted.is_file() else None,
    )  # fmt: skip
    shelf.put(question, entry.model_dump_json().encode())


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _laid_out(ground: Ground, entry: _Entry) -> Run:
    reports: Path = ground.new_folder() / "reports"
    reports.mkdir()
    (reports / junit.NAME).write_bytes(base64.b64decode(entry.report))
    if entry.guard is not None:
        guard.beside(reports).write_bytes(base64.b64decode(entry.guard))
    return Run(ran=entry.ran, reports=reports)
