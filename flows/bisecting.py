"""Bisecting a run: which of its merges broke a check, first among its phases, then among their assignments."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from flows.plain_gate import exam_of, measure
from flows.work import Work
from gates.checks import Check
from gates.model import Frozen
from gates.verdict import Outcome, Verdict
from tasks.bisect import Span, search
from tasks.commits import Commit, Trailer
from tasks.errors import Blocked, Refused
from tasks.exam import Exam
from tasks.released import find_released, phase_merges
from tasks.repository import Repository
from tasks.run_folder import RunFolder


class State(Frozen):
    """A state of the run, and what the checks said of it."""

    commit: str
    subject: str
    phase: str | None = None
    assignment: str | None = None
    agent: str | None = None
    attempt: int | None = None
    checks: tuple[Verdict, ...]


class Bisection(Frozen):
    """Between which states a check broke."""

    run: str
    plan: str
    before: State
    """The last state that passed."""
    broken_by: State
    """The first state that failed: the culprit, unless there are others."""
    untold: tuple[State, ...]
    """States in between of which the checks could not tell: each of them may be the culprit as well."""
    measured: int
    """How many trees were measured."""


@dataclass
class Asked:
    """Measures states, each tree once."""

    repository: Repository
    checks: tuple[Check, ...]
    home: Path
    work: Work | None
    """The run's; None: its folder is gone, and with it what its plan says of environment and isolation."""
    tell: Callable[[str], None]
    answers: dict[str, tuple[Verdict, ...]] = field(default_factory=dict)

    def verdicts(self, commit: Commit) -> tuple[Verdict, ...]:
        """What the checks say of a commit's tree, with the configuration that it has itself."""
        if commit.tree not in self.answers:
            self.answers[commit.tree] = measure(self.checks, self._exam(commit))
            self.tell(f"{commit.oid[:12]} {commit.subject}: {said(self.answers[commit.tree])}")
        return self.answers[commit.tree]

    def _exam(self, commit: Commit) -> Exam:
        wanted = self.work.plan.environment if self.work else None
        exam = exam_of(self.repository, commit.oid, self.home, os.environ, wanted)
        if self.work is None:
            return exam
        words = {"plan_dir": str(self.work.folder.plan_dir), "run": self.work.folder.run,
                 "plan": self.work.plan.name, "phase": "", "assignment": "", "attempt": ""}  # fmt: skip
        return replace(exam, words=words, confinement=self.work.confinement)

    def good(self, commit: Commit) -> bool | None:
        """Whether every check passed; None if none failed and one of them could not tell."""
        outcomes = {verdict.outcome for verdict in self.verdicts(commit)}
        return False if Outcome.FAILED in outcomes else True if outcomes == {Outcome.PASSED} else None

    def state(self, commit: Commit) -> State:
        """A commit that was measured, for people and programs."""
        told, attempt = commit.trailers, commit.trailers.get(Trailer.ATTEMPT, "")
        return State(
            commit=commit.oid, subject=commit.subject, phase=told.get(Trailer.PHASE),
            assignment=told.get(Trailer.ASSIGNMENT), agent=told.get(Trailer.AGENT),
            attempt=int(attempt) if attempt.isdigit() else None, checks=self.verdicts(commit),
        )  # fmt: skip


@dataclass(frozen=True)
class Line:
    """What a run has merged into its plan's branch."""

    run: str
    plan: str
    start: Commit
    phases: tuple[Commit, ...]


def said(verdicts: Sequence[Verdict]) -> str:
    """Verdicts in one line: what did not pass, or everything."""
    short = [verdict.summary for verdict in verdicts if not verdict.passed] or [verdict.summary for verdict in verdicts]
    return "; ".join(short)


def line_of(folder: RunFolder, repository: Repository) -> Line:
    """The phases that a run has merged, from its release or, before that, from its plan's branch. Raises Refused."""
    try:
        released = find_released(repository.git, folder.run)
        return Line(released.run, released.plan, repository.git.commit(released.start), released.phases)
    except Refused:
        if not folder.exists:
            raise
    record, git = folder.record, repository.git
    tip = repository.tip(f"sparc/{record.plan}")
    phases = tuple(phase_merges(git, record.run, record.start, tip)) if tip else ()
    if not phases:
        raise Refused(f"run {record.run} has merged no phase yet: there is nothing to search in")
    return Line(record.run, record.plan, git.commit(record.start), phases)


def asked_of(
    folder: RunFolder, repository: Repository, checks: tuple[Check, ...], tell: Callable[[str], None]
) -> Asked:
    """What measures; as the run's plan has it, if that is still there."""
    return Asked(repository, checks, folder.home, Work(folder) if folder.exists else None, tell)


def bisect(line: Line, asked: Asked) -> Bisection:
    """The merge that broke the checks. Raises Refused if they pass in the end, Blocked if it cannot be told."""
    phases = (line.start, *line.phases)
    _refuse_unbroken(line, asked)
    span = search(len(phases) - 1, lambda place: asked.good(phases[place]))
    if span.bad == 0:
        raise Blocked(
            f"{_start(line)} fails already, so no merge of run {line.run} broke it: {_words(asked, line.start)}"
        )
    begin = span.good or 0
    inner = [phases[begin], *_assignments(asked, phases[begin + 1 : span.bad + 1])]
    return _told(line, asked, inner, search(len(inner) - 1, lambda place: asked.good(inner[place])))


def _refuse_unbroken(line: Line, asked: Asked) -> None:
    tip = line.phases[-1]
    end = asked.good(tip)
    if end:
        raise Refused(
            f"{tip.oid[:12]}, the last phase of run {line.run}, passes, so no merge broke it: {_words(asked, tip)}"
        )
    if end is None:
        raise Blocked(f"{tip.oid[:12]}, the last phase of run {line.run}, cannot be told: {_words(asked, tip)}")


def _assignments(asked: Asked, phases: Sequence[Commit]) -> list[Commit]:
    """The merges of assignments that phases hold, oldest first; with the last phase, if it is more than those."""
    git = asked.repository.git
    found = [merge for phase in phases for merge in [*git.first_parents(phase.parents[0], phase.parents[1])][::-1]]
    return [*found, phases[-1]] if not found or found[-1].tree != phases[-1].tree else found


def _told(line: Line, asked: Asked, states: Sequence[Commit], span: Span) -> Bisection:
    bad = states[span.bad]
    if span.good is None:
        raise Blocked(
            f"no state of run {line.run} before {bad.oid[:12]} ({bad.subject}), which fails, is known to pass, so it "
            f"cannot be told what broke it: {_words(asked, bad)}; before, {_words(asked, states[0])}"
        )
    return Bisection(
        run=line.run, plan=line.plan, before=asked.state(states[span.good]), broken_by=asked.state(bad),
        untold=tuple(asked.state(states[place]) for place in span.untold), measured=len(asked.answers),
    )  # fmt: skip


def _start(line: Line) -> str:
    return f"{line.start.oid[:12]}, from which run {line.run} started,"


def _words(asked: Asked, commit: Commit) -> str:
    return said(asked.verdicts(commit))
