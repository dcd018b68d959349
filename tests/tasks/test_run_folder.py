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

from tasks.atomic import write_atomically
from tasks.errors import Refused
from tasks.run_folder import RunFolder, RunRecord, read_json, runs

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
