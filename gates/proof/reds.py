"""Kinds of failure of a test on code that lacks what it tests: which of them say that it tests something.

Whoever asks for what is not there yet fails for that alone, whatever else the test looks at: such a failure is weak. It
is told by the exceptions that pytest shows, all of a chain, for whoever catches one and raises another has met it too.
Weak is also what fails before or after the test itself: one fixture does that for every test, whatever they look at,
and so does what another test has left behind.
"""

import re
from enum import StrEnum

from gates.suites.junit import Case

ABSENT = re.compile(
    r"^(ModuleNotFoundError|ImportError)\b"
    r"|^AttributeError: (?!'NoneType' object)"
    r"|^NameError: name '\w+' is not defined"
    r"|^TypeError: .*(got an unexpected keyword argument|takes .* positional arguments? but|missing \d+ required)"
    r"|^fixture '.*' not found"
    r"|^ *\+ +where False = hasattr\(",
    re.MULTILINE,
)
"""What is said of a module, a name, an attribute or a parameter that does not exist, also to whoever asked whether it
does; of None it is behaviour."""
ASSERTED = re.compile(r"^(assert\b|AssertionError|Failed: )", re.MULTILINE)


class Kind(StrEnum):
    """Why a test fails."""

    ASSERTION = "assertion"
    """It looked at a result, and the result was another."""
    EXCEPTION = "exception"
    """Something went wrong on the way."""
    FIXTURE = "fixture"
    """It fails before or after the test itself: weak."""
    ABSENT = "absent"
    """What it asks for is not there: weak."""

    @property
    def is_weak(self) -> bool:
        """Whether it may have nothing to do with what the test looks at."""
        return self in (Kind.ABSENT, Kind.FIXTURE)


def kind_of(case: Case) -> Kind:
    """The kind of a case that did not pass."""
    if not case.module or ABSENT.search(case.message):
        return Kind.ABSENT
    if case.outcome == "error":
        return Kind.FIXTURE
    return Kind.ASSERTION if ASSERTED.search(case.message) else Kind.EXCEPTION
