"""`command`: a program that the plan names ran to its end, with exit code 0."""

from typing import Annotated

from pydantic import Field, JsonValue

from gates.model import Duration, Frozen
from gates.ran import crash, said
from gates.subject import Ran, Subject
from gates.verdict import Unmeasurable, Verdict, answer, error


class Limits(Frozen):
    """The program, and how long it may take."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    """What the check is called in reports."""
    run: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)]
    """The program and its arguments; no shell reads them."""
    timeout: Duration = 300
    """How long it may take."""


def measure(limits: Limits, subject: Subject) -> JsonValue:  # noqa: ARG001 - every check is asked with its limits
    """What came of the program."""
    if len(subject.ran) != 1:
        raise Unmeasurable("was not run" if not subject.ran else "was run more than once")
    return subject.ran[0].model_dump(mode="json")


def judge(limits: Limits, report: JsonValue) -> Verdict:
    """Passed when the program ended by itself, with 0."""
    ran = Ran.model_validate(report)
    label = f"command {limits.name}"
    if reason := crash(ran):
        return error(label, reason, *said(ran), limit=0)
    last = "" if ran.code == 0 else said(ran)[0].message.rpartition("\n")[2]
    return answer(
        label,
        f"ended with code {ran.code}{': ' + last if last else ''}",
        measured=ran.code,
        limit=0,
        findings=() if ran.code == 0 else said(ran),
        passed=ran.code == 0,
    )
