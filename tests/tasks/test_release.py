"""The release: one merge into the base branch, whose work tree follows or nothing moves, and nobody loses a file."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tasks import evidence
from tasks.errors import Blocked
from tasks.release import NOTE, release_candidate, release_now
from tasks.repository import open_repository
from tests.tasks.gits import Commit, RunGit
from tests.tasks.releases import state, tip_of
from tests.tasks.stories import Story

# -- the commit


def test_the_release_is_one_merge_of_the_plan_into_its_base(done: Story) -> None:
    released = done.release()
    git = done.repository.git
    made = git.commit(tip_of(done))
    assert made.oid == released
    assert made.parents == (done.hub.start, done.hub.plan_tip)
    assert made.tree == git.commit(done.hub.plan_tip).tree
    assert made.subject == "Release ledger into main"
    assert list(made.trailers) == ["Sparc-Run", "Sparc-Gate", "Sparc-Evidence"]
    assert (made.trailers["Sparc-Run"], made.trailers["Sparc-Gate"]) == ("ledger-1", "passed")
    record = evidence.fetch(git, made.trailers["Sparc-Evidence"].removeprefix("sha256:"))
    gate = git.commit(done.hub.plan_tip).trailers["Sparc-Evidence"].removeprefix("sha256:")
    assert record == {
        "kind": "release", "run": "ledger-1", "plan": "ledger", "base": "main", "start": done.hub.start,
        "gate": "passed", "gates": [gate], "signer": None, "tree": made.tree, "parents": list(made.parents),
    }  # fmt: skip


def test_a_base_that_has_moved_keeps_what_others_have_put_there(done: Story, commit: Commit, git: RunGit) -> None:
    where = done.repository.path
    theirs = commit(where, {"src/lib.py": "LIB = 2\n", "theirs.txt": "theirs\n"})
    released = done.release()
    assert done.repository.git.commit(released or "").parents == (theirs, done.hub.plan_tip)
    assert git(where, "status", "--porcelain") == ""
    texts = {name: (where / name).read_text() for name in ("src/lib.py", "theirs.txt", "src/post.py", "src/app.py")}
    assert texts == {
        "src/lib.py": "LIB = 2\n", "theirs.txt": "theirs\n", "src/post.py": "POST = 1\n",
        "src/app.py": "print('done')\n",
    }  # fmt: skip


def test_a_base_that_conflicts_is_told_before_anything_is_made(done: Story, commit: Commit) -> None:
    theirs = commit(done.repository.path, {"src/app.py": "print('theirs')\n"})
    assert release_candidate(done.hub, theirs).conflicts == ("src/app.py",)


def test_a_release_that_lost_the_race_moves_nothing(done: Story, commit: Commit, git: RunGit) -> None:
    where, tip = done.repository.path, tip_of(done)
    stale = release_candidate(done.hub, tip)
    commit(where, {"theirs.txt": "theirs\n"})
    before = state(where)
    assert release_now(done.folder, done.hub, done.repository, "main", stale, ["0" * 64]) is None
    assert state(where) == before
    assert git(where, "status", "--porcelain") == ""
    assert not (done.folder.path / NOTE).exists()
    git(where, "checkout", "--quiet", "-b", "side")
    assert release_now(done.folder, done.hub, done.repository, "main", stale, ["0" * 64]) is None
    assert done.release()


# -- the work tree


def test_a_clean_work_tree_follows(done: Story, git: RunGit) -> None:
    where = done.repository.path
    (where / "notes.txt").write_text("untracked, and in nobody's way")
    (where / "a.log").write_text("ignored")
    done.release()
    assert git(where, "status", "--porcelain") == "?? notes.txt"
    assert (where / "docs/r.md").read_text() == "# R\n"
    assert (where / "src/app.py").read_text() == "print('done')\n"
    assert (where / "a.log").read_text() == "ignored"
    assert git(where, "symbolic-ref", "HEAD") == "refs/heads/main"
    assert not (done.folder.path / NOTE).exists()


def test_a_base_that_is_not_checked_out_moves_and_no_file_changes(done: Story, git: RunGit) -> None:
    where = done.repository.path
    git(where, "checkout", "--quiet", "-b", "side")
    (where / "src/app.py").write_text("being edited")
    before = state(where)
    released = done.release()
    assert tip_of(done) == released != done.hub.start
    assert state(where) == before | {"refs/heads/main": released}
    assert git(where, "status", "--porcelain") == " M src/app.py"


def test_a_bare_repository_is_released_into(begin: Callable[[Path], Story], tmp_path: Path, git: RunGit) -> None:
    (tmp_path / "run").mkdir()
    story = begin(tmp_path / "run")
    git(tmp_path, "clone", "--quiet", "--bare", str(story.repository.path), "bare.git")
    bare = type(story)(story.folder, story.hub, open_repository(tmp_path / "bare.git"))
    bare.two_phases()
    assert git(tmp_path / "bare.git", "rev-parse", "main") == story.hub.start
    released = bare.release()
    assert git(tmp_path / "bare.git", "rev-parse", "main") == released
    assert git(tmp_path / "bare.git", "show", "main:docs/r.md") == "# R"


def test_a_linked_work_tree_follows_and_the_main_one_does_not(done: Story, tmp_path: Path, git: RunGit) -> None:
    where, linked = done.repository.path, tmp_path / "linked"
    git(where, "checkout", "--quiet", "-b", "side")
    git(where, "worktree", "add", "--quiet", str(linked), "main")
    (where / "src/app.py").write_text("being edited")
    done.release()
    assert git(linked, "status", "--porcelain") == ""
    assert (linked / "docs/r.md").read_text() == "# R\n"
    assert git(where, "status", "--porcelain") == " M src/app.py"
    assert not (where / "docs/r.md").exists()


def test_a_linked_work_tree_that_was_removed_by_hand_holds_nothing_up(done: Story, tmp_path: Path, git: RunGit) -> None:
    git(done.repository.path, "checkout", "--quiet", "-b", "side")
    git(done.repository.path, "worktree", "add", "--quiet", str(tmp_path / "linked"), "main")
    (tmp_path / "linked").rename(tmp_path / "gone")
    assert done.release() == tip_of(done)


def test_the_users_own_line_endings_are_kept(done: Story, git: RunGit) -> None:
    where = done.repository.path
    git(where, "config", "core.autocrlf", "true")
    done.release()
    assert (where / "docs/r.md").read_bytes() == b"# R\r\n"
    assert git(where, "status", "--porcelain") == ""


def test_no_hook_of_the_user_is_run(done: Story, tmp_path: Path) -> None:
    hooks = done.repository.git.directory / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("reference-transaction", "post-checkout", "post-merge", "post-index-change", "pre-commit"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\nexit 1\n")
        (hooks / name).chmod(0o755)
    assert done.release()
    assert not (tmp_path / "ran").exists()


# -- nothing moves


def edits(where: Path, _: RunGit) -> str:
    (where / "src/lib.py").write_text("edited")
    return "local changes"


def stages(where: Path, git: RunGit) -> str:
    (where / "staged.txt").write_text("staged")
    git(where, "add", "staged.txt")
    return "local changes"


def deletes(where: Path, _: RunGit) -> str:
    (where / "run.sh").unlink()
    return "local changes"


def has_the_file_already(where: Path, _: RunGit) -> str:
    (where / "docs/r.md").write_text("mine, and not tracked")
    return "cannot follow the release"


def has_a_folder_there(where: Path, _: RunGit) -> str:
    (where / "docs/r.md").mkdir()
    (where / "docs/r.md/mine.txt").write_text("mine")
    return "cannot follow the release"


def ignores_what_comes(where: Path, _: RunGit) -> str:
    (where / ".git/info").mkdir(exist_ok=True)
    (where / ".git/info/exclude").write_text("r.md\n")
    (where / "docs/r.md").write_text("mine, and ignored")
    return "cannot follow the release"


def ignores_a_file_where_a_folder_comes(where: Path, _: RunGit) -> str:
    (where / ".git/info").mkdir(exist_ok=True)
    (where / ".git/info/exclude").write_text("new\n")
    (where / "new").write_text("mine, and ignored")
    return "new would be overwritten"


def is_merging(where: Path, git: RunGit) -> str:
    git(where, "branch", "topic")
    git(where, "checkout", "--quiet", "topic")
    git(where, "commit", "--quiet", "--allow-empty", "-m", "topic")
    git(where, "checkout", "--quiet", "main")
    git(where, "merge", "--quiet", "--no-ff", "--no-commit", "topic")
    return "in the middle of a merge"


def is_rebasing(where: Path, git: RunGit) -> str:
    git(where, "-c", "sequence.editor=sed -i s/pick/edit/", "rebase", "--quiet", "--interactive", "HEAD~")
    return "in the middle of"


def is_bisecting(where: Path, git: RunGit) -> str:
    git(where, "bisect", "start", "--no-checkout", "HEAD", "HEAD~")
    return "in the middle of"


def holds_the_index(where: Path, _: RunGit) -> str:
    (where / ".git/index.lock").touch()
    return r"index\.lock"


@pytest.mark.parametrize(
    "hinder",
    [
        edits, stages, deletes, has_the_file_already, has_a_folder_there, ignores_what_comes,
        ignores_a_file_where_a_folder_comes, is_merging, is_rebasing, is_bisecting, holds_the_index,
    ],
)  # fmt: skip
def test_a_work_tree_that_cannot_follow_blocks_and_nothing_moves(
    done: Story, git: RunGit, hinder: Callable[[Path, RunGit], str]
) -> None:
    where = done.repository.path
    sentence = hinder(where, git)
    before, status = state(where), git(where, "--no-optional-locks", "status", "--porcelain", "--ignored")
    with pytest.raises(Blocked, match=sentence) as blocked:
        done.release()
    assert "nothing was moved" in str(blocked.value)
    assert str(where) in str(blocked.value)
    assert state(where) == before
    assert git(where, "--no-optional-locks", "status", "--porcelain", "--ignored") == status
    assert not (done.folder.path / NOTE).exists()
    assert tip_of(done, "sparc/ledger") == done.hub.plan_tip  # there the result waits


def test_what_was_blocked_is_released_once_the_work_tree_is_in_order(done: Story, git: RunGit) -> None:
    where = done.repository.path
    (where / "src/lib.py").write_text("edited")
    with pytest.raises(Blocked, match=r"local changes \(M src/lib\.py\)"):
        done.release()
    git(where, "stash", "--quiet")
    released = done.release()
    assert tip_of(done) == released
    assert git(where, "status", "--porcelain") == ""
