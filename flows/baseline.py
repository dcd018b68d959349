"""The hook `baseline`: before a phase's work begins, the figures of its limits on speed and size are measured and kept.

Measured are the checks `slo` of the phase's gate and of the gates after it: all of them, or those that the hook names.
It is done once in a run: a resumed phase finds the figures in memory. What cannot be measured, because the benchmark is
yet to be written for instance, is told as such and blocks nothing.
"""

import secrets
from collections.abc import Iterator
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from flows.default_gates import gate_of
from flows.gate import words_of
from flows.plan import Plan
from flows.work import PhaseWork
from gates.checks import Check
from tasks import baseline, evidence
from tasks.before import Before
from tasks.events import BaselineTaken
from tasks.exam import Exam
from tasks.threads import in_thread


def chosen(plan: Plan, phase: str) -> tuple[Check, ...]:
    """The checks whose figures are measured before a phase begins; each label once."""
    wanted = plan.phases[phase].hooks.baseline
    if wanted is False:
        return ()
    checks: dict[str, Check] = {}
    for check in _from(plan, phase):
        checks.setdefault(check.label, check)
    named = {f"slo {name}" for name in wanted} if isinstance(wanted, tuple) else checks.keys()
    return tuple(check for label, check in checks.items() if label in named)


def _from(plan: Plan, phase: str) -> Iterator[Check]:
    """Every check on speed or size from a phase on."""
    names = tuple(plan.phases)
    for name in names[names.index(phase) :]:
        yield from (check for check in gate_of(plan, name) if check.name == "slo")


async def take_baseline(phase: PhaseWork) -> None:
    """Measure and keep what the hook asks for, unless this run has done so. Raises Blocked, Interrupted."""
    checks = chosen(phase.work.plan, phase.name)
    if not checks:
        return
    memory = await phase.work.open_memory()
    known = await in_thread(baseline.kept, memory, phase.work.hub, phase.name)
    if known is None:
        known = await measure_baseline(phase, checks)
        await in_thread(baseline.keep, memory, phase.work.hub, phase.name, known["commit"], known)
    told = phase.work.journal.read()
    if not any(isinstance(event, BaselineTaken) and event.number == phase.number for event in told):
        figures = tuple(Before.model_validate(figure) for figure in known["figures"])
        phase.work.journal.write(
            BaselineTaken(**phase.about, commit=known["commit"], figures=figures, evidence=known["evidence"])
        )


@task(name="baseline", task_run_name="baseline {phase.name}", cache_policy=NO_CACHE, persist_result=False)
async def measure_baseline(phase: PhaseWork, checks: tuple[Check, ...]) -> dict[str, Any]:
    """The figures at the phase's start, with the evidence that is kept of them."""
    work = phase.work
    commit = work.hub.tip(phase.branch)
    place = work.folder.path / "gates" / f"{phase.number}-{phase.name}" / secrets.token_hex(4)
    exam = Exam(
        git=work.hub.git, tree=commit, base=commit, deliverables=(), environment=work.plan.environment, folder=place,
        words=words_of(phase), home=work.folder.home, env=work.env, confinement=work.confinement,
    )  # fmt: skip
    figures = await in_thread(baseline.figures, exam, checks)
    record: dict[str, Any] = {
        "run": work.folder.run, "plan": work.plan.name, "number": phase.number, "phase": phase.name, "commit": commit,
        "figures": [figure.model_dump(mode="json") for figure in figures],
        "limits": {check.label: check.limits.model_dump(mode="json") for check in checks},
    }  # fmt: skip
    (name,) = await in_thread(evidence.keep, work.hub.git, [{"kind": "baseline", **record}])
    return {**record, "evidence": name}
