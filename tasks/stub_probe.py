"""Runs the tests with one function after the other doing nothing, and each of these runs' control with none."""

import secrets
from collections.abc import Callable, Mapping

from pydantic import JsonValue

from gates import stub_probe
from gates.proof.stub_plan import Failing, Plan, Target
from gates.ran import crash, said
from gates.stub_probe import Tried
from gates.subject import Ran, Run
from tasks.probe_plan import UNCOMPARED, Unplanned, asked
from tasks.probing import Probing
from tasks.red_green import stubbed
from tasks.stage import OFF, NotStaged, Played, Stage
from tasks.suite_run import Left

PATIENCE, AT_LEAST = 5, 30.0
"""A run with a stub may take so many times as long as its control, and so many seconds whatever that took."""


def probe(probing: Probing) -> Left:
    """What the tests said to each stub. Raises SparcError."""
    if not probing.ground.exam.compared:
        raise Unplanned(UNCOMPARED)
    limits = stub_probe.Limits.model_validate(probing.check.limits.model_dump())
    green = probing.suite()
    # a name that no program can know beforehand, and that says nothing
    module = f"_{secrets.token_hex(8)}"
    plan = Plan.model_validate(asked(probing, green, "stub_probe", module, limits.paths)["plan"])
    if not plan.targets or len(plan.targets) > limits.most:
        return green._replace(notes=_notes(plan, (), 0))
    stage = Stage(probing.ground, stubbed(probing.ground, plan.texts), probing.tested, module)
    probes = _Probes(stage, plan, limits.timeout, lambda played: _failing(probing, green, played))
    tried = tuple(map(probes.try_, range(1, len(plan.targets) + 1)))
    return green._replace(runs=probes.runs, notes=_notes(plan, tried, len(probes.runs)))


def _failing(probing: Probing, green: Left, played: Played) -> Failing:
    left = green._replace(ran=played.run.ran, reports=played.run.reports)
    return Failing.model_validate(asked(probing, left, "stub_probe_failing", None)["plan"])


def _notes(plan: Plan, tried: tuple[Tried, ...], runs: int) -> JsonValue:
    told = plan.model_copy(update={"texts": {}, "near": {}})
    notes = stub_probe.Notes(plan=told, tried=tried, runs=runs)
    return notes.model_dump(mode="json")


class _Probes:
    """The runs for one plan."""

    def __init__(self, stage: Stage, plan: Plan, timeout: float, failing: Callable[[Played], Failing]) -> None:
        """`failing` reads what did not pass in a run."""
        self._stage, self._plan, self._timeout, self._read = stage, plan, timeout, failing
        self._controls: dict[tuple[str, ...], Played] = {}
        self._runs: dict[str, Run] = {}
        self._left_out = plan.failing

    @property
    def runs(self) -> Mapping[str, Run]:
        """All of them, by name."""
        return self._runs

    def try_(self, number: int) -> Tried:
        """The run that decides on a target, by its number from 1: the likely tests first, and all if they saw nothing.

        Raises NotStaged when tests fail without any stub that were to be left out for that.
        """
        target: Target = self._plan.targets[number - 1]
        near = self._plan.near.get(target.path, ())
        if near and _ran(self._control(near)).code == 0:
            tried, ran = self._with(number, near)
            if ran.code != 0 or ran.failure:
                return tried
        self._control_all()
        return self._with(number, ())[0]

    def _control_all(self) -> None:
        """See to it that all tests, but for those that are left out, pass without any stub."""
        if _trouble(_ran(self._control(()))) is None:
            return
        # some look at the source itself, or hang on another one that was left out: they can be no evidence
        survey = self._play(OFF, (), (), self._timeout)
        self._left_out = self._read(survey)
        self._controls.clear()
        if (reason := _trouble(_ran(self._control(())))) is not None:
            raise NotStaged(f"tests do not pass with bodies that have switches in them, all of them off: {reason}")

    def _control(self, paths: tuple[str, ...]) -> Played:
        if paths not in self._controls:
            self._controls[paths] = self._play(OFF, paths, self._more(), self._timeout)
        return self._controls[paths]

    def _more(self) -> tuple[str, ...]:
        """Words of the command line; the same with a stub and without."""
        tests = (f"--deselect={name}" for name in self._left_out.tests)
        return ("--maxfail=1", *tests, *(f"--ignore={path}" for path in self._left_out.files))

    def _with(self, number: int, paths: tuple[str, ...]) -> tuple[Tried, Ran]:
        control = self._control(paths)
        patience = max(AT_LEAST, PATIENCE * control.seconds)
        played = self._play(number, paths, self._more(), min(patience, self._timeout))
        tried = Tried(run=played.name, control=control.name, patient=patience <= self._timeout)
        return tried, _ran(played)

    def _play(self, on: int, paths: tuple[str, ...], more: tuple[str, ...], timeout: float) -> Played:
        played = self._stage.play(on, paths, more, timeout)
        self._runs[played.name] = played.run
        return played


def _ran(played: Played) -> Ran:
    return played.run.ran[0]


def _trouble(ran: Ran) -> str | None:
    """Why a control is none."""
    if reason := crash(ran):
        return f"pytest {reason}"
    return None if ran.code == 0 else f"pytest ended with code {ran.code}: {said(ran)[0].message}"
