"""The user's repository: what is found out about it, in whatever shape it comes, before anything is started."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.errors import Refused
from tasks.repository import Repository, base_of, open_repository

RunGit = Callable[..., str]
Commit = Callable[..., str]


def test_a_repository_is_found_from_any_folder_inside(users: Repository) -> None:
    inside = open_repository(users.path / "src")
    assert inside.git.directory == users.path / ".git"
    assert inside.path == users.path / "src"
    assert inside.current_branch() == "main"
    assert base_of(inside, None) == base_of(users, None)


def test_a_place_without_a_repository_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"is not in a git repository: `git init` makes one, --repository DIR"):
        open_repository(tmp_path)
    with pytest.raises(Refused, match=r"nowhere is not a directory"):
        open_repository(tmp_path / "nowhere")


def test_the_base_is_the_branch_that_is_checked_out_unless_another_is_named(
    users: Repository, git: RunGit, commit: Commit
) -> None:
    main = users.tip("main")
    git(users.path, "checkout", "--quiet", "-b", "feature/x")
    feature = commit(users.path, {"new": "new"})
    assert base_of(users, None) == ("feature/x", feature)
    assert base_of(users, "main") == ("main", main)


def test_a_tag_of_the_same_name_does_not_hide_the_branch(users: Repository, git: RunGit, commit: Commit) -> None:
    git(users.path, "tag", "main")
    tip = commit(users.path, {"new": "new"})
    assert base_of(users, None) == ("main", tip)


def test_what_cannot_be_started_from_is_refused(users: Repository, git: RunGit) -> None:
    with pytest.raises(Refused, match=r"has no branch 'trunk', which the plan starts from \(`base`\)"):
        base_of(users, "trunk")
    git(users.path, "checkout", "--quiet", "--detach")
    with pytest.raises(Refused, match="HEAD is detached"):
        base_of(users, None)
    assert base_of(users, "main")[0] == "main"


def test_a_shallow_clone_is_refused_with_the_command_that_completes_it(
    users: Repository, tmp_path: Path, git: RunGit
) -> None:
    git(tmp_path, "clone", "--quiet", "--depth=1", users.path.as_uri(), "shallow")
    shallow = open_repository(tmp_path / "shallow")
    with pytest.raises(Refused, match="git fetch --unshallow"):
        base_of(shallow, None)
    git(shallow.path, "fetch", "--quiet", "--unshallow")
    assert base_of(shallow, None) == ("main", users.tip("main"))


def test_a_repository_without_a_commit_is_refused(tmp_path: Path, git: RunGit) -> None:
    git(tmp_path, "init", "--quiet", "empty")
    empty = open_repository(tmp_path / "empty")
    for ask in (lambda: base_of(empty, None), empty.head):
        with pytest.raises(Refused, match="has no commit yet: make a first one"):
            ask()


def test_a_repository_with_longer_object_names_is_refused(tmp_path: Path, git: RunGit, commit: Commit) -> None:
    git(tmp_path, "init", "--quiet", "--object-format=sha256", "long")
    commit(tmp_path / "long", {"a": "a"})
    with pytest.raises(Refused, match="sha256"):
        base_of(open_repository(tmp_path / "long"), None)


def test_a_repository_is_known_by_its_root_wherever_it_lies(
    users: Repository, tmp_path: Path, git: RunGit, commit: Commit
) -> None:
    root = git(users.path, "rev-list", "--max-parents=0", "HEAD")
    assert users.root_commit(users.head()) == root
    git(tmp_path, "clone", "--quiet", str(users.path), "copy")
    git(tmp_path, "clone", "--quiet", "--bare", str(users.path), "bare.git")
    for name in ("copy", "bare.git"):
        opened = open_repository(tmp_path / name)
        assert opened.root_commit(opened.head()) == root
    git(tmp_path, "init", "--quiet", "other")
    assert open_repository(tmp_path / "other").git.directory != users.git.directory
    commit(tmp_path / "other", {"a": "other"})
    other = open_repository(tmp_path / "other")
    assert other.root_commit(other.head()) != root


def test_history_that_was_only_fetched_does_not_change_what_the_repository_is(
    users: Repository, tmp_path: Path, git: RunGit, commit: Commit, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = git(users.path, "rev-list", "--max-parents=0", "HEAD")
    git(tmp_path, "init", "--quiet", "older")
    with monkeypatch.context() as long_ago:
        long_ago.setenv("GIT_COMMITTER_DATE", "2001-01-01T00:00:00Z")
        older = commit(tmp_path / "older", {"a": "of another project, and older than this one"})
    git(users.path, "fetch", "--quiet", str(tmp_path / "older"), "HEAD:refs/remotes/older/main")
    assert open_repository(users.path).root_commit(users.head()) == root != older


def test_the_commit_on_which_the_user_stands_is_that_of_their_own_work_tree(
    users: Repository, tmp_path: Path, git: RunGit, commit: Commit
) -> None:
    git(users.path, "worktree", "add", "--quiet", "-b", "side", str(tmp_path / "side"))
    side = commit(tmp_path / "side", {"new": "new"})
    assert open_repository(tmp_path / "side").head() == side != users.head() == users.tip("main")


# -- work trees


def test_work_trees_are_told_with_their_branches(users: Repository, tmp_path: Path, git: RunGit) -> None:
    git(users.path, "worktree", "add", "--quiet", "-b", "side", str(tmp_path / "new\nline"))
    git(users.path, "worktree", "add", "--quiet", "--detach", str(tmp_path / "loose"))
    expected = {"main": users.path, "side": tmp_path / "new\nline"}
    assert users.work_trees() == expected
    linked = open_repository(tmp_path / "new\nline")
    assert linked.git.directory == users.git.directory
    assert linked.current_branch() == "side"
    assert linked.work_trees() == expected


def test_a_bare_repository_has_no_work_tree(users: Repository, tmp_path: Path, git: RunGit) -> None:
    git(tmp_path, "clone", "--quiet", "--bare", str(users.path), "bare.git")
    bare = open_repository(tmp_path / "bare.git")
    assert bare.work_trees() == {}
    assert base_of(bare, None) == ("main", users.tip("main"))


def test_a_work_tree_that_was_removed_by_hand_counts_no_more(users: Repository, tmp_path: Path, git: RunGit) -> None:
    git(users.path, "worktree", "add", "--quiet", "-b", "side", str(tmp_path / "side"))
    shutil.rmtree(tmp_path / "side")
    assert users.work_trees() == {"main": users.path}


@pytest.mark.parametrize("how", ["--merge", "--apply"])
def test_a_branch_in_the_middle_of_a_rebase_is_checked_out(
    users: Repository, git: RunGit, commit: Commit, how: str
) -> None:
    git(users.path, "checkout", "--quiet", "-b", "topic")
    commit(users.path, {"src/app.py": "topic\n"})
    git(users.path, "checkout", "--quiet", "main")
    commit(users.path, {"src/app.py": "main\n"})
    git(users.path, "checkout", "--quiet", "topic")
    assert users.work_trees() == {"topic": users.path}
    git(users.path, "rebase", how, "main", fails=True)
    assert users.current_branch() is None
    assert users.work_trees() == {"topic": users.path}


def test_a_submodules_work_tree_is_where_its_files_are(users: Repository, tmp_path: Path, git: RunGit) -> None:
    git(tmp_path, "init", "--quiet", "outer")
    git(tmp_path / "outer", "submodule", "--quiet", "add", str(users.path), "inner")
    inner = open_repository(tmp_path / "outer/inner")
    assert inner.git.directory == tmp_path / "outer/.git/modules/inner"
    assert inner.work_trees() == {"main": tmp_path / "outer/inner"}


def test_a_work_tree_whose_git_directory_lies_elsewhere_is_found(tmp_path: Path, git: RunGit, commit: Commit) -> None:
    git(tmp_path, "init", "--quiet", "--initial-branch=main", f"--separate-git-dir={tmp_path}/elsewhere.git", "tree")
    tip = commit(tmp_path / "tree", {"src/a": "a"})
    for place in (tmp_path / "tree", tmp_path / "tree/src"):
        apart = open_repository(place)
        assert apart.git.directory == tmp_path / "elsewhere.git"
        assert apart.work_trees() == {"main": tmp_path / "tree"}
        assert base_of(apart, None) == ("main", tip)
