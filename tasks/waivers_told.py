"""What is said of waivers: those whose rule no check can have, and those that nothing needed."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from gates.checks import CHECKS, Check
from gates.rules import FREE, close_to, is_known
from gates.verdict import Outcome, Verdict
from gates.waivers import Waiver, idle


class Doubt(NamedTuple):
    """A waiver whose rule is not known."""

    place: int
    """Of the waiver, from 0."""
    sentence: str
    certain: bool
    """Whether none of the checks could have such a rule; else it is only likely that another one was meant."""


def doubts(waivers: Sequence[Waiver], asked: Collection[str]) -> Iterator[Doubt]:
    """One for each waiver whose rule no check knows; without a likely name only if none of `asked` could know it."""
    anything = bool(FREE.intersection(asked) or set(asked) - CHECKS.keys())
    for place, waiver in enumerate(waivers):
        close = close_to(waiver.rule)
        if not is_known(waiver.rule) and (close or not anything):
            meant = f"; did you mean {', '.join(close)}?" if close else ""
            sentence = f"no check has a rule {waiver.rule!r}, so that this allows nothing{meant}"
            yield Doubt(place, sentence, certain=not anything)


def names(checks: Iterable[Check]) -> set[str]:
    """What checks are called, without names of their own."""
    return {check.name for check in checks}


def told_idle(waiver: Waiver, where: str) -> str:
    """A sentence about a waiver that allowed nothing there: `in this run: the plan`."""
    return f"the waiver of {waiver.rule} in {', '.join(waiver.paths)} allowed nothing {where} can do without it"


def idle_of(waivers: Sequence[Waiver], verdicts: Iterable[Verdict]) -> tuple[Waiver, ...]:
    """Those that allowed nothing; none while a check could not be measured, for it may need any of them."""
    verdicts = tuple(verdicts)
    if any(verdict.outcome is Outcome.ERROR for verdict in verdicts):
        return ()
    return idle(waivers, (finding for verdict in verdicts for finding in verdict.waived))
