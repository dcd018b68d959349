"""Which trees of a branch may hold what was taken away on it again."""

from pathlib import Path

import pytest

from tasks.git import Git
from tasks.overwritten import overwritten
from tests.trees import commit


@pytest.fixture
def bare(repository: Path) -> Git:
    return Git(repository / ".git")


def _merge(git: Git, ours: str, **files: str | None) -> str:
    """What one attempt left on top of the first commit, merged into a branch."""
    named = {name.replace("__", "."): text for name, text in files.items()}
    work = commit(git, named, ours)
    return git.write_commit(git.line("rev-parse", f"{work}^{{tree}}"), (ours, work), "Merge\n")


def test_files_that_were_touched_once_leave_nothing_to_look_at(bare: Git) -> None:
    start = bare.line("rev-parse", "HEAD")
    tip = _merge(bare, _merge(bare, start, a__py="1"), b__py="2")
    assert overwritten(bare, start, tip) == ()
    assert overwritten(bare, start, start) == ()


def test_the_commit_before_each_second_change_is_told(bare: Git) -> None:
    start = bare.line("rev-parse", "HEAD")
    made = _merge(bare, start, a__py="1")
    other = _merge(bare, made, b__py="2")
    gone = _merge(bare, other, a__py=None)
    again = _merge(bare, gone, a__py="3", c__py="4")
    assert overwritten(bare, start, again) == (other, gone)
    assert overwritten(bare, made, again) == (gone,)
