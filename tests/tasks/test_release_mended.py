"""A release that was killed between the branch and the work tree: it is completed, and nobody loses a file."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tasks.atomic import write_atomically
from tasks.errors import Blocked
from tasks.git import GitError
from tasks.release import NOTE, Step, mend
from tests.tasks.gits import Commit, RunGit
from tests.tasks.releases import state, tip_of
from tests.tasks.stories import Story


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
