"""Hotfixes: where their branch begins, that it is never moved, and what of it may be merged."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.base_merge import land
from tasks.errors import Blocked, Refused
from tasks.hotfix import Hotfix, candidate_of, merge_of, open_hotfix, refuse_uncommitted
from tasks.publish import bring
from tasks.released import find_released
from tasks.rollback import candidate_of as rollback_candidate
from tasks.rollback import goal_of, known_gates
from tasks.rollback import merge_of as rollback_merge
from tasks.verify import verify
from tests.tasks.stories import Story

RunGit = Callable[..., str]
Commit = Callable[..., str]


@pytest.fixture(scope="module")
def told(begin: Callable[[Path], Story], tmp_path_factory: pytest.TempPathFactory) -> Story:
    """A run of two phases that was released; every test goes on from a copy."""
    story = begin(tmp_path_factory.mktemp("told"))
    story.two_phases()
    story.hub.tag_good(story.repository)
    bring(story.hub, story.repository)
    assert story.release()
    return story


@pytest.fixture
def done(told: Story, tmp_path: Path) -> Story:
    """The same, to be mended."""
    return told.copied(tmp_path)


def opened(story: Story, name: str = "urgent") -> Hotfix:
    return open_hotfix(story.repository, find_released(story.repository.git, story.hub.run), name)


def fixed(story: Story, git: RunGit, commit: Commit, **files: str) -> str:
    """Somebody commits to the branch of a hotfix; the commit."""
    where = story.repository.path
    opened(story)
    git(where, "switch", "--quiet", "hotfix/urgent")
    made = commit(where, {"src/post.py": "POST = 'fixed'\n", **files})
    git(where, "switch", "--quiet", "main")
    return made


def merged(story: Story) -> str | None:
    released, hotfix = find_released(story.repository.git, story.hub.run), opened(story)
    found = candidate_of(story.hub.git, released, hotfix)
    return land(story.hub, story.repository, merge_of(released, hotfix, found, story.gate(found)))


def rolled_back(story: Story, to: str | None = None) -> None:
    released = find_released(story.repository.git, story.hub.run)
    goal = goal_of(released, to)
    found = rollback_candidate(story.hub.git, released, goal)
    gates = known_gates(released, goal, found.tree)
    assert gates is not None
    assert land(story.hub, story.repository, rollback_merge(released, goal, found, gates, ""))


def test_it_begins_at_the_last_good_tag_and_is_never_moved(done: Story, git: RunGit, commit: Commit) -> None:
    hotfix = opened(done)
    assert (hotfix.good.tag, hotfix.tip, hotfix.ready) == ("good/ledger/2", done.hub.plan_tip, False)
    tip = fixed(done, git, commit)
    assert (opened(done).tip, opened(done).ready) == (tip, True)
    assert done.repository.tip("hotfix/urgent") == tip


def test_it_is_merged_with_its_evidence_and_told_as_merged(done: Story, git: RunGit, commit: Commit) -> None:
    tip, base = fixed(done, git, commit), done.repository.tip("main")
    made = merged(done)
    stored = done.repository.git.commit(made or "")
    assert stored.parents == (base, tip)
    assert stored.subject == "Hotfix urgent of ledger into main"
    assert (stored.trailers["Sparc-Hotfix"], stored.trailers["Sparc-Gate"]) == ("urgent", "passed")
    hotfix = opened(done)
    assert hotfix.merged
    assert (hotfix.merged.commit.oid, hotfix.ready) == (made, False)
    assert hotfix.merged.record["from"] == "good/ledger/2"
    assert (done.repository.path / "src/post.py").read_text() == "POST = 'fixed'\n"
    assert git(done.repository.path, "status", "--porcelain") == ""
    assert verify(done.repository, "main", None).ok


def test_the_same_branch_can_be_mended_once_more(done: Story, git: RunGit, commit: Commit) -> None:
    fixed(done, git, commit)
    merged(done)
    fixed(done, git, commit, more="more\n")
    assert opened(done).ready
    assert merged(done)
    assert (done.repository.path / "more").exists()
    assert verify(done.repository, "main", None).ok


def test_after_a_partial_rollback_it_begins_at_what_is_left(done: Story) -> None:
    rolled_back(done, "good/ledger/1")
    assert opened(done).good.tag == "good/ledger/1"


def test_what_was_rolled_back_wholly_cannot_be_fixed(done: Story) -> None:
    rolled_back(done)
    with pytest.raises(Refused, match="is rolled back on main, so that there is nothing to fix"):
        opened(done)
    assert done.repository.tip("hotfix/urgent") is None


def test_a_fix_of_what_was_rolled_back_meanwhile_is_refused(done: Story, git: RunGit, commit: Commit) -> None:
    fixed(done, git, commit)
    rolled_back(done, "good/ledger/1")
    with pytest.raises(Refused, match="starts from good/ledger/2 and builds on what was rolled back on main since"):
        opened(done)


def test_a_branch_of_that_name_that_is_something_else_is_refused(done: Story, git: RunGit, commit: Commit) -> None:
    where = done.repository.path
    git(where, "branch", "hotfix/urgent", done.hub.start)
    with pytest.raises(Refused, match="does not start from a good tag of run ledger-1: choose another name"):
        opened(done)
    git(where, "branch", "--delete", "--force", "hotfix/urgent")
    git(where, "branch", "hotfix")
    with pytest.raises(Refused, match="has a branch named hotfix, beside which git keeps no hotfix/urgent"):
        opened(done)
    git(where, "branch", "--delete", "hotfix")
    fixed(done, git, commit)
    git(where, "merge", "--quiet", "--no-ff", "--no-edit", "hotfix/urgent")
    with pytest.raises(Refused, match="main contains hotfix/urgent by a merge that is not ours"):
        opened(done)


def test_without_its_tags_a_run_cannot_be_fixed(done: Story, git: RunGit) -> None:
    git(done.repository.path, "tag", "--delete", "good/ledger/2")
    with pytest.raises(Refused, match="has no tag good/ledger/<n> of phase 2 of run ledger-1: fetch the tags"):
        opened(done)


@pytest.mark.parametrize("name", ["", "X", "a/b", "../x", "a b", "-x", "x" * 101, "é", "a\n"])
def test_a_name_is_plain(done: Story, name: str) -> None:
    with pytest.raises(Refused, match="is no name of a hotfix"):
        opened(done, name)


def test_a_conflict_is_told_by_path_and_nothing_moves(done: Story, git: RunGit, commit: Commit) -> None:
    theirs = commit(done.repository.path, {"src/post.py": "POST = 'theirs'\n"})
    fixed(done, git, commit)
    with pytest.raises(Blocked, match=r"hotfix/urgent conflicts with main in src/post\.py: nothing was moved"):
        merged(done)
    assert done.repository.tip("main") == theirs


def test_what_is_not_committed_yet_is_asked_for(done: Story, git: RunGit, commit: Commit) -> None:
    where = done.repository.path
    fixed(done, git, commit)
    refuse_uncommitted(done.repository, opened(done))
    git(where, "switch", "--quiet", "hotfix/urgent")
    (where / "src/post.py").write_text("more\n")
    with pytest.raises(Blocked, match=r"has local changes \(M src/post.py\), which would not be part of hotfix/urgent"):
        refuse_uncommitted(done.repository, opened(done))
