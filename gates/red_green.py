"""`red_green`: new and changed tests fail on the base's code and pass on the candidate's, and nothing is broken by it.

The tests are run on three trees: the candidate; the base as it is, which says what passed before; and the base with the
candidate's tests laid over it, on which enough of them must be red. A test that fails there only because a module, a
name or a parameter is not there yet, or by a fixture, proves nothing by that: it must also fail with the candidate's
own code when its new and changed functions do nothing while tests run (`gates/proof/stubs.py`). One that asks whether a
name exists, in whatever way, passes as soon as the base has the candidate's names, which do nothing
(`gates/proof/names.py`): it proves nothing either.

* What passed on the base passes still. A test is the same one when it has moved, when it has another name and most of
  its code, and when as many others of its parameters pass. One that failed on the base and still fails is no fault.
* A test that is green on the base already is told, and does not count. One that was there before the code, and red,
  counts as a new one does. `weak` says how many there may be that prove nothing: tests of what was there before are
  good work, so that by default there may be any number.
* Where no Python file is another one than in the base there is nothing to prove; nothing may be broken all the same.
* A test is believed: one that looks for files of the candidate, and fails where it finds none, is red as well. The
  check `stub_probe` is harder to satisfy.
"""

from collections.abc import Iterable, Sequence

from pydantic import JsonValue

from gates.files import python_files
from gates.model import Count, Duration, Frozen
from gates.paths import shown
from gates.proof.red_green_told import Before, Loss, Runs, Told, losses, places, proofs
from gates.proof.red_plan import Plan, differing
from gates.subject import Subject, compared
from gates.verdict import MOST_FINDINGS, Finding, Verdict, answer, first, worst
from gates.waivers import Waiver, split

RED = (Before.RED, Before.STUB)
RULES = {
    "failure": "red-green-broken",
    "error": "red-green-broken",
    "skipped": "red-green-skipped",
    "gone": "red-green-lost",
}
"""For what no longer passes, by how."""


class Limits(Frozen):
    """How many tests must go from red to green."""

    at_least: Count = 1
    """Tests (each set of parameters counts) that fail on the base, and pass on the candidate; 0 for work that is to
    change nothing that can be seen."""
    weak: Count | None = None
    """New and changed tests that may prove nothing: that are green or skipped on the base already, or red for want of a
    name alone. Default: any number; they are named all the same. 0: each of them must go from red to green."""
    timeout: Duration = 600
    """How long each of the further runs may take."""

    @property
    def asks(self) -> bool:
        """Whether anything is to be proven."""
        return self.at_least > 0 or self.weak is not None


def compares(_: Limits) -> bool:
    """Always: it is about what is new."""
    return True


class Notes(Frozen):
    """What whoever ran the tests has noted."""

    plan: Plan
    unable: str = ""
    """Why the base could not be run with the candidate's tests."""


class Report(Frozen):
    """What became of every test that matters."""

    tests: tuple[Told, ...]
    losses: tuple[Loss, ...]
    unable: str
    waivers: tuple[Waiver, ...]
    on_stubs: bool = False
    """Whether what was weak was run on stubs."""
    changed: bool = True
    """Whether any Python file is another one than in the base."""


def measure(limits: Limits, subject: Subject) -> JsonValue:  # noqa: ARG001 - every check's has them
    """What every new, changed or mended test came to before, and what no longer passes."""
    base = compared(subject)
    notes = Notes.model_validate(subject.notes)
    runs, where = Runs(subject, notes.plan), places(subject)
    return Report(
        tests=tuple(proofs(runs, where)), losses=tuple(losses(runs, where)), unable=notes.unable,
        waivers=subject.waivers, on_stubs="stub" in subject.runs, changed=_changed(subject, base),
    ).model_dump(mode="json")  # fmt: skip


def _changed(subject: Subject, base: Subject) -> bool:
    python = {*python_files(subject), *python_files(base)}
    return not python.isdisjoint(differing(subject, base))


def judge(limits: Limits, report: JsonValue) -> Verdict:
    """Passed when enough tests went from red to green, new ones pass, and nothing that passed is lost or broken."""
    found = Report.model_validate(report)
    red = sum(told.passes and told.before in RED for told in found.tests)
    broken, excused = split([*_losses(found), *_fails(found)], found.waivers)
    unproven, allowed = split(_unproven(found), found.waivers)
    faults = [*broken]
    # what the plan allows to be green before is as good as red
    if found.changed and red + len(allowed) < limits.at_least:
        faults.append(Finding(message=_shortage(limits, red, found)))
    if limits.weak is not None and len(unproven) > limits.weak:
        message = f"{len(unproven)} new or changed tests prove nothing, and at most {limits.weak} may"
        faults.append(Finding(message=message))
    # told whether they are too many or not, unless nobody asked for any proof
    told = unproven if limits.asks else ()
    counts = len(faults) > len(broken)
    verdict = answer(
        "red_green",
        _summary(found, red) + worst(faults),
        measured=_measured(found, red),
        limit={"red": limits.at_least, "broken": 0, "weak": limits.weak},
        findings=[*faults, *(told if counts else ())],
        passed=not faults,
    )
    return verdict.model_copy(update={"waived": (*excused, *allowed), "noted": () if counts else first(told)})


def _losses(found: Report) -> list[Finding]:
    return [
        Finding(path=loss.path or None, line=loss.line, rule=RULES[loss.how], message=f"{loss.name} {_how(loss)}")
        for loss in found.losses
    ]


def _how(loss: Loss) -> str:
    words = {"gone": "passed on the base, and is gone", "skipped": "passed on the base, and is skipped"}
    said = words.get(loss.how, "passed on the base, and does not any more")
    return f"{said}: {loss.message}" if loss.message else said


def _fails(found: Report) -> list[Finding]:
    return [_finding("red-green-fails", told, "is new and fails") for told in found.tests if not told.passes]


def _unproven(found: Report) -> list[Finding]:
    """Tests that count for nothing."""
    weak = "fails on the base only for want of a name or by a fixture"
    rules = {
        Before.WEAK: ("red-green-weak", weak + (", and passes when new code does nothing" if found.on_stubs else "")),
        Before.NAMES: ("red-green-weak", "fails on the base, and passes there as soon as the new names exist"),
        Before.GREEN: ("red-green-not-red", "passes on the base already"),
        Before.SKIPPED: ("red-green-not-red", "is skipped on the base"),
    }
    return [
        _finding(rules[told.before][0], told, rules[told.before][1])
        for told in found.tests
        if told.passes and told.before in rules
    ]


def _finding(rule: str, told: Told, message: str) -> Finding:
    return Finding(path=told.path or None, line=told.line, rule=rule, message=f"{told.name} {message}")


def _shortage(limits: Limits, red: int, found: Report) -> str:
    why = f" (the base could not be run with these tests: {found.unable})" if found.unable else ""
    return f"only {red} of at least {limits.at_least} tests went from red to green{why}"


def _summary(found: Report, red: int) -> str:
    counted = _counts(found.tests)
    if not found.changed:
        return "no Python file has changed, so that there is nothing to prove"
    parts = [f"{red} red on the base and green now"]
    told = ((_weak(counted), "weak"), (counted[Before.GREEN], "green already"))
    return ", ".join([*parts, *(f"{count} {words}" for count, words in told if count)])


def _weak(counted: dict[Before, int]) -> int:
    return counted[Before.WEAK] + counted[Before.NAMES]


def _counts(tests: Iterable[Told]) -> dict[Before, int]:
    passing = [told.before for told in tests if told.passes]
    return {before: passing.count(before) for before in Before}


def _measured(found: Report, red: int) -> JsonValue:
    counted = _counts(found.tests)
    lines = [_line(told) for told in found.tests]
    return {
        "red": red, "on_stubs": counted[Before.STUB], "weak": _weak(counted), "green": counted[Before.GREEN],
        "broken": len(found.losses), "tests": [*_first(lines)],
    }  # fmt: skip


def _line(told: Told) -> str:
    place = f"{shown(told.path)}:{told.line}" if told.line else shown(told.path)
    return f"{place} {shown(told.name)}: {told.before}" + (f", {told.kind}" if told.kind else "")


def _first(lines: Sequence[str]) -> Sequence[str]:
    more = len(lines) - MOST_FINDINGS
    return [*lines[:MOST_FINDINGS], f"and {more} more"] if more > 0 else lines
