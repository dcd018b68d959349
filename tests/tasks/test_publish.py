"""What reaches the user's repository before the release: forward only, and nothing else of it is touched."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.errors import Blocked
from tasks.publish import bring
from tests.tasks.stories import Story

RunGit = Callable[..., str]
Commit = Callable[..., str]


def refs(story: Story, prefix: str = "refs/") -> dict[str, str]:
    return dict(story.repository.git.refs(prefix))


def test_the_plans_branch_and_all_evidence_are_brought(story: Story, git: RunGit) -> None:
    story.two_phases()
    assert refs(story, "refs/heads/") == {
        "refs/heads/main": story.hub.start,
        "refs/heads/sparc/ledger": story.hub.plan_tip,
    }
    assert refs(story, "refs/evidence/") == story.hub.git.refs("refs/evidence/") != {}
    assert git(story.repository.path, "show", "sparc/ledger:docs/r.md") == "# R"
    assert not [name for name in refs(story) if "agent/" in name or "phase/" in name]


def test_bringing_again_changes_nothing(story: Story) -> None:
    story.two_phases()
    before = refs(story)
    bring(story.hub, story.repository)
    assert refs(story) == before


def test_nothing_of_the_users_work_tree_is_touched(story: Story, git: RunGit, tmp_path: Path) -> None:
    where = story.repository.path
    git(where, "tag", "v1")
    hook = story.repository.git.directory / "hooks/reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    (where / "src/app.py").write_text("being edited")
    index = (where / ".git/index").read_bytes()
    story.two_phases()
    assert git(where, "status", "--porcelain") == " M src/app.py"
    assert (where / "src/app.py").read_text() == "being edited"
    assert (where / ".git/HEAD").read_text() == "ref: refs/heads/main\n"
    assert not (where / ".git/FETCH_HEAD").exists()
    assert not (tmp_path / "ran").exists()
    assert (where / ".git/index").read_bytes() == index or git(where, "diff", "--cached", "--name-only") == ""


def test_evidence_of_other_runs_stays_although_the_user_prunes_what_they_fetch(story: Story, git: RunGit) -> None:
    where = story.repository.path
    for key in ("fetch.prune", "fetch.pruneTags"):
        git(where, "config", key, "true")
    other = story.repository.git.write_blob(b"of another run")
    story.repository.git.create_refs({"refs/evidence/other": other, "refs/heads/sparc/other": story.hub.start})
    git(where, "tag", "v1")
    story.two_phases()
    assert refs(story, "refs/evidence/other") == {"refs/evidence/other": other}
    assert {"refs/heads/sparc/other", "refs/tags/v1"} <= set(refs(story))


def test_a_branch_that_somebody_has_moved_is_never_forced(story: Story, git: RunGit, commit: Commit) -> None:
    where = story.repository.path
    git(where, "checkout", "--quiet", "-b", "sparc/ledger")
    theirs = commit(where, {"mine": "mine"})
    git(where, "checkout", "--quiet", "main")
    with pytest.raises(Blocked, match=r"(?s)could not be brought to .*rejected"):
        story.two_phases()
    assert refs(story, "refs/heads/sparc/ledger") == {"refs/heads/sparc/ledger": theirs}
    assert refs(story, "refs/evidence/")  # came first: no branch ever names what is not there


def test_a_plans_branch_that_is_checked_out_blocks_with_gits_words(story: Story, git: RunGit) -> None:
    git(story.repository.path, "checkout", "--quiet", "-b", "sparc/ledger")
    with pytest.raises(Blocked, match="checked out"):
        story.two_phases()
    git(story.repository.path, "checkout", "--quiet", "main")
    bring(story.hub, story.repository)
    assert refs(story, "refs/heads/sparc/ledger") == {"refs/heads/sparc/ledger": story.hub.plan_tip}


def test_a_branch_in_the_way_blocks_with_gits_words(story: Story, git: RunGit) -> None:
    git(story.repository.path, "branch", "sparc")
    with pytest.raises(Blocked, match="refs/heads/sparc"):
        story.two_phases()
