"""What is exported of a check's answer for other tools, whatever their format."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from gates.line_hits import LineHits
from gates.verdict import Verdict


@dataclass(frozen=True)
class Answer:
    """One check's answer."""

    verdict: Verdict
    seconds: float = 0.0
    """How long measuring took; 0 for what was kept from before."""
    gate: str = "gate"
    """Which gate asked: the phase of a run, or `gate` where there is no plan."""
    lines: tuple[LineHits, ...] = ()
    """Line by line what was executed, of a check that measures coverage."""


Answers = Sequence[Answer]


_UNFIT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def clean(text: str) -> str:
    """Text without what UTF-8 and XML 1.0 cannot hold: control characters, halves of characters."""
    return _UNFIT.sub("\N{REPLACEMENT CHARACTER}", text)
