"""Verdicts by question, for gates that belong to no run: `<SPARC_HOME>/cache/verdicts/`.

    question = kept_verdicts.question_of(exam, check, checks)
    known = find(exam, check, question)          # a Verdict, or None: measure it
    keep(exam, check, question, verdict)         # passed and failed alone; anything else was no answer

The question holds everything that the answer depends on and that we know beforehand; of a check of which that is too
little there is none, and nothing is kept (`tasks/kept_verdicts.py`). What the target's tests say may depend on more all
the same: the day, the network, a package that was released since. So an answer that came from running something is good
for a day, one that came from reading the tree for a month.

With `isolation: none` nothing is read or written here: whatever runs then could have written it. (A program that once
ran here without isolation may have left anything; `sparc gate --fresh` asks nobody but the tools.)
"""

import json
import time
from typing import NamedTuple

from gates.checks import Check, Runs
from gates.model import Frozen
from gates.verdict import Outcome, Verdict
from tasks.exam import Exam
from tasks.shelf import DAY, Shelf

OUTCOMES = (Outcome.PASSED, Outcome.FAILED)
DAYS_READ, DAYS_RUN = 30, 1
MOST_BYTES = 64 << 20


class _Entry(Frozen):
    """One answer as it lies on the shelf."""

    question: str
    check: str
    measured_at: float
    """Seconds since the epoch."""
    verdict: Verdict


class Known(NamedTuple):
    """An answer from before."""

    verdict: Verdict
    measured_at: float
    """Seconds since the epoch."""


def find(exam: Exam, check: Check, question: str) -> Verdict | None:
    """The answer to a question, if it was asked before and still holds; None: measure it."""
    known = lookup(exam, check, question)
    return known.verdict if known else None


def lookup(exam: Exam, check: Check, question: str) -> Known | None:
    """The same, with the time at which it was measured."""
    data = _shelf(exam).get(question) if _trusted(exam) else None
    if data is None:
        return None
    try:
        entry = _Entry.model_validate(json.loads(data))
    except (ValueError, RecursionError):
        return None
    age = time.time() - entry.measured_at
    days = DAYS_READ if check.kind.runs is Runs.NOTHING else DAYS_RUN
    is_answer = entry.question == question and entry.check == check.label and entry.verdict.outcome in OUTCOMES
    return Known(entry.verdict, entry.measured_at) if is_answer and 0 <= age < days * DAY else None


def keep(exam: Exam, check: Check, question: str, verdict: Verdict) -> None:
    """Keep the answer to a question, for whoever asks it again."""
    if _trusted(exam) and verdict.outcome in OUTCOMES:
        entry = _Entry(question=question, check=check.label, measured_at=time.time(), verdict=verdict)
        _shelf(exam).put(question, _ascii(entry))


def _ascii(entry: _Entry) -> bytes:
    # escaped, for a path that is no UTF-8 has no other form
    return json.dumps(entry.model_dump(mode="json")).encode()


def _shelf(exam: Exam) -> Shelf:
    return Shelf(exam.home / "cache" / "verdicts", MOST_BYTES, DAYS_READ)


def _trusted(exam: Exam) -> bool:
    return exam.isolation != "none"
