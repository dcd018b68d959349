"""`stub_probe`: of each new or changed function some test notices when its body is nothing.

One function at a time returns nothing, whatever its arguments, while the tests run; nothing else differs between that
run and its control, in which none does: neither a file nor a word of the command line. A test that fails in the one and
passes in the other looks at what the function does. Code that no test looks at passes any demand on coverage, and fails
here. Whether a test looks at all that it does, this cannot tell.

* Left out: functions whose bodies are nothing already (abstract ones, protocols, overloads, `...`, `pass`,
  `return None`, `raise NotImplementedError`), and `__repr__`.
* Lambdas and what `exec` makes are not stubbed by themselves.
* A stub that keeps the tests from being collected, or lets them run for ever, is noticed as well.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Annotated

from pydantic import Field, JsonValue

from gates.model import Count, Duration, Frozen
from gates.paths import Paths, shown
from gates.proof.changed_tests import Files, broken_files, by_id
from gates.proof.stub_plan import Plan, Target
from gates.ran import tail
from gates.subject import Run, Subject, compared
from gates.suites import junit
from gates.suites.junit import Case
from gates.verdict import MOST_FINDINGS, Finding, Unmeasurable, Verdict, answer, error, worst
from gates.waivers import Waiver, split

SURVIVES, UNKNOWN = "stub-survives", "stub-unknown"
COLLECTING = (1, 2, 3, 4)
"""Codes with which pytest ends when it can collect nothing: an import of a `conftest.py` that fails is no result."""


class Limits(Frozen):
    """How many functions must be proven."""

    at_least_killed: Annotated[float, Field(ge=0, le=100, strict=False)] = 100
    """Share of the new and changed functions, in per cent, whose stub some test must notice."""
    most: Annotated[Count, Field(ge=1)] = 50
    """Functions to be probed at most, each by a run of tests; where there are more, nothing can be said."""
    timeout: Duration = 600
    """How long one run of the tests may take. With a stub it may also take five times what it takes without."""
    paths: Paths = ()
    """Files or globs whose functions are meant. Default: the product, as coverage has it."""


def compares(_: Limits) -> bool:
    """Always: it is about what is new."""
    return True


class Tried(Frozen):
    """The last run for a function; which one, and what it is compared with."""

    run: str
    control: str
    patient: bool
    """Whether it was given several times as long as its control took."""


class Notes(Frozen):
    """What whoever ran the tests has noted."""

    plan: Plan
    tried: tuple[Tried, ...] = ()
    """For each target, in order; none when there were too many."""
    runs: int = 0


class Fate(StrEnum):
    """What became of a stub."""

    KILLED = "killed"
    SURVIVES = "survives"
    UNKNOWN = "unknown"


class Probed(Frozen):
    """A function, and what became of its stub."""

    target: Target
    fate: Fate
    by: str
    """The test that noticed, or how else it showed."""


class Report(Frozen):
    """What became of every stub."""

    probed: tuple[Probed, ...]
    empty: int
    left_out: int
    """Tests, and files of tests, that do not pass without any stub, and can notice nothing."""
    too_many: int = 0
    """New and changed functions, where there were more than could be probed."""
    runs: int
    waivers: tuple[Waiver, ...]


def measure(limits: Limits, subject: Subject) -> JsonValue:
    """What became of the stub of every new or changed function."""
    compared(subject)
    notes = Notes.model_validate(subject.notes)
    targets = notes.plan.targets
    files = Files(subject)
    if len(targets) > limits.most:
        probed: tuple[Probed, ...] = ()
    else:
        tried = zip(targets, notes.tried, strict=True)
        probed = tuple(_probed(target, each, subject, files) for target, each in tried)
    return Report(
        probed=probed, empty=notes.plan.empty, left_out=_left_out(notes.plan),
        too_many=len(targets) if len(targets) > limits.most else 0,
        runs=notes.runs, waivers=subject.waivers,
    ).model_dump(mode="json")  # fmt: skip


def _left_out(plan: Plan) -> int:
    return len(plan.failing.tests) + len(plan.failing.files)


def _probed(target: Target, tried: Tried, subject: Subject, files: Files) -> Probed:
    run, control = subject.runs[tried.run], subject.runs[tried.control]
    ran = run.ran[0]
    if ran.failure:
        hung = tried.patient and ran.failure.startswith("timed out")
        return Probed(target=target, fate=Fate.KILLED if hung else Fate.UNKNOWN, by=ran.failure)
    if ran.code == 0:
        return Probed(target=target, fate=Fate.SURVIVES, by="")
    by = _noticed(run, control, files)
    said = f"pytest ended with code {ran.code}, and no test that passes without the stub failed: {tail(ran.output)}"
    return Probed(target=target, fate=Fate.KILLED if by else Fate.UNKNOWN, by=by or said)


def _noticed(run: Run, control: Run, files: Files) -> str | None:
    """What failed with a stub and not without; None when nothing shows that."""
    before = by_id(junit.read(control.reports))
    try:
        now = by_id(junit.read(run.reports))
    except Unmeasurable:
        now = {}
    for name, case in now.items():
        if case.outcome in ("failure", "error") and name in before and before[name].outcome == "passed":
            return _place(case)
    told = {files.of(case) for case in before.values()}
    if any(path in told for path in broken_files(now, files)) or (not now and run.ran[0].code in COLLECTING):
        return "the tests cannot be imported"
    return None


def _place(case: Case) -> str:
    line = f":{case.line}" if case.line else ""
    return f"{shown(case.file or case.module)}{line} {shown(case.name)}"


def judge(limits: Limits, report: JsonValue) -> Verdict:
    """Passed when enough of the functions were proven; what is waived counts as proven."""
    found = Report.model_validate(report)
    if found.too_many:
        return _too_many(limits, found)
    standing, waived = split(_findings(found.probed), found.waivers)
    count, proven = len(found.probed), len(found.probed) - len(standing)
    killed = sum(each.fate is Fate.KILLED for each in found.probed)
    enough = proven * 100 >= limits.at_least_killed * count
    verdict = answer(
        "stub_probe",
        _summary(limits, found, killed, enough=enough) + (worst(standing) if not enough else ""),
        measured=_measured(found),
        limit={"at_least_killed": limits.at_least_killed, "most": limits.most},
        findings=standing,
        passed=enough,
    )
    return verdict.model_copy(update={"waived": waived})


def _too_many(limits: Limits, found: Report) -> Verdict:
    reason = (
        f"{found.too_many} functions are new or changed, and at most {limits.most} are probed: raise `most`, or name"
        " those that matter by `paths`"
    )
    return error("stub_probe", reason, limit={"most": limits.most})


def _findings(probed: Iterable[Probed]) -> list[Finding]:
    survive = "survives: no test fails when its body is nothing"
    return [
        Finding(
            path=each.target.path, line=each.target.line,
            rule=SURVIVES if each.fate is Fate.SURVIVES else UNKNOWN,
            message=f"{each.target.name} {survive if each.fate is Fate.SURVIVES else f'is not proven: {each.by}'}",
        )
        for each in probed if each.fate is not Fate.KILLED
    ]  # fmt: skip


def _summary(limits: Limits, found: Report, killed: int, *, enough: bool) -> str:
    count = len(found.probed)
    if not count:
        return "no function is new or changed" + (f" but {found.empty} without a body" if found.empty else "")
    # rounded down, so that 99.96 % does not read like all
    share = killed * 1000 // count / 10
    relation = "" if enough else f" < {limits.at_least_killed:g} %"
    failing = f", by what is left without {found.left_out} failing tests" if found.left_out else ""
    return f"{killed} of {count} new or changed functions proven ({share:g} %{relation}){failing}"


def _measured(found: Report) -> JsonValue:
    fates = [each.fate for each in found.probed]
    proven = [f"{_label(each.target)}: {each.by}" for each in found.probed if each.fate is Fate.KILLED]
    return {
        "functions": len(fates), **{str(fate): fates.count(fate) for fate in Fate}, "empty": found.empty,
        "left_out": found.left_out, "runs": found.runs, "proven": [*_first(proven)],
    }  # fmt: skip


def _label(target: Target) -> str:
    return f"{shown(target.path)}:{target.line} {target.name}"


def _first(lines: Sequence[str]) -> Sequence[str]:
    more = len(lines) - MOST_FINDINGS
    return [*lines[:MOST_FINDINGS], f"and {more} more"] if more > 0 else lines
