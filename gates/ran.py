"""What can be told of a program that was run, in a few words."""

import signal

from gates.subject import Ran
from gates.verdict import Finding

LINES, CHARACTERS = 20, 2000


def tail(output: str) -> str:
    """The last lines of what a program printed."""
    return "\n".join(output.rstrip().splitlines()[-LINES:])[-CHARACTERS:]


def said(ran: Ran) -> tuple[Finding]:
    """The end of its output, as a finding."""
    return (Finding(message=tail(ran.output) or "it printed nothing"),)


def crash(ran: Ran) -> str | None:
    """Why it did not run to an end of its own; None when it did."""
    if ran.failure is not None:
        return ran.failure
    if ran.code is None:
        return "did not end"
    return f"was ended by {_signal(-ran.code)}" if ran.code < 0 else None


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
