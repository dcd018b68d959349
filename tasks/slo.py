"""Measures speed and size: runs a benchmark on the base and on the candidate, until the answer is clear.

One check of this kind at a time runs on a machine, for each would disturb the other. Each tree has one room for all its
runs. What is compared with the base takes turns with it, in random order. Where the limit is the candidate's alone, the
base is run a few times afterwards, to be shown; if it cannot be, that is told and counts for nothing.
"""

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import cast

from gates.checks import Check
from gates.slo import Limits, Report, settled
from gates.subject import Ran
from tasks import slo_trees
from tasks.errors import Interrupted, SparcError
from tasks.ground import Ground
from tasks.locks import awaited
from tasks.probing import Probing
from tasks.rooms import Room
from tasks.slo_run import RunFailed, Runner, TimeIsUp
from tasks.slo_trees import Trees
from tasks.suite_run import Left

LOCK = "slo.lock"
"""In SPARC_HOME: held while something is measured."""
SHOWN = 3
"""Runs of a base that is only shown."""
NO_BASE = "there is nothing to compare with: name the commit to compare with (sparc gate --base REF)"


def turns(checks: Sequence[Check]) -> Iterator[tuple[int, ...]]:
    """Places of checks to be measured side by side, one group after the other: speed late, on a quieter machine.

    Behind all others comes what looks at named ones, if there are any.
    """
    are_named = any(check.own_name for check in checks)
    groups: dict[int, list[int]] = {0: [], 1: [], 2: []}
    for place, check in enumerate(checks):
        hears = are_named and check.kind.hears
        groups[2 if hears else int(isinstance(check.limits, Limits))].append(place)
    yield from (tuple(places) for places in groups.values() if places)


def probe(probing: Probing) -> Left:
    """What the check `slo` looks at. Raises SparcError."""
    return measured(probing.ground, cast("Limits", probing.check.limits))


def measured(ground: Ground, limits: Limits) -> Left:
    """The candidate's figures, and the base's if the exam has a commit to compare with. Raises SparcError."""
    exam = ground.exam
    if exam.compared is None:
        if limits.needs_base:
            raise SparcError(NO_BASE)
        return _measured(ground, limits, slo_trees.alone(limits, exam.tree, ground.files(exam.tree)))
    new, old = ({file.path: file for file in ground.files(tree)} for tree in (exam.tree, exam.compared))
    return _measured(ground, limits, slo_trees.both(ground.git, limits, (exam.tree, new), (exam.compared, old)))


def alone(ground: Ground, limits: Limits) -> Left:
    """The figures of the exam's tree with nothing to compare them with, whatever the limits ask."""
    trees = slo_trees.alone(limits, ground.exam.tree, ground.files(ground.exam.tree))
    return _measured(ground, limits.model_copy(update={"most_pairs": limits.first_look}), trees)


def _measured(ground: Ground, limits: Limits, trees: Trees) -> Left:
    room = ground.open(trees.candidate)
    work = _Work(limits, _Side(Runner(ground.exam, limits, room)))
    other = _Side(Runner(ground.exam, limits, ground.open(trees.base))) if trees.base and limits.needs_base else None
    with awaited(ground.exam.home / LOCK):
        if other:
            work.compare(other)
        else:
            work.run([work.candidate])
            if trees.base:
                work.show(ground, trees.base)
    return _left(work, room, trees)


@dataclass
class _Side:
    """One tree, and what its runs have given."""

    runner: Runner
    figures: list[float] = field(default_factory=list)
    printed: str | None = None
    """By the first run that counts."""
    last: Ran | None = None

    def start(self, warmup: int) -> None:
        self.runner.prepare()
        for _ in range(warmup):
            self.runner.figure()

    def run(self) -> None:
        run = self.runner.figure()
        self.figures.append(run.figure)
        self.printed, self.last = self.printed or run.printed, run.ran


@dataclass
class _Work:
    """The runs of one check, until they are settled or its time is up."""

    limits: Limits
    candidate: _Side
    base: _Side | None = None
    problem: str | None = None
    base_problem: str | None = None
    late: bool = False

    def compare(self, base: _Side) -> None:
        """Run both in turns."""
        self.base = base
        self.run([self.candidate, base])

    def run(self, sides: Sequence[_Side]) -> None:
        """Run until the answer is clear, there were enough runs, or the time is up."""
        until = time.monotonic() + self.limits.timeout
        for side in sides:
            side.runner.until = until
        try:
            self._run(sides)
        except TimeIsUp as reason:
            self.late = True
            # what never came to an end has no figure that could be judged
            self.problem = None if all(side.figures for side in sides) else str(reason)
        except RunFailed as failed:
            whose = "on the base: " if self.base and failed.runner is self.base.runner else ""
            self.problem, self.candidate.last = f"{whose}{failed}", failed.ran

    def _run(self, sides: Sequence[_Side]) -> None:
        for side in sides:
            side.start(0 if self.limits.meaning.exact else self.limits.warmup)
        turns = random.Random(self.limits.name)  # noqa: S311 - no secret: any order will do
        rounds, done = self.limits.first_look, 0
        while True:
            for _ in range(rounds - done):
                for side in turns.sample(list(sides), len(sides)):
                    side.run()
            done, rounds = rounds, min(2 * rounds, self.limits.most_pairs)
            if self.limits.meaning.exact or done >= rounds or settled(self.limits, self.report(None)):
                return

    def show(self, ground: Ground, tree: str) -> None:
        """Run a base of which no limit is asked."""
        try:
            base = _Side(Runner(ground.exam, self.limits, ground.open(tree)))
            base.runner.until = self.candidate.runner.until
            self.base = base
            base.start(0)
            for _ in range(1 if self.limits.meaning.exact else SHOWN):
                base.run()
        except Interrupted:
            raise
        except (SparcError, OSError) as problem:
            self.base_problem = None if self.base and self.base.figures else str(problem)

    def report(self, origin: str | None) -> Report:
        """What was measured so far."""
        base = self.base.figures if self.base else []
        printed = {side.printed for side in (self.candidate, self.base) if side and side.printed}
        return Report(
            candidate=tuple(self.candidate.figures), base=tuple(base), problem=self.problem, origin=origin,
            base_problem=self.base_problem, other_output=self.limits.same_output and len(printed) > 1, late=self.late,
        )  # fmt: skip


def _left(work: _Work, room: Room, trees: Trees) -> Left:
    ran = (work.candidate.last,) if work.candidate.last else ()
    return Left(room, ran, room.changed(), notes=work.report(trees.origin).model_dump(mode="json"))
