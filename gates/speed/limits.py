"""What a plan may write of a limit on speed or size, and what speaks against it."""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from gates.model import Count, Duration, Flag
from gates.paths import Paths
from gates.speed.quantities import Amount, Measure, share_of, value_of
from gates.speed.targets import Demands, Meaning
from gates.texts import Regex

Argv = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)]
USUAL, USUAL_OF_INSTRUCTIONS = 10, 5
"""Runs of each tree before the first look."""


def _one_group(pattern: str) -> str:
    if re.compile(pattern, re.MULTILINE).groups != 1:
        raise ValueError(f"{pattern!r} must have one group, which is the number: for instance '([0-9.]+) per second'")
    return pattern


class Limits(Demands):
    """A command, what is measured of it, and what is demanded of that."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    """What the check is called in reports."""
    run: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    """The command and its arguments; no shell reads them. For `size`: what makes the files, if anything has to."""
    files: Paths | None = None
    """The benchmark's own files, which come from the base commit. Default: `bench/**` and `benchmarks/**`."""
    setup: tuple[Argv, ...] = ()
    """Commands before the first run, in each tree."""
    measure: Measure = "cpu"
    """`cpu` and `wall`: time. `instructions`: by valgrind. `memory`: the peak. `output`: a number printed. `size`."""
    paths: Paths = ()
    """For `size`: the files that count, all of them together; files or globs."""
    pattern: Annotated[Regex, AfterValidator(_one_group)] | None = None
    """For `output`: finds the number; its one group matches once in all that the command prints."""
    unit: Annotated[str, Field(min_length=1, max_length=30)] | None = None
    """For `output`: what the number counts, for people."""
    better: Literal["less", "more"] | None = None
    """For `output`: which figure is the better one. Default: more with `at_least`, else less."""
    before: Amount | None = None
    """What the figure was once; shown beside what the base has, and not judged."""
    same_output: Flag = False
    """Both trees must print the same on standard output: it shows that the work was done."""
    pairs: Annotated[Count, Field(ge=5)] | None = None
    """Runs of each tree before the first look. Default: 10; 5 of instructions, which hardly vary."""
    most_pairs: Annotated[Count, Field(ge=5)] = 40
    """Runs of each tree at most, while the answer is inconclusive: at each look there are twice as many."""
    warmup: Annotated[Count, Field(le=100)] = 1
    """Runs of each tree that do not count."""
    timeout: Duration = 600
    """How long it may take, everything together; when the time is up, what was measured is judged."""
    inconclusive: Literal["block", "allow"] = "block"
    """What an answer counts for that is none."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        for problem in _problems(self):
            raise ValueError(problem)
        return self

    @property
    def first_look(self) -> int:
        """Runs of each tree before the first look."""
        if self.meaning.exact:
            return 1
        usual = USUAL_OF_INSTRUCTIONS if self.measure == "instructions" else USUAL
        return min(self.pairs or usual, self.most_pairs)

    @property
    def needs_base(self) -> bool:
        """Whether there is no answer without a base."""
        return self.relative or self.same_output

    @property
    def meaning(self) -> Meaning:
        """How figures are to be read."""
        more = self.better == "more" if self.better else self.at_least is not None
        return Meaning(self.measure, self.unit, more, self.measure == "size")


def _problems(limits: Limits) -> list[str]:
    """What speaks against limits whose parts are fine each by itself."""
    return [*_demanded(limits), *_needed(limits), *_useless(limits), *_units(limits)]


def _demanded(limits: Limits) -> list[str]:
    if not limits.written:
        return ["demands nothing: add at_most, at_least, times_better or worse_by_at_most"]
    if limits.times_better is not None and not 1 < limits.times_better < float("inf"):
        return [f"times_better: expected a number above 1, found {limits.times_better:g}"]
    worse = limits.worse_by_at_most
    if worse is not None and limits.meaning.more_is_better and share_of(worse) >= 1:
        return [f"worse_by_at_most: {worse} worse is nothing at all, where more is better: expected less than 100 %"]
    if limits.pairs and limits.pairs > limits.most_pairs:
        return [f"pairs: {limits.pairs} are more than most_pairs allows, which is {limits.most_pairs}"]
    return []


def _needed(limits: Limits) -> list[str]:
    if limits.measure == "size":
        return [] if limits.paths else ["measure: size needs paths: the files that count"]
    if limits.measure == "output" and not limits.pattern:
        return ["measure: output needs a pattern that finds the number: '([0-9.]+) per second', for instance"]
    return [] if limits.run else [f"measure: {limits.measure} needs run: the command and its arguments"]


def _useless(limits: Limits) -> list[str]:
    own = {"paths": "size", "pattern": "output", "unit": "output", "better": "output", "at_least": "output"}
    return [
        f"{key} means something with measure: {measure} only, and this is measure: {limits.measure}"
        for key, measure in own.items()
        if getattr(limits, key) not in (None, ()) and limits.measure != measure
    ]


def _units(limits: Limits) -> list[str]:
    problems = []
    for key in ("at_most", "at_least", "before"):
        amount = getattr(limits, key)
        try:
            _ = None if amount is None else value_of(amount, limits.measure)
        except ValueError as problem:
            problems.append(f"{key}: {problem}")
    return problems
