"""Killed, interrupted, blocked: what a run leaves behind, and that a resume does only the rest."""

import json
import os
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support import Shop, at_once, git, phase, processes_with, told, wait_for, work

Open = Callable[[str], Shop]
Done = subprocess.CompletedProcess[str]
HANG = "setsid sleep 613 & sleep 614"


def write(path: str) -> str:
    """The script of an agent that writes one file and counts that it did, where no clone reaches."""
    return f"mkdir -p docs; echo text > {path}"


def two_phases(shop: Shop) -> Shop:
    """The first ask of `slow` hangs with a child in a session of its own; everything else takes no time."""
    slow = f'mkdir -p docs; if [ "$SPARC_ATTEMPT" = 1 ]; then {HANG}; fi; echo slow > docs/slow.md'
    shop.plan({
        "specification": phase(first=work(write("docs/first.md"), "docs/first.md")),
        "pseudocode": phase(
            quick=work(write("docs/quick.md"), "docs/quick.md"), slow=work(slow, "docs/slow.md"),
            last=work(write("docs/last.md"), "docs/last.md", needs=["slow", "quick"]),
        ),
    })  # fmt: skip
    return shop


class Stopped:
    """A run that was brought to its hanging agent and stopped by a signal to its process alone."""

    def __init__(self, shop: Shop, number: signal.Signals) -> None:
        self.shop, self.run, self.plan = shop, shop.root.name, shop.plan_dir / "plan.yaml"
        self.second: Done | None = None
        self.known: Done | None = None
        self.status: Done | None = None
        self.resumed: Done | None = None
        with shop.start("run", self.plan, "--run", self.run, "--json") as process:
            wait_for(lambda: shop.began("pseudocode.slow.1") and self.merged() == 2, why="it never hung")
            if number is signal.SIGKILL:
                self.second, self.known = shop.sparc("run", self.plan), shop.sparc("resume", self.run)
            process.send_signal(number)
            self.stdout, self.stderr = process.communicate(timeout=60)
        self.code = process.returncode
        wait_for(lambda: not processes_with(f"SPARC_RUN={self.run}"), 10, "an agent survived")
        self.asked = shop.asked()

    def merged(self) -> int:
        """How many merges were told so far."""
        journal = self.shop.run_folder(self.run) / "journal.jsonl"
        return len(self.shop.events(self.run, "merged")) if journal.exists() else 0


def killed_and_resumed(shop: Shop) -> Stopped:
    """Killed, looked at, and resumed."""
    it = Stopped(two_phases(shop), signal.SIGKILL)
    it.status = shop.sparc("status", it.run)
    it.resumed = shop.sparc("resume", it.run, "--json")
    return it


def interrupted_and_run_again(shop: Shop) -> Stopped:
    """Ctrl-C, and resumed by naming the run again."""
    it = Stopped(two_phases(shop), signal.SIGINT)
    it.resumed = shop.sparc("run", it.plan, "--run", it.run, "--json")
    return it


@pytest.fixture(scope="module")
def stopped(shop: Open) -> dict[str, Stopped]:
    """By each of three signals."""
    killed, interrupted, terminated = shop("killed"), shop("ctrl-c"), shop("terminated")
    runs = at_once(
        lambda: killed_and_resumed(killed),
        lambda: interrupted_and_run_again(interrupted),
        lambda: Stopped(two_phases(terminated), signal.SIGTERM),
    )
    return {it.run: it for it in runs}


RESUMED = pytest.mark.parametrize("name", ["killed", "ctrl-c"])


@RESUMED
def test_a_resume_repeats_nothing_that_is_merged_and_attempt_numbers_go_on(
    stopped: dict[str, Stopped], name: str
) -> None:
    it = stopped[name]
    assert it.resumed
    assert sorted(it.asked) == ["pseudocode.quick.1", "pseudocode.slow.1", "specification.first.1"]
    assert it.resumed.returncode == 0, it.resumed.stderr
    assert it.shop.asked()[3:] == ["pseudocode.slow.2", "pseudocode.last.1"]
    outcome = told(it.resumed)
    assert (outcome["run"], outcome["outcome"]) == (name, "released")
    attempts = {one["name"]: one["attempts"] for phase in outcome["phases"] for one in phase["assignments"]}
    assert attempts == {"first": 1, "quick": 1, "slow": 2, "last": 1}
    assert git(it.shop.repository, "ls-files", "docs").split() == [
        f"docs/{file}.md" for file in ("first", "last", "quick", "slow")
    ]


def test_no_history_is_rewritten_by_going_on(stopped: dict[str, Stopped]) -> None:
    it, name = stopped["killed"], "killed"
    merges = git(it.shop.repository, "log", "--first-parent", "--format=%s", "main").splitlines()
    assert merges == [f"Release {name} into main", "By hand: README__md"]
    phases = git(it.shop.repository, "log", "--first-parent", "--format=%s", "main^2").splitlines()
    assert phases[:2] == [f"Merge phase 2 pseudocode of {name}", f"Merge phase 1 specification of {name}"]
    assert it.shop.sparc("verify").returncode == 0


@pytest.mark.parametrize("name", ["ctrl-c", "terminated"])
def test_a_signal_ends_in_order_with_130_and_a_document(stopped: dict[str, Stopped], name: str) -> None:
    it = stopped[name]
    assert it.code == 130, it.stderr
    outcome = json.loads(it.stdout)
    assert (outcome["run"], outcome["outcome"]) == (name, "interrupted")
    assert [phase["outcome"] for phase in outcome["phases"]] == ["passed", "interrupted"]
    states = {one["name"]: one["outcome"] for one in outcome["phases"][1]["assignments"]}
    assert states == {"quick": "merged", "slow": "interrupted", "last": "waiting"}
    assert "Traceback" not in it.stderr
    assert it.shop.events(name, "run-ended")[0]["outcome"] == "interrupted"


def test_a_killed_run_is_told_as_interrupted(stopped: dict[str, Stopped]) -> None:
    it = stopped["killed"]
    assert it.code == -signal.SIGKILL
    assert it.status
    assert it.status.returncode == 0
    assert "Interrupted" in it.status.stdout
    assert "its process is gone" in it.status.stdout
    assert "sparc resume killed" in it.status.stdout


def test_a_second_live_run_of_a_plan_on_a_repository_is_refused_naming_the_first(stopped: dict[str, Stopped]) -> None:
    it = stopped["killed"]
    assert it.second
    assert it.second.returncode == 2
    assert "by run killed: " in it.second.stderr
    assert len(it.second.stderr.splitlines()) == 1
    assert [path.name for path in (it.shop.home / "runs").glob("killed*")] == ["killed"]
    refs = git(it.shop.repository, "for-each-ref", "--format=%(refname)", "refs/sparc/start").splitlines()
    assert refs == ["refs/sparc/start/killed"]


def test_a_live_run_cannot_be_resumed(stopped: dict[str, Stopped]) -> None:
    known = stopped["killed"].known
    assert known
    assert known.returncode == 2
    assert known.stderr.startswith("run killed is being carried by another process")


def test_prefect_knows_of_every_end(stopped: dict[str, Stopped], prefect_api: str) -> None:
    from prefect import get_client  # noqa: PLC0415 - reads its settings when imported
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterName  # noqa: PLC0415
    from prefect.client.schemas.sorting import FlowRunSort  # noqa: PLC0415

    assert prefect_api
    with get_client(sync_client=True) as client:
        states = {
            name: [
                run.state_name
                for run in client.read_flow_runs(
                    flow_run_filter=FlowRunFilter(name=FlowRunFilterName(any_=[name])), sort=FlowRunSort.START_TIME_ASC
                )
            ]
            for name in stopped
        }
    assert states == {
        "killed": ["Crashed", "Completed"], "ctrl-c": ["Crashed", "Completed"], "terminated": ["Crashed"]
    }  # fmt: skip


# -- blocked


class Blocked:
    """A run whose gate asks for a file outside; something is left beside its copy of the plan as well."""

    def __init__(self, shop: Shop) -> None:
        flag = shop.root / "flag"
        check = {"command": {"name": "flag", "run": ["sh", "-c", f"echo asked >> {shop.root}/gate; test -e {flag}"]}}
        work_a = work(write("docs/a.md"), "docs/a.md")
        self.shop = shop
        self.plan = shop.plan({"specification": phase(a=work_a, gate=[check], attempts=1)}, isolation="none")
        run = ("run", self.plan, "--run", "blocked", "--json")
        changed, other = shop.root / "changed/plan.yaml", shop.root / "other/plan.yaml"
        for copy, old, new in ((changed, "Scripted", "Changed"), (other, '"blocked"', '"other"')):
            shutil.copytree(shop.plan_dir, copy.parent)
            copy.write_text(self.plan.read_text().replace(old, new))
        self.first = shop.sparc(*run)
        self.changed, self.other, self.elsewhere = at_once(
            lambda: shop.sparc("run", changed, "--run", "blocked"),
            lambda: shop.sparc("run", other, "--run", "blocked"),
            lambda: shop.sparc(*run, cwd=shop.home.parent / "elsewhere/repository"),
        )
        (shop.run_folder("blocked") / "plan/left-by-an-agent").touch()
        flag.touch()
        self.passed = shop.sparc("resume", "blocked", "--json")
        self.finished, self.resumed = at_once(lambda: shop.sparc(*run), lambda: shop.sparc("resume", "blocked"))


@pytest.fixture(scope="module")
def blocked(shop: Open) -> Blocked:
    shop("elsewhere")
    return Blocked(shop("blocked"))


def test_a_blocked_run_exits_with_1_and_says_why(blocked: Blocked) -> None:
    assert blocked.first.returncode == 1, blocked.first.stderr
    outcome = told(blocked.first)
    assert outcome["outcome"] == "blocked"
    assert outcome["phases"][0]["checks"][0]["check"] == "command flag"
    assert outcome["phases"][0]["checks"][0]["outcome"] == "failed"
    assert "BLOCKED" in blocked.first.stderr


def test_a_resume_after_a_blocked_gate_measures_again_before_anyone_is_asked(blocked: Blocked) -> None:
    assert blocked.passed.returncode == 0, blocked.passed.stderr
    assert blocked.shop.asked() == ["specification.a.1"]
    assert (blocked.shop.root / "gate").read_text() == "asked\n" * 2
    assert told(blocked.passed)["outcome"] == "released"


def test_what_agents_leave_beside_their_copy_of_the_plan_does_not_end_the_run(blocked: Blocked) -> None:
    assert (blocked.shop.run_folder("blocked") / "plan/left-by-an-agent").exists()
    assert blocked.passed.returncode == 0, blocked.passed.stderr


@pytest.mark.parametrize(
    ("which", "words"),
    [
        ("changed", "is of another plan or of another state of it"),
        ("other", "is of another plan or of another state of it"),
        ("elsewhere", "is of /"),
        ("finished", "is finished and released"),
        ("resumed", "is finished and released"),
    ],
)
def test_a_run_id_of_something_else_is_refused(blocked: Blocked, which: str, words: str) -> None:
    done: Done = getattr(blocked, which)
    assert done.returncode == 2
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1


# -- side by side, and before anything began


def test_two_plans_race_on_one_repository_and_both_are_released(shop: Open) -> None:
    one = shop("one")
    plans = {}
    for name in ("one", "two"):
        works = {"a": work(f"sleep 1; mkdir -p docs; echo {name} > docs/{name}.md", f"docs/{name}.md")}
        plans[name] = one.plan_dir / f"{name}.yaml"
        one.plan({"specification": phase(**works)}, name=name).rename(plans[name])
    first, second = at_once(*(lambda plan=plan: one.sparc("run", plan, "--json") for plan in plans.values()))
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    merges = git(one.repository, "log", "--first-parent", "--format=%s", "main").splitlines()
    assert sorted(merges[:-1]) == ["Release one into main", "Release two into main"]
    assert git(one.repository, "ls-files", "docs").split() == ["docs/one.md", "docs/two.md"]
    assert git(one.repository, "status", "--porcelain") == ""
    assert one.sparc("verify").returncode == 0


@contextmanager
def tarpit() -> Iterator[tuple[str, threading.Event]]:
    """A server that takes connections and never answers; whether one came."""
    came = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def hold() -> None:
            kept = []
            while True:
                try:
                    kept.append(listening.accept())
                except OSError:
                    return
                came.set()

        threading.Thread(target=hold, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/api", came
        listening.shutdown(socket.SHUT_RDWR)


def test_ctrl_c_before_anything_began_is_130_and_leaves_nothing(shop: Open) -> None:
    early = two_phases(shop("early"))
    with (
        tarpit() as (url, came),
        early.start("run", early.plan_dir / "plan.yaml", "--run", "early", PREFECT_API_URL=url) as process,
    ):
        assert came.wait(60)
        os.kill(process.pid, signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    assert "Traceback" not in stderr
    assert not early.run_folder("early").exists()
    assert git(early.repository, "for-each-ref", "--format=%(refname)") == "refs/heads/main"


def test_what_was_never_begun_cannot_be_resumed(shop: Open) -> None:
    nothing = shop("nothing")
    done = nothing.sparc("resume", "never-was", "--json")
    assert done.returncode == 2
    assert done.stderr.startswith("no run 'never-was' under ")
    assert told(done)["problems"][0]["problem"] in done.stderr


def test_a_home_beside_the_plan_is_no_part_of_it(tmp_path: Path) -> None:
    from flows.prepare import prepare  # noqa: PLC0415 - of all tests here the only one inside
    from flows.settings import Settings  # noqa: PLC0415

    beside = Shop.open(tmp_path / "beside", tmp_path / "beside/plan/.sparc")
    plan = two_phases(beside).plan_dir / "plan.yaml"

    def prepared() -> Path:
        return prepare(plan, beside.repository, "beside-1", Settings(home=beside.home), os.environ).path

    assert prepared() == prepared() == beside.run_folder("beside-1"), "what a run leaves there changes no plan"
    assert sorted(path.name for path in (beside.run_folder("beside-1") / "plan").iterdir()) == ["agent.py", "plan.yaml"]
