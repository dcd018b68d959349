"""The figures of coverage: what was counted of a file, of its new lines, and how shares are shown."""

from collections.abc import Collection, Iterable, Iterator
from decimal import Decimal
from fractions import Fraction

from gates.model import Frozen
from gates.verdict import Finding

MOST_RANGES = 12
MOST_DIGITS = 20

Ranges = tuple[tuple[int, int], ...]
"""First and last lines."""


class Counted(Frozen):
    """Statements, and ways out of branches if these count."""

    covered: int
    total: int
    missing: Ranges
    """What was not executed."""

    @property
    def share(self) -> Fraction:
        """Percent that is covered; all of nothing."""
        return Fraction(100 * self.covered, self.total) if self.total else Fraction(100)


class Lines(Frozen):
    """What is known of one file, line by line."""

    executed: tuple[int, ...]
    missing: tuple[int, ...]
    taken: tuple[int, ...] = ()
    """For each way out of a branch that was taken, the line of the branch."""
    left: tuple[int, ...] = ()
    """For each that was not."""


class Covered(Counted):
    """The figures of one file."""

    path: str
    imported: bool
    """Whether the run tells of the file at all."""
    new: Counted | None = None
    """Of the lines that the base does not have; None: there are none, or nobody asked."""
    lines: Lines = Lines(executed=(), missing=())
    """All of it, for whoever exports it."""


def counted(lines: Lines, among: Collection[int] | None = None) -> Counted:
    """The figures of a file, or of those of its statements that stand `among` these first lines."""
    executed, missing, taken, left = (
        [line for line in each if among is None or line in among]
        for each in (lines.executed, lines.missing, lines.taken, lines.left)
    )
    wanted = {*missing, *left}
    return Counted(
        covered=len(executed) + len(taken),
        total=len(executed) + len(missing) + len(taken) + len(left),
        missing=tuple(_ranges({*lines.executed, *lines.missing} - wanted, wanted)),
    )


def _ranges(others: Iterable[int], missing: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Runs of missing lines, unbroken by another one."""
    missing = set(missing)
    run: list[int] = []
    for line in sorted({*others, *missing}):
        if line in missing:
            run.append(line)
        elif run:
            yield run[0], run[-1]
            run = []
    if run:
        yield run[0], run[-1]


def together(counts: Iterable[Counted]) -> Counted:
    """The figures of many as those of one."""
    counts = list(counts)
    return Counted(covered=sum(each.covered for each in counts), total=sum(each.total for each in counts), missing=())


def displayed(share: Fraction, limit: Fraction) -> str:
    """A share rounded down, to as many digits as it takes to stay on its side of the limit."""
    for digits in range(1, MOST_DIGITS):
        figure = Decimal(int(share * 10**digits)).scaleb(-digits)
        if share < limit or Fraction(figure) >= limit:
            break
    return plain(figure)


def plain(number: Decimal) -> str:
    """A number without an exponent and needless zeros."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def whole_finding(file: Covered) -> Finding:
    """How a file falls short."""
    never = "" if file.imported else ", no test imports it"
    ranges = [*_shown(file.missing[:MOST_RANGES]), *(["..."] if len(file.missing) > MOST_RANGES else [])]
    return _finding(file, file.missing, f"{int(file.share)} %{never}, lines {', '.join(ranges)}")


def new_finding(file: Covered, new: Counted) -> Finding:
    """How the new lines of a file fall short; every one of them is named."""
    never = "" if file.imported else ", no test imports it"
    return _finding(file, new.missing, f"new code {int(new.share)} %{never}, lines {', '.join(_shown(new.missing))}")


def _finding(file: Covered, missing: Ranges, message: str) -> Finding:
    return Finding(path=file.path, line=missing[0][0] if missing else None, message=message)


def _shown(ranges: Ranges) -> list[str]:
    return [str(first) if first == last else f"{first}-{last}" for first, last in ranges]
