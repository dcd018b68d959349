"""The watch of a phase: whatever is wrong with it is a notice, and those who ask together are answered together."""

import asyncio
import os
import shutil
from pathlib import Path

import pytest

from flows.look_around import Watch
from tasks.errors import Refused
from tasks.events import ConflictSeen, Notice
from tasks.git import ZERO
from tasks.hub import Hub, create_hub
from tasks.journal import Journal
from tasks.memory import Memory
from tasks.repository import open_repository
from tests.trees import commit


async def no_memory() -> Memory:
    """A storage that cannot be used."""
    raise Refused("memory cannot be opened")


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where every git command is written down that is started from here on."""
    log, wrapper = tmp_path / "log", tmp_path / "bin/git"
    wrapper.parent.mkdir()
    wrapper.write_text(f'#!/bin/sh\necho "$1" >> "{log}"\nexec "{shutil.which("git")}" "$@"\n')
    wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{wrapper.parent}:{os.environ['PATH']}")
    return log


@pytest.fixture
def hub(tmp_path: Path, repository: Path) -> Hub:
    """Of a phase in which two attempts left the same file."""
    users = open_repository(repository)
    hub = create_hub(tmp_path / "hub.git", users, "r-1", "r", users.head())
    hub.open_phase(1, "specification")
    for name in ("a", "b"):
        left = commit(hub.git, {"README.md": f"{name}\n"}, hub.start)
        assert hub.git.move(f"refs/heads/agent/1-specification/{name}/1", left, ZERO)
    return hub


@pytest.fixture
def watch(hub: Hub, tmp_path: Path) -> Watch:
    return Watch(hub, Journal(tmp_path / "journal.jsonl"), 1, "specification", no_memory)


def test_what_cannot_be_shown_or_kept_is_a_notice_once_and_the_conflict_is_told_all_the_same(watch: Watch) -> None:
    async def story() -> None:
        await watch.look()
        await watch.look()
        await watch.close()

    asyncio.run(story())
    events = watch.journal.read()
    assert len([event for event in events if isinstance(event, ConflictSeen)]) == 1
    notices = [event.text for event in events if isinstance(event, Notice)]
    assert notices[0] == "the conflict radar failed: Refused: memory cannot be opened"
    assert len(notices) == len(set(notices)) == 2  # there is no server for the table either


def test_a_repository_that_cannot_be_read_is_a_notice_and_nothing_more(watch: Watch) -> None:
    shutil.rmtree(watch.hub.directory)
    asyncio.run(watch.look())
    (notice,) = watch.journal.read()
    assert isinstance(notice, Notice)
    assert "the conflict radar failed: " in notice.text


def test_a_journal_that_cannot_be_written_is_left_for_the_run_to_find(watch: Watch) -> None:
    watch.journal.path.mkdir()
    asyncio.run(watch.look())


def test_those_who_ask_during_a_look_are_answered_by_the_next_one(calls: Path, watch: Watch) -> None:
    async def story() -> None:
        await asyncio.gather(*(watch.look() for _ in range(9)))

    asyncio.run(story())
    assert calls.read_text().split().count("for-each-ref") == 2
