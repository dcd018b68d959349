"""The verifier on histories that were tampered with: told are the commit and what is wrong with it."""

from pathlib import Path

import pytest

from tasks import evidence
from tasks.hub import create_hub
from tasks.release import release_candidate, release_now
from tasks.repository import Repository
from tasks.verify import lines, verify
from tests.tasks.forgeries import blamed, outside, problems, remade, tree_with
from tests.tasks.gits import Commit, RunGit
from tests.tasks.stories import Story


@pytest.mark.parametrize("since", [True, False])
def test_a_fast_forward_onto_a_plan_that_was_never_released_is_found(
    story: Story,
    git: RunGit,
    since: bool,  # noqa: FBT001
) -> None:
    story.two_phases()
    start, where = story.hub.start if since else None, story.repository.path
    git(where, "merge", "--quiet", "--ff-only", "sparc/ledger")
    report = verify(story.repository, "main", start)
    assert not report.ok
    assert set(problems(report)) == {"a phase of a plan that was never released"}
    assert blamed(report) == set(git(where, "rev-list", "--first-parent", f"{story.hub.start}..main").split())
    assert not verify(story.repository, "HEAD", start).ok
    git(where, "branch", "--quiet", "other", "main")
    assert not verify(story.repository, "other", start).ok
    assert verify(story.repository, "sparc/ledger", start).ok is since
    assert verify(story.repository, "refs/heads/sparc/ledger", start).findings == ()
    git(where, "checkout", "--quiet", "sparc/ledger")
    assert verify(story.repository, "HEAD", start).findings == ()


def test_a_fast_forward_onto_a_plan_that_began_at_a_release_is_found(story: Story, tmp_path: Path, git: RunGit) -> None:
    story.two_phases()
    hub = create_hub(tmp_path / "second.git", story.repository, "other-1", "other", story.release() or "")
    second = type(story)(story.folder, hub, story.repository)
    second.assignment(1, "specification", "docs", {"docs/end.md": "end\n"})
    phase = second.phase(1, "specification")
    assert verify(story.repository, "sparc/other", None).ok
    git(story.repository.path, "merge", "--quiet", "--ff-only", "sparc/other")
    report = verify(story.repository, "main", None)
    assert (blamed(report), problems(report)) == ({phase}, ["a phase of a plan that was never released"])
    assert len(report.verified) == 6


def test_a_repository_in_which_nothing_was_released_does_not_hold(users: Repository) -> None:
    report = verify(users, "main", None)
    assert (report.ok, report.verified, report.findings) == (False, (), ())
    assert report.notes[0] == "no release of sparc was found in this history"
    assert list(lines(report))[-1].startswith("NOT verified")


def test_a_commit_after_the_release_is_named(released: Repository, commit: Commit) -> None:
    later = commit(released.path, {"later.txt": "later"}, "Later")
    report = verify(released, "main", None)
    assert not report.ok
    assert blamed(report) == {later}
    assert report.findings[0].subject == "Later"
    assert "passed no gate of ours" in problems(report)[0]
    assert len(report.verified) == 6


def test_a_file_that_was_slipped_into_the_release_is_found(released: Repository) -> None:
    git = released.git
    evil = remade(released, tree=tree_with(git, "refs/heads/main", {"backdoor.py": "evil"}))
    report = verify(released, "main", None)
    assert blamed(report) == {evil}
    assert problems(report) == ["its tree is not what git makes of its parents: something was slipped into the merge"]


def test_a_file_that_was_slipped_into_a_phases_merge_is_found(story: Story) -> None:
    story.assignment(1, "specification", "requirements", {"docs/r.md": "# R\n"})
    git, hub = story.hub.git, story.hub
    theirs = hub.tip("refs/heads/phase/1-specification")
    tree = tree_with(git, theirs, {"backdoor.py": "evil"})
    (verdict,) = story.verdicts(tree)
    record = {"kind": "gate", "outcome": "passed", "verdicts": [verdict], "tree": tree, "parents": [hub.start, theirs]}
    (name,) = evidence.keep(git, [record])
    text = (
        f"Merge phase\n\nSparc-Run: r\nSparc-Phase: specification\nSparc-Gate: passed\nSparc-Evidence: sha256:{name}\n"
    )
    evil = git.write_commit(tree, (hub.start, theirs), text)
    assert outside(hub).move(hub.plan_branch, evil, hub.start)
    assert story.release()
    report = verify(story.repository, "main", None)
    assert blamed(report) == {evil}
    assert "something was slipped into the merge" in problems(report)[0]


def test_a_commit_on_the_plans_branch_that_is_no_merge_is_found(story: Story) -> None:
    story.two_phases()
    git, tip = story.hub.git, story.hub.plan_tip
    alone = git.write_commit(git.commit(tip).tree, (tip,), "Quick fix\n")
    assert outside(story.hub).move(story.hub.plan_branch, alone, tip)
    found = evidence.keep(git, [{"kind": "gate", "outcome": "passed", "tree": git.commit(tip).tree,
                                 "verdicts": list(story.verdicts(git.commit(tip).tree))}])  # fmt: skip
    candidate = release_candidate(story.hub, story.hub.start)
    assert release_now(story.folder, story.hub, story.repository, "main", candidate, found)
    report = verify(story.repository, "main", None)
    assert blamed(report) == {alone}
    assert problems(report) == ["a commit on the plan's branch that is not a merge of ours"]


def test_a_fast_forward_to_merges_that_passed_no_gate_is_found(story: Story, git: RunGit) -> None:
    story.assignment(1, "specification", "requirements", {"docs/r.md": "# R\n"})
    merged = story.hub.tip("refs/heads/phase/1-specification")
    where = story.repository.path
    git(where, "fetch", "--quiet", str(story.hub.directory), "phase/1-specification", "refs/evidence/*:refs/evidence/*")
    git(where, "merge", "--quiet", "--ff-only", merged)
    for since in (None, story.hub.start):
        assert not verify(story.repository, "main", since).ok
    report = verify(story.repository, "main", story.hub.start)
    assert blamed(report) == {merged}
    assert problems(report) == ["its evidence is of kind 'merge', and in this place 'gate' is needed"]


def test_an_assignments_merge_cannot_stand_for_a_release(released: Repository, told: Story) -> None:
    git, tip = released.git, released.tip("main") or ""
    inner = told.hub.tip("refs/heads/phase/2-refinement")
    tree = git.merge(tip, inner).tree
    record = {"kind": "merge", "gate": "none", "verdicts": [], "tree": tree, "parents": [tip, inner]}
    (name,) = evidence.keep(git, [record])
    text = f"Release\n\nSparc-Run: ledger-1\nSparc-Gate: none\nSparc-Evidence: sha256:{name}\n"
    fake = git.write_commit(tree, (tip, inner), text)
    assert git.move("refs/heads/main", fake, tip)
    report = verify(released, "main", None)
    assert not report.ok
    assert fake in blamed(report)


def test_a_release_with_three_parents_or_one_is_found(released: Repository, told: Story) -> None:
    parents = released.git.commit(released.tip("main") or "").parents
    for wrong in ((*parents, told.hub.git.resolve(f"{told.hub.start}~") or ""), parents[:1]):
        made = remade(released, parents=wrong)
        report = verify(released, "main", None)
        assert blamed(report) == {made}
        assert problems(report) == [f"it has {len(wrong)} parents; a merge of ours has two"]
