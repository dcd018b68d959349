"""The hub: what is done is read from its branches, and only the orchestrator moves them."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.git import ZERO, Git, clone
from tasks.hub import Hub, create_hub
from tasks.repository import Repository

RunGit = Callable[..., str]
Commit = Callable[..., str]


def merge_into(hub: Hub, branch: str, name: str, message: str) -> str:
    """Merge a commit that adds one file into a branch of the hub; the merge."""
    git, old = hub.git, hub.tip(branch)
    blob = git.write_blob(name.encode())
    listed = git.run("ls-tree", "-z", old) + f"100644 blob {blob}\t{name}\0".encode()
    change = git.write_commit(git.line("mktree", "-z", stdin=listed), (old,), "Change\n")
    merge = git.write_commit(git.merge(old, change).tree, (old, change), message)
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
    assert re.search("only sparc writes here|denying", said)
    assert hub.git.refs("refs/") == before
    moved = Git(hub.directory)
    assert moved.move("refs/heads/ours", hub.start, ZERO)
