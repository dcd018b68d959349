"""Waivers: what a plan allows on purpose, with the reason, so that a report shows it and no gate is silent about it."""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Annotated, NamedTuple

from pydantic import Field

from gates.model import Frozen
from gates.paths import Paths, matcher
from gates.verdict import Finding, Waived

Rule = Annotated[str, Field(min_length=1, pattern=r"^\S+$")]


class Waiver(Frozen):
    """One rule that may be broken in some files."""

    rule: Rule
    """As findings name it (`test-deleted`, `B324`), or a glob of such names: `suppression-*`."""
    paths: Annotated[Paths, Field(min_length=1)]
    """Files or globs in which it may be broken."""
    reason: Annotated[str, Field(min_length=1)]
    """Why; stands in reports and in the evidence."""

    def covers(self, finding: Finding) -> bool:
        """Whether it allows this finding: one without a rule or a place is allowed by nothing."""
        if finding.rule is None or finding.path is None or not fnmatchcase(finding.rule, self.rule):
            return False
        return matcher(self.paths)(finding.path)


class Split(NamedTuple):
    """What is left of findings, and what was waived."""

    standing: tuple[Finding, ...]
    waived: tuple[Waived, ...]


def idle(waivers: Sequence[Waiver], waived: Iterable[Finding]) -> tuple[Waiver, ...]:
    """Those that allowed nothing of what was waived."""
    waived = tuple(waived)
    return tuple(waiver for waiver in waivers if not any(waiver.covers(finding) for finding in waived))


def split(findings: Iterable[Finding], waivers: Sequence[Waiver]) -> Split:
    """Findings that stand, and those that the first fitting waiver allows."""
    standing: list[Finding] = []
    waived: list[Waived] = []
    for finding in findings:
        waiver = next((waiver for waiver in waivers if waiver.covers(finding)), None)
        if waiver:
            waived.append(Waived(**finding.model_dump(), reason=waiver.reason))
        else:
            standing.append(finding)
    return Split(tuple(standing), tuple(waived))
