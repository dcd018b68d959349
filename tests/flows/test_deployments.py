"""`prefect.yaml` as it is, on a real server, with a real worker: runs, refusals, reviews, audits, cancellation.

All runs are begun at once, and each test waits for its own: a worker needs longer to start one than it takes.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tasks.server import Server
from tests.support import Shop, commit, environment, git, phase, processes_with, told, wait_for, work

PROJECT = Path(__file__).parents[2]
PREFECT = Path(sys.executable).with_name("prefect")
WORKER = ("worker", "start", "--pool", "sparc", "--type", "process", "--name", "tested")
BUSY = 20  # tries, a second apart
FINAL = {"COMPLETED", "FAILED", "CANCELLED", "CRASHED"}
CHECKS = [{"lines": {"paths": "README.md", "at_least": 1}}, "bandit"]
HANG = 'if [ "$SPARC_ATTEMPT" = 1 ]; then setsid sleep 613 & touch HUNG; sleep 60; fi; '
STUMBLE = 'test "$SPARC_ATTEMPT" != 1 || exit 1; '


@dataclass(frozen=True)
class Api:
    """The server as its UI uses it."""

    http: httpx.Client

    def get(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """What is there; None if nothing is."""
        answer = self._ask("GET", path)
        return answer.json() if answer.is_success else None

    def post(self, path: str, **content: object) -> httpx.Response:
        """Ask for a change."""
        return self._ask("POST", path, json=content)

    def _ask(self, method: str, path: str, **content: Any) -> httpx.Response:  # noqa: ANN401 - for httpx
        """As Prefect's clients do: what a busy database refused is asked again."""
        for _ in range(BUSY):
            answer = self.http.request(method, path, **content)
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                break
            time.sleep(1)
        return answer

    def create(self, deployment: str, **parameters: object) -> httpx.Response:
        """Send the run form."""
        found = self.get(f"deployments/name/{deployment}")["id"]
        return self.post(f"deployments/{found}/create_flow_run", parameters=parameters, state={"type": "SCHEDULED"})

    def state(self, flow_run: str) -> dict[str, Any]:
        """The state of a flow run."""
        state: dict[str, Any] = self.get(f"flow_runs/{flow_run}")["state"]
        return state

    def ended(self, flow_run: str) -> dict[str, Any]:
        """Its final state, waited for."""
        wait_for(lambda: self.state(flow_run)["type"] in FINAL, why="the run never ended")
        return self.state(flow_run)

    def below(self, flow_run: str) -> list[dict[str, Any]]:
        """The flow runs of its phases."""
        wanted = {"parent_flow_run_id": {"any_": [flow_run]}}
        found: list[dict[str, Any]] = self.post("flow_runs/filter", flow_runs=wanted).json()
        return found

    def reviewing(self, flow_run: str) -> str | None:
        """The phase below that waits for an answer, if its form can be drawn already."""
        for phase_run in self.below(flow_run):
            if phase_run["state"]["type"] == "PAUSED" and self.form(phase_run["id"]):
                return str(phase_run["id"])
        return None

    def form(self, flow_run: str) -> str | None:
        """What the form of a paused flow run says above its fields, which is stored after them."""
        key = self.state(flow_run)["state_details"]["run_input_keyset"]["description"]
        answer = self.http.get(f"flow_runs/{flow_run}/input/{key}")
        return answer.text if answer.is_success else None


@pytest.fixture(scope="module")
def api(server: Server) -> Iterator[Api]:
    """Of the server of the test run."""
    user, _, password = server.auth.partition(":")
    with httpx.Client(base_url=server.url, auth=(user, password), trust_env=False, timeout=30) as client:
        yield Api(client)


@pytest.fixture(scope="module")
def prefect_settings(server: Server, server_home: Path) -> dict[str, str]:
    """What `sparc server status` says to export."""
    assert server.pid
    return {"PREFECT_PROFILES_PATH": str(server_home / "prefect/profiles.toml")}


@pytest.fixture(scope="module")
def deployed(api: Api, prefect_settings: dict[str, str], runs_home: Path) -> Iterator[None]:
    """In the order of `deployments/README.md`: a worker, which makes the pool, then the deployments."""
    env = environment(runs_home, PREFECT_WORKER_QUERY_SECONDS="1", **prefect_settings)
    log = runs_home.parent / "worker.log"
    with log.open("wb") as output:
        worker = subprocess.Popen(
            (PREFECT, *WORKER), cwd=runs_home.parent, env=env, stdout=output, stderr=output, process_group=0
        )
    try:
        wait_for(lambda: api.get("work_pools/sparc"), why=f"no worker: {log.read_text()}")
        deploy = (PREFECT, "--no-prompt", "deploy", "--all")
        done = subprocess.run(deploy, cwd=PROJECT, env=env, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr
        yield
    finally:
        worker.terminate()
        worker.wait(60)


@dataclass(frozen=True)
class Order:
    """A shop, and the flow run that a deployment was given for it."""

    shop: Shop
    flow_run: str


@pytest.fixture(scope="module")
def orders(deployed: None, api: Api, shop: Callable[[str], Shop]) -> Mapping[str, Order]:
    """One order for each story, all given at once."""
    assert deployed is None
    shops = {name: shop(name) for name in ("released", "reviewed", "cancelled", "retried", "audited", "watched")}
    for name, story in shops.items():
        first = {"cancelled": HANG.replace("HUNG", str(story.notes / "hung")), "retried": STUMBLE}.get(name, "")
        points = {"review": ["It reads well"]} if name == "reviewed" else {}
        story.plan(
            {
                "specification": phase(
                    note=work(f"{first}echo note > note.md", "note.md"),
                    attempts=1 if name == "retried" else 3,
                    **points,
                )
            }
        )
    given = {name: _order(api, story) for name, story in shops.items() if name not in ("audited", "watched")}
    audit = api.create("gate-audit/gate-audit", repository=str(shops["audited"].repository), checks=CHECKS)
    assert audit.is_success, audit.text
    watch = _watch(api, shops["watched"])
    return {**given, "audited": Order(shops["audited"], audit.json()["id"]), "watched": Order(shops["watched"], watch)}


def _watch(api: Api, story: Shop) -> str:
    """Two branches that conflict, and a watch of them; its flow run."""
    for branch in ("one", "two"):
        git(story.repository, "checkout", "--quiet", "-b", branch, "main")
        commit(story.repository, README__md=f"{branch}\n")
    git(story.repository, "checkout", "--quiet", "main")
    asked = api.create("conflict-watch/conflict-watch", repository=str(story.repository))
    assert asked.is_success, asked.text
    return str(asked.json()["id"])


def _order(api: Api, story: Shop) -> Order:
    plan, name = story.plan_dir / "plan.yaml", story.root.name
    run = {} if name == "retried" else {"run": name}
    created = api.create("sparc/sparc", plan=str(plan), repository=str(story.repository), **run)
    assert created.is_success, created.text
    return Order(story, created.json()["id"])


def test_a_deployed_plan_is_released(orders: Mapping[str, Order], api: Api) -> None:
    order = orders["released"]
    assert api.ended(order.flow_run)["name"] == "Completed"
    assert order.shop.show("note.md") == "note\n"
    assert git(order.shop.repository, "status", "--porcelain") == ""
    assert api.get(f"flow_runs/{order.flow_run}")["name"] == "released"
    assert api.get("artifacts/report-released/latest")["type"] == "markdown"


@pytest.mark.parametrize(
    ("deployment", "parameters", "problem"),
    [
        ("sparc/sparc", {}, "'plan' is a required property"),
        ("sparc/sparc", {"plan": "/plan.yaml", "yes": "perhaps"}, "'perhaps' is not of type 'boolean'"),
        ("sparc/sparc", {"plan": {"sparc": 1, "name": "x"}}, "field 'plan'"),
        ("conflict-watch/conflict-watch", {"branches": []}, "field 'branches'"),
        ("conflict-watch/conflict-watch", {"most": 0}, "field 'most'"),
        ("gate-audit/gate-audit", {"checks": []}, "field 'checks'"),
        ("gate-audit/gate-audit", {"checks": ["nonsense"]}, "field 'checks[0]'"),
        ("gate-audit/gate-audit", {"checks": [{"coverage": {"at_least": "a lot"}}]}, "checks[0].coverage.at_least"),
    ],
)
def test_bad_parameters_are_refused(
    deployed: None, api: Api, deployment: str, parameters: dict[str, Any], problem: str
) -> None:
    assert deployed is None
    answer = api.create(deployment, **{"repository": "/repository"} | parameters)
    assert answer.status_code == httpx.codes.CONFLICT
    assert problem in answer.json()["detail"]


def test_an_audit_fails_with_its_table(orders: Mapping[str, Order], api: Api) -> None:
    state = api.ended(orders["audited"].flow_run)
    assert (state["type"], state["name"]) == ("FAILED", "Blocked")
    assert state["message"] == "bandit: no Python file to measure"
    rows = json.loads(api.get("artifacts/gate-audit-repository-main/latest")["data"])
    assert [(row["check"], row["outcome"]) for row in rows] == [("lines", "passed"), ("bandit", "error")]


def test_a_watch_that_finds_conflicts_has_done_its_work(orders: Mapping[str, Order], api: Api) -> None:
    state = api.ended(orders["watched"].flow_run)
    assert (state["type"], state["name"]) == ("COMPLETED", "Conflicts")
    assert state["message"] == "1 pair will not merge: one x two"
    (row,) = json.loads(api.get("artifacts/conflicts-watch-repository/latest")["data"])
    assert row == {"who": "one", "whom": "two", "level": "text", "where": "README.md (text)"}


def test_the_watch_is_kept_every_half_hour(deployed: None, api: Api) -> None:
    assert deployed is None
    (schedule,) = api.get("deployments/name/conflict-watch/conflict-watch")["schedules"]
    assert schedule["schedule"] == {"cron": "*/30 * * * *", "timezone": "UTC", "day_or": True}


def test_audits_are_made_every_night(deployed: None, api: Api) -> None:
    assert deployed is None
    (schedule,) = api.get("deployments/name/gate-audit/gate-audit")["schedules"]
    assert schedule["schedule"] == {"cron": "30 2 * * *", "timezone": "UTC", "day_or": True}
    waiting = {
        "deployments": {"name": {"any_": ["gate-audit"]}},
        "flow_runs": {"state": {"name": {"any_": ["Scheduled"]}}},
    }
    wait_for(lambda: api.post("flow_runs/filter", **waiting).json(), 30, "the server makes no runs of a schedule")
    assert all("T02:30:00" in run["expected_start_time"] for run in api.post("flow_runs/filter", **waiting).json())


def test_a_review_is_answered_in_the_form(orders: Mapping[str, Order], api: Api) -> None:
    order = orders["reviewed"]
    wait_for(lambda: api.reviewing(order.flow_run), why="no review was asked for")
    asked = api.reviewing(order.flow_run) or ""
    assert "It reads well" in (api.form(asked) or "")
    assert order.shop.tip("main") == order.shop.begin
    refused = api.post(f"flow_runs/{asked}/resume", run_input={"comment": "no answer"}).json()
    assert (refused["status"], "approved" in refused["details"]["reason"]) == ("REJECT", True)
    assert api.post(f"flow_runs/{asked}/resume", run_input={"approved": True, "comment": "It does"}).is_success
    assert api.ended(order.flow_run)["name"] == "Completed"
    (signed,) = order.shop.evidence("review")
    assert (signed["approved"], signed["comment"]) == (True, "It does")


def test_cancelling_ends_every_process_and_keeps_the_work(
    orders: Mapping[str, Order], api: Api, prefect_settings: dict[str, str]
) -> None:
    order = orders["cancelled"]
    wait_for((order.shop.notes / "hung").exists, why="the agent never began")
    assert len(processes_with("SPARC_RUN=cancelled")) > 2
    assert api.post(f"flow_runs/{order.flow_run}/set_state", state={"type": "CANCELLING"}).is_success
    wait_for(lambda: not processes_with("SPARC_RUN=cancelled"), 5, "a process of the agent survived")
    assert api.ended(order.flow_run)["name"] == "Cancelled"
    assert order.shop.events("cancelled", "run-ended")[-1]["outcome"] == "interrupted"
    resumed = order.shop.sparc("resume", "cancelled", "--json", env=prefect_settings)
    assert told(resumed)["outcome"] == "released"
    assert order.shop.asked() == ["specification.note.1", "specification.note.2"]


def test_a_retry_goes_on_with_the_run_that_was_blocked(orders: Mapping[str, Order], api: Api) -> None:
    order = orders["retried"]
    assert api.ended(order.flow_run)["name"] == "Blocked"
    run = api.get(f"flow_runs/{order.flow_run}")["name"]
    assert order.shop.run_folder(run).is_dir()
    assert api.post(
        f"flow_runs/{order.flow_run}/set_state", state={"type": "SCHEDULED", "name": "AwaitingRetry"}
    ).is_success
    assert api.ended(order.flow_run)["name"] == "Completed"
    assert api.get(f"flow_runs/{order.flow_run}")["name"] == run
    assert order.shop.asked() == ["specification.note.1", "specification.note.2"]


@pytest.mark.parametrize("whom", ["run", "phase"])
def test_a_run_without_a_worker_can_be_cancelled_too(
    api: Api, prefect_settings: dict[str, str], shop: Callable[[str], Shop], whom: str
) -> None:
    story = shop(f"off-{whom}")
    hang = HANG.replace("HUNG", str(story.notes / "hung"))
    plan = story.plan({"specification": phase(note=work(f"{hang}echo note > note.md", "note.md"))})
    with story.start("run", plan, "--run", story.root.name, "--json", **prefect_settings) as process:
        wait_for((story.notes / "hung").exists, why="the agent never began")
        (found,) = api.post("flow_runs/filter", flow_runs={"name": {"any_": [story.root.name]}}).json()
        called_off = found["id"] if whom == "run" else api.below(found["id"])[0]["id"]
        assert api.post(f"flow_runs/{called_off}/set_state", state={"type": "CANCELLING"}).is_success
        stdout, _ = process.communicate(timeout=30)
    assert (process.returncode, json.loads(stdout)["outcome"]) == (130, "interrupted")
    assert api.state(found["id"])["name"] == "Cancelled"
    assert not processes_with(f"SPARC_RUN={story.root.name}")
