"""What a verification found, as data and in words."""

from collections.abc import Iterator

from pydantic import JsonValue

from gates.model import Frozen
from gates.verdict import Outcome
from tasks.wording import count, plain

LONGEST = 1000
"""Characters of a line."""


class Finding(Frozen):
    """What is wrong with one commit."""

    commit: str
    subject: str
    problem: str


class Answer(Frozen):
    """What a check said of a tree."""

    outcome: Outcome
    summary: str
    measured: JsonValue = None


class Repeated(Frozen):
    """A recorded check, and what came of running it again."""

    check: str
    tree: str
    recorded: Answer
    now: Answer | None
    """None: it could not be run again."""
    evidence: str
    """Name of the record."""


class Resting(Frozen):
    """A verdict on which merges rest."""

    evidence: str
    """Name of its record."""
    commits: tuple[str, ...]
    """The merges."""


class SignedBy(Frozen):
    """A key, and how many of the merges that hold it has signed."""

    key: str
    """Its fingerprint."""
    merges: int


class Report(Frozen):
    """What was verified."""

    ok: bool
    start: str | None
    """The commit up to which history was walked; not verified itself."""
    verified: tuple[str, ...]
    """Commits in order, newest first, that hold in every respect."""
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()
    """What a reader should know, and what does not count against the result."""
    rests_on: tuple[Resting, ...] = ()
    """The verdicts behind what holds."""
    signers: tuple[SignedBy, ...] = ()
    """Whose signatures there are."""
    repeated: tuple[Repeated, ...] | None = None
    """What running the recorded checks again gave; None: they were not."""


def lines(report: Report) -> Iterator[str]:
    """The report in words; what others wrote is shown as harmless text."""
    for finding in report.findings:
        yield plain(f"{finding.commit[:12]} {finding.subject}: {finding.problem}", LONGEST)
    yield from (plain(note, LONGEST) for note in report.notes)
    since = f" since {report.start[:12]}" if report.start else ""
    if report.ok:
        again = "" if report.repeated is None else f", and {count(len(report.repeated), 'check')} passed again"
        yield f"verified: {len(report.verified)} merges{since}, each measured before it was made{again}"
    else:
        yield f"NOT verified: {count(len(report.findings), 'finding')}, {len(report.verified)} merges hold{since}"
