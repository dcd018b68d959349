"""The hook `baseline`: figures from before the work, measured once, kept, and shown beside what came of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flows.baseline import chosen
from flows.inspect_plan import inspect
from flows.plan import Plan
from flows.read_plan import load_plan
from tasks.errors import PlanInvalid
from tests.support import Shop, commit, phase, told, work

Open = Callable[[str], Shop]
PAGE = {"name": "page", "measure": "size", "paths": "page.txt", "worse_by_at_most": "0 %"}
START = {"name": "start", "run": ["sh", "bench/start.sh"], "at_most": "1 min", "pairs": 5, "warmup": 0}


def slo(name: str, **more: object) -> dict[str, Any]:
    return {"slo": {"name": name, "run": ["true"], "at_most": "1 s", **more}}


def planned(*gates: list[object], baseline: object = True) -> Plan:
    """A plan with a phase for each gate, the first of which has the hook."""
    hooks: list[dict[str, Any]] = [{"baseline": baseline}, {}, {}]
    names = ("specification", "refinement", "completion")
    phases = {
        name: {"assignments": {"a": {"role": "r", "prompt": "p", "deliverables": ["a.md"]}}, "gate": gate, "hooks": own}
        for name, gate, own in zip(names, gates, hooks, strict=False)
    }
    return Plan.model_validate({"sparc": 1, "name": "p", "agents": {"only": {"refuse": "no"}}, "phases": phases})


def test_all_limits_from_a_phase_on_are_measured_or_those_that_are_named() -> None:
    gates: list[list[object]] = [["deliverables"], [slo("parse"), slo("start")], [slo("parse", at_most="2 s")]]
    assert [check.label for check in chosen(planned(*gates), "specification")] == ["slo parse", "slo start"]
    assert [check.label for check in chosen(planned(*gates, baseline="start"), "specification")] == ["slo start"]
    assert chosen(planned(*gates, baseline=False), "specification") == ()
    (first, _) = chosen(planned(*gates), "specification")
    assert first.limits.model_dump()["at_most"] == "1 s", "the nearest gate's"


def test_a_baseline_of_nothing_is_a_problem_of_the_plan() -> None:
    gates: list[list[object]] = [["deliverables"], [slo("parse")]]
    assert inspect(planned(*gates)) == inspect(planned(*gates, baseline=["parse"])) == []
    where = "phases.specification.hooks.baseline"
    (named,) = inspect(planned(*gates, baseline=["prse"]))
    assert (named.where, named.problem) == (where, "no check slo is named 'prse'; did you mean parse?")
    (none,) = inspect(planned(["deliverables"]))
    assert none.problem == "has nothing to measure: there is no check slo in this phase's gate, nor in a later one"


@pytest.mark.parametrize("wrong", ["3", "[3]", "null", '{"slo": "parse"}'])
def test_a_baseline_is_true_or_names(wrong: str, tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    right = planned([slo("parse")]).model_dump_json()
    plan.write_text(right.replace('"baseline":true', f'"baseline":{wrong}'))
    with pytest.raises(PlanInvalid, match=r"expected true, or a list of names of checks slo: \[parse\] for instance"):
        load_plan(plan)


def test_the_figures_from_before_are_kept_once_and_shown_beside_those_after(shop: Open) -> None:
    quick = shop("quick")
    for name, text in (("page.txt", "x" * 2000), ("bench/start.sh", "true\n")):
        (quick.repository / name).parent.mkdir(exist_ok=True)
        (quick.repository / name).write_text(text)
    begun = commit(quick.repository)
    flag = quick.notes / "flag"
    script = f"head -c 1000 page.txt > less && mv less page.txt; test -e {flag}"
    plan = quick.plan({
        "refinement": phase(
            a=work(script, "page.txt"), gate=[{"slo": PAGE}, {"slo": START}], attempts=1, hooks={"baseline": True}
        ),
    })  # fmt: skip
    blocked = told(quick.sparc("run", plan, "--run", "quick-1", "--json"))
    assert blocked["outcome"] == "blocked"
    flag.touch()
    released = told(quick.sparc("resume", "quick-1", "--json"))
    assert released["outcome"] == "released", released
    (event,) = quick.events("quick-1", "baseline-taken")
    page, start = event["figures"]
    assert (page["check"], page["figure"], page["problem"]) == ("slo page", 2000.0, None)
    assert (start["runs"], start["measure"]) == (5, "cpu")
    assert released["phases"][0]["before"] == event["figures"]
    kept = told(quick.sparc("memory", "get", "quick/baselines/refinement.json"))
    assert (kept["figures"], kept["commit"]) == (event["figures"], event["commit"])
    assert len(quick.sparc("memory", "history", "quick/baselines/refinement.json").stdout.splitlines()) == 1
    (record,) = quick.evidence("baseline")
    assert record["commit"] == event["commit"] == begun
    assert "speed and size:" in quick.sparc("report", "quick-1", "--html", quick.root / "report.html").stdout
    html = (quick.root / "report.html").read_text()
    assert "Speed and size" in html
    assert "1.953 KB" in html
    assert "1000 B" in html
