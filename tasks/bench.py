"""Runs the checks of a gate on one tree.

* What only reads the tree does so in a worker process of ours, on a checkout in which no foreign program ever runs.
* What runs the target gets a room of its own (`tasks/rooms.py`): the suite, whose one run serves tests and coverage,
  and each command. What they leave is judged by the worker as well, against the untouched checkout.
* Work that several checks need is done once. When it fails, each of them gets the same sentence, as an `error`.
"""

import json
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Self

from gates import command, tests
from gates.checks import Check, Runs
from gates.line_hits import LINES, LineHits
from gates.subject import Beside, Subject
from gates.verdict import MOST_FINDINGS, Finding, Outcome, Verdict, error
from gates.worker import LINES_FILE
from tasks import base_suites
from tasks.command import Command, run_foreign
from tasks.command_run import run_command
from tasks.errors import Interrupted, SparcError
from tasks.exam import Exam, Measured, asked_of, measured
from tasks.ground import Ground
from tasks.isolation import Jail
from tasks.once import Once
from tasks.probes import PROBES, Probing
from tasks.rooms import Room
from tasks.static import Static
from tasks.suite_run import Left, limits_of, run_suite
from tasks.uv import basics, last_words

__all__ = ["Bench", "Exam", "Measured"]

READING = 1200.0
"""Seconds for a worker; it bounds its processor time itself, below that."""
NAMED = 5
"""Files that a summary names."""


class Bench:
    """Where the checks of one gate are run; a context manager, whose scratch is gone afterwards.

    Nothing is done before a check asks for it; `verdict` may be called from several threads at once.
    """

    def __init__(self, exam: Exam, checks: Iterable[Check]) -> None:
        self._exam, self._checks = exam, tuple(checks)
        self._scratch = ExitStack()
        self._opened: list[Path] = []
        self._ground = Once[Ground]()
        self._static = Static(self._checks)
        # one for each set of limits of `tests`: they say which tests are run
        self._suites = {self._suite_of(check): Once[Left]() for check in self._checks}
        self._rooms = {suite: Once[Room]() for suite in self._suites}

    @property
    def exam(self) -> Exam:
        """What is asked, with what it has heard so far."""
        return self._exam

    def hear(self, beside: tuple[Beside, ...]) -> None:
        """Be told what named checks of the gate came to, before a check that looks at that is measured."""
        self._exam = replace(self._exam, beside=beside)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Delete what was made for this exam: thousands of files, if there was an environment."""
        self._scratch.close()

    def verdict(self, check: Check) -> Measured:
        """Measure one check. Raises Interrupted; whatever else goes wrong is a verdict `error`."""
        started = time.monotonic()
        left, lines = None, tuple[LineHits, ...]()
        try:
            if check.kind.runs is Runs.SUITE:
                self._room(check)  # furnishing it takes the processors; the tests leave some to the worker that starts
                verdict, lines = self._worker(check, lambda: self._with(check, self._with_base(check)))
                left = self._suite(check)
            else:
                left = self._left(check)
                verdict, lines = self._judged(check, left)
            verdict = _strict(verdict, left)
        except Interrupted:
            raise
        except (SparcError, OSError) as problem:
            verdict = error(check.label, str(problem))
        seconds = round(time.monotonic() - started, 3)
        done = measured(self._exam, check, verdict, left, seconds, tuple(self._opened))
        evidence = {**done.evidence, "asked": asked_of(self._exam, check, self._checks)}
        return done._replace(evidence=evidence, lines=lines)

    # -- what is done once

    def _laid(self) -> Ground:
        return self._ground.get(lambda: Ground(self._exam, self._scratch, self._opened))

    def _suite(self, check: Check) -> Left:
        return self._suites[self._suite_of(check)].get(lambda: self._run_suite(check))

    def _with_base(self, check: Check) -> Left:
        """The run of the tests, and the base's own where the check holds one against the other."""
        left, limits = self._suite(check), check.limits
        if isinstance(limits, tests.Limits) and limits.new_only and self._exam.compared:
            return left._replace(runs=base_suites.of_base(self._laid(), limits))
        return left

    def _room(self, check: Check) -> Room:
        return self._rooms[self._suite_of(check)].get(lambda: self._laid().open())

    def _run_suite(self, check: Check) -> Left:
        return run_suite(self._room(check), *limits_of(check, self._checks), self._laid().config)

    def _suite_of(self, check: Check) -> str:
        return limits_of(check, self._checks)[0].model_dump_json()

    # -- what is done for each check

    def _left(self, check: Check) -> Left | None:
        """What running the target's programs for a check left; None when it needs none of them."""
        if isinstance(check.limits, command.Limits):
            return run_command(self._laid(), check.limits, self._exam.words)
        if check.kind.runs is Runs.PROBE:
            tested, _ = limits_of(check, self._checks)
            return PROBES[check.name](Probing(check, self._laid(), lambda: self._suite(check), tested))
        return None

    def _judged(self, check: Check, left: Left | None) -> tuple[Verdict, tuple[LineHits, ...]]:
        if left and check.kind.runs is Runs.COMMAND and left.reports is None:
            # nothing of the target is read for this, so that it needs no worker
            subject = Subject(root=left.room.checkout, files=(), ran=left.ran)
            return check.kind.judge(check.limits, check.kind.measure(check.limits, subject)), ()
        ground = self._laid()
        if check.kind.by_file:
            return self._static.verdict(ground, check, check.kind.by_file), ()
        return self._worker(check, lambda: self._with(check, left))

    def _with(self, check: Check, left: Left | None) -> Subject:
        """What a check looks at."""
        ground = self._laid()
        subject = ground.subject()
        if check.kind.hears:
            subject = subject.model_copy(update={"beside": self._exam.beside})
        if check.kind.compares(check.limits):
            subject = ground.compared(subject)
        if left:
            told = {"reports": left.reports, "ran": left.ran, "runs": left.runs, "notes": left.notes}
            subject = subject.model_copy(update=told)
        return subject

    def _worker(self, check: Check, subject: Callable[[], Subject]) -> tuple[Verdict, tuple[LineHits, ...]]:
        jail = self._exam.confinement.jail(self._laid().new_folder())
        return _asked(check, subject, jail, basics(self._exam.env))


def _asked(
    check: Check, subject: Callable[[], Subject], jail: Jail, env: Mapping[str, str]
) -> tuple[Verdict, tuple[LineHits, ...]]:
    """A worker's verdict, and the lines that it saw executed. Raises SparcError when it left no verdict.

    It is ours, and reads what is not: it may write to its own folder only, in case that something there misleads it.
    """
    folder = jail.writable[0]

    def question() -> bytes:
        """Asked once the worker has started, which takes a while, in which the tests may run."""
        limits, looked_at = check.limits.model_dump(mode="json"), subject().model_dump(mode="json")
        # escaped, for a path that is no UTF-8 has no other form
        return json.dumps({"check": check.name, "limits": limits, "subject": looked_at}).encode()

    report = folder / "verdict.json"
    argv = (sys.executable, "-I", "-m", "gates.worker", str(report), check.name)
    own = {"HOME": str(folder), "TMPDIR": str(folder)}
    done = run_foreign(Command(argv, folder, {**env, **own}, question, READING, jail))
    try:
        lines = folder / LINES_FILE
        told = LINES.validate_python(json.loads(lines.read_bytes())) if lines.exists() else ()
        return Verdict.model_validate(json.loads(report.read_bytes())), told
    except (OSError, ValueError):
        reason = done.failure or f"exit code {done.code}"
        raise SparcError(f"its worker left no verdict: {last_words(reason, done.output)}") from None


def _strict(verdict: Verdict, left: Left | None) -> Verdict:
    """A check that changes what it measures has failed."""
    if not left or not left.changed or verdict.outcome not in (Outcome.PASSED, Outcome.FAILED):
        return verdict
    names = ", ".join(left.changed[:NAMED]) + (", ..." if len(left.changed) > NAMED else "")
    findings = (Finding(message="was changed by the check", path=path) for path in left.changed[:MOST_FINDINGS])
    return verdict.model_copy(
        update={
            "outcome": Outcome.FAILED,
            "summary": f"{verdict.check}: changed tracked files: {names}",
            "findings": (*findings, *verdict.findings),
        }
    )
