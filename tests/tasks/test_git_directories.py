"""Git directories as the orchestrator finds and makes them: with nobody else's configuration."""

from pathlib import Path

import pytest

from tasks.git import ZERO, Git, GitError
from tasks.git_directories import clone, create_bare, discover, scratch_repository, users_git
from tasks.repository import Repository
from tests.tasks.gits import ATTRIBUTES, Commit, RunGit
from tests.trees import tree_of

# -- nobody else's configuration


@pytest.fixture
def trap(tmp_path: Path, users: Repository, git: RunGit, commit: Commit) -> Path:
    """A file that appears as soon as anything runs that the user's repository has configured or installed."""
    sprung = tmp_path / "sprung"
    program = tmp_path / "trap"
    program.write_text(f"#!/bin/sh\necho $0 $* >> {sprung}\ncat\n")
    program.chmod(0o755)
    attributes = ATTRIBUTES.replace("working-tree-encoding=UTF-16LE ", "")
    commit(users.path, {".gitattributes": attributes, "text.txt": "one\n$Id$\n"})
    for key in (
        "core.fsmonitor", "filter.evil.smudge", "filter.evil.clean", "diff.evil.textconv", "diff.evil.command",
        "diff.external", "merge.evil.driver", "core.sshCommand", "core.pager", "core.editor", "credential.helper",
        "uploadpack.packObjectsHook", "core.alternateRefsCommand",
    ):  # fmt: skip
        git(users.path, "config", key, str(program))
    git(users.path, "config", "filter.evil.required", "true")
    for hook in (
        "reference-transaction",
        "post-checkout",
        "post-index-change",
        "pre-commit",
        "post-update",
        "pre-push",
    ):
        (users.git.directory / "hooks").mkdir(exist_ok=True)
        (users.git.directory / "hooks" / hook).symlink_to(program)
    sprung.unlink(missing_ok=True)
    return sprung


def test_nothing_that_a_repository_configures_is_run(trap: Path, users: Repository, tmp_path: Path) -> None:
    git, tip = users.git, users.tip("main") or ""
    other = git.write_commit(git.resolve(tip, "tree") or "", (tip,), "Other\n")
    assert git.move("refs/heads/other", other, ZERO)
    assert git.merge(tip, other).conflicts == ()
    git.changed(f"{tip}~", tip)
    git.create_refs({"refs/sparc/x": tip})
    clone(git.directory, "refs/heads/main", tmp_path / "clone", tmp_path)
    discover(users.path)
    with scratch_repository(git) as scratch:
        scratch.checkout(tip, tmp_path / "again")
    assert not trap.exists()


def test_in_the_users_own_work_tree_filters_run_and_programs_that_only_watch_do_not(
    trap: Path, users: Repository
) -> None:
    mine = users_git(users.path)
    (users.path / "text.txt").unlink()
    mine.run("status")
    mine.run("checkout-index", "--all")
    mine.run("update-ref", "refs/heads/other", "HEAD")
    # a filter is called without arguments; git gives some to fsmonitor, and these hooks have other names
    assert {line.rpartition("/")[2] for line in trap.read_text().splitlines()} == {"trap"}


def test_a_checkout_has_the_stored_bytes_whatever_the_attributes_say(bare: Git, tmp_path: Path) -> None:
    files = {
        ".gitattributes": ATTRIBUTES.encode(), "unix.txt": b"a\nb\n", "dos.txt": b"a\r\nb\r\n", "id.c": b"/* $Id$ */\n",
        "utf16.txt": "é\n".encode("utf-16"), "latin.txt": b"\xe9\n", "nul.bin": b"\0\r\n\0",
    }  # fmt: skip
    tree = tree_of(bare, files)
    bare.checkout(tree, tmp_path / "tree")
    with scratch_repository(bare) as scratch:
        scratch.checkout(tree, tmp_path / "scratch")
    for place in (tmp_path / "tree", tmp_path / "scratch"):
        assert {file.name: file.read_bytes() for file in place.iterdir()} == files


def test_the_callers_git_variables_have_no_influence(
    users: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, git: RunGit
) -> None:
    def everything(place: str) -> list[object]:
        mine = Git(users.git.directory)
        tip = mine.resolve("refs/heads/main") or ""
        made = mine.write_commit(mine.resolve(tip, "tree") or "", (tip,), "Made\n")
        mine.checkout(tip, tmp_path / place)
        found = sorted(path.relative_to(tmp_path / place).as_posix() for path in (tmp_path / place).rglob("*"))
        raw = mine.run("cat-file", "commit", made).decode()
        who = [line.rsplit(" ", 2)[0] for line in raw.splitlines() if line.startswith(("author", "committer"))]
        return [tip, found, who, mine.merge(tip, made), discover(users.path), mine.line("config", "--get-all", "x.y")]

    git(users.path, "config", "x.y", "own")
    before = everything("before")
    other = tmp_path / "other"
    git(tmp_path, "init", "--quiet", str(other))
    home = tmp_path / "hostile"
    (home / ".config/git").mkdir(parents=True)
    for file in (".gitconfig", ".config/git/config"):
        (home / file).write_text("[x]\n y = stranger\n[core]\n autocrlf = true\n[user]\n name = stranger\n")
    hostile = {
        "GIT_DIR": str(other / ".git"), "GIT_WORK_TREE": str(other), "GIT_INDEX_FILE": str(other / "index"),
        "GIT_OBJECT_DIRECTORY": str(other / "objects"), "GIT_COMMON_DIR": str(other), "GIT_NAMESPACE": "elsewhere",
        "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "x.y", "GIT_CONFIG_VALUE_0": "stranger",
        "GIT_CONFIG_PARAMETERS": "'x.y=stranger'", "GIT_CONFIG_GLOBAL": str(home / ".gitconfig"),
        "GIT_AUTHOR_NAME": "stranger", "GIT_COMMITTER_EMAIL": "stranger@x", "GIT_AUTHOR_DATE": "2001-01-01T00:00:00Z",
        "GIT_CEILING_DIRECTORIES": str(users.path.parent), "GIT_EXTERNAL_DIFF": "false", "GIT_PREFIX": "src/",
        "GIT_EXEC_PATH": str(tmp_path), "GIT_TEMPLATE_DIR": str(tmp_path), "GIT_ATTR_SOURCE": "HEAD",
        "GIT_DEFAULT_HASH": "sha256", "HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config"), "LC_ALL": "xx_YY",
    }  # fmt: skip
    for name, value in hostile.items():
        monkeypatch.setenv(name, value)
    assert everything("after") == before
    assert create_bare(tmp_path / "fresh.git").line("rev-parse", "--show-object-format") == "sha1"
    assert users_git(users.path).line("rev-parse", "--absolute-git-dir") == str(users.git.directory)
    assert users_git(users.path).line("config", "--get", "x.y") == "own"
    assert users_git(users.path).line("config", "--get", "user.name") == "Fixture"
    assert users_git(users.path).line("config", "--get", "core.autocrlf") == "true"  # the global file is the user's


def test_replaced_objects_are_read_as_they_are(users: Repository, git: RunGit, commit: Commit) -> None:
    old = users.tip("main") or ""
    new = commit(users.path, {"src/app.py": "print('new')\n"})
    git(users.path, "replace", old, git(users.path, "commit-tree", f"{new}^{{tree}}", "-m", "Forged"))
    assert users.git.commit(old).subject == "Files"
    assert users.git.read(old, "src/app.py") == b"print('app')\n"
    assert users.git.changed(old, new) == ("src/app.py",)


def test_the_users_own_settings_hold_where_their_work_tree_is_meant(users: Repository, git: RunGit) -> None:
    git(users.path, "config", "core.autocrlf", "true")
    (users.path / "src/app.py").unlink()
    users_git(users.path).run("checkout-index", "--all")
    assert (users.path / "src/app.py").read_bytes() == b"print('app')\r\n"


# -- repositories


def test_a_scratch_repository_borrows_objects_and_nothing_else(users: Repository, git: RunGit) -> None:
    git(users.path, "config", "merge.renames", "false")
    tip = users.tip("main") or ""
    with scratch_repository(users.git) as scratch:
        place = scratch.directory
        assert scratch.read(tip, "src/app.py") == b"print('app')\n"
        assert scratch.refs("refs/") == {}
        assert scratch.try_run("config", "merge.renames").code == 1
        scratch.write_blob(b"only here")
    assert not place.exists()
    assert users.git.try_run("cat-file", "-e", "0" * 40).code != 0


def test_a_clone_borrows_objects_and_has_no_files_yet(users: Repository, tmp_path: Path, git: RunGit) -> None:
    git(users.path, "branch", "other")
    git(users.path, "tag", "marked")
    (tmp_path / "template/info").mkdir(parents=True)
    (tmp_path / "template/info/attributes").write_text("* -text\n")
    clone(users.git.directory, "refs/heads/main", tmp_path / "clone", tmp_path / "template")
    made = tmp_path / "clone/.git"
    assert (made / "objects/info/alternates").read_text().strip() == str(users.git.directory / "objects")
    assert (made / "info/attributes").read_text() == "* -text\n"
    assert list(Git(made).refs("refs/")) == [
        "refs/heads/main",
        "refs/remotes/origin/HEAD",
        "refs/remotes/origin/main",
    ]
    assert [file.name for file in (tmp_path / "clone").iterdir()] == [".git"]
    with pytest.raises(GitError, match="no-such-branch"):
        clone(users.git.directory, "refs/heads/no-such-branch", tmp_path / "again", tmp_path / "template")


def test_the_repository_of_a_folder_is_found_from_inside(users: Repository, tmp_path: Path) -> None:
    assert discover(users.path / "src") == users.git.directory
    assert discover(users.git.directory) == users.git.directory
    assert discover(tmp_path) is None
