"""The hub: what is done is read from its branches, and only the orchestrator moves them."""

import os
import re
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.errors import Blocked
from tasks.evidence import keep
from tasks.git import ZERO, Git, GitError
from tasks.git_directories import clone
from tasks.history import merges
from tasks.hub import Hub, create_hub
from tasks.repository import Repository
from tests.tasks.stories import Story

RunGit = Callable[..., str]
Commit = Callable[..., str]


def merge_into(hub: Hub, branch: str, name: str, message: str) -> str:
    """Merge a commit that adds one file into a branch of the hub, with evidence; the merge."""
    git, old = hub.git, hub.tip(branch)
    blob = git.write_blob(name.encode())
    listed = git.run("ls-tree", "-z", old) + f"100644 blob {blob}\t{name}\0".encode()
    change = git.write_commit(git.line("mktree", "-z", stdin=listed), (old,), "Change\n")
    tree = git.merge(old, change).tree
    (proof,) = keep(git, [{"kind": "merge", "tree": tree, "parents": [old, change]}])
    trailer = f"Sparc-Evidence: sha256:{proof}\n"
    merge = git.write_commit(tree, (old, change), message + ("" if ": " in message else "\n") + trailer)
    assert git.move(branch, merge, old)
    return merge


def test_a_new_hub_has_the_plans_branch_at_the_start_and_keeps_the_start_alive(hub: Hub, users: Repository) -> None:
    assert hub.plan_branch == "refs/heads/sparc/ledger"
    assert hub.git.refs("refs/") == {"refs/heads/sparc/ledger": hub.start}
    assert users.git.refs("refs/sparc/") == {"refs/sparc/start/ledger-1": hub.start}
    assert hub.plan_tip == hub.start == users.tip("main")
    assert not list((hub.directory / "objects").glob("[0-9a-f][0-9a-f]"))  # all are borrowed


def test_the_start_survives_that_its_branch_is_thrown_away(hub: Hub, users: Repository, git: RunGit) -> None:
    git(users.path, "reset", "--quiet", "--hard", "HEAD~")
    git(users.path, "reflog", "expire", "--expire=now", "--all")
    git(users.path, "gc", "--quiet", "--prune=now")
    assert hub.git.read(hub.start, "src/app.py") == b"print('app')\n"


def test_making_a_hub_again_changes_nothing_that_was_done_in_it(hub: Hub, users: Repository) -> None:
    branch = hub.open_phase(1, "specification")
    merge_into(hub, branch, "a", "Merge\n")
    before = hub.git.refs("refs/")
    again = create_hub(hub.directory, users, hub.run, hub.plan, hub.start)
    assert again.git.refs("refs/") == before
    assert again == hub


def test_a_hub_that_was_half_made_is_completed(users: Repository, tmp_path: Path) -> None:
    start = users.tip("main") or ""
    (tmp_path / "hub.git/objects").mkdir(parents=True)
    hub = create_hub(tmp_path / "hub.git", users, "r-1", "plan", start)
    assert hub.plan_tip == start
    assert hub.git.line("config", "gc.pruneExpire") == "never"


def killed(users: Repository, place: Path, at: int) -> bool:
    """Make a hub in a child that is killed before its `at`-th process, folder or file in place; whether it was."""
    child = os.fork()
    if child == 0:
        left = iter(range(at))

        def watch(event: str, _arguments: object) -> None:
            if event in {"subprocess.Popen", "os.rename", "os.mkdir"} and next(left, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(watch)
        create_hub(place, users, "r-1", "plan", users.tip("main") or "")
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def test_a_hub_whose_making_was_killed_anywhere_is_completed_and_keeps_its_rules(
    users: Repository, tmp_path: Path
) -> None:
    at = 1
    while killed(users, tmp_path / f"{at}.git", at):
        at += 2
    assert at > 15
    for number in range(1, at, 2):
        hub = create_hub(tmp_path / f"{number}.git", users, "r-1", "plan", users.tip("main") or "")
        assert hub.plan_tip == hub.start
        with pytest.raises(GitError, match="no such reference belongs here"):
            hub.git.create_refs({"refs/heads/x": hub.start})
        hub.make_ready(users)


@pytest.mark.parametrize("part", ["config", "HEAD", "objects", "refs", "hooks", "info", "sparc.json"])
def test_a_hub_of_which_a_part_is_missing_is_completed_or_blocked_in_words(
    users: Repository, tmp_path: Path, part: str
) -> None:
    hub = create_hub(tmp_path / "hub.git", users, "r-1", "plan", users.tip("main") or "")
    gone = tmp_path / "hub.git" / part
    shutil.rmtree(gone) if gone.is_dir() else gone.unlink()
    with pytest.raises((Blocked, GitError), match=str(tmp_path)):
        hub.make_ready(users)
    if part == "sparc.json":
        create_hub(hub.directory, users, "r-1", "plan", hub.start).make_ready(users)


def object_file(hub: Hub, of: str) -> Path:
    oid = hub.git.line("rev-parse", of)
    return hub.directory / f"objects/{oid[:2]}/{oid[2:]}"


def emptied(file: Path) -> None:
    file.chmod(0o644)
    file.write_bytes(b"")


DAMAGE: dict[str, Callable[[Hub], object]] = {
    "the hub is gone": lambda hub: hub.directory.rename(hub.directory.with_name("elsewhere")),
    "the plan's branch is gone": lambda hub: (hub.directory / hub.plan_branch).unlink(),
    "the plan's branch is no commit": lambda hub: (hub.directory / hub.plan_branch).write_text("no commit\n"),
    "a merge is emptied": lambda hub: emptied(object_file(hub, hub.plan_branch)),
    "a tree is emptied": lambda hub: emptied(object_file(hub, f"{hub.plan_branch}^{{tree}}")),
    "a merge that only the hub has is gone": lambda hub: object_file(hub, "refs/heads/phase/2-refinement").unlink(),
    "another branch is no commit": lambda hub: (hub.directory / hub.phase_branch(1, "specification")).write_text("x"),
    "what is borrowed is gone": lambda hub: Path(
        (hub.directory / "objects/info/alternates").read_text().strip()
    ).rename(hub.directory.parent / "gone"),
}  # fmt: skip


@pytest.mark.parametrize("what", DAMAGE)
def test_a_damaged_hub_is_told_in_a_sentence_before_the_run_goes_on(story: Story, what: str) -> None:
    hub: Hub = story.hub
    story.assignment(1, "specification", "slos", {"docs/slos.md": "# SLOs\n"})
    story.phase(1, "specification")
    story.assignment(2, "refinement", "posting", {"src/post.py": "POST = 1\n"})
    hub.make_ready(story.repository)
    DAMAGE[what](hub)
    with pytest.raises(Blocked, match=r"is gone|is damaged") as told:
        hub.make_ready(story.repository)
    assert str(hub.directory) in str(told.value)
    assert "\n" not in str(told.value)


def test_a_phase_begins_at_the_tip_of_the_plan_and_is_opened_once(hub: Hub) -> None:
    first = hub.open_phase(1, "specification")
    assert first == "refs/heads/phase/1-specification"
    assert hub.tip(first) == hub.start
    done = merge_into(hub, first, "a", "Merge\n")
    assert hub.open_phase(1, "specification") == first
    assert hub.tip(first) == done
    assert hub.git.move(hub.plan_branch, done, hub.start)
    assert hub.tip(hub.open_phase(2, "refinement")) == done


def test_what_is_merged_is_read_from_the_branch_newest_first(hub: Hub) -> None:
    branch = hub.open_phase(1, "specification")
    assert hub.merged(branch) == {}
    first = merge_into(hub, branch, "a", "Merge\n\nSparc-Assignment: one\nSparc-Attempt: 1\n")
    merge_into(hub, branch, "b", "Merge\n\nSparc-Assignment: two\nSparc-Attempt: 1\n")
    merge_into(hub, branch, "c", "A subject that says Sparc-Assignment: three\n\nand a text\n")
    again = merge_into(hub, branch, "d", "Merge\n\nSparc-Assignment: two\nSparc-Attempt: 2\n")
    merged = hub.merged(branch)
    assert {name: commit.oid for name, commit in merged.items()} == {"one": first, "two": again}
    assert merged["two"].trailers["Sparc-Attempt"] == "2"
    assert hub.git.move(hub.plan_branch, hub.tip(branch), hub.start)
    assert hub.merged(hub.open_phase(2, "refinement")) == {}  # what earlier phases merged is not this one's


def test_phases_that_passed_are_told_oldest_first_and_those_of_other_runs_are_not(hub: Hub) -> None:
    first = merge_into(hub, hub.plan_branch, "a", f"Merge\n\nSparc-Run: {hub.run}\nSparc-Phase: specification\n")
    merge_into(hub, hub.plan_branch, "b", "Merge\n\nSparc-Run: ledger-2\nSparc-Phase: specification\n")
    merge_into(hub, hub.plan_branch, "c", "Merge by hand\n")
    second = merge_into(hub, hub.plan_branch, "d", f"Merge\n\nSparc-Run: {hub.run}\nSparc-Phase: pseudocode\n")
    assert [commit.oid for commit in hub.passed()] == [first, second]
    assert [commit.trailers["Sparc-Phase"] for commit in hub.passed()] == ["specification", "pseudocode"]


def test_what_an_earlier_run_has_left_on_the_base_is_not_counted(users: Repository, tmp_path: Path) -> None:
    old = users.tip("main") or ""
    text = "Release\n\nSparc-Run: r-1\nSparc-Phase: specification\n"
    released = users.git.write_commit(users.git.resolve(old, "tree") or "", (old, old), text)
    assert users.git.move("refs/heads/main", released, old)
    hub = create_hub(tmp_path / "hub.git", users, "r-1", "plan", released)
    assert hub.passed() == []
    assert hub.merged(hub.open_phase(1, "specification")) == {}


@pytest.mark.parametrize(
    "words",
    [
        ("push", "origin", "work:refs/heads/sparc/ledger"),
        ("push", "origin", "work:refs/heads/phase/1-specification"),
        ("push", "origin", "work"),
        ("push", "--force", "origin", "HEAD~2:refs/heads/sparc/ledger"),
        ("push", "--delete", "origin", "sparc/ledger"),
        ("--git-dir={hub}", "branch", "-f", "sparc/ledger", "sparc/ledger~"),
        ("--git-dir={hub}", "update-ref", "-d", "refs/heads/sparc/ledger"),
        ("--git-dir={hub}", "tag", "mark", "sparc/ledger"),
    ],
)
def test_an_agents_git_cannot_move_a_branch_of_the_hub(
    hub: Hub, tmp_path: Path, git: RunGit, commit: Commit, words: tuple[str, ...]
) -> None:
    clone(hub.directory, hub.open_phase(1, "specification"), tmp_path / "clone", tmp_path)
    git(tmp_path / "clone", "checkout", "--quiet", "-B", "work")
    commit(tmp_path / "clone", {"mine": "mine"})
    before = hub.git.refs("refs/")
    said = git(tmp_path / "clone", *(word.format(hub=hub.directory) for word in words), fails=True)
    assert re.search("only sparc writes here|denying|the hub refuses", said)
    assert hub.git.refs("refs/") == before
    moved = Git(hub.directory)
    assert moved.move("refs/heads/ours", hub.start, ZERO)


def test_the_shape_of_the_history_is_written_down_with_what_is_borrowed_and_nothing_of_the_users_is_touched(
    story: Story, git: RunGit
) -> None:
    hub: Hub = story.hub
    hub.make_ready(story.repository)
    story.assignment(1, "specification", "slos", {"docs/slos.md": "# SLOs\n"})
    story.phase(1, "specification")
    hub.open_phase(2, "refinement")
    assert git(hub.directory, "commit-graph", "verify", "--no-progress") == ""
    assert list((hub.directory / "objects/info/commit-graphs").glob("*.graph"))
    assert not list((story.repository.git.directory / "objects/info").glob("commit-graph*"))


def test_a_reference_that_came_past_the_rules_is_told(hub: Hub) -> None:
    hub.open_phase(1, "specification")
    hub.refuse_strangers()
    Git(hub.directory).run("update-ref", "refs/heads/sparc/ledger-2", hub.start)
    with pytest.raises(Blocked, match="holds refs/heads/sparc/ledger-2, which no part of sparc made: "):
        hub.refuse_strangers()


def test_a_history_that_cannot_be_read_is_told_and_no_bug(hub: Hub) -> None:
    with pytest.raises(GitError, match=r"the history in .*hub\.git cannot be read: "):
        merges(hub.directory, hub.start, "1" * 40)
