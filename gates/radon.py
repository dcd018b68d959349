"""`radon`: no block is more complex, and no file less maintainable, than its limit; averages count for nothing."""

from typing import Literal, Self

from pydantic import JsonValue, model_validator

from gates.files import read
from gates.model import Frozen
from gates.paths import Paths, shown
from gates.product import analysed
from gates.ranks import Rank, complexities, maintainability
from gates.subject import Subject
from gates.verdict import Finding, Verdict, answer


class Limits(Frozen):
    """The worst ranks allowed; at least one is asked."""

    complexity: Literal["A", "B", "C", "D", "E", "F"] | None = "B"
    """Worst rank of any block (functions, methods, classes, nested ones too, and each module's own code): A to 5,
    B to 10, C to 20, D to 30, E to 40. Null: not asked."""
    maintainability: Literal["A", "B", "C"] | None = "A"
    """Worst rank of any file: A above 19, B above 9. Null: not asked."""
    paths: Paths = ()
    """Files or globs to analyse. Default: every tracked Python file; outside of `src/` and the packages no tests."""

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if self.complexity is None and self.maintainability is None:
            raise ValueError("nothing to measure: give complexity or maintainability")
        return self


class Report(Frozen):
    """The figures asked for; an empty list was not asked."""

    complexity: tuple[Rank, ...]
    maintainability: tuple[Rank, ...]


def measure(limits: Limits, subject: Subject) -> JsonValue:
    """The figures of every product file, and of every block in it."""
    sources = {path: read(subject.root, path) for path in analysed(subject, limits.paths)}
    blocks = (rank for path, source in sources.items() for rank in complexities(path, source))
    files = (maintainability(path, source) for path, source in sources.items())
    return Report(
        complexity=tuple(blocks) if limits.complexity else (),
        maintainability=tuple(files) if limits.maintainability else (),
    ).model_dump(mode="json")


def judge(limits: Limits, report: JsonValue) -> Verdict:
    """Passed when the worst block and the worst file keep their limits."""
    asked = _asked(limits, Report.model_validate(report))
    findings = [
        _finding(name, limit, rank) for name, (limit, ranks) in asked.items() for rank in ranks if rank.rank > limit
    ]
    return answer(
        "radon",
        "; ".join(_summary(name, limit, ranks) for name, (limit, ranks) in asked.items()),
        measured={name: ranks[0].rank for name, (_, ranks) in asked.items() if ranks},
        limit={name: limit for name, (limit, _) in asked.items()},
        findings=findings,
        passed=all(ranks for _, ranks in asked.values()) and not findings,
    )


def _asked(limits: Limits, found: Report) -> dict[str, tuple[str, list[Rank]]]:
    """Name to limit and figures, the worst first, of what is asked."""
    blocks = sorted(found.complexity, key=lambda rank: -rank.value)
    files = sorted(found.maintainability, key=lambda rank: rank.value)
    every = {"complexity": (limits.complexity, blocks), "maintainability": (limits.maintainability, files)}
    return {name: (limit, ranks) for name, (limit, ranks) in every.items() if limit}


def _summary(name: str, limit: str, ranks: list[Rank]) -> str:
    if not ranks:
        return f"{name} of nothing"
    relation = "worse than" if ranks[0].rank > limit else "within"
    place = f"{shown(ranks[0].path)}:{ranks[0].line}"
    return f"{name} {ranks[0].rank} {relation} {limit}: {place} {_figure(ranks[0])}"


def _finding(name: str, limit: str, rank: Rank) -> Finding:
    return Finding(path=rank.path, line=rank.line, message=f"{name} {rank.rank} worse than {limit}: {_figure(rank)}")


def _figure(rank: Rank) -> str:
    # rounded down, for a maintainability of 18.96 must not read as if it kept the limit of 19
    return f"{rank.name} {int(rank.value * 10) / 10:g}"
