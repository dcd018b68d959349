"""Rolling back: by new merges, to exactly the older tree, with the work of others kept, and undone the same way."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tasks import evidence
from tasks.atomic import write_atomically
from tasks.base_merge import completed, land, notes, workshop
from tasks.errors import Blocked, Refused
from tasks.hotfix import candidate_of as hotfix_candidate
from tasks.hotfix import merge_of as hotfix_merge
from tasks.hotfix import open_hotfix
from tasks.publish import bring
from tasks.release import NOTE, Step
from tasks.released import Released, find_released, lost_in
from tasks.rollback import Goal, candidate_of, goal_of, known_gates, merge_of, reverted, undo_of
from tasks.verify import verify
from tests.tasks.stories import Story

RunGit = Callable[..., str]
Commit = Callable[..., str]


@pytest.fixture(scope="module")
def told(begin: Callable[[Path], Story], tmp_path_factory: pytest.TempPathFactory) -> Story:
    """A run of three phases that was released; every test goes on from a copy."""
    story = begin(tmp_path_factory.mktemp("told"))
    story.two_phases()
    story.assignment(3, "completion", "guide", {"docs/guide.md": "# The guide\n", "new/deep/file": "newer\n"})
    story.phase(3, "completion")
    story.hub.tag_good(story.repository)
    bring(story.hub, story.repository)
    assert story.release()
    return story


@pytest.fixture
def done(told: Story, tmp_path: Path) -> Story:
    """The same, to be rolled back."""
    return told.copied(tmp_path)


def released(story: Story) -> Released:
    return find_released(story.repository.git, story.hub.run)


def carried_out(story: Story, goal: Goal, *, own: bool = True, gated: bool = False) -> str:
    """A rollback as `flows.rolling_back` makes it, with gates that say yes if any are needed; its merge."""
    now = released(story)
    with workshop(story.repository, story.hub, own=own) as hub:
        found = candidate_of(hub.git, now, goal)
        gates = known_gates(now, goal, found.tree)
        assert (gates is None) is gated
        made = land(hub, story.repository, merge_of(now, goal, found, gates or _asked(story, found), "why not"))
    assert made
    return made


def _asked(story: Story, found: Any) -> Sequence[str]:  # noqa: ANN401 - a Candidate
    return [story.gate(found)] if found.tree != tree(story, story.hub.start) else []


def to(story: Story, tag: str | None = None, **more: bool) -> str:
    return carried_out(story, goal_of(released(story), tag), **more)


def undo(story: Story, **more: bool) -> str:
    return carried_out(story, undo_of(released(story)), **more)


def hotfixed(story: Story, git: RunGit, commit: Commit, files: Mapping[str, str]) -> str:
    """A hotfix that was merged; the merge."""
    where = story.repository.path
    open_hotfix(story.repository, released(story), "urgent")
    git(where, "switch", "--quiet", "hotfix/urgent")
    commit(where, files)
    git(where, "switch", "--quiet", "main")
    hotfix = open_hotfix(story.repository, released(story), "urgent")
    found = hotfix_candidate(story.hub.git, released(story), hotfix)
    made = land(story.hub, story.repository, hotfix_merge(released(story), hotfix, found, story.gate(found)))
    assert made
    return made


def tree(story: Story, commit: str = "main") -> str:
    return str(story.repository.git.resolve(commit, "tree"))


def holds(story: Story, git: RunGit) -> None:
    """Nothing is left over in the work tree, and the verifier believes what was done."""
    assert git(story.repository.path, "status", "--porcelain") == ""
    report = verify(story.repository, "main", None)
    assert report.ok, report.findings


# -- the tree


@pytest.mark.parametrize("place", [1, 2])
def test_the_tree_of_a_good_tag_comes_back_exactly_and_its_own_gate_serves(
    done: Story, git: RunGit, place: int
) -> None:
    tip, tag = tree(done), f"good/ledger/{place}"
    made = done.repository.git.commit(to(done, tag))
    assert made.tree == tree(done, tag) != tip
    assert made.subject == f"Roll back ledger to {tag}"
    assert (made.trailers["Sparc-Rollback"], made.trailers["Sparc-Gate"]) == (tag, "passed")
    record = evidence.fetch(done.repository.git, made.trailers["Sparc-Evidence"].removeprefix("sha256:"))
    phases = released(done).phases
    assert record == {
        "kind": "rollback", "run": "ledger-1", "plan": "ledger", "base": "main", "to": tag,
        "to_commit": phases[place - 1].oid, "reverts": [phase.oid for phase in phases[:place - 1:-1]],
        "gates": [phases[place - 1].trailers["Sparc-Evidence"].removeprefix("sha256:")], "signer": None,
        "reason": "why not", "tree": made.tree, "parents": list(made.parents),
    }  # fmt: skip
    holds(done, git)


def test_the_way_back_is_a_merge_on_top_of_a_revert_and_loses_no_commit(done: Story, git: RunGit) -> None:
    tip = done.repository.tip("main")
    made = done.repository.git.commit(to(done))
    change = done.repository.git.commit(made.parents[1])
    assert made.parents == (tip, change.oid)
    assert change.parents == (tip,)
    assert change.tree == made.tree == tree(done, done.hub.start)
    assert made.trailers["Sparc-Gate"] == "none", "nothing is known of what stood there before"
    assert sorted(git(done.repository.path, "ls-files").split()) == [
        ".gitignore", "README.md", "docs/guide.md", "run.sh", "src/app.py", "src/lib.py",
    ]  # fmt: skip
    holds(done, git)


def test_it_is_what_gits_own_revert_makes(done: Story, git: RunGit, commit: Commit) -> None:
    where = done.repository.path
    commit(where, {"docs/guide.md": "# The guide\n\nMore by others.\n", "src/lib.py": "LIB = 2\n", "theirs": "1\n"})
    commit(where, {"docs/guide.md": "# The guide\n"})
    wanted = [phase.oid for phase in released(done).phases[:0:-1]]
    git(where, "switch", "--quiet", "--create", "by-hand")
    for phase in wanted:
        git(where, "revert", "--no-edit", "--mainline", "1", phase)
    with workshop(done.repository, done.hub, own=False) as hub:
        assert reverted(hub.git, done.repository.tip("main") or "", wanted).tree == tree(done, "by-hand")


def test_what_others_have_put_there_since_stays(done: Story, git: RunGit, commit: Commit) -> None:
    where = done.repository.path
    commit(where, {"src/lib.py": "LIB = 2\n", "theirs.txt": "theirs\n"})
    to(done, "good/ledger/1", gated=True)
    assert git(where, "show", "main:src/lib.py") == "LIB = 2"
    assert (where / "theirs.txt").read_text() == "theirs\n"
    assert not (where / "src/post.py").exists()
    holds(done, git)
    to(done, gated=True)
    assert git(where, "diff", "--name-only", done.hub.start, "main").split() == ["src/lib.py", "theirs.txt"]
    assert git(where, "status", "--porcelain") == ""


def test_later_work_on_the_same_lines_blocks_by_name_and_nothing_moves(done: Story, commit: Commit) -> None:
    commit(done.repository.path, {"src/post.py": "POST = 2\n", "src/app.py": "print('mine')\n"})
    tip = done.repository.tip("main")
    with pytest.raises(Blocked, match=r"main has gone on since, .* in src/app\.py, src/post\.py: nothing was moved"):
        to(done, "good/ledger/1")
    assert done.repository.tip("main") == tip


def test_a_base_that_had_moved_before_the_release_comes_back_as_it_was(
    begin: Callable[[Path], Story], tmp_path: Path, commit: Commit, git: RunGit
) -> None:
    story = begin(tmp_path)
    story.two_phases()
    story.hub.tag_good(story.repository)
    theirs = commit(story.repository.path, {"theirs.txt": "theirs\n"})
    story.release()
    made = to(story)
    assert tree(story, made) == tree(story, theirs)
    holds(story, git)
    undo(story)
    assert tree(story) == tree(story, released(story).release.commit.oid)
    holds(story, git)
    to(story, "good/ledger/1", gated=True)
    assert (story.repository.path / "theirs.txt").exists()
    holds(story, git)


# -- further, and the other way


def test_steps_back_are_undone_one_by_one_down_to_the_very_release(done: Story, git: RunGit) -> None:
    full = tree(done)
    first, second = to(done, "good/ledger/2"), to(done, "good/ledger/1")
    assert tree(done) == tree(done, "good/ledger/1")
    assert [made.reverts for made in released(done).later] == [
        (released(done).phases[2].oid,), (released(done).phases[1].oid,)
    ]  # fmt: skip
    holds(done, git)
    undo(done)
    assert released(done).later[-1].reverts == (second,)
    assert (tree(done), released(done).depth) == (tree(done, "good/ledger/2"), 2)
    undo(done)
    assert released(done).later[-1].reverts == (first,)
    assert (tree(done), released(done).depth) == (full, 3)
    assert released(done).later[-1].record["to"] == "good/ledger/3"
    holds(done, git)
    with pytest.raises(Refused, match="run ledger-1 is not rolled back on main: there is nothing to undo"):
        undo_of(released(done))


def test_what_was_undone_is_rolled_back_again(done: Story, git: RunGit) -> None:
    before = tree(done, done.hub.start)
    to(done)
    undo(done)
    again = done.repository.git.commit(to(done))
    assert again.tree == before
    assert released(done).later[-1].reverts == (released(done).release.commit.oid,)
    assert goal_of(released(done), None).reverts == (), "it is so already"
    holds(done, git)


def test_a_partial_rollback_goes_on_to_before_the_release(done: Story, git: RunGit) -> None:
    to(done, "good/ledger/2")
    to(done)
    assert tree(done) == tree(done, done.hub.start)
    holds(done, git)


def test_a_hotfix_goes_with_what_it_fixed_and_comes_back_with_it(done: Story, git: RunGit, commit: Commit) -> None:
    fix = hotfixed(done, git, commit, {"src/post.py": "POST = 'fixed'\n"})
    full = tree(done)
    holds(done, git)
    to(done, "good/ledger/1")
    assert tree(done) == tree(done, "good/ledger/1")
    assert released(done).later[-1].reverts[0] == fix
    holds(done, git)
    undo(done)
    assert tree(done) == full
    holds(done, git)
    to(done, "good/ledger/3")
    assert tree(done) == tree(done, "good/ledger/3"), "of the hotfix alone"
    holds(done, git)


# -- without the run's folder


def test_the_repository_alone_is_enough(done: Story, git: RunGit) -> None:
    done.folder.path.rename(done.folder.path.with_name("gone"))
    to(done, "good/ledger/2", own=False)
    assert tree(done) == tree(done, "good/ledger/2")
    holds(done, git)
    undo(done, own=True)  # its own hub is asked for, and is not there
    holds(done, git)


def test_a_mirror_is_enough_as_well(done: Story, tmp_path: Path, git: RunGit) -> None:
    git(tmp_path, "clone", "--quiet", "--mirror", str(done.repository.path), "mirror.git")
    mirror = type(done)(done.folder, done.hub, _opened(tmp_path / "mirror.git"))
    to(mirror, own=False)
    assert tree(mirror) == tree(mirror, done.hub.start)
    assert verify(mirror.repository, "main", None).ok
    assert tree(done) != tree(done, done.hub.start)


def _opened(path: Path) -> Any:  # noqa: ANN401 - a Repository
    from tasks.repository import open_repository  # noqa: PLC0415

    return open_repository(path)


def test_a_clone_without_evidence_says_what_to_fetch(done: Story, tmp_path: Path, git: RunGit) -> None:
    to(done)
    git(tmp_path, "clone", "--quiet", str(done.repository.path), "clone")
    clone = _opened(tmp_path / "clone").git
    with pytest.raises(Refused, match=r"run ledger-1 is not released as far as .* knows"):
        find_released(clone, "ledger-1")
    release = released(done).release.commit
    name = release.trailers["Sparc-Evidence"].removeprefix("sha256:")
    git(tmp_path / "clone", "fetch", "--quiet", "origin", f"refs/evidence/{name}:refs/evidence/{name}")
    with pytest.raises(Blocked, match=r"is missing, which .* names, .*git fetch <remote> 'refs/evidence"):
        find_released(clone, "ledger-1")
    with pytest.raises(Blocked, match=r"is missing, which .* names"):
        lost_in(clone, release.parents[1], "refs/remotes/origin/main")


# -- what is refused


@pytest.mark.parametrize(
    ("tag", "words"),
    [
        ("good/ledger/3", "good/ledger/3 is what run ledger-1 has released: there is nothing to roll back"),
        ("good/ledger/4", "has no tag 'good/ledger/4'; it has: good/ledger/1, good/ledger/2, good/ledger/3"),
        ("good/other/1", "run ledger-1 of plan ledger has no tag 'good/other/1'"),
        ("HEAD~1", "has no tag 'HEAD~1'"),
        ("", "has no tag ''"),
    ],
)
def test_a_tag_that_is_not_one_of_the_runs_is_refused(done: Story, tag: str, words: str) -> None:
    with pytest.raises(Refused, match=words):
        goal_of(released(done), tag)


def test_going_forward_is_what_undo_is_for(done: Story) -> None:
    to(done, "good/ledger/1")
    with pytest.raises(Refused, match="rolled back to before good/ledger/2 already: `sparc rollback ledger-1 --undo`"):
        goal_of(released(done), "good/ledger/2")


def test_a_tag_that_somebody_put_on_another_commit_is_none_of_the_runs(done: Story, git: RunGit) -> None:
    where = done.repository.path
    forged = git(where, "cat-file", "tag", "good/ledger/1").replace(released(done).phases[0].oid, done.hub.start)
    (where / "forged").write_text(f"{forged}\n")
    oid = git(where, "hash-object", "-t", "tag", "-w", "forged")
    (where / "forged").unlink()
    git(where, "update-ref", "refs/tags/good/ledger/1", oid)
    with pytest.raises(Refused, match="it has: good/ledger/2, good/ledger/3"):
        goal_of(released(done), "good/ledger/1")


def test_a_run_that_was_not_released_is_refused(begin: Callable[[Path], Story], tmp_path: Path) -> None:
    story = begin(tmp_path)
    story.two_phases()
    with pytest.raises(Refused, match="run ledger-1 is not released as far as"):
        released(story)


def test_a_release_that_was_taken_away_by_hand_is_refused(done: Story, git: RunGit) -> None:
    git(done.repository.path, "reset", "--quiet", "--hard", done.hub.start)
    with pytest.raises(Refused, match="run ledger-1 is not released: main does not have its release among"):
        released(done)
    git(done.repository.path, "switch", "--quiet", "--create", "side")
    git(done.repository.path, "branch", "--delete", "--force", "main")
    with pytest.raises(Refused, match="branch main, into which run ledger-1 was released, is gone"):
        released(done)


def test_a_message_that_only_claims_to_be_a_rollback_counts_for_nothing(done: Story, git: RunGit) -> None:
    made = to(done)
    undo(done)
    message = git(done.repository.path, "log", "-1", "--format=%B", made)
    git(done.repository.path, "commit", "--quiet", "--allow-empty", "--message", message)
    assert released(done).depth == 3
    assert len(released(done).later) == 2
    assert lost_in(done.repository.git, done.hub.plan_tip, "main") is None


# -- the work tree


def test_local_changes_block_and_nothing_moves(done: Story, git: RunGit) -> None:
    where, tip = done.repository.path, done.repository.tip("main")
    (where / "src/lib.py").write_text("edited")
    with pytest.raises(Blocked, match=r"has local changes \(M src/lib.py\), .* do the same again"):
        to(done)
    assert (where / "src/lib.py").read_text() == "edited"
    git(where, "checkout", "--quiet", "src/lib.py")
    assert done.repository.tip("main") == tip
    to(done)


def test_an_untracked_file_is_not_overwritten_by_what_comes_back(done: Story) -> None:
    where = done.repository.path
    to(done)
    (where / "docs/r.md").write_text("mine")
    tip = done.repository.tip("main")
    with pytest.raises(Blocked, match=r"cannot follow the rollback, .*: docs/r\.md would be overwritten"):
        undo(done)
    assert done.repository.tip("main") == tip
    assert (where / "docs/r.md").read_text() == "mine"


def test_a_base_that_is_not_checked_out_moves_alone(done: Story, git: RunGit) -> None:
    where = done.repository.path
    git(where, "switch", "--quiet", "--create", "side")
    (where / "src/lib.py").write_text("being edited")
    to(done)
    assert git(where, "status", "--porcelain") == " M src/lib.py"
    assert tree(done, "main") == tree(done, done.hub.start)


def test_a_rollback_that_was_killed_before_the_work_tree_followed_is_completed(done: Story, git: RunGit) -> None:
    where, old = done.repository.path, done.repository.tip("main") or ""
    new = to(done)
    assert completed(done.repository, "ledger-1", "main") is None
    git(where, "reset", "--quiet", "--hard", old)
    git(where, "update-ref", "refs/heads/main", new)
    (where / "docs/r.md").unlink()  # it came that far
    note = notes(done.repository, "ledger-1").path / NOTE
    write_atomically(note, Step(where=where, old=old, new=new, what="rollback").model_dump_json().encode())
    assert completed(done.repository, "ledger-1", "main") == new
    assert not note.exists()
    assert (where / "docs/guide.md").read_text() == "# Guide\n"
    holds(done, git)


def test_a_rollback_that_lost_the_race_moves_nothing_and_is_made_anew(done: Story, commit: Commit, git: RunGit) -> None:
    now, goal = released(done), goal_of(released(done), "good/ledger/2")
    found = candidate_of(done.hub.git, now, goal)
    theirs = commit(done.repository.path, {"theirs.txt": "theirs\n"})
    assert land(done.hub, done.repository, merge_of(now, goal, found, ["0" * 64], "")) is None
    assert done.repository.tip("main") == theirs
    to(done, "good/ledger/2", gated=True)
    holds(done, git)


# -- merging what was rolled back


def test_a_branch_that_left_before_the_rollback_is_told_what_it_would_lose(
    done: Story, commit: Commit, git: RunGit
) -> None:
    where, users = done.repository.path, done.repository.git
    git(where, "switch", "--quiet", "--create", "topic")
    commit(where, {"topic.txt": "more on top of it\n"})
    git(where, "switch", "--quiet", "main")
    assert lost_in(users, "topic", "main") is None
    rollback = to(done)
    merged = users.merge("main", "topic")
    assert users.entry(merged.tree, "docs/r.md") is None, "git takes it for merged"
    lost = lost_in(users, "topic", "main")
    assert lost
    assert lost.commit.oid == rollback
    undo(done)
    assert lost_in(users, "topic", "main") is None
    assert users.entry(users.merge("main", "topic").tree, "docs/r.md")


def test_a_branch_from_after_the_rollback_or_from_before_the_release_loses_nothing(
    done: Story, commit: Commit, git: RunGit
) -> None:
    where, users = done.repository.path, done.repository.git
    git(where, "branch", "older", done.hub.start)
    to(done, "good/ledger/2")
    git(where, "branch", "newer")
    commit(where, {"later.txt": "later\n"})
    assert lost_in(users, "older", "main") is None
    assert lost_in(users, "newer", "main") is None
    undo(done, gated=True)
    assert lost_in(users, "newer", "main") is None, "the undo brings back what the branch was without"
    assert lost_in(users, done.hub.plan_tip, "main") is None


def test_odd_names_come_back_as_they_were(begin: Callable[[Path], Story], tmp_path: Path, git: RunGit) -> None:
    story = begin(tmp_path)
    odd = {"a\nb.txt": "1\n", "é ü.md": "2\n", '"quoted"': "3\n", "-dash": "4\n"}
    story.assignment(1, "specification", "odd", {"first.md": "1\n"})
    story.phase(1, "specification")
    story.assignment(2, "refinement", "odd", odd)
    story.phase(2, "refinement")
    story.hub.tag_good(story.repository)
    story.release()
    to(story, "good/ledger/1")
    assert not any((story.repository.path / name).exists() for name in odd)
    holds(story, git)
    undo(story)
    assert all((story.repository.path / name).read_text() == text for name, text in odd.items())
    holds(story, git)
