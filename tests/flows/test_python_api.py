"""Plans from Python: without any command, with or without an event loop, and inside somebody else's flow."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import flows
from flows import Plan, load_plan
from tasks.errors import PlanInvalid, Refused
from tests.support import AGENT, Shop, git, phase, work

Open = Callable[[str], Shop]


def plain(shop: Shop, name: str | None = None, script: str = "mkdir -p docs; echo a > docs/a.md") -> Plan:
    """A plan that was never in a file; its agent is found by an absolute path."""
    (shop.root / "agent.py").write_text(AGENT)
    command = [*shop.agent["command"][:3], str(shop.root / "agent.py"), str(shop.diary)]
    return Plan.model_validate({
        "sparc": 1, "name": name or shop.root.name, "agents": {"writer": {**shop.agent, "command": command}},
        "phases": {"specification": phase(a=work(script, "docs/a.md"), review=["Fine"], attempts=1)},
    })  # fmt: skip


@pytest.mark.usefixtures("runs_home")
def test_a_synchronous_caller_gets_the_outcome(shop: Open) -> None:
    sync = shop("sync")
    plan = plain(sync)
    outcome = flows.run(plan, sync.repository, run="sync-1", yes=True)
    assert (outcome.run, outcome.outcome, outcome.commit) == ("sync-1", "released", sync.tip("main"))
    assert outcome.phases[0].review
    assert outcome.phases[0].review.by == "--yes"
    assert git(sync.repository, "ls-files").split() == ["README.md", "docs/a.md"]
    assert load_plan(sync.run_folder("sync-1") / "plan/plan.json") == plan, "a plan from Python can be resumed as well"
    with pytest.raises(Refused, match="finished and released"):
        flows.run(plan, sync.repository, run="sync-1")


@pytest.mark.usefixtures("runs_home")
def test_callers_with_an_event_loop_run_several_plans_at_once(shop: Open) -> None:
    first, second = shop("first"), shop("second")
    file = second.plan({"specification": phase(a=work("false", "docs/a.md"), attempts=1)})

    async def both() -> list[Any]:
        return await asyncio.gather(
            flows.arun(plain(first), first.repository, yes=True), flows.arun(str(file), str(second.repository))
        )

    released, blocked = asyncio.run(both())
    assert (released.outcome, released.plan) == ("released", "first")
    assert (blocked.outcome, blocked.plan) == ("blocked", "second")
    assert "exit code 1" in blocked.reason
    assert (first.tip("main") != first.begin, second.tip("main")) == (True, second.begin)


def test_the_flow_is_one_of_anyones_own(shop: Open, prefect_api: str) -> None:
    from prefect import flow, get_client  # noqa: PLC0415 - reads its settings when imported
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterName  # noqa: PLC0415

    from flows.sparc import sparc  # noqa: PLC0415 - likewise

    inside = shop("inside")

    @flow(name="nightly")
    async def nightly(repository: Path) -> tuple[Any, Any]:
        outcome = await sparc(plain(inside), repository, run="inside-1", yes=True)
        state: Any = await sparc(
            plain(inside, "broken", "false"), repository, run="inside-2", yes=True, return_state=True
        )  # fmt: skip
        return outcome, state

    outcome, state = asyncio.run(nightly(inside.repository))
    assert prefect_api
    assert (outcome.outcome, outcome.commit) == ("released", inside.tip("main"))
    assert (state.name, state.is_failed()) == ("Blocked", True)
    with get_client(sync_client=True) as client:
        names = FlowRunFilter(name=FlowRunFilterName(any_=["inside-1", "inside-2"]))
        runs = {run.name: run for run in client.read_flow_runs(flow_run_filter=names)}
    assert {name: run.state_name for name, run in runs.items()} == {"inside-1": "Completed", "inside-2": "Blocked"}
    assert all(run.parent_task_run_id for run in runs.values()), "they are subflows of the caller's"


def test_what_cannot_be_started_is_raised(shop: Open, runs_home: Path, tmp_path: Path) -> None:
    raising = shop("raising")
    with pytest.raises(PlanInvalid) as invalid:
        flows.run(tmp_path / "missing.yaml", raising.repository)
    assert invalid.value.problems[0].problem.startswith("there is no such file")
    with pytest.raises(Refused, match="is not in a git repository"):
        flows.run(plain(raising), "/")
    with pytest.raises(Refused, match="is no run id"):
        flows.run(plain(raising), raising.repository, run="../x")
    assert not list(runs_home.glob("runs/raising*"))


def test_the_package_offers_four_names() -> None:
    assert sorted(flows.__all__) == ["Plan", "arun", "load_plan", "run"]
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = flows.nothing
