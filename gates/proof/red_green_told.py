"""What became of each test on the base, on the base with the candidate's tests, on its stubs, and on the candidate."""

from collections.abc import Callable
from enum import StrEnum

from gates.model import Frozen
from gates.proof.changed_tests import Cases, Files, Key, Places, around, broken_files, by_id, grouped, written
from gates.proof.red_plan import Plan, differing
from gates.proof.reds import Kind, kind_of
from gates.ran import crash
from gates.subject import Run, Subject, compared
from gates.suites import pytest_run
from gates.suites.junit import Case
from gates.verdict import Unmeasurable


class Before(StrEnum):
    """What a new, changed or mended test came to before the candidate's code was there."""

    RED = "red"
    STUB = "red on stubs"
    """Without the code it fails for want of a name; with functions of that name that do nothing it fails as well."""
    WEAK = "weak"
    """It fails for want of a name, as far as can be told, and nothing shows that it asks for more."""
    NAMES = "red for names alone"
    """It fails, and passes as soon as the names are there."""
    GREEN = "green"
    """It passed already."""
    SKIPPED = "skipped"


class Told(Frozen):
    """A test that is new, changed, or was red; for one of its sets of parameters."""

    path: str
    line: int | None
    name: str
    before: Before
    kind: Kind | None = None
    """Of its failure, where it failed."""
    passes: bool = True
    """On the candidate."""


class Loss(Frozen):
    """A test that passed on the base, and does not pass any more."""

    path: str
    line: int | None
    name: str
    how: str
    """`failure`, `error`, `skipped`, `gone`."""
    message: str = ""


class Runs:
    """The cases of every run; those of a tree in which nothing could be collected are none."""

    def __init__(self, subject: Subject, plan: Plan) -> None:
        self.green: Cases = by_id(pytest_run.cases(subject))
        self.base = _cases(subject, "base")
        self.red = _cases(subject, "red")
        self.names, self.stub = _cases(subject, "names"), _cases(subject, "stub")
        self.asked_names = "names" in subject.runs
        self.files, self.base_files = Files(subject), Files(compared(subject))
        self.broken = broken_files(self.green, self.files)
        self._unread = frozenset(broken_files(self.base, self.base_files))
        self._none_read = "base" in subject.runs and not self.base
        self.everywhere = plan.files is None
        self._touched = frozenset(plan.files or ())

    def in_red(self, path: str) -> bool:
        """Whether the tests of a file were run on the base with the candidate's tests."""
        return self.everywhere or path in self._touched

    def unread(self, path: str) -> bool:
        """Whether a file was to be run on the base, and could not even be collected."""
        return self._none_read or path in self._unread

    def passed(self, name: str) -> bool:
        """Whether a case passed on the base."""
        return name in self.base and self.base[name].outcome == "passed"


def _cases(subject: Subject, name: str) -> Cases:
    """Cases of a further run; none of one that was not made, or that could collect nothing.

    Raises Unmeasurable for one that was ended from outside, but where nothing is done: there a loop may never end.
    """
    run: Run | None = subject.runs.get(name)
    if run is None:
        return {}
    if (reason := crash(run.ran[0])) and name in TREES:
        raise Unmeasurable(f"on the {TREES[name]} pytest {reason}")
    try:
        return by_id(pytest_run.cases(subject.model_copy(update={"ran": run.ran, "reports": run.reports})))
    except Unmeasurable:
        return {}


TREES = {"base": "base", "red": "base with the candidate's tests"}


def places(subject: Subject) -> Places:
    """The tests of files that are not the same in both trees."""
    base = compared(subject)
    paths = differing(subject, base)
    disturbed = (path for path in paths if path.endswith(".py") and around(base, path) != around(subject, path))
    return Places(written(base, paths), written(subject, paths), frozenset(disturbed))


def proofs(runs: Runs, where: Places) -> list[Told]:
    """Each new or changed test, and each that was red, with what it came to before."""
    return [
        told
        for key, names in grouped(runs.green, runs.files).items()
        for name in names
        if runs.green[name].outcome != "skipped" and (told := _told(runs, where, key, name)) is not None
    ]


def _told(runs: Runs, where: Places, key: Key, name: str) -> Told | None:
    """None for one that is neither new nor changed, and was not red."""
    case = runs.green[name]
    before, kind = _before(runs, key, name)
    is_new = where.changed(key) or (name not in runs.base and runs.in_red(key.path))
    was_red = before in (Before.RED, Before.WEAK, Before.STUB, Before.NAMES)
    if runs.passed(name):
        # it was not red by itself: by what it shares with others, if that has changed, or by what others left behind
        was_red = before is Before.RED and (runs.everywhere or key.path in where.disturbed)
    passes = case.outcome == "passed"
    if not is_new and not (was_red and passes):
        return None
    if name in runs.base and not passes:
        return None  # it passed, and is told as a loss, or it failed, and is no fault of the candidate
    line = where.line(key) or case.line
    return Told(path=key.path, line=line, name=_shown(key, case), before=before, kind=kind, passes=passes)


def _shown(key: Key, case: Case) -> str:
    _, bracket, parameters = case.name.partition("[")
    return key.name + bracket + parameters


def _before(runs: Runs, key: Key, name: str) -> tuple[Before, Kind | None]:
    before, kind = _on_base(runs, key, name)
    stub, named = runs.stub.get(name), runs.names.get(name)
    if before is Before.RED and named and named.outcome == "passed":
        return Before.NAMES, kind
    if before is Before.RED and runs.asked_names and not named:
        # the run died, or timed out: that is in the hands of who wrote the test, who may not gain by it
        before = Before.WEAK
    fails = stub is not None and stub.outcome in ("failure", "error")
    # nothing but bodies is other there than in the candidate, where it passes
    if before is Before.WEAK and stub and fails:
        return Before.STUB, kind_of(stub)
    return before, kind


def _on_base(runs: Runs, key: Key, name: str) -> tuple[Before, Kind | None]:
    """What it came to on code without the candidate's; a test that is not touched may have been red all along."""
    in_red = runs.in_red(key.path)
    case = (runs.red if in_red else runs.base).get(name)
    if case is None:
        # it could not be collected; else it is there for what the candidate has added to some list
        return (Before.WEAK, Kind.ABSENT) if in_red or runs.unread(key.path) else (Before.GREEN, None)
    if case.outcome in ("failure", "error"):
        kind = kind_of(case)
        return (Before.WEAK if kind.is_weak else Before.RED), kind
    return (Before.SKIPPED if case.outcome == "skipped" else Before.GREEN), None


def losses(runs: Runs, where: Places) -> list[Loss]:
    """What passed on the base and does not pass on the candidate; a test that has moved is not lost."""
    before = {name for name, case in runs.base.items() if case.outcome == "passed" and case.module}
    spoilt = [_spoilt(runs, where, name) for name in sorted(before & runs.green.keys())]
    found = [loss for loss in spoilt if loss]
    return [*found, *_gone(runs, where, before - runs.green.keys())]


def _spoilt(runs: Runs, where: Places, name: str) -> Loss | None:
    case = runs.green[name]
    if case.outcome == "passed":
        return None
    key = runs.files.key(case)
    return Loss(
        path=key.path, line=where.line(key) or case.line, name=_shown(key, case), how=case.outcome, message=case.message
    )


def _gone(runs: Runs, where: Places, names: set[str]) -> list[Loss]:
    """Of the cases that are there no more those whose test has not as many new ones that pass, here or elsewhere."""
    lost = grouped({name: runs.base[name] for name in names}, runs.base_files)
    news = grouped({name: case for name, case in runs.green.items() if _is_new(runs, name)}, runs.files)
    had = grouped(runs.base, runs.base_files)
    free = [key for key in news if key not in had]
    went = where.moved([key for key in lost if key not in news], free)
    count: Callable[[Key], int] = lambda key: len(news.get(went.get(key, key), ()))  # noqa: E731 - one line of sense
    return [
        _lost(runs, where, key, name)
        for key, missing in sorted(lost.items())
        for name in sorted(missing)[count(key) :]
    ]  # fmt: skip


def _is_new(runs: Runs, name: str) -> bool:
    return runs.green[name].outcome == "passed" and name not in runs.base


def _lost(runs: Runs, where: Places, key: Key, name: str) -> Loss:
    broken = runs.broken.get(key.path)
    case = runs.base[name]
    return Loss(
        path=key.path, line=where.line(key), name=_shown(key, case),
        how="error" if broken else "gone", message=broken.message if broken else "",
    )  # fmt: skip


class Sofar(Frozen):
    """What is known before anything was run on stubs."""

    plan: Plan
    at_least: int
    """Tests that must go from red to green."""
    weak: int | None = None
    """Tests that may prove nothing; None: any number."""


def reds(subject: Subject) -> list[str]:
    """The files of tests that are red on the base. `notes` is a Sofar, as of the next one."""
    found = proofs(Runs(subject, Sofar.model_validate(subject.notes).plan), places(subject))
    return sorted({told.path for told in found if told.passes and told.before is Before.RED})


def weak(subject: Subject) -> list[str]:
    """The files whose tests are to be run on stubs: none if enough are red, and few enough are weak, without."""
    sofar = Sofar.model_validate(subject.notes)
    found = [told for told in proofs(Runs(subject, sofar.plan), places(subject)) if told.passes]
    red = sum(told.before is Before.RED for told in found)
    if red >= sofar.at_least and (sofar.weak is None or len(found) - red <= sofar.weak):
        return []
    return sorted({told.path for told in found if told.before is Before.WEAK})
