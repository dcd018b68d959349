"""The checks as Prefect tasks, for anyone's flow: no plan, no run, no branch that moves.

    from prefect import flow
    from tasks.quality import check, gate

    @flow
    def nightly(repository: str) -> None:
        gate(["tests", {"coverage": {"at_least": 90}}, "bandit"], repository)
        check({"ruff": {"new_only": True}}, repository, base="origin/main")

A check is written as in a plan: its name, or its name with limits, as a mapping or as text
(`"coverage: {at_least: 90}"`). What passed is returned. What did not raises `NotPassed`, which carries the verdicts, so
that no flow goes on by mistake; with `return_state=True` the state is Failed, and has that as its data:
`state.result(raise_on_failure=False).verdicts`. What cannot be asked at all raises `tasks.errors.Refused`.

`check` and `gate` block, and are for synchronous flows or `.submit()`; `acheck` and `agate` are the same for `await`.
A gate measures its checks side by side, and runs the target's tests once for all of them.
"""

import os
from collections.abc import Mapping, Sequence
from contextvars import copy_context
from pathlib import Path
from typing import Any, NamedTuple, Self

from prefect import get_run_logger, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.runtime import task_run
from prefect.states import Failed
from pydantic import ValidationError

from gates.checks import Check
from gates.model import Frozen
from gates.verdict import Verdict
from gates.waivers import Waiver
from gates.yaml_core import read_text
from tasks.artifacts import gate_rows, key_of
from tasks.bench import Bench
from tasks.command import Processes, processes
from tasks.credentials import hide_environment
from tasks.errors import Blocked, Refused
from tasks.exam import Measured
from tasks.measuring import Memory, measure_all
from tasks.plain_exam import Asked, base_for, commit_of, exam_of
from tasks.repository import open_repository
from tasks.target import Environment
from tasks.threads import in_thread
from tasks.waivers_told import doubts, idle_of, names, told_idle

What = str | Mapping[str, Any] | Check
"""A check: `"tests"`, `"coverage: {at_least: 90}"`, `{"coverage": {"at_least": 90}}`."""


class NotPassed(Blocked):
    """Some check did not pass; carries what all of them said."""

    def __init__(self, verdicts: tuple[Verdict, ...]) -> None:
        self.verdicts = verdicts
        super().__init__("; ".join(verdict.summary for verdict in verdicts if not verdict.passed))

    def __reduce__(self) -> tuple[type[Self], tuple[tuple[Verdict, ...]]]:
        return type(self), (self.verdicts,)  # a task runner may carry it from another process


class Options(Frozen):
    """What is seldom said."""

    environment: Environment = Environment()
    """In which the target's tests and commands run."""
    waivers: tuple[Waiver, ...] = ()
    """What is allowed on purpose; one of a rule that no check has is refused, one that allows nothing is logged."""
    fresh: bool = True
    """Whether to measure anew what the store of verdicts still knows."""
    artifact: str | None = None
    """Name under which a table of the answers is left in Prefect; None: no table."""
    home: Path | None = None
    """Where environments and verdicts are kept; by default SPARC_HOME, or ~/.sparc."""


PLAIN = Options()


class _Request(NamedTuple):
    checks: tuple[Check, ...]
    repository: Path
    ref: str
    base: str | None
    options: Options


def _name() -> str:
    """`check coverage`, `gate tests, bandit`."""
    parameters: dict[str, Any] = task_run.parameters or {}
    if "what" in parameters:
        return f"check {_label(parameters['what'])}"
    return f"gate {', '.join(map(_label, parameters.get('checks', ())))}"


def _label(what: object) -> str:
    if isinstance(what, Mapping):
        return ", ".join(map(str, what))
    return what.label if isinstance(what, Check) else str(what).partition(":")[0]


_TASK: dict[str, Any] = {"task_run_name": _name, "cache_policy": NO_CACHE, "persist_result": False}


@task(name="check", **_TASK)
def check(
    what: What, repository: Path | str = ".", ref: str = "HEAD", base: str | None = None, options: Options = PLAIN
) -> Verdict:
    """Measure one check on a commit of a repository.

    Args:
        what: The check, as a plan writes it.
        repository: A directory in the repository.
        ref: The commit, by any name.
        base: Compare with the newest commit that `ref` has in common with this; configuration comes from there.
        options: What is seldom said.
    """
    return _checked([what], repository, ref, base, options)[0]


@task(name="gate", **_TASK)
def gate(
    checks: Sequence[What], repository: Path | str = ".", ref: str = "HEAD", base: str | None = None,
    options: Options = PLAIN,
) -> tuple[Verdict, ...]:  # fmt: skip
    """Measure several checks on one commit, side by side; as `check`."""
    return _checked(checks, repository, ref, base, options)


@task(name="check", **_TASK)
async def acheck(
    what: What, repository: Path | str = ".", ref: str = "HEAD", base: str | None = None, options: Options = PLAIN
) -> Verdict:
    """The same as `check`, to be awaited."""
    return (await in_thread(_checked, [what], repository, ref, base, options))[0]


@task(name="gate", **_TASK)
async def agate(
    checks: Sequence[What], repository: Path | str = ".", ref: str = "HEAD", base: str | None = None,
    options: Options = PLAIN,
) -> tuple[Verdict, ...]:  # fmt: skip
    """The same as `gate`, to be awaited."""
    return await in_thread(_checked, checks, repository, ref, base, options)


@task(name="check", task_run_name="{check.label}", cache_policy=NO_CACHE, persist_result=False)
async def measure(bench: Bench, check: Check) -> Measured:
    """One check on a bench that is there; its state is Failed unless it passed, with what was measured as data."""
    measured = await in_thread(bench.verdict, check)
    if measured.verdict.passed:
        return measured
    return Failed(message=measured.verdict.summary, data=measured)  # type: ignore[return-value]


def _checked(
    checks: Sequence[What], repository: Path | str, ref: str, base: str | None, options: Options
) -> tuple[Verdict, ...]:
    """The verdicts, all of them passed. Raises NotPassed and Refused."""
    hide_environment()  # a worker puts the server's password there
    request = _Request(tuple(map(_read, checks)), Path(repository), ref, base, options)
    # a scope of its own: what is ended here ends nothing else of the caller's
    verdicts = copy_context().run(_measured, request)
    for waiver in idle_of(options.waivers, verdicts):
        get_run_logger().warning(told_idle(waiver, "here: this gate"))
    if options.artifact:
        create_table_artifact(table=gate_rows(verdicts), key=key_of(options.artifact), description=options.artifact)
    if not all(verdict.passed for verdict in verdicts):
        raise NotPassed(verdicts)
    return verdicts


def _read(what: What) -> Check:
    if isinstance(what, Check):
        return what
    try:
        return Check.model_validate(read_text(what) if isinstance(what, str) else what)
    except ValidationError as invalid:
        told = (f"{'.'.join(map(str, wrong['loc']))}: {wrong['msg']}" for wrong in invalid.errors())
        raise Refused(f"check {what!r}: {'; '.join(each.removeprefix(': ') for each in told)}") from None
    except ValueError as problem:
        raise Refused(f"check {what!r} {problem}") from None


def _measured(request: _Request) -> tuple[Verdict, ...]:
    """The answers. Raises Refused."""
    if not request.checks:
        raise Refused("a gate without checks measures nothing: name at least one")
    unknown = [doubt for doubt in doubts(request.options.waivers, names(request.checks)) if doubt.certain]
    if unknown:
        raise Refused("; ".join(f"waivers[{doubt.place}].rule: {doubt.sentence}" for doubt in unknown))
    processes.set(Processes())
    options, repository = request.options, open_repository(request.repository)
    commit = commit_of(repository, request.ref)
    base = base_for(repository, commit, request.base) if request.base is not None else None
    home = (options.home or Path(os.environ.get("SPARC_HOME") or "~/.sparc")).expanduser().absolute()
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise Refused(f"cannot write under {home} (SPARC_HOME): {problem.strerror}") from problem
    exam = exam_of(Asked(repository, commit, base, options.environment, options.waivers), home, os.environ)
    answers = measure_all(request.checks, exam, Memory(fresh=options.fresh))
    return tuple(answered.verdict for answered in answers)
