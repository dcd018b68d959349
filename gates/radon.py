"""`radon`: no block is more complex, and no file less maintainable, than its limit; averages count for nothing.

With `new_only` what is over its limit counts if the base commit does not have it, by its file and dotted name, or has
it better. A file that has moved keeps its figures.
"""

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple, Self

from pydantic import JsonValue, model_validator

from gates.metrics.by_file import ByFile, Figures, known, needs_of, readable
from gates.metrics.figures import Need
from gates.metrics.rank import Rank
from gates.model import Flag, Frozen
from gates.paths import Paths, shown
from gates.product import analysed, analysed_before
from gates.ratchet import worsened
from gates.subject import Subject
from gates.verdict import Finding, Verdict, answer
from gates.waivers import Waiver, split


class Limits(Frozen):
    """The worst ranks allowed; at least one is asked."""

    complexity: Literal["A", "B", "C", "D", "E", "F"] | None = "B"
    """Worst rank of any block (functions, methods, classes, nested ones too, and each module's own code): A to 5,
    B to 10, C to 20, D to 30, E to 40. Null: not asked."""
    maintainability: Literal["A", "B", "C"] | None = "A"
    """Worst rank of any file: A above 19, B above 9. Null: not asked."""
    paths: Paths = ()
    """Files or globs to analyse. Default: every tracked Python file; outside of `src/` and the packages no tests."""
    new_only: Flag = False
    """Whether blocks and files that are no worse than they are at the base commit count for nothing."""

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if self.complexity is None and self.maintainability is None:
            raise ValueError("nothing to measure: give complexity or maintainability")
        return self

    @property
    def asked(self) -> dict[str, str]:
        """Name to limit of what is asked."""
        every = {"complexity": self.complexity, "maintainability": self.maintainability}
        return {name: limit for name, limit in every.items() if limit}


Ranks = dict[str, tuple[Rank, ...]]
"""By path."""


class Report(Frozen):
    """The figures asked for, by their names."""

    figures: dict[str, Ranks]
    before: dict[str, Ranks] | None = None
    """Those of the base, by the paths that its files have now; None: it was not asked."""
    waivers: tuple[Waiver, ...] = ()


class Place(NamedTuple):
    """A figure and its file."""

    path: str
    rank: Rank

    @property
    def identity(self) -> tuple[str, str]:
        """What makes it the same one as in another tree."""
        return self.path, self.rank.name


def _needs(limits: Limits, subject: Subject) -> list[Need]:
    now = analysed(subject, limits.paths)
    before = analysed_before(subject, limits.paths) if limits.new_only else ()
    return [
        need
        for metric in limits.asked
        for need in (
            *needs_of(metric, now, subject),
            *(needs_of(metric, before, subject, tree="base") if before else ()),
        )
    ]


def _report(limits: Limits, subject: Subject, figures: Figures) -> JsonValue:
    now = {metric: _ranks(metric, readable(metric, figures)) for metric in limits.asked}
    before = {
        metric: _ranks(metric, known(metric, figures, subject)) for metric in (limits.asked if limits.new_only else ())
    }
    return {
        "figures": now,
        "before": before if limits.new_only else None,
        "waivers": [waiver.model_dump(mode="json") for waiver in subject.waivers],
    }


def _ranks(metric: str, found: Mapping[str, JsonValue]) -> JsonValue:
    """A file has many blocks, and one maintainability."""
    return dict(found) if metric == "complexity" else {path: [figure] for path, figure in found.items()}


BY_FILE = ByFile(_needs, _report)
measure = BY_FILE.measure


def compares(limits: Limits) -> bool:
    """Whether the base has to be measured as well."""
    return limits.new_only


class Part(NamedTuple):
    """What is to be said of one metric."""

    metric: str
    limit: str
    worst_of_all: Place | None
    """None: there is nothing."""
    over: int
    """How many are over the limit, at the base too."""
    counting: list[Place]
    """Those over the limit that count, the worst first."""

    @property
    def worst(self) -> Place | None:
        """The first that counts; if none does, the first of all."""
        return next(iter(self.counting), self.worst_of_all)


def judge(limits: Limits, report: JsonValue) -> Verdict:
    """Passed when the worst block and the worst file that count keep their limits."""
    found = Report.model_validate(report)
    parts = [_part(metric, limit, found) for metric, limit in limits.asked.items()]
    findings = [_finding(part, place) for part in parts for place in part.counting]
    standing, waived = split(findings, found.waivers)
    compared = found.before is not None or not limits.new_only
    verdict = answer(
        "radon",
        "; ".join(map(_summary, parts)) + (f" ({len(waived)} waived)" if waived else ""),
        measured={part.metric: part.worst.rank.rank for part in parts if part.worst},
        limit=dict(limits.asked),
        findings=standing,
        passed=compared and all(part.worst for part in parts) and not standing,
    )
    return verdict.model_copy(update={"waived": waived})


def _part(metric: str, limit: str, found: Report) -> Part:
    sign = 1 if metric == "complexity" else -1
    places = list(_places(found.figures.get(metric, {})))
    # a repository has many thousands of blocks, and few of them are over the limit
    over = [Place(path, rank) for path, rank in places if rank.rank > limit]
    over.sort(key=lambda place: -sign * place.rank.value)
    worst = max(places, key=lambda place: sign * place[1].value, default=None)
    counting = over
    if found.before is not None:
        asked = {place.identity for place in over}
        earlier = (Place(path, rank) for path, rank in _places(found.before.get(metric, {})))
        before = [place for place in earlier if place.identity in asked]
        counting = worsened(over, before, lambda place: place.identity, lambda place: sign * place.rank.value)
    return Part(metric, limit, Place(*worst) if worst else None, len(over), counting)


def _places(ranks: Ranks) -> Iterator[tuple[str, Rank]]:
    return ((path, rank) for path, some in ranks.items() for rank in some)


def _summary(part: Part) -> str:
    if part.worst is None:
        return f"{part.metric} of nothing"
    known = part.over - len(part.counting)
    aside = f" ({known} as at the base)" if known else ""
    if known and not part.counting:
        return f"{part.metric} nothing new worse than {part.limit}{aside}"
    relation = "worse than" if part.counting else "within"
    path, rank = part.worst
    return f"{part.metric} {rank.rank} {relation} {part.limit}: {shown(path)}:{rank.line} {_figure(rank)}{aside}"


def _finding(part: Part, place: Place) -> Finding:
    path, rank = place
    message = f"{part.metric} {rank.rank} worse than {part.limit}: {_figure(rank)}"
    return Finding(path=path, line=rank.line, message=message, rule=part.metric)


def _figure(rank: Rank) -> str:
    # rounded down, for a maintainability of 18.96 must not read as if it kept the limit of 19
    return f"{rank.name} {int(rank.value * 10) / 10:g}"
