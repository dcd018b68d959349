"""A run's folder: what several processes do to it at once, and what a kill leaves behind."""

import fcntl
import multiprocessing
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier, Event
from pathlib import Path

import pytest

from tasks.errors import Refused
from tasks.run_folder import PLAN_FOLDER_LIMIT, RunFolder, RunRecord, copy_plan, read_json, runs, write_atomically

ROOT = Path(__file__).parents[2]
FRESH = multiprocessing.get_context("spawn")
HOLDER = """
import sys; sys.path.insert(0, sys.argv[1])
from pathlib import Path
from tasks.run_folder import RunFolder
with RunFolder(Path(sys.argv[2]), "r-1").held():
    print("held", flush=True)
    sys.stdin.read()
"""


def record(run: str = "r-1") -> RunRecord:
    return RunRecord(
        run=run, plan="plan", plan_file="plan.yaml", repository=Path("/r"), base="main", start="0", memory="m/m",
        fingerprint="f",
    )  # fmt: skip


def claim(home: Path, together: Barrier, claimed: "Queue[list[int]]") -> None:
    together.wait()
    claimed.put([RunFolder(home, "r-1").claim_attempt(1, "refinement", "posting") for _ in range(100)])


def look_until(home: Path, enough: Event) -> None:
    while not enough.is_set():
        assert RunFolder(home, "r-1").live in (True, False)


@pytest.fixture
def made(tmp_path: Path) -> RunFolder:
    folder = RunFolder(tmp_path / "home", "r-1")
    folder.create(record())
    return folder


# -- what a run is


def test_a_folder_without_its_record_is_no_run(tmp_path: Path) -> None:
    home = tmp_path / "home"
    half, whole = RunFolder(home, "half"), RunFolder(home, "whole")
    (half.path / "hub.git").mkdir(parents=True)
    (half.path / ".run.json.123.tmp").write_text("{")
    assert runs(tmp_path / "nowhere") == runs(home) == ()
    assert not half.exists
    with pytest.raises(Refused, match=r"no run 'half' under .*: `sparc status` lists the runs"):
        _ = half.record
    whole.create(record("whole"))
    assert whole.exists
    assert whole.record == record("whole")
    assert runs(home) == (whole,)


def test_runs_are_listed_oldest_first(tmp_path: Path) -> None:
    for age, run in enumerate(("c", "a", "b")):
        folder = RunFolder(tmp_path, run)
        folder.create(record(run))
        os.utime(folder.path / "run.json", (age, age))
    assert [folder.run for folder in runs(tmp_path)] == ["c", "a", "b"]


def test_a_record_that_is_not_whole_is_refused_with_its_path(made: RunFolder) -> None:
    (made.path / "run.json").write_text('{"run": "r-1"')
    with pytest.raises(Refused, match=r"run\.json cannot be read"):
        _ = made.record


@pytest.mark.parametrize("run", ["../home", "", "..", "A", "-x", "a/b", "x" * 121])
def test_an_id_that_is_none_never_leads_out_of_the_folder(made: RunFolder, run: str) -> None:
    (made.home / "run.json").write_text(record().model_dump_json())
    with pytest.raises(Refused, match="no run"):
        _ = RunFolder(made.home, run).record


# -- several at once


def test_attempts_claimed_by_several_processes_are_distinct(made: RunFolder) -> None:
    together, claimed = FRESH.Barrier(3), FRESH.Queue()
    claimers = [FRESH.Process(target=claim, args=(made.home, together, claimed)) for _ in range(3)]
    for claimer in claimers:
        claimer.start()
    numbers = [claimed.get(timeout=60) for _ in claimers]
    for claimer in claimers:
        claimer.join()
    assert sorted(number for some in numbers for number in some) == list(range(1, 301))


def test_claims_go_on_after_the_highest_and_each_assignment_counts_for_itself(made: RunFolder) -> None:
    assert [made.claim_attempt(1, "refinement", "posting") for _ in range(3)] == [1, 2, 3]
    assert made.claim_attempt(1, "refinement", "other") == 1
    assert made.claim_attempt(2, "refinement", "posting") == 1
    made.attempt_dir(1, "refinement", "posting", 12).mkdir()
    assert RunFolder(made.home, "r-1").claim_attempt(1, "refinement", "posting") == 13


def test_a_run_is_carried_by_one_process_and_free_when_that_is_killed(made: RunFolder) -> None:
    assert not made.live
    command = (sys.executable, "-c", HOLDER, str(ROOT), str(made.home))
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert made.live
        refusal = rf"run r-1 is being carried by another process \(pid {holder.pid}\)"
        with pytest.raises(Refused, match=refusal), made.held():
            pass
        holder.kill()
    assert not made.live
    with made.held():
        assert made.live
    assert not made.live


def test_looking_whether_a_run_is_live_never_refuses_it_to_who_would_carry_it(made: RunFolder) -> None:
    enough = FRESH.Event()
    looker = FRESH.Process(target=look_until, args=(made.home, enough))
    looker.start()
    try:
        end = time.monotonic() + 2
        while time.monotonic() < end:
            with made.held():
                pass
    finally:
        enough.set()
        looker.join()
    assert looker.exitcode == 0


def test_looking_makes_no_folder_and_does_not_touch_the_lock(tmp_path: Path, made: RunFolder) -> None:
    assert not RunFolder(tmp_path, "nowhere").live
    assert not (tmp_path / "runs").exists()
    (made.path / "lock").write_text("123")
    assert not made.live
    assert (made.path / "lock").read_text() == "123"


def test_the_lock_is_not_handed_on_to_programs(made: RunFolder) -> None:
    with made.held():
        sleeper = subprocess.Popen(("sleep", "60"))
    try:
        with (made.path / "lock").open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        sleeper.kill()
        sleeper.wait()


def test_whoever_reads_a_file_that_is_being_replaced_sees_all_of_one_version(tmp_path: Path) -> None:
    file, versions = tmp_path / "deep/file.json", [b"%d" % number * 50_000 for number in range(4)]
    write_atomically(file, versions[0])
    stop = threading.Event()

    def rewrite(version: bytes) -> None:
        while not stop.is_set():
            write_atomically(file, version)

    with ThreadPoolExecutor() as pool:
        writers = [pool.submit(rewrite, version) for version in versions]
        end, seen = time.monotonic() + 1, set()
        while time.monotonic() < end:
            seen.add(file.read_bytes())
        stop.set()
    assert [writer.exception() for writer in writers] == [None] * 4
    assert len(seen) > 1
    assert seen <= set(versions)
    assert list(file.parent.iterdir()) == [file]


def test_json_that_is_not_there_is_none(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a.json", b'{"a": [1]}')
    assert read_json(tmp_path / "a.json") == {"a": [1]}
    assert read_json(tmp_path / "b.json") is None


def test_cleaning_takes_scratch_away_and_leaves_what_tells_the_story(made: RunFolder) -> None:
    for name in ("workspaces/1-x/a/1/src", "gates/1-x/ab", "attempts/1-x/a/1", "hub.git"):
        (made.path / name).mkdir(parents=True)
    deep = made.path / "workspaces"
    for _ in range(1100):
        deep /= "d"
        deep.mkdir()
    made.clean()
    assert {entry.name for entry in made.path.iterdir()} == {"attempts", "hub.git", "run.json"}
    assert made.attempt_dir(1, "x", "a", 1).is_dir()


# -- the plan's copy


def copied(plan: Path, destination: Path, home: Path | None = None) -> set[str]:
    copy_plan(plan, destination, home or destination.parent / "no-home")
    return {path.relative_to(destination).as_posix() for path in destination.rglob("*") if not path.is_dir()}


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    (tmp_path / "source/agents").mkdir(parents=True)
    (tmp_path / "source/agents/write.py").write_text("print()")
    (tmp_path / "source/agents/write.py").chmod(0o755)
    (tmp_path / "source/plan.yaml").write_text("sparc: 1")
    return tmp_path / "source/plan.yaml"


def test_a_plan_is_copied_with_its_folders_files_and_their_modes(plan: Path, tmp_path: Path) -> None:
    assert copied(plan, tmp_path / "copy") == {"plan.yaml", "agents/write.py"}
    assert (tmp_path / "copy/plan.yaml").read_text() == "sparc: 1"
    assert os.access(tmp_path / "copy/agents/write.py", os.X_OK)


def test_a_plan_in_a_repositorys_root_is_copied_without_what_tools_keep_there(plan: Path, tmp_path: Path) -> None:
    for name in (".git/config", ".venv/bin/python", "web/node_modules/x/y.js", "src/__pycache__/a.pyc", ".hg/x"):
        (plan.parent / name).parent.mkdir(parents=True, exist_ok=True)
        (plan.parent / name).write_text("x")
    (plan.parent / "src/a.py").write_text("a")
    assert copied(plan, tmp_path / "copy") == {"plan.yaml", "agents/write.py", "src/a.py"}


def test_a_plan_is_not_copied_into_its_own_copy_nor_with_the_home_of_all_runs(plan: Path) -> None:
    home = plan.parent / "state"
    (home / "runs/old/plan").mkdir(parents=True)
    (home / "runs/old/plan/plan.yaml").write_text("old")
    assert copied(plan, plan.parent / "copy", home) == {"plan.yaml", "agents/write.py"}
    assert copied(plan, home / "runs/new/plan", plan.parent / "elsewhere") == {
        "plan.yaml", "agents/write.py", "copy/plan.yaml", "copy/agents/write.py",
    }  # fmt: skip


def test_links_inside_the_folder_are_copied_and_lead_into_the_copy(plan: Path, tmp_path: Path) -> None:
    (plan.parent / "more").mkdir()
    (plan.parent / "more/write.py").symlink_to(plan.parent / "agents/write.py")
    (plan.parent / "tools").symlink_to("agents")
    (plan.parent / "later").symlink_to("agents/not-yet.py")
    (plan.parent / ".venv").symlink_to(tmp_path)
    os.mkfifo(plan.parent / "pipe")
    assert copied(plan, tmp_path / "copy") >= {"plan.yaml", "agents/write.py", "more/write.py", "later"}
    copy = tmp_path / "copy"
    plan.parent.rename(tmp_path / "elsewhere")
    assert (copy / "more/write.py").read_text() == "print()"
    assert (copy / "tools/write.py").resolve() == copy / "agents/write.py"
    assert sorted(path.name for path in copy.iterdir()) == ["agents", "later", "more", "plan.yaml", "tools"]


@pytest.mark.parametrize("target", ["..", "../shared.txt", "../nowhere", "link", ".venv/bin/python"])
def test_a_link_that_leads_out_of_what_is_copied_is_refused(plan: Path, tmp_path: Path, target: str) -> None:
    (tmp_path / "shared.txt").write_text("shared")
    (plan.parent / "link").symlink_to(target)
    with pytest.raises(Refused, match=r"source/link leads out of what a run copies of the plan's folder .*: put what"):
        copied(plan, tmp_path / "copy")


def test_a_plan_that_is_a_link_is_copied_with_the_folder_it_leads_to(plan: Path, tmp_path: Path) -> None:
    (tmp_path / "entry.yaml").symlink_to(plan)
    assert copied(tmp_path / "entry.yaml", tmp_path / "copy") == {"plan.yaml", "agents/write.py"}


def test_a_folder_too_large_to_be_a_plans_own_is_refused(plan: Path, tmp_path: Path) -> None:
    with (plan.parent / "big").open("wb") as file:
        file.truncate(PLAN_FOLDER_LIMIT - plan.stat().st_size - len("print()"))
    assert "big" in copied(plan, tmp_path / "just-fits")
    (plan.parent / "more").write_text("x")
    with pytest.raises(Refused, match=r"holds more than 64 MiB, .*: move the plan and the files that it uses"):
        copied(plan, tmp_path / "too-much")
