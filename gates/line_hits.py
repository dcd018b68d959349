"""Which lines of a file were executed: what coverage tools of every language tell, and what we export of it."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from fractions import Fraction

from pydantic import TypeAdapter

from gates.model import Frozen


class LineHits(Frozen):
    """The lines of one file of the tree that could be executed."""

    path: str
    hit: tuple[int, ...]
    """Sorted; executed."""
    missed: tuple[int, ...]
    """Sorted; not executed."""
    taken: int = 0
    """Ways out of branches that were taken."""
    left: int = 0
    """Ways out of branches that were not."""
    named: bool = True
    """Whether the report tells of the file at all."""

    @property
    def covered(self) -> int:
        """Lines, and ways out of branches."""
        return len(self.hit) + self.taken

    @property
    def total(self) -> int:
        """All that there is of both."""
        return self.covered + len(self.missed) + self.left

    @property
    def share(self) -> Fraction:
        """Percent; a file without lines is covered."""
        return Fraction(100 * self.covered, self.total) if self.total else Fraction(100)


LINES: TypeAdapter[tuple[LineHits, ...]] = TypeAdapter(tuple[LineHits, ...])


class Tally:
    """Hits of one file, added up as a report tells of them: several times, if it was compiled several times."""

    def __init__(self) -> None:
        self.lines: dict[int, int] = {}
        self.branches: dict[str, int] = {}

    def add(self, line: int, hits: int) -> None:
        """So many executions of a line."""
        self.lines[line] = self.lines.get(line, 0) + hits

    def branch(self, name: str, taken: int) -> None:
        """So many takings of a way out of a branch."""
        self.branches[name] = self.branches.get(name, 0) + taken

    def of(self, path: str, last: int, *, branch: bool) -> LineHits:
        """What is known of the file; of lines behind its `last` nothing, though compilers that inline tell of some."""
        ways = list(self.branches.values()) if branch else []
        return LineHits(
            path=path,
            hit=tuple(sorted(line for line, hits in self.lines.items() if hits and 0 < line <= last)),
            missed=tuple(sorted(line for line, hits in self.lines.items() if not hits and 0 < line <= last)),
            taken=sum(way > 0 for way in ways),
            left=sum(way == 0 for way in ways),
        )


def unnamed(path: str, text: str) -> LineHits:
    """A file that the report does not tell of: every line of it that is not blank is missing."""
    lines = (number for number, line in enumerate(text.splitlines(), 1) if line.strip())
    return LineHits(path=path, hit=(), missed=tuple(lines), named=False)


def within(files: Iterable[LineHits], changed: Mapping[str, Collection[int]]) -> Iterator[LineHits]:
    """Of each file only the changed lines that could be executed; branches do not count there."""
    for file in files:
        lines = changed.get(file.path, ())
        hit, missed = (tuple(line for line in some if line in lines) for some in (file.hit, file.missed))
        if hit or missed:
            yield LineHits(path=file.path, hit=hit, missed=missed, named=file.named)


def ranges(file: LineHits) -> list[tuple[int, int]]:
    """Runs of missing lines, unbroken by an executed one."""
    missed, runs = frozenset(file.missed), list[tuple[int, int]]()
    going = False
    for line in sorted({*file.hit, *missed}):
        if line not in missed:
            going = False
        elif going:
            runs[-1] = (runs[-1][0], line)
        else:
            runs.append((line, line))
            going = True
    return runs
