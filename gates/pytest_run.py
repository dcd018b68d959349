"""What a run of the target's tests left, once it is certain that it came to an end."""

from gates import junit
from gates.junit import Case
from gates.ran import crash, said
from gates.subject import Subject
from gates.verdict import Unmeasurable


def cases(subject: Subject) -> list[Case]:
    """Every case of the run, at least one."""
    if not subject.ran:
        raise Unmeasurable("the tests were not run")
    ran = subject.ran[0]
    if reason := crash(ran):
        raise Unmeasurable(f"pytest: {reason}", *said(ran))
    try:
        found = junit.read(subject.reports)
    except Unmeasurable as problem:
        raise Unmeasurable(f"pytest ended with code {ran.code}, and {problem}", *said(ran)) from None
    if not found:
        raise Unmeasurable(f"no test was collected (pytest ended with code {ran.code})", *said(ran))
    return found
