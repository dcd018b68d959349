"""Trees made of trees."""

from pathlib import Path

import pytest

from tasks.git import Git, GitError
from tasks.git_directories import create_bare
from tasks.overlay import overlaid


@pytest.fixture
def git(tmp_path: Path) -> Git:
    return create_bare(tmp_path / "x.git")


def test_files_are_put_over_a_tree_added_and_taken_away(git: Git) -> None:
    blobs = {text: git.write_blob(text.encode()) for text in "abc"}
    empty = git.line("mktree")
    first = overlaid(git, empty, {"a": ("100644", blobs["a"]), "d/b \udce9": ("100755", blobs["b"])})
    assert git.entries(first) == {"a": ("100644", blobs["a"]), "d/b \udce9": ("100755", blobs["b"])}
    second = overlaid(git, first, {"a": None, "gone": None, "d/b \udce9": ("120000", blobs["c"])})
    assert git.entries(second) == {"d/b \udce9": ("120000", blobs["c"])}
    assert overlaid(git, second, {}) == second


def test_a_folder_takes_the_place_of_a_file_and_a_file_that_of_a_folder(git: Git) -> None:
    blob = ("100644", git.write_blob(b"x"))
    tree = overlaid(git, git.line("mktree"), {"a": blob, "d/e": blob})
    assert set(git.entries(overlaid(git, tree, {"a/b": blob, "a": None, "d/e": None, "d": blob}))) == {"a/b", "d"}


def test_a_tree_that_is_missing_is_an_error(git: Git) -> None:
    with pytest.raises(GitError, match="read-tree"):
        overlaid(git, "1" * 40, {})
