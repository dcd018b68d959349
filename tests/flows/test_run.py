"""One plan from end to end, through the installed program: everything a user can see of a run that was released."""

import hashlib
import json
import re
import subprocess
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

import pytest

from tests.support import Shop, git, told, trailers

PLAN = """\
sparc: 1
name: ledger
goal: |
  A ledger for small shops.
base: main
agents:
  writer:
    command: [AGENT, "{assignment}-{attempt}", "{plan_dir}", "{workspace}", "{run}", "{phase}"]
    env: [LENT]
    writable: DIARY
defaults: {timeout: 1m}
resources: {agents: 8}
phases:
  specification:
    assignments:
      fast: {role: Analyst, prompt: "mkdir -p docs; echo fast > docs/fast.md", deliverables: [docs/fast.md]}
      slow: {role: Analyst, prompt: "sleep 3; mkdir -p docs; echo slow > docs/slow.md", deliverables: [docs/slow.md]}
      child:
        role: Writer of Summaries
        prompt: "tr a-z A-Z < docs/fast.md > docs/child.md"
        deliverables: [docs/child.md]
        needs: [fast]
        acceptance: [Nothing is lower case]
  pseudocode:
    assignments:
      requirements:
        role: Analyst
        prompt: "echo 'It takes O(n log n).' > docs/steps.md"
        deliverables: [docs/steps.md]
        reads: ["*/child.md", "ledger/quality-gates/*"]
  delivery:
    assignments:
      packing:
        role: Packer
        prompt: |
          mkdir -p src .pytest_cache
          echo x > .pytest_cache/x
          echo '#!/bin/sh' > src/run
          chmod +x src/run
        deliverables: [src/run]
        writes: ["src/**"]
        gate: [deliverables]
    gate:
      - deliverables
      - lines: {paths: "docs/*.md", at_least: 4}
      - command: {name: shell, run: [sh, -n, src/run]}
"""
NAMES = ("specification", "pseudocode", "delivery")


@pytest.fixture(scope="module")
def ledger(shop: Callable[[str], Shop]) -> Shop:
    made = shop("ledger")
    argv = json.dumps(made.agent["command"]).strip("[]")
    plan = PLAN.replace("AGENT", argv).replace("DIARY", json.dumps(made.agent["writable"]))
    (made.plan_dir / "plan.yaml").write_text(plan)
    return made


@pytest.fixture(scope="module")
def done(ledger: Shop) -> subprocess.CompletedProcess[str]:
    return ledger.sparc(
        "run", ledger.plan_dir / "plan.yaml", "--run", "ledger-1", "--json", env={"LENT": "lent", "KEPT": "kept"}
    )


@pytest.fixture(scope="module")
def outcome(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    return told(done)


def test_the_document_has_the_promised_shape_and_nothing_else_is_on_standard_output(outcome: dict[str, Any]) -> None:
    assert (outcome["run"], outcome["plan"], outcome["outcome"]) == ("ledger-1", "ledger", "released")
    assert (outcome["base"], outcome["branch"]) == ("main", "sparc/ledger")
    shapes = [
        (phase["name"], phase["outcome"], phase["attempts"], len(phase["checks"]), len(phase["assignments"]))
        for phase in outcome["phases"]
    ]
    assert shapes == [
        ("specification", "passed", 1, 1, 3),
        ("pseudocode", "passed", 1, 2, 1),
        ("delivery", "passed", 1, 3, 1),
    ]
    for phase in outcome["phases"]:
        assert phase["seconds"] > 0
        assert all({"check", "outcome", "summary", "measured", "limit"} <= set(check) for check in phase["checks"])
        for one in phase["assignments"]:
            assert (one["outcome"], one["attempts"]) == ("merged", 1)
            assert one["seconds"] > 0
            assert re.fullmatch("[0-9a-f]{40}", one["commit"])
    lines = outcome["phases"][2]["checks"][1]
    assert (lines["check"], lines["outcome"], lines["measured"], lines["limit"]) == ("lines", "passed", 4, 4)
    assert outcome["phases"][0]["seconds"] > 3, "the slow one alone takes three"
    assert outcome["phases"][0]["seconds"] < outcome["seconds"]


def test_standard_error_has_plain_lines_and_no_noise(
    done: subprocess.CompletedProcess[str], ledger: Shop, outcome: dict[str, Any]
) -> None:
    first, *lines, last = done.stderr.splitlines()
    assert first == "run ledger-1"
    assert last == f"report: {ledger.run_folder('ledger-1') / 'report.html'}"
    assert [line for line in lines if not re.match(r"\d\d:\d\d:\d\d  \S", line)] == []
    assert "\x1b" not in done.stderr
    words = [line[10:] for line in lines]
    assert words[0].startswith("run ledger-1 starts: plan ledger on main at ")
    assert "1 specification  child  attempt 1  asked writer" in words
    assert f"3 delivery  packing  attempt 1  merged {outcome['phases'][2]['assignments'][0]['commit'][:10]}" in words
    assert words[-1] == f"released: {outcome['commit'][:10]}"


# -- git


def test_the_base_gained_one_merge_and_its_work_tree_follows(ledger: Shop, outcome: dict[str, Any]) -> None:
    assert git(ledger.repository, "rev-list", "--first-parent", "main").split() == [outcome["commit"], ledger.begin]
    assert git(ledger.repository, "rev-parse", "HEAD") == outcome["commit"]
    assert git(ledger.repository, "status", "--porcelain") == ""
    assert (ledger.repository / "docs/child.md").read_text() == "FAST\n"
    assert (ledger.repository / "src/run").stat().st_mode & 0o111
    assert git(ledger.repository, "ls-files").split() == [
        "README.md", "docs/child.md", "docs/fast.md", "docs/slow.md", "docs/steps.md", "src/run",
    ]  # fmt: skip


def test_every_integration_is_a_two_parent_commit_on_the_old_tip_with_its_trailers(
    ledger: Shop, outcome: dict[str, Any]
) -> None:
    where, tip = ledger.repository, ledger.begin
    for number, phase in enumerate(outcome["phases"], 1):
        inner = tip
        order = sorted(phase["assignments"], key=lambda one: _when(ledger, one["name"]))
        for one in order:
            parents = git(where, "log", "-1", "--format=%P", one["commit"]).split()
            assert parents[0] == inner
            assert len(parents) == 2
            inner, found = one["commit"], trailers(where, one["commit"])
            gate = "passed" if one["name"] == "packing" else "none"
            evidence = found.pop("Sparc-Evidence")
            assert found == {
                "Sparc-Run": "ledger-1", "Sparc-Phase": phase["name"], "Sparc-Assignment": one["name"],
                "Sparc-Attempt": "1", "Sparc-Gate": gate, "Sparc-Agent": "writer",
            }  # fmt: skip
            _bound(where, one["commit"], evidence, kind="merge", gate=gate, assignment=one["name"])
        assert git(where, "log", "-1", "--format=%P", phase["commit"]).split() == [tip, inner]
        found = trailers(where, phase["commit"])
        evidence = found.pop("Sparc-Evidence")
        assert found == {"Sparc-Run": "ledger-1", "Sparc-Phase": phase["name"], "Sparc-Gate": "passed"}
        _bound(where, phase["commit"], evidence, kind="gate", outcome="passed", number=number)
        tip = phase["commit"]
    assert git(where, "log", "-1", "--format=%P", outcome["commit"]).split() == [ledger.begin, tip]
    found = trailers(where, outcome["commit"])
    _bound(where, outcome["commit"], found.pop("Sparc-Evidence"), kind="release", start=ledger.begin)
    assert found == {"Sparc-Run": "ledger-1", "Sparc-Gate": "passed"}


def _when(ledger: Shop, assignment: str) -> float:
    return next(
        event["at"] for event in ledger.events("ledger-1", "merged") if event["assignment"] == assignment
    )  # fmt: skip


def _bound(where: Path, commit: str, evidence: str, **said: object) -> None:
    """The evidence that a trailer names exists, hashes to its name, and is about this tree and these parents."""
    name = evidence.removeprefix("sha256:")
    document = git(where, "cat-file", "blob", f"refs/evidence/{name}")
    assert hashlib.sha256(document.encode()).hexdigest() == name
    record = json.loads(document)
    assert record["tree"] == git(where, "rev-parse", f"{commit}^{{tree}}")
    assert record["parents"] == git(where, "log", "-1", "--format=%P", commit).split()
    assert {key: record[key] for key in said} == said


def test_our_commits_are_by_sparc_and_what_agents_left_is_on_second_parents(
    ledger: Shop, outcome: dict[str, Any]
) -> None:
    who = git(ledger.repository, "log", "--format=%an <%ae> %cn <%ce>", f"{ledger.begin}..main").splitlines()
    assert set(who) == {"sparc <sparc@localhost> sparc <sparc@localhost>"}
    assert len(who) == 1 + 3 + 5 * 2
    child = next(one for one in outcome["phases"][0]["assignments"] if one["name"] == "child")["commit"]
    assert git(ledger.repository, "diff", "--name-only", f"{child}^2^", f"{child}^2") == "docs/child.md"


def test_the_repository_has_the_plans_branch_and_no_other_of_ours(ledger: Shop, outcome: dict[str, Any]) -> None:
    heads = git(ledger.repository, "for-each-ref", "--format=%(refname) %(objectname)", "refs/heads").splitlines()
    plan = outcome["phases"][-1]["commit"]
    assert heads == [f"refs/heads/main {outcome['commit']}", f"refs/heads/sparc/ledger {plan}"]


def test_the_hub_keeps_what_every_attempt_left(ledger: Shop, outcome: dict[str, Any]) -> None:
    heads = git(ledger.run_folder("ledger-1") / "hub.git", "for-each-ref", "--format=%(refname:short)", "refs/heads")
    agents = [f"agent/{n}-{phase['name']}/{one['name']}/1"
              for n, phase in enumerate(outcome["phases"], 1) for one in phase["assignments"]]  # fmt: skip
    phases = [f"phase/{n}-{name}" for n, name in enumerate(NAMES, 1)]
    assert {*agents, *phases, "sparc/ledger"} == {name for name in heads.split() if not name.startswith("release/")}


# -- the schedule


def test_an_assignment_begins_when_its_needs_are_merged_and_waits_for_nobody_else(
    ledger: Shop, outcome: dict[str, Any]
) -> None:
    assert outcome["phases"][0]["attempts"] == 1
    started = {event["assignment"]: event["at"] for event in ledger.events("ledger-1", "attempt-started")}
    ended = {event["assignment"]: event["at"] for event in ledger.events("ledger-1", "attempt-ended")}
    assert _when(ledger, "fast") < started["child"]
    assert _when(ledger, "child") < ended["slow"]
    child = ledger.page("specification.child.1")
    assert child["files"] == ["README.md", "docs/fast.md"]


def test_phases_begin_only_when_the_one_before_has_passed(ledger: Shop, outcome: dict[str, Any]) -> None:
    assert outcome["outcome"] == "released"
    events = [event for event in ledger.journal("ledger-1") if event["event"] in ("phase-started", "phase-ended")]
    assert [(event["event"], event["phase"]) for event in events] == [
        (kind, name) for name in NAMES for kind in ("phase-started", "phase-ended")
    ]
    assert "docs/slow.md" in ledger.page("pseudocode.requirements.1")["files"]


# -- what agents see


def test_an_agent_sees_its_words_and_declared_names_only(ledger: Shop, outcome: dict[str, Any]) -> None:
    page = ledger.page("delivery.packing.1")
    seen, folder = page["environment"], ledger.run_folder(outcome["run"])
    workspace = folder / "workspaces/3-delivery/packing/1"
    ours = {name: value for name, value in seen.items() if name.startswith("SPARC_")}
    assert ours.pop("SPARC_CONTEXT").endswith("/context.json")
    assert ours == {
        "SPARC_RUN": "ledger-1", "SPARC_PLAN": "ledger", "SPARC_PHASE": "delivery", "SPARC_ASSIGNMENT": "packing",
        "SPARC_ATTEMPT": "1", "SPARC_WORKSPACE": str(workspace),
    }  # fmt: skip
    assert seen["LENT"] == "lent"
    assert set(seen) <= {*ours, "SPARC_CONTEXT", "LENT", "PATH", "LANG", "TERM", "TMPDIR", "HOME", "PWD", "LC_CTYPE"}
    assert Path(seen["HOME"]).is_relative_to(folder)
    assert page["where"] == str(workspace)
    assert page["words"] == ["packing-1", str(folder / "plan"), str(workspace), "ledger-1", "delivery"]


def test_an_agent_is_told_everything_and_its_prompt_says_the_same(ledger: Shop, outcome: dict[str, Any]) -> None:
    page = ledger.page("specification.child.1")
    context = page["context"]
    assert outcome["run"] == context["run"]
    assert context["goal"] == "A ledger for small shops.\n"
    assert (context["role"], context["number"], context["attempt"]) == ("Writer of Summaries", 1, 1)
    assert context["task"] == "tr a-z A-Z < docs/fast.md > docs/child.md"
    assert (context["deliverables"], context["writes"]) == (["docs/child.md"], ["docs/child.md"])
    assert (context["acceptance"], context["findings"]) == (["Nothing is lower case"], [])
    for words in (context["role"], context["goal"].strip(), context["task"], "docs/child.md", "Nothing is lower case"):
        assert words in page["prompt"]


def test_what_an_earlier_phase_left_is_read_through_memory(ledger: Shop, outcome: dict[str, Any]) -> None:
    page = ledger.page("pseudocode.requirements.1")
    memory = {entry["key"]: entry for entry in page["context"]["memory"]}
    assert list(memory) == ["ledger/quality-gates/specification.json", "ledger/specification/docs/child.md"]
    child = memory["ledger/specification/docs/child.md"]
    assert (child["value"], child["run"]) == ("FAST\n", outcome["run"])
    gate = memory["ledger/quality-gates/specification.json"]["value"]
    assert (gate["outcome"], gate["tree"]) == ("passed", _tree(ledger, outcome["phases"][0]["commit"]))
    assert "FAST" in page["prompt"]


def _tree(ledger: Shop, commit: str) -> str:
    return git(ledger.repository, "rev-parse", f"{commit}^{{tree}}")


# -- afterwards


@pytest.mark.usefixtures("outcome")
def test_the_memory_holds_the_deliverables_and_the_gates(ledger: Shop) -> None:
    listed = ledger.sparc("memory", "list", "ledger/*")
    assert listed.stdout.splitlines() == [
        "ledger/delivery/src/run",
        "ledger/pseudocode/docs/steps.md",
        "ledger/quality-gates/delivery.json",
        "ledger/quality-gates/pseudocode.json",
        "ledger/quality-gates/specification.json",
        *(f"ledger/specification/docs/{name}.md" for name in ("child", "fast", "slow")),
    ]


def test_the_history_is_verified_from_the_repository_alone(ledger: Shop, outcome: dict[str, Any]) -> None:
    found = told(ledger.sparc("verify", "--json"))
    assert found["ok"], found
    assert found["verified"][0] == outcome["commit"]
    assert len(found["verified"]) == 1 + 3 + 5
    assert found["start"] == ledger.begin


def test_status_and_report_tell_the_same_as_the_run(ledger: Shop, outcome: dict[str, Any], tmp_path: Path) -> None:
    line = next(line for line in ledger.sparc("status").stdout.splitlines() if line.startswith("ledger-1 "))
    assert line.split()[1] == outcome["outcome"]
    assert "3 of 3 phases passed" in line
    files = {name: tmp_path / name for name in ("page.html", "gates.xml", "gates.sarif")}
    report = ledger.sparc(
        "report", "ledger-1",
        "--html", files["page.html"], "--junit", files["gates.xml"], "--sarif", files["gates.sarif"],
    )  # fmt: skip
    assert report.stderr.splitlines() == [f"written: {file}" for file in files.values() if file.is_file()]
    assert all(file.is_file() for file in files.values())
    assert f"Released: main is at {outcome['commit'][:10]}" in report.stdout
    page = (tmp_path / "page.html").read_text()
    checks = outcome["phases"][2]["checks"]
    figures = [check["summary"].removeprefix(check["check"]).strip(" :") for check in checks]
    for words in ("ledger-1", "specification", "packing", outcome["commit"][:10], *map(escape, figures)):
        assert words in page
    assert (ledger.run_folder("ledger-1") / "report.html").read_text() == page


# -- in Prefect


def test_prefect_shows_runs_that_people_can_read(ledger: Shop, outcome: dict[str, Any], prefect_api: str) -> None:
    from prefect import get_client  # noqa: PLC0415 - reads its settings when imported
    from prefect.client.schemas.filters import (  # noqa: PLC0415
        FlowRunFilter,
        FlowRunFilterName,
        FlowRunFilterParentFlowRunId,
    )
    from prefect.client.schemas.sorting import FlowRunSort  # noqa: PLC0415

    assert prefect_api
    with get_client(sync_client=True) as client:
        (run,) = client.read_flow_runs(flow_run_filter=FlowRunFilter(name=FlowRunFilterName(any_=[outcome["run"]])))
        below = FlowRunFilter(parent_flow_run_id=FlowRunFilterParentFlowRunId(any_=[run.id]))
        phases = client.read_flow_runs(flow_run_filter=below, sort=FlowRunSort.START_TIME_ASC)
        tasks = {name: _tasks(client, name) for name in [phase.name for phase in phases]}
    assert (run.state_name, ledger.home.exists()) == ("Completed", True)
    assert [(phase.name, phase.state_name) for phase in phases] == [
        (f"ledger · {number} {name}", "Completed") for number, name in enumerate(NAMES, 1)
    ]
    assert {"fast · attempt 1", "child · attempt 1", "merge slow", "deliverables"} <= tasks["ledger · 1 specification"]
    assert {"requirements · attempt 1", "contains", "merge 2 pseudocode"} <= tasks["ledger · 2 pseudocode"]
    assert {"lines", "command shell"} <= tasks["ledger · 3 delivery"]


def _tasks(client: Any, phase: str) -> set[str]:  # noqa: ANN401 - imported late
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterName  # noqa: PLC0415

    named = FlowRunFilter(name=FlowRunFilterName(any_=[phase]))
    return {run.name for run in client.read_task_runs(flow_run_filter=named)}


def test_prefect_keeps_the_gates_the_progress_and_the_report(outcome: dict[str, Any], prefect_api: str) -> None:
    from prefect import get_client  # noqa: PLC0415 - reads its settings when imported
    from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey  # noqa: PLC0415

    assert prefect_api
    names = ("gate-ledger-3-delivery", "progress-ledger-1-specification", "report-ledger-1")
    with get_client(sync_client=True) as client:
        (gate,), (progress,), (report,) = (
            client.read_artifacts(artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=[name]))) for name in names
        )
    assert (gate.type, progress.type, report.type) == ("table", "progress", "markdown")
    rows = json.loads(gate.data)
    assert [(row["check"], row["outcome"], row["measured"]) for row in rows] == [
        (check["check"], "passed", str(check["measured"])) for check in outcome["phases"][2]["checks"]
    ]
    assert progress.data == 100.0
    assert report.data.startswith("# ledger: released")
