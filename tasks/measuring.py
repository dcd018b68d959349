"""Measuring checks without a run: several at once, and nothing twice that the store of verdicts still knows."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass

from gates.checks import Check
from gates.line_hits import LineHits
from gates.verdict import Verdict
from tasks import verdict_store
from tasks.bench import Bench
from tasks.command import processes
from tasks.exam import Exam, beside
from tasks.kept_verdicts import question_of
from tasks.slo import turns

AT_ONCE = 4


@dataclass(frozen=True)
class Answered:
    """One check's answer."""

    check: Check
    verdict: Verdict
    seconds: float = 0.0
    kept: float | None = None
    """When it was measured, in seconds since the epoch, if that was before; None: just now."""
    lines: tuple[LineHits, ...] = ()
    """Line by line what was executed, of a check that has just measured coverage."""


@dataclass(frozen=True)
class Memory:
    """What may be taken from before."""

    fresh: bool = False
    """Nothing: everything is measured anew, and kept."""
    lines: bool = False
    """Nothing of coverage, for of that only figures are kept."""

    def find(self, exam: Exam, check: Check, question: str | None) -> Answered | None:
        """The answer from before, if there is one that may serve."""
        if question is None or self.fresh or (self.lines and measures_lines(check)):
            return None
        known = verdict_store.lookup(exam, check, question)
        return Answered(check, known.verdict, kept=known.measured_at) if known else None


def measures_lines(check: Check) -> bool:
    """Whether it tells of coverage line by line."""
    report = getattr(check.limits, "report", None)
    return check.name == "coverage" or (report is not None and report.family == "coverage")


def measure_all(checks: Sequence[Check], exam: Exam, memory: Memory) -> tuple[Answered, ...]:
    """The answers, in order; an interruption ends everything that was started. Raises Interrupted."""

    def answer(bench: Bench, check: Check) -> Answered:
        return measure_one(bench, check, bench.exam, checks, memory)

    with Bench(exam, checks) as bench, ThreadPoolExecutor(max_workers=AT_ONCE) as threads:
        try:
            answers: dict[int, Answered] = {}
            for places in turns(checks):
                bench.hear(beside((each.check, each.verdict) for each in answers.values()))
                asked = {place: threads.submit(copy_context().run, answer, bench, checks[place]) for place in places}
                answers |= {place: each.result() for place, each in asked.items()}
            return tuple(answers[place] for place in range(len(checks)))
        except BaseException:
            processes.get().stop()  # or leaving the block would wait for what is being measured
            raise


def measure_one(bench: Bench, check: Check, exam: Exam, checks: Sequence[Check], memory: Memory) -> Answered:
    """One answer of a bench that has this exam and these checks, from before or from now."""
    question = question_of(exam, check, checks)
    if known := memory.find(exam, check, question):
        return known
    started = time.monotonic()
    measured = bench.verdict(check)
    if question is not None:
        verdict_store.keep(exam, check, question, measured.verdict)
    return Answered(check, measured.verdict, time.monotonic() - started, lines=measured.lines)
