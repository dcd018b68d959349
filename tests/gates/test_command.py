"""A program ran to its end, with 0."""

from collections.abc import Callable

import pytest
from pydantic import ValidationError

from gates.command import Limits
from gates.subject import Ran, Subject
from gates.verdict import Verdict

Tree = Callable[..., Subject]
Ask = Callable[[object, Subject], Verdict]
Build = Callable[..., Ran]

CHECK = {"command": {"name": "build", "run": ["make", "build"], "timeout": "5m"}}


def test_code_0_passes(tree: Tree, ask: Ask, ran: Build) -> None:
    verdict = ask(CHECK, tree({}, ran=[ran(0, output="ok")]))
    assert (verdict.check, verdict.outcome, verdict.measured) == ("command build", "passed", 0)
    assert (verdict.summary, verdict.findings) == ("command build ended with code 0", ())


@pytest.mark.parametrize("code", [1, 2, 127])
def test_another_code_fails_with_the_end_of_the_output(tree: Tree, ask: Ask, ran: Build, code: int) -> None:
    output = "\n".join(f"line {number}" for number in range(100))
    verdict = ask(CHECK, tree({}, ran=[ran(code, output=output)]))
    assert (verdict.outcome, verdict.measured, verdict.limit) == ("failed", code, 0)
    assert verdict.findings[0].message.splitlines() == [f"line {number}" for number in range(80, 100)]


@pytest.mark.parametrize(
    ("code", "failure", "reason"),
    [
        (None, "not found: make", "not found: make"),
        (None, "timed out after 300 s", "timed out after 300 s"),
        (0, "timed out after 300 s", "timed out after 300 s"),
        (-9, None, "was ended by SIGKILL"),
        (-250, None, "was ended by signal 250"),
        (None, None, "did not end"),
    ],
)
def test_what_did_not_end_by_itself_is_an_error(
    tree: Tree, ask: Ask, ran: Build, code: int | None, failure: str | None, reason: str
) -> None:
    verdict = ask(CHECK, tree({}, ran=[ran(code, failure=failure)]))
    assert (verdict.outcome, verdict.summary) == ("error", f"command build: {reason}")
    assert verdict.findings[0].message == "it printed nothing"


def test_what_was_not_run_is_an_error(tree: Tree, ask: Ask, ran: Build) -> None:
    assert ask(CHECK, tree({})).outcome == "error"
    assert ask(CHECK, tree({}, ran=[ran(0), ran(0)])).outcome == "error"


@pytest.mark.parametrize(
    "wrong", [{"name": "Build"}, {"name": "-x"}, {"run": []}, {"run": "make"}, {"run": [""]}, {"timeout": "soon"}]
)
def test_limits_that_make_no_command_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        Limits.model_validate(CHECK["command"] | wrong)
