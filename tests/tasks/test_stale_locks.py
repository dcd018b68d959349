"""Locks that a killed git has left: taken away where they are ours and nobody holds them, told in words elsewhere."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tasks.errors import Blocked
from tasks.git import ZERO, Git, GitError
from tasks.hub import Hub
from tasks.repository import Repository
from tasks.run_folder import RunFolder
from tasks.stale_locks import STALE_AFTER, clear, locks
from tests.support import wait_for

BRANCH = "refs/heads/release/x"


def aged(lock: Path, seconds: float = 60) -> Path:
    """Make a lock look as if it had been there for a while."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.touch()
    then = time.time() - seconds
    os.utime(lock, (then, then))
    return lock


@contextmanager
def git_in_its_hook(directory: Path, target: str, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A git that has locked a reference and now waits for a hook, as one does that is stopped at the wrong moment."""
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "reference-transaction").write_text(f"#!/bin/sh\ntouch {tmp_path}/locked\nexec sleep 300\n")
    (hooks / "reference-transaction").chmod(0o755)
    argv = ("git", "-c", f"core.hooksPath={hooks}", f"--git-dir={directory}", "update-ref", BRANCH, target)
    with subprocess.Popen(argv, cwd=tmp_path, process_group=0) as process:
        try:
            wait_for((tmp_path / "locked").exists)
            yield process
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def test_the_lock_of_a_killed_git_is_taken_away_and_that_of_a_living_one_is_not(
    folder: RunFolder, hub: Hub, tmp_path: Path
) -> None:
    lock = hub.directory / f"{BRANCH}.lock"
    with folder.held():
        with git_in_its_hook(hub.directory, hub.start, tmp_path) as process:
            aged(lock)  # and the process has begun after that, as far as can be told
            os.utime(lock)
            with pytest.raises(GitError, match=rf"lock is held by process {process.pid} \(git .*end that process"):
                hub.git.move(BRANCH, hub.start, ZERO)
            assert lock.exists()
            with pytest.raises(Blocked, match=f"held by process {process.pid}"):
                hub.make_ready(Repository(tmp_path, hub.git))
        assert process.poll() == -signal.SIGKILL
        assert lock.exists()
        assert hub.git.move(BRANCH, hub.start, ZERO)  # waits until it is old enough
    assert not lock.exists()


def test_who_has_the_file_open_holds_it_whoever_it_is(folder: RunFolder, hub: Hub) -> None:
    lock = aged(hub.directory / "packed-refs.lock")
    with folder.held(), lock.open("rb") as opened, subprocess.Popen(("sleep", "300"), stdin=opened) as process:
        try:
            (told,) = clear(hub.directory)
        finally:
            process.kill()
    assert told.startswith(f"{lock} is held by process {process.pid} (sleep 300): it will go by itself, or end")


def test_every_kind_of_lock_is_taken_away_before_a_run_goes_on_and_nothing_else(
    folder: RunFolder, hub: Hub, users: Repository
) -> None:
    names = (
        "config.lock", "index.lock", "HEAD.lock", "packed-refs.lock", "shallow.lock", "refs/heads/sparc/ledger.lock",
        "refs/evidence/x.lock", "refs/tags/good/ledger/1.lock", "objects/info/commit-graphs/commit-graph-chain.lock",
        "objects/info/commit-graph.lock",
    )  # fmt: skip
    made = [aged(hub.directory / name) for name in names]
    kept = aged(hub.directory / "refs/heads/block")
    kept.write_text(f"{hub.start}\n")
    assert set(locks(hub.directory)) == set(made)
    with folder.held():
        hub.make_ready(users)
    assert not [lock for lock in made if lock.exists()]
    assert kept.exists()


def test_locks_are_taken_away_by_none_but_the_process_that_carries_the_run(
    folder: RunFolder, hub: Hub, tmp_path: Path
) -> None:
    lock = aged(hub.directory / f"{BRANCH}.lock")
    with pytest.raises(GitError, match="only the process that carries the run removes it"):
        hub.git.move(BRANCH, hub.start, ZERO)
    (folder.path / "lock").write_text(str(os.getpid()))  # noted, and not held
    assert len(clear(hub.directory)) == 1
    home, mark = str(folder.home), str(tmp_path / "held")
    code = (
        "from pathlib import Path\nfrom tasks.run_folder import RunFolder\n"
        f"with RunFolder(Path({home!r}), {folder.run!r}).held():\n    Path({mark!r}).touch()\n    input()\n"
    )
    here = Path(__file__).parents[2]
    with subprocess.Popen((sys.executable, "-c", code), stdin=subprocess.PIPE, cwd=here) as other:
        wait_for((tmp_path / "held").exists)
        assert len(clear(hub.directory)) == 1
        other.communicate(b"\n")
    assert lock.exists()


def test_a_young_lock_is_given_its_time(folder: RunFolder, hub: Hub) -> None:
    lock = aged(hub.directory / f"{BRANCH}.lock", STALE_AFTER - 0.5)
    with folder.held():
        assert clear(hub.directory) == ()
    assert time.time() - lock.parent.stat().st_mtime < STALE_AFTER
    assert not lock.exists()


def test_a_lock_in_the_users_repository_is_told_and_never_touched(users: Repository, tmp_path: Path) -> None:
    lock = aged(users.git.directory / f"{BRANCH}.lock")
    start = users.tip("main") or ""
    with pytest.raises(GitError, match=r"x\.lock is held by no process: a git that was killed has left it; sparc remo"):
        users.git.move(BRANCH, start, ZERO)
    with pytest.raises(GitError, match="held by no process"):
        users.git.create_refs({BRANCH: start})
    assert lock.exists()
    lock.unlink()
    with git_in_its_hook(users.git.directory, start, tmp_path) as process:
        with pytest.raises(GitError, match=rf"x\.lock is held by process {process.pid} \(git .*wait for it"):
            users.git.move(BRANCH, start, ZERO)
        assert lock.exists()
    lock.unlink()
    assert users.git.move(BRANCH, start, ZERO)
    assert Git(users.git.directory).resolve(BRANCH) == start
