"""Asking a gate: every check a task of its own, all about one candidate, and the answers kept as evidence.

What this run has measured already is not measured again: the answer, and its evidence, are the earlier ones.
"""

import asyncio
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from flows.work import PhaseWork, value_of
from gates.checks import Check
from gates.verdict import Outcome, Verdict, fold
from tasks import evidence
from tasks.bench import Bench
from tasks.events import CheckEnded
from tasks.exam import Exam, beside
from tasks.integrate import Candidate
from tasks.kept_verdicts import Kept, answered, question_of
from tasks.quality import measure
from tasks.slo import turns
from tasks.threads import in_thread


@dataclass(frozen=True)
class Question:
    """What a gate is asked about."""

    candidate: Candidate
    base: str
    """The commit of the last passed gate: configuration comes from there, comparisons are made with it."""
    checks: tuple[Check, ...]
    deliverables: tuple[str, ...]
    round: int
    assignment: str | None = None
    """Set when it is an assignment's own gate."""
    compared: str | None = None
    """The commit to compare with, if that is another one: where a release or a hotfix is merged."""
    earlier: tuple[str, ...] = ()
    """Commits after the base that the candidate was built on: the branch it is merged into, and what that once had."""
    refused: tuple[str, ...] = ()
    """What attempts before left, and was not merged."""


class Asked(NamedTuple):
    """One check's answer."""

    check: Check
    verdict: Verdict
    evidence: str
    """Name of the record behind it."""
    seconds: float
    kept: str | None = None
    """Where it was measured before, if it was not measured now."""


@dataclass(frozen=True)
class Answers:
    """What a gate said."""

    verdicts: tuple[Verdict, ...]
    evidence: tuple[str, ...]
    """Names of the evidence of each verdict, in the same order."""

    @property
    def outcome(self) -> Outcome:
        """All of it in one word."""
        return fold(self.verdicts)

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return self.outcome is Outcome.PASSED


async def examine(phase: PhaseWork, question: Question) -> Answers:
    """Measure every check of a question at once, and tell the journal of each as it answers."""

    def tell(place: int, asked: Asked) -> None:
        phase.work.journal.write(ended(phase, question.round, question.assignment, place, asked))

    answers = await ask_all(phase, question, tell)
    return Answers(tuple(asked.verdict for asked in answers), tuple(asked.evidence for asked in answers))


def ended(phase: PhaseWork, number: int, assignment: str | None, place: int, asked: Asked) -> CheckEnded:
    """What the journal is told of a check, in round `number`, at its place in its gate."""
    return CheckEnded(
        **phase.about, round=number, assignment=assignment, place=place, verdict=asked.verdict,
        seconds=asked.seconds, evidence=asked.evidence, kept=asked.kept,
    )  # fmt: skip


async def ask_all(
    phase: PhaseWork, question: Question, tell: Callable[[int, Asked], None], failed: dict[str, Kept] | None = None
) -> list[Asked]:
    """Measure every check of a question at once, but for what this run has measured already; `tell` is told of each.

    `failed` are answers that failed and hold nevertheless, and takes those that fail now; by default none hold.
    """
    work = phase.work
    await in_thread(lambda: work.kept)  # read from git at the first question
    place = work.folder.path / "gates" / f"{phase.number}-{phase.name}" / secrets.token_hex(4)
    exam = Exam(
        git=work.hub.git, tree=question.candidate.tree, base=question.base, deliverables=question.deliverables,
        environment=work.plan.environment, folder=place, words=words_of(phase, question.assignment),
        home=work.folder.home, env=work.env, confinement=work.confinement, compared=question.compared or question.base,
        earlier=question.earlier, refused=question.refused, waivers=work.plan.waivers,
    )  # fmt: skip
    sitting = _Sitting(phase, question, Bench(exam, question.checks), {} if failed is None else failed)
    try:
        ends: dict[int, Asked | BaseException] = {}
        for places in turns(question.checks):
            said = (end for end in ends.values() if isinstance(end, Asked))
            sitting.bench.hear(beside((each.check, each.verdict) for each in said))
            asked = (_answered(sitting, place, tell) for place in places)
            # all of them, whatever becomes of one: nothing may be taken away under a check that still looks at it
            ends |= zip(places, await asyncio.gather(*asked, return_exceptions=True), strict=True)
    finally:
        await in_thread(sitting.bench.close)  # deletes thousands of files
    return [_raised(end) for _, end in sorted(ends.items())]


class _Sitting(NamedTuple):
    """One asking of a gate."""

    phase: PhaseWork
    question: Question
    bench: Bench
    failed: dict[str, Kept]


def _raised(end: Asked | BaseException) -> Asked:
    if isinstance(end, BaseException):
        raise end
    return end


async def _answered(sitting: _Sitting, place: int, tell: Callable[[int, Asked], None]) -> Asked:
    check, kept = sitting.question.checks[place], sitting.phase.work.kept
    asked_for = await in_thread(question_of, sitting.bench.exam, check, sitting.question.checks)
    known = kept.find(asked_for, sitting.failed) if asked_for else None
    if known:
        asked = Asked(check, known.verdict, known.evidence, 0.0, known.where)
    else:
        asked = await _measured(sitting, check, asked_for)
    tell(place, asked)
    return asked


async def _measured(sitting: _Sitting, check: Check, asked_for: str | None) -> Asked:
    """Measure a check, and keep the record of it; as the answer to what was asked, if we know all of that."""
    phase, question = sitting.phase, sitting.question
    async with phase.checks_at_once:
        measured = await value_of(measure(sitting.bench, check, return_state=True))
    about: dict[str, Any] = {
        "kind": "verdict", "run": phase.work.folder.run, "plan": phase.work.plan.name, "phase": phase.name,
        "number": phase.number, "assignment": question.assignment, "base": question.base, "question": asked_for,
    }  # fmt: skip
    record = {**measured.evidence, **about, "tree": question.candidate.tree}
    (name,) = await in_thread(evidence.keep, phase.work.hub.git, [record])
    phase.work.kept.add(record, name)
    if (answer := answered(record, name)) and not answer[1].verdict.passed:
        sitting.failed[answer[0]] = answer[1]
    return Asked(check, measured.verdict, name, measured.seconds)


def words_of(phase: PhaseWork, assignment: str | None = None) -> dict[str, str]:
    """What the words of commands stand for at a gate or in a hook; `{workspace}` is added where there is one."""
    return {
        "plan_dir": str(phase.work.folder.plan_dir), "run": phase.work.folder.run,
        "plan": phase.work.plan.name, "phase": phase.name,
        "assignment": assignment or "", "attempt": "",
    }  # fmt: skip


def record_of(phase: PhaseWork, question: Question, answers: Answers, review: dict[str, Any] | None) -> dict[str, Any]:
    """The evidence of a phase's gate: bound to the tree and the parents of the merge that it may allow."""
    return {
        "kind": "gate", "run": phase.work.folder.run, "plan": phase.work.plan.name, "phase": phase.name,
        "number": phase.number, "round": question.round, "outcome": str(answers.outcome), "base": question.base,
        "fingerprint": phase.work.record.fingerprint, "checks": summaries(answers.verdicts),
        "verdicts": list(answers.evidence), "review": review,
        **question.candidate.binding,
    }  # fmt: skip


def summaries(verdicts: Sequence[Verdict]) -> list[dict[str, Any]]:
    """Verdicts without their findings."""
    return [verdict.model_dump(mode="json", exclude={"findings"}) for verdict in verdicts]
