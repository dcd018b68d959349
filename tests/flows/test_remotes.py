"""Remotes: what is pushed arrives, nothing is ever forced, and a remote that has moved is merged and measured again."""

import shutil
import subprocess
from typing import Any

from tests.flows.remotes import at_remote, elsewhere, origin, plan, remote_refs
from tests.flows.scenes import MINE, Open, Played, Scene, subjects
from tests.support import Shop, commit, git, sparc, told

OUTSIDE = "env -u GIT_QUARANTINE_PATH -u GIT_OBJECT_DIRECTORY -u GIT_ALTERNATE_OBJECT_DIRECTORIES"


def hook(shop: Shop, script: str) -> None:
    """What the remote does when it is asked; it may refuse."""
    file = shop.root / "asked.hook"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


def play(script: str) -> None:
    """What somebody else does between two runs."""
    subprocess.run(("sh", "-c", script), check=True)


async def pushed(shop: Shop) -> dict[str, Any]:
    """All is well, but for a configuration that would force, delete and refuse; another plan's evidence is here."""
    origin(shop)
    for key, value in (("mirror", "true"), ("push", "+refs/heads/*:refs/heads/*")):
        git(shop.repository, "config", f"remote.origin.{key}", value)
    git(shop.root / "origin.git", "branch", "theirs", "main")
    refusing = shop.repository / ".git/hooks/pre-push"
    refusing.write_text(f"#!/bin/sh\ntouch {shop.root}/ran\nexit 1\n")
    refusing.chmod(0o755)
    foreign = git(shop.repository, "hash-object", "-w", "README.md")
    git(shop.repository, "update-ref", f"refs/evidence/{'a' * 64}", foreign)
    plan(shop)
    return {"run": await shop.arun()}


async def moved(shop: Shop) -> dict[str, Any]:
    """The remote has moved on with another file; the user's work tree is the base branch's."""
    origin(shop)
    lines = {"lines": {"paths": "**/*.md", "at_least": 2}}
    plan(shop, elsewhere(shop, "theirs.md", "theirs"), gate=["deliverables", lines])
    return {"run": await shop.arun()}


async def raced(shop: Shop) -> dict[str, Any]:
    """The remote moves at the very moment of the push, after it was looked at."""
    bare = origin(shop)
    git(shop.root, "clone", "--quiet", "origin.git", "other")
    for key, value in (("name", "Other"), ("email", "other@localhost")):
        git(shop.root / "other", "config", f"user.{key}", value)
    theirs = commit(shop.root / "other", theirs__md="theirs\n")
    git(shop.root / "other", "push", "--quiet", "origin", "HEAD:refs/heads/waiting")
    once = f"test -e {bare}/once && exit; touch {bare}/once"
    hook(shop, f"grep -q refs/heads/main || exit 0; {once}; {OUTSIDE} git update-ref refs/heads/main {theirs}")
    plan(shop)
    return {"run": await shop.arun()}


async def conflict(shop: Shop) -> dict[str, Any]:
    """The remote gained the same file with other contents; they take it back."""
    origin(shop)
    plan(shop, elsewhere(shop, MINE, "theirs"))
    first = await shop.arun()
    before = (shop.tip("main"), git(shop.root / "origin.git", "rev-parse", "main"))
    git(shop.root / "other", "-c", "user.name=O", "-c", "user.email=o@localhost", "revert", "--no-edit", "HEAD")
    git(shop.root / "other", "push", "--quiet")
    return {"run": first, "before": before, "resumed": await shop.arun(run=first.run)}


async def refused(shop: Shop) -> dict[str, Any]:
    """The remote takes no push to main, until it is told otherwise."""
    origin(shop)
    hook(shop, "grep -q refs/heads/main || exit 0; echo 'main is frozen until monday' >&2; exit 1")
    plan(shop)
    first = await shop.arun()
    before = shop.tip("main")
    (shop.root / "asked.hook").unlink()
    return {"run": first, "before": before, "resumed": await shop.arun(run=first.run)}


async def apart(shop: Shop) -> dict[str, Any]:
    """The user and the others have each gone on; the user brings them together."""
    origin(shop)
    hand = f"cd {shop.repository}; echo here > here.md; git add --all; git commit --quiet --message=here"
    plan(shop, f"{elsewhere(shop, 'theirs.md', 'theirs')}; {hand}")
    first = await shop.arun()
    git(shop.repository, "pull", "--quiet", "--no-rebase", "--no-edit", "origin", "main")
    return {"run": first, "resumed": await shop.arun(run=first.run)}


async def killed(shop: Shop) -> dict[str, Any]:
    """A kill comes after the push and before the user's branch moves; by the resume, the others have gone on."""
    origin(shop)
    plan(shop)
    first = await shop.arun()
    (shop.run_folder(first.run) / "released").unlink()
    git(shop.repository, "reset", "--quiet", "--hard", f"{first.commit}^")
    play(elsewhere(shop, "later.md", "later"))
    return {"run": first, "resumed": await shop.arun(run=first.run)}


async def gone(shop: Shop) -> dict[str, Any]:
    """The remote is taken away under the run; then its repository is; then both are back."""
    bare = origin(shop)
    plan(shop, f"cd {shop.repository}; git remote rename origin away")
    first = await shop.arun()
    git(shop.repository, "remote", "rename", "away", "origin")
    bare.rename(shop.root / "hidden.git")
    second = await shop.arun(run=first.run)
    (shop.root / "hidden.git").rename(bare)
    return {"runs": [first, second], "before": shop.tip("main"), "resumed": await shop.arun(run=first.run)}


async def stays(shop: Shop) -> dict[str, Any]:
    """No release is wanted, and the remote has a branch and a tag of the plan's that somebody else has made."""
    bare = origin(shop)
    git(bare, "tag", "good/stays/1", "main")
    plan(shop, f"{elsewhere(shop, 'theirs.md', 'x')} origin HEAD:refs/heads/sparc/stays", into_base=False)
    first = await shop.arun()
    git(bare, "branch", "--move", "sparc/stays", "theirs")
    return {"run": first, "resumed": await shop.arun(run=first.run)}


SCENES: dict[str, Scene] = {
    "pushed": pushed, "moved": moved, "raced": raced, "conflict": conflict, "refused": refused, "apart": apart,
    "killed": killed, "gone": gone, "stays": stays,
}  # fmt: skip


def verified(shop: Shop, *words: str) -> str:
    """A fresh clone of the remote, evidence fetched, is verified; what was said."""
    clone = shop.root / "clone"
    shutil.rmtree(clone, ignore_errors=True)
    git(shop.root, "clone", "--quiet", "origin.git", "clone")
    git(clone, "fetch", "--quiet", "origin", "refs/evidence/*:refs/evidence/*")
    done = sparc(shop.home, "verify", *words, "--repository", clone)
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_a_release_arrives_with_its_tags_and_evidence_and_a_fresh_clone_verifies(played: Played) -> None:
    shop, said = played("pushed")
    assert (said["run"].outcome, said["run"].reason) == ("released", None)
    refs = remote_refs(shop)
    assert refs["refs/heads/main"] == shop.tip("main") == said["run"].commit
    assert {name for name in refs if "/tags/" in name} == {"refs/tags/good/pushed/1"}
    assert "verified: 3 merges" in verified(shop)
    (step,) = said["run"].steps
    assert (step.step, step.outcome, step.commit) == ("push", "passed", said["run"].commit)
    assert step.text == f"main to origin, at {said['run'].commit[:10]}"


def test_only_evidence_that_what_is_pushed_rests_on_is_shown_to_the_remote(played: Played) -> None:
    shop, _ = played("pushed")
    there = {name for name in remote_refs(shop) if name.startswith("refs/evidence/")}
    here = set(git(shop.repository, "for-each-ref", "--format=%(refname)", "refs/evidence/").split())
    assert there
    assert here - there == {f"refs/evidence/{'a' * 64}"}


def test_nothing_is_forced_or_deleted_and_no_hook_of_the_user_runs_whatever_is_configured(played: Played) -> None:
    shop, _ = played("pushed")
    asked = [line.split() for line in (shop.root / "asked").read_text().splitlines()]
    assert asked[-1][2] == "refs/heads/main", "evidence and tags are there before what rests on them"
    assert {old for old, _, name in asked if name != "refs/heads/main"} == {"0" * 40}
    assert asked[-1][:2] == [shop.begin, shop.tip("main")]
    assert "refs/heads/theirs" in remote_refs(shop)
    assert not (shop.root / "ran").exists()


def test_a_remote_that_has_moved_is_merged_and_every_gate_runs_again_on_the_merge(played: Played) -> None:
    shop, said = played("moved")
    assert said["run"].outcome == "released"
    assert subjects(shop) == ["Release moved into main", "elsewhere theirs.md", "By hand: README__md"]
    assert at_remote(shop) == shop.tip("main") == said["run"].commit
    assert git(shop.repository, "ls-files").split() == ["README.md", MINE, "theirs.md"]
    assert git(shop.repository, "status", "--porcelain") == ""
    assert any("main of origin has moved to " in notice and "all gates run again" in notice
               for notice in said["run"].notices)  # fmt: skip
    again = [event["verdict"] for event in shop.events(said["run"].run, "check-ended") if event["round"] == 0]
    assert sorted((one["check"], one["outcome"]) for one in again) == [("deliverables", "passed"), ("lines", "passed")]
    verified(shop)


def test_a_remote_that_moves_at_the_moment_of_the_push_only_means_another_round(played: Played) -> None:
    shop, said = played("raced")
    assert said["run"].outcome == "released"
    assert subjects(shop) == ["Release raced into main", "By hand: theirs__md", "By hand: README__md"]
    assert at_remote(shop) == shop.tip("main")
    verified(shop)


def test_a_conflict_with_the_remote_moves_nothing_and_waits_for_a_person(played: Played) -> None:
    shop, said = played("conflict")
    here, there = said["before"]
    assert said["run"].outcome == "blocked"
    assert said["run"].reason == (
        f"main of origin has moved to {there[:10]}, and conflicts with sparc/conflict in {MINE}: "
        "the result waits on sparc/conflict"
    )
    assert here == shop.begin
    assert said["resumed"].outcome == "released"
    assert at_remote(shop) == shop.tip("main")
    assert shop.asked() == ["specification.mine.1"]


def test_a_release_that_the_remote_refuses_leaves_the_users_branch_alone(played: Played) -> None:
    shop, said = played("refused")
    assert said["run"].outcome == "blocked"
    assert "origin refused main [remote rejected] (pre-receive hook declined)" in said["run"].reason
    assert "main is frozen until monday" in said["run"].reason
    assert said["before"] == shop.begin
    assert said["resumed"].outcome == "released"
    assert at_remote(shop) == shop.tip("main")


def test_branches_that_went_apart_are_the_users_to_bring_together(played: Played) -> None:
    shop, said = played("apart")
    assert said["run"].outcome == "blocked"
    assert "each hold commits that the other lacks: `git pull --no-rebase origin main`" in said["run"].reason
    assert said["resumed"].outcome == "released"
    assert at_remote(shop) == shop.tip("main")
    assert git(shop.repository, "ls-files").split() == ["README.md", MINE, "here.md", "theirs.md"]


def test_a_release_that_was_pushed_before_a_kill_is_brought_home_and_not_made_again(played: Played) -> None:
    shop, said = played("killed")
    assert (said["resumed"].outcome, said["resumed"].commit) == ("released", said["run"].commit)
    assert shop.tip("main") == said["run"].commit
    assert subjects(shop) == ["Release killed into main", "By hand: README__md"]
    assert (shop.repository / MINE).read_text() == "mine\n"
    assert git(shop.root / "origin.git", "log", "-1", "--format=%s", "main") == "elsewhere later.md"


def test_a_remote_that_is_gone_blocks_in_words_until_it_is_back(played: Played) -> None:
    shop, said = played("gone")
    first, second = said["runs"]
    assert first.reason == f"{shop.repository} has no remote origin any more: put it back and resume"
    assert second.reason.startswith("git could not talk to origin (fatal: '../origin.git' does not appear to be a git")
    assert (first.outcome, second.outcome, said["before"]) == ("blocked", "blocked", shop.begin)
    assert said["resumed"].outcome == "released"
    assert at_remote(shop) == shop.tip("main")


def test_a_remote_that_is_unknown_is_refused_before_anything_is_started(shop: Open) -> None:
    unknown = shop("unknown")
    plan(unknown, push="upstream")
    done = unknown.sparc("run", unknown.plan_dir / "plan.yaml", "--run", "unknown-1", "--json")
    assert done.returncode == 2
    (problem,) = told(done)["problems"]
    assert problem["problem"].startswith(f"{unknown.repository} has no remote 'upstream', to which the plan pushes")
    assert not unknown.run_folder("unknown-1").exists()
    assert unknown.asked() == []


def test_a_branch_or_tag_of_somebody_elses_is_never_overwritten(played: Played) -> None:
    shop, said = played("stays")
    first, resumed = said["run"], said["resumed"]
    assert first.outcome == "blocked"
    assert "origin refused sparc/stays [rejected] (fetch first)" in first.reason
    assert "nothing is forced: merge, rename or remove that branch there, then resume" in first.reason
    assert (resumed.outcome, resumed.reason) == ("released", "it stays there, and on origin, as the plan asks")
    assert at_remote(shop, "sparc/stays") == shop.tip("sparc/stays")
    assert remote_refs(shop)["refs/tags/good/stays/1"] == shop.begin
    assert any("origin refused good/stays/1 [rejected] (already exists); it is not forced" in notice
               for notice in resumed.notices)  # fmt: skip
