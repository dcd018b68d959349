"""The release: one merge into the base branch, whose work tree follows or nothing moves, and nobody loses a file."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tasks import evidence
from tasks.atomic import write_atomically
from tasks.errors import Blocked
from tasks.git import GitError
from tasks.release import NOTE, Step, mend, release_candidate, release_now
from tasks.repository import open_repository

RunGit = Callable[..., str]
Commit = Callable[..., str]
Story = Any  # see conftest.py


@pytest.fixture(scope="module")
def told(begin: Callable[[Path], Story], tmp_path_factory: pytest.TempPathFactory) -> Story:
    """A run whose phases have passed; every test goes on from a copy."""
    story = begin(tmp_path_factory.mktemp("told"))
    story.two_phases()
    return story


@pytest.fixture
def done(told: Story, tmp_path: Path) -> Story:
    """A run whose phases have passed, and whose release is to come."""
    return told.copied(tmp_path)


def state(where: Path, *leave_out: str) -> dict[str, bytes | str]:
    """Every file of a work tree, and every reference of its repository."""
    files: dict[str, bytes | str] = {
        str(path.relative_to(where)): path.read_bytes()
        for path in where.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(where).parts and path.name not in leave_out
    }
    heads = open_repository(where).git.refs("refs/heads/")
    return files | {name: tip for name, tip in heads.items() if "sparc/" not in name}


def tip_of(story: Story, branch: str = "main") -> str:
    return str(story.repository.tip(branch))


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


# -- killed between the branch and the work tree


@pytest.fixture
def killed(done: Story, git: RunGit) -> Step:
    """The branch has moved, the note is there, and no file was touched: what a kill leaves behind."""
    where = done.repository.path
    # a release while main is not checked out, then main again: index and files stay as they were
    git(where, "symbolic-ref", "HEAD", "refs/heads/elsewhere")
    old, new = tip_of(done), done.release()
    git(where, "symbolic-ref", "HEAD", "refs/heads/main")
    step = Step(where=where, old=old, new=new or "")
    write_atomically(done.folder.path / NOTE, step.model_dump_json().encode())
    assert git(where, "status", "--porcelain") != ""
    return step


def advance(killed: Step, git: RunGit, *names: str) -> None:
    """Let the kill come later: these files were brought already."""
    for name in names:
        (killed.where / name).parent.mkdir(exist_ok=True)
        (killed.where / name).write_text(git(killed.where, "show", f"{killed.new}:{name}") + "\n")


def mended(done: Story) -> None:
    mend(done.folder, done.repository, "main")


@pytest.mark.parametrize(
    "names", [(), ("docs/r.md",), ("docs/r.md", "docs/slos.md", "src/app.py", "src/post.py")], ids=len
)
@pytest.mark.parametrize("lock", [False, True])
def test_a_release_that_was_killed_is_completed_however_far_it_came(
    done: Story,
    killed: Step,
    git: RunGit,
    names: tuple[str, ...],
    lock: bool,  # noqa: FBT001
) -> None:
    advance(killed, git, *names)
    (killed.where / "untracked.txt").write_text("mine")
    if lock:
        (killed.where / ".git/index.lock").write_text(f"sparc run {done.folder.run}\n")
        (killed.where / ".git/index.sparc-0").write_bytes(b"half")
    mended(done)
    assert git(killed.where, "status", "--porcelain") == "?? untracked.txt"
    assert git(killed.where, "rev-parse", "HEAD") == killed.new
    assert (killed.where / "src/app.py").read_text() == "print('done')\n"
    assert not (done.folder.path / NOTE).exists()
    assert not [*killed.where.glob(".git/index.*")]


def test_a_lock_that_is_somebody_elses_is_left_to_them(done: Story, killed: Step, git: RunGit) -> None:
    lock = killed.where / ".git/index.lock"
    lock.write_bytes(b"half an index of a commit that is being made")
    before = state(killed.where)
    with pytest.raises(Blocked, match=r"index\.lock is there: another git works in that work tree"):
        mended(done)
    assert lock.read_bytes() == b"half an index of a commit that is being made"
    assert state(killed.where) == before
    assert (done.folder.path / NOTE).exists()
    lock.unlink()
    mended(done)
    assert git(killed.where, "status", "--porcelain") == ""


def test_a_kill_before_the_branch_moved_gives_the_index_back(done: Story) -> None:
    where = done.repository.path
    step = Step(where=where, old=tip_of(done), new=done.hub.plan_tip)
    write_atomically(done.folder.path / NOTE, step.model_dump_json().encode())
    (where / ".git/index.lock").write_text(f"sparc run {done.folder.run}\n")
    mended(done)
    assert not (where / ".git/index.lock").exists()
    assert done.release()


def test_a_work_tree_that_cannot_follow_once_the_branch_has_moved_is_completed_later(done: Story, git: RunGit) -> None:
    where = done.repository.path
    # a filter that fails only when files are written, and that no dry run comes upon
    git(where, "config", "filter.broken.smudge", "false")
    git(where, "config", "filter.broken.clean", "cat")
    git(where, "config", "filter.broken.required", "true")
    (where / ".git/info").mkdir(exist_ok=True)
    (where / ".git/info/attributes").write_text("r.md filter=broken\n")
    with pytest.raises(Blocked) as blocked:
        done.release()
    released = tip_of(done)
    assert str(blocked.value).startswith(f"main is at {released}, its work tree could not follow yet (git read-tree")
    assert str(blocked.value).endswith("): `sparc resume` completes it")
    assert "r.md" in str(blocked.value)
    assert (done.folder.path / NOTE).exists()
    assert not [*where.glob(".git/index.*")]
    git(where, "config", "filter.broken.smudge", "cat")
    mended(done)
    assert git(where, "status", "--porcelain") == ""
    assert tip_of(done) == released


def test_a_kill_after_the_work_tree_only_leaves_the_note(done: Story, killed: Step, git: RunGit) -> None:
    git(killed.where, "reset", "--quiet", "--hard", killed.new)
    mended(done)
    assert git(killed.where, "status", "--porcelain") == ""
    assert not (done.folder.path / NOTE).exists()


def test_a_kill_before_the_branch_moved_only_leaves_the_note(done: Story, git: RunGit) -> None:
    where, old = done.repository.path, tip_of(done)
    step = Step(where=where, old=old, new=done.hub.plan_tip)
    write_atomically(done.folder.path / NOTE, step.model_dump_json().encode())
    (where / "src/lib.py").write_text("edited")
    before = state(where)
    mended(done)
    assert state(where) == before
    assert not (done.folder.path / NOTE).exists()
    git(where, "checkout", "--quiet", "src/lib.py")
    assert done.release()


def test_without_a_note_nothing_is_touched(done: Story) -> None:
    (done.repository.path / "src/lib.py").write_text("edited")
    before = state(done.repository.path)
    mended(done)
    assert state(done.repository.path) == before


@pytest.mark.parametrize(
    "theirs",
    [
        {"src/app.py": "edited meanwhile\n"},
        {"src/lib.py": "edited meanwhile, and not part of the release\n"},
        {"docs/r.md": "written meanwhile\n"},
        {"docs/r.md/notes.txt": "a folder meanwhile\n"},
    ],
    ids=lambda files: next(iter(files)),
)
def test_what_the_user_did_meanwhile_is_never_overwritten(
    done: Story, killed: Step, git: RunGit, theirs: Mapping[str, str]
) -> None:
    advance(killed, git, "docs/slos.md")
    for name, text in theirs.items():
        (killed.where / name).parent.mkdir(exist_ok=True)
        (killed.where / name).write_text(text)
    with pytest.raises(Blocked, match=str(killed.where)):
        mended(done)
    assert {name: (killed.where / name).read_text() for name in theirs} == theirs
    assert (done.folder.path / NOTE).exists()
    git(killed.where, "stash", "--quiet", "--include-untracked")
    git(killed.where, "stash", "drop", "--quiet")
    mended(done)
    assert git(killed.where, "status", "--porcelain") == ""


def test_a_file_that_was_only_touched_is_no_edit(done: Story, killed: Step, git: RunGit) -> None:
    for name in ("src/lib.py", "src/app.py", "README.md"):
        (killed.where / name).write_bytes((killed.where / name).read_bytes())
    mended(done)
    assert git(killed.where, "status", "--porcelain") == ""


def test_a_file_that_the_kill_left_away_is_brought(done: Story, killed: Step, git: RunGit) -> None:
    (killed.where / "src/app.py").unlink()  # git removes a file before it writes the new one
    mended(done)
    assert git(killed.where, "status", "--porcelain") == ""


def test_another_branch_that_was_checked_out_meanwhile_is_left_alone(done: Story, killed: Step, git: RunGit) -> None:
    git(killed.where, "reset", "--quiet", "--hard", killed.new)
    git(killed.where, "checkout", "--quiet", "-b", "side", killed.old)
    before = state(killed.where)
    mended(done)
    assert state(killed.where) == before
    assert git(killed.where, "status", "--porcelain") == ""
    assert not (done.folder.path / NOTE).exists()


def test_a_base_that_went_on_meanwhile_is_left_alone(done: Story, killed: Step, git: RunGit, commit: Commit) -> None:
    git(killed.where, "reset", "--quiet", "--hard", killed.new)
    commit(killed.where, {"src/app.py": "later\n"})
    before = state(killed.where)
    mended(done)
    assert state(killed.where) == before


def test_modes_links_and_kinds_are_completed_as_well(story: Story, git: RunGit, commit: Commit) -> None:
    where = story.repository.path
    (where / "link").symlink_to("README.md")
    old = commit(where, {"folder/a": "a", "file": "f"})
    git(where, "update-ref", "refs/heads/base", old)
    (where / "link").unlink()
    (where / "link").symlink_to("run.sh")
    (where / "run.sh").chmod(0o755)
    (where / "file").unlink()
    (where / "folder/a").unlink()
    (where / "folder").rmdir()
    new = commit(where, {"file/inside": "i", "folder": "now a file"})
    for far in (False, True):
        git(where, "reset", "--quiet", "--hard", old)
        git(where, "update-ref", "HEAD", new)
        if far:
            (where / "link").unlink()
            (where / "link").symlink_to("run.sh")
            (where / "run.sh").chmod(0o755)
        step = Step(where=where, old=old, new=new)
        write_atomically(story.folder.path / NOTE, step.model_dump_json().encode())
        mend(story.folder, story.repository, "main")
        assert git(where, "status", "--porcelain") == ""
        assert (where / "link").readlink() == Path("run.sh")
        assert (where / "file/inside").read_text() == "i"


def test_a_repository_that_is_gone_for_a_while_is_an_error_and_no_crash(
    done: Story, killed: Step, tmp_path: Path
) -> None:
    killed.where.joinpath(".git").rename(tmp_path / "kept.git")
    with pytest.raises(GitError):
        mended(done)
    (tmp_path / "kept.git").rename(killed.where / ".git")
    mended(done)
    assert not (done.folder.path / NOTE).exists()
