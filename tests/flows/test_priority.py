"""Hotfixes go first: one at a time, seen by releases for as long as the process that carries it lives."""

from pathlib import Path

import pytest

from flows.priority import first, hotfix_under_way
from tasks.errors import Refused
from tasks.repository import open_repository


def test_a_hotfix_is_seen_while_it_is_carried_and_only_then(repository: Path) -> None:
    opened = open_repository(repository)
    assert hotfix_under_way(opened) is None
    with first(opened, "urgent"):
        assert hotfix_under_way(opened) == "urgent"
        assert hotfix_under_way(opened) == "urgent", "looking takes nothing away"
    assert hotfix_under_way(opened) is None


def test_another_hotfix_is_told_whom_to_wait_for(repository: Path) -> None:
    opened = open_repository(repository)
    with (
        first(opened, "urgent"),
        pytest.raises(Refused, match=r"hotfix urgent is being merged into .*: wait for it, then do the same again"),
        first(opened, "other"),
    ):
        pytest.fail("it did not wait")
    with first(opened, "other"):
        assert hotfix_under_way(opened) == "other"
