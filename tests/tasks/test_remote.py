"""A remote: fetched from without moving the user's references, pushed to without force, told of without passwords."""

import os
from pathlib import Path

import pytest

from tasks.errors import Blocked
from tasks.remote import Remote
from tasks.repository import Repository
from tasks.travel import luggage
from tests.tasks.gits import Commit, RunGit
from tests.tasks.stories import Story

MAIN = "refs/heads/main"
PASSWORD = "s3cret@word"  # noqa: S105 - a word that must not be told


@pytest.fixture
def origin(users: Repository, git: RunGit) -> Path:
    """A bare repository that has what the user's has, known there as origin."""
    git(users.path.parent, "clone", "--quiet", "--bare", users.path.name, "origin.git")
    git(users.path, "remote", "add", "origin", "../origin.git")
    return users.path.parent / "origin.git"


def elsewhere(origin: Path, git: RunGit, commit: Commit) -> str:
    """Somebody else's push."""
    other = origin.with_name("other")
    git(origin.parent, "clone", "--quiet", origin.name, other.name)
    made = commit(other, {"theirs.md": "theirs\n"})
    git(other, "push", "--quiet")
    return made


def test_a_remote_is_known_by_its_name_alone(users: Repository, origin: Path) -> None:
    assert Remote(users, "origin").known
    assert not Remote(users, "upstream").known
    assert not Remote(users, "origi").known
    origin.rename(origin.with_name("away.git"))
    assert Remote(users, "origin").known, "nobody is asked"


def test_what_a_remote_has_is_fetched_and_kept_without_moving_anything_of_the_users(
    users: Repository, origin: Path, git: RunGit, commit: Commit
) -> None:
    git(users.path, "fetch", "--quiet", "origin")
    before = git(users.path, "for-each-ref")
    theirs = elsewhere(origin, git, commit)
    assert Remote(users, "origin").fetch("main", "run-1") == theirs
    assert Remote(users, "origin").fetch("main", "run-1") == theirs, "again changes nothing"
    kept = f"{theirs} commit\trefs/sparc/remote/run-1-{theirs[:12]}"
    assert sorted(git(users.path, "for-each-ref").splitlines()) == sorted([*before.splitlines(), kept])
    assert not (users.path / ".git/FETCH_HEAD").exists() or theirs not in (users.path / ".git/FETCH_HEAD").read_text()
    assert Remote(users, "origin").fetch("no-such-branch", "run-1") is None


def test_a_subdirectory_and_a_linked_work_tree_know_the_same_remote(
    users: Repository, origin: Path, git: RunGit
) -> None:
    assert origin.is_dir()
    git(users.path, "worktree", "add", "--quiet", "-b", "topic", "../linked")
    for path in (users.path / "docs", users.path.parent / "linked"):
        assert Remote(Repository(path, users.git), "origin").tip("main") == users.tip("main")


def test_a_push_goes_forward_only_and_says_what_was_refused(
    users: Repository, origin: Path, git: RunGit, commit: Commit
) -> None:
    theirs = elsewhere(origin, git, commit)
    ours = commit(users.path, {"ours.md": "ours\n"})
    git(users.path, "tag", "v1")
    git(origin, "tag", "v1", "main")
    refused = Remote(users, "origin").push({MAIN: ours, "refs/tags/v1": ours, "refs/heads/topic": ours})
    assert refused == {MAIN: "[rejected] (fetch first)", "refs/tags/v1": "[rejected] (already exists)"}
    assert git(origin, "rev-parse", "main", "v1", "topic").split() == [theirs, theirs, ours]
    git(users.path, "fetch", "--quiet", "origin", "main")
    assert Remote(users, "origin").push({MAIN: ours}) == {MAIN: "[rejected] (non-fast-forward)"}
    assert Remote(users, "origin").push({"refs/heads/topic": ours}) == {}, "again changes nothing"
    assert Remote(users, "origin").push({}) == {}


def test_a_mirror_is_pushed_to_like_any_other_remote(users: Repository, origin: Path, git: RunGit) -> None:
    git(origin, "branch", "theirs", "main")
    git(users.path, "config", "remote.origin.mirror", "true")
    git(users.path, "branch", "private", "main")
    assert Remote(users, "origin").push({"refs/heads/ours": users.tip("main") or ""}) == {}
    assert git(origin, "for-each-ref", "--format=%(refname:short)").split() == ["main", "ours", "theirs"]


def test_more_references_than_fit_on_a_command_line_are_pushed_in_parts(
    users: Repository, origin: Path, git: RunGit
) -> None:
    tip = users.tip("main") or ""
    refs = {f"refs/evidence/{number:064x}": tip for number in range(1200)}
    assert Remote(users, "origin").push(refs) == {}
    assert len(git(origin, "for-each-ref", "refs/evidence/").splitlines()) == 1200


def test_what_a_hook_of_the_remote_says_is_told(users: Repository, origin: Path, commit: Commit) -> None:
    hook = origin / "hooks/update"
    hook.write_text("#!/bin/sh\necho 'ask at https://me:pass@example.org/board' >&2\nexit 1\n")
    hook.chmod(0o755)
    refused = Remote(users, "origin").push({MAIN: commit(users.path, {"ours.md": "ours\n"})})
    assert list(refused) == [MAIN]
    assert refused[MAIN].startswith("[remote rejected] (hook declined): ask at https://***@example.org/board")


@pytest.mark.parametrize("address", ["https://me:{}@localhost:1/x.git", "ssh://me:{}@localhost:1/x.git"])
def test_a_password_in_an_address_is_never_told(users: Repository, git: RunGit, address: str) -> None:
    git(users.path, "remote", "add", "origin", address.format(PASSWORD))
    for call in (lambda: Remote(users, "origin").tip("main"), lambda: Remote(users, "origin").push({MAIN: "main"})):
        with pytest.raises(Blocked, match=r"^git could not talk to origin ") as told:
            call()
        assert PASSWORD not in str(told.value)
        assert "word" not in str(told.value)


def test_a_remote_that_asks_for_a_password_is_not_waited_for(
    users: Repository, git: RunGit, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = users.path.parent / "git-remote-asking"
    program.write_text('#!/bin/sh\nread line\necho "url=ask://h" | git credential fill >&2\nexit 1\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    git(users.path, "remote", "add", "origin", "asking::somewhere")
    with pytest.raises(Blocked, match="terminal prompts disabled"):
        Remote(users, "origin").tip("main")


def test_the_users_own_configuration_leads_to_the_remote(
    users: Repository, origin: Path, git: RunGit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", f"url.{origin}.insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "short:shop")
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    git(users.path.parent, "--git-dir", str(users.git.directory), "remote", "add", "mine", "short:shop")
    assert Remote(users, "mine").tip("main") == users.tip("main")


def test_a_remote_that_was_removed_is_named(users: Repository) -> None:
    with pytest.raises(Blocked, match=r"has no remote origin any more: put it back and resume$"):
        Remote(users, "origin").tip("main")


def test_the_luggage_of_a_branch_is_what_its_merges_rest_on(story: Story, git: RunGit) -> None:
    story.two_phases()
    story.hub.tag_good(story.repository)
    stray = story.verdicts("0" * 40)
    released = story.release() or ""
    users = story.repository.git
    known = set(git(story.repository.path, "for-each-ref", "--format=%(refname)", "refs/evidence/").split())
    found = luggage(users, story.hub, released, story.hub.start)
    assert {name for name in found if "/tags/" in name} == {"refs/tags/good/ledger/1", "refs/tags/good/ledger/2"}
    evidence = {name for name in found if name.startswith("refs/evidence/")}
    assert evidence == known - {f"refs/evidence/{name}" for name in stray}
    assert luggage(users, story.hub, released, None) == found, "a remote that has nothing yet"
    assert luggage(users, story.hub, released, released) == found, "commits that came without their evidence"
