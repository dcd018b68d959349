"""Asking a gate: every check a task of its own, all about one candidate, and the answers kept as evidence."""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.states import Failed

from flows.work import PhaseWork, value_of
from gates.checks import Check
from gates.verdict import Outcome, Verdict, fold
from tasks import evidence
from tasks.exam import Exam, Measured
from tasks.integrate import Candidate
from tasks.journal import CheckEnded
from tasks.quality import Bench
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


@task(name="check", task_run_name="{check.label}", cache_policy=NO_CACHE, persist_result=False)
async def measure(bench: Bench, check: Check) -> Measured:
    """One check; its state is Failed unless it passed, with what was measured as data."""
    measured = await in_thread(bench.verdict, check)
    if measured.verdict.passed:
        return measured
    return Failed(message=measured.verdict.summary, data=measured)  # type: ignore[return-value]


async def examine(phase: PhaseWork, question: Question) -> Answers:
    """Measure every check of a question at once."""
    work = phase.work
    place = work.folder.path / "gates" / f"{phase.number}-{phase.name}" / secrets.token_hex(4)
    exam = Exam(
        git=work.hub.git, tree=question.candidate.tree, base=question.base, deliverables=question.deliverables,
        environment=work.plan.environment, folder=place, words=words_of(phase, question.assignment),
        home=work.folder.home, env=work.env,
    )  # fmt: skip
    bench = Bench(exam, question.checks)
    try:
        asked = (_answer(phase, question, bench, place) for place in range(len(question.checks)))
        # all of them, whatever becomes of one: nothing may be taken away under a check that still looks at it
        ended = await asyncio.gather(*asked, return_exceptions=True)
    finally:
        await in_thread(bench.close)  # deletes thousands of files
    answers = [_raised(end) for end in ended]
    return Answers(tuple(verdict for verdict, _ in answers), tuple(name for _, name in answers))


def _raised(end: tuple[Verdict, str] | BaseException) -> tuple[Verdict, str]:
    if isinstance(end, BaseException):
        raise end
    return end


async def _answer(phase: PhaseWork, question: Question, bench: Bench, place: int) -> tuple[Verdict, str]:
    async with phase.checks_at_once:
        measured = await value_of(measure(bench, question.checks[place], return_state=True))
    about: dict[str, Any] = {
        "kind": "verdict", "run": phase.work.folder.run, "plan": phase.work.plan.name, "phase": phase.name,
        "number": phase.number, "assignment": question.assignment, "base": question.base,
    }  # fmt: skip
    record = {**measured.evidence, **about, "tree": question.candidate.tree}
    (name,) = await in_thread(evidence.keep, phase.work.hub.git, [record])
    phase.work.journal.write(CheckEnded(
        **phase.about, round=question.round, assignment=question.assignment, place=place, verdict=measured.verdict,
        seconds=measured.seconds, evidence=name,
    ))  # fmt: skip
    return measured.verdict, name


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
        "checks": summaries(answers.verdicts), "verdicts": list(answers.evidence), "review": review,
        **question.candidate.binding,
    }  # fmt: skip


def summaries(verdicts: Sequence[Verdict]) -> list[dict[str, Any]]:
    """Verdicts without their findings."""
    return [verdict.model_dump(mode="json", exclude={"findings"}) for verdict in verdicts]
