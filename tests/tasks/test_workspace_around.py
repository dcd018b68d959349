"""Workspaces whose agents did something to the repository around their files, or left what cannot be stored."""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tasks import workspace
from tasks.git import GitError
from tasks.hub import Hub, create_hub
from tasks.repository import open_repository
from tasks.scratch import remove
from tasks.walk import NestedRepository
from tasks.workspace import Workspace
from tests.tasks.workspaces import modes, taken, write

RunGit = Callable[..., str]
Commit = Callable[..., str]

NOBODY = 65534


# -- repositories inside


@pytest.mark.parametrize("place", ["", "sub/", "docs/deep/er/"])
@pytest.mark.parametrize("kind", ["folder", "file", "link", "bare", "other case", "short name", "empty"])
def test_a_repository_inside_is_refused_with_its_path(
    space: Workspace, git: RunGit, tmp_path: Path, place: str, kind: str
) -> None:
    below = space.path / place
    below.mkdir(parents=True, exist_ok=True)
    if kind in ("folder", "file", "link", "empty") and not place:
        place, below = "x/", space.path / "x"
        below.mkdir()
    found = ".git"
    if kind == "folder":
        git(below, "init", "--quiet")
    elif kind == "file":
        (below / ".git").write_text(f"gitdir: {tmp_path}\n")
    elif kind == "link":
        (below / ".git").symlink_to(tmp_path)
    elif kind == "empty":
        (below / ".git").mkdir()
    elif kind == "bare":
        found = "HEAD"
        git(tmp_path, "init", "--quiet", "--bare", "elsewhere.git")
        shutil.copytree(tmp_path / "elsewhere.git", below, dirs_exist_ok=True)
    else:
        found = {"other case": ".GiT", "short name": "GIT~1"}[kind]
        (below / found).mkdir()
    with pytest.raises(NestedRepository) as refused:
        taken(space)
    assert str(refused.value) == place + found


def test_names_that_only_resemble_a_repositorys_are_files(space: Workspace) -> None:
    names = (".github/x", ".gitattributes", ".gitmodules", "git", "x.git", "docs/.gitkeep", "HEAD", "refs/x")
    write(space, dict.fromkeys(names, "x"))
    assert taken(space).changed == tuple(sorted(names))


# -- whatever the agent did to the clone's own repository


def commits(space: Workspace, git: RunGit, _: Path) -> None:
    git(space.path, "add", "--all")
    git(space.path, "commit", "--quiet", "--message=Mine")
    git(space.path, "checkout", "--quiet", "--orphan", "elsewhere")
    git(space.path, "branch", "-D", "work")


def deletes(space: Workspace, *_: object) -> None:
    shutil.rmtree(space.path / ".git")


def puts_a_file_there(space: Workspace, _: RunGit, tmp_path: Path) -> None:
    shutil.rmtree(space.path / ".git")
    (space.path / ".git").write_text(f"gitdir: {tmp_path}/nowhere\n")


def puts_a_link_there(space: Workspace, _: RunGit, tmp_path: Path) -> None:
    (space.path / ".git").rename(tmp_path / "moved")
    (space.path / ".git").symlink_to(tmp_path / "moved")


def begins_anew(space: Workspace, git: RunGit, _: Path) -> None:
    shutil.rmtree(space.path / ".git")
    git(space.path, "init", "--quiet")


def breaks_the_index(space: Workspace, *_: object) -> None:
    (space.path / ".git/index").write_bytes(b"DIRC broken")
    (space.path / ".git/index.lock").touch()


def hides_its_edits(space: Workspace, git: RunGit, _: Path) -> None:
    git(space.path, "update-index", "--assume-unchanged", "src/app.py")
    git(space.path, "update-index", "--skip-worktree", "run.sh")


def configures(space: Workspace, git: RunGit, tmp_path: Path) -> None:
    for setting in ("fileMode=false", "ignoreCase=true", "autocrlf=true", "symlinks=false", f"worktree={tmp_path}"):
        git(space.path, "config", *f"core.{setting}".split("=", 1))


def asks_for_conversions(space: Workspace, *_: object) -> None:
    (space.path / ".git/info/attributes").write_text("* text eol=crlf filter=evil\n")
    write(space, {".gitattributes": "* text eol=crlf ident filter=evil working-tree-encoding=UTF-16LE\n"})


def loses_the_objects(space: Workspace, *_: object) -> None:
    shutil.rmtree(space.path / ".git/objects")


@pytest.mark.parametrize(
    "meddle",
    [
        commits, deletes, puts_a_file_there, puts_a_link_there, begins_anew, breaks_the_index, hides_its_edits,
        configures, asks_for_conversions, loses_the_objects,
    ],
)  # fmt: skip
def test_the_result_is_the_same_whatever_happened_to_the_clones_repository(
    space: Workspace, git: RunGit, tmp_path: Path, meddle: Callable[[Workspace, RunGit, Path], None]
) -> None:
    write(space, {"src/app.py": "print('mine')\n", "new.txt": "a\r\nb\n$Id$\n"})
    (space.path / "docs/guide.md").unlink()
    (space.path / "run.sh").chmod(0o755)
    meddle(space, git, tmp_path)
    found = taken(space)
    assert set(found.changed) - {".gitattributes"} == {"docs/guide.md", "new.txt", "run.sh", "src/app.py"}
    assert space.hub.read(found.tree, "new.txt") == b"a\r\nb\n$Id$\n"
    assert modes(space, found)["run.sh"] == "100755"


def test_nothing_that_the_agent_configures_or_installs_is_run(space: Workspace, git: RunGit, tmp_path: Path) -> None:
    sprung, trap = tmp_path / "sprung", tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {sprung}\ncat\n")
    trap.chmod(0o755)
    write(space, {".gitattributes": "* filter=evil diff=evil\n", "new.txt": "x", "src/app.py": "edited"})
    for key in ("core.fsmonitor", "filter.evil.clean", "filter.evil.process", "diff.evil.textconv", "core.pager"):
        git(space.path, "config", key, str(trap))
    git(space.path, "config", "core.hooksPath", str(tmp_path / "hooks"))
    (tmp_path / "hooks").mkdir()
    for hook in ("post-index-change", "reference-transaction", "pre-commit", "post-checkout"):
        shutil.copy(trap, tmp_path / "hooks" / hook)
    assert taken(space).changed == (".gitattributes", "new.txt", "src/app.py")
    assert not sprung.exists()


def test_the_clone_and_the_hub_are_left_as_they_were(space: Workspace, hub: Hub, git: RunGit) -> None:
    write(space, {"new.txt": "x"})
    refs, status = hub.git.refs("refs/"), git(space.path, "status", "--porcelain")
    taken(space)
    assert hub.git.refs("refs/") == refs
    assert git(space.path, "status", "--porcelain") == status == "?? new.txt"
    assert not (hub.directory / "index").exists()


# -- what cannot be stored


def test_a_workspace_that_is_gone_is_an_error_and_no_deletion_of_everything(space: Workspace, tmp_path: Path) -> None:
    space.path.rename(tmp_path / "away")
    with pytest.raises(GitError, match="is gone"):
        taken(space)
    space.path.symlink_to(tmp_path / "away")
    with pytest.raises(GitError, match="is gone"):
        taken(space)


def test_a_tree_too_deep_for_the_system_is_an_error(space: Workspace) -> None:
    here = Path.cwd()
    os.chdir(space.path)
    try:
        for _ in range(30):
            Path("d" * 200).mkdir()
            os.chdir("d" * 200)
    finally:
        os.chdir(here)
    with pytest.raises(GitError, match="cannot be read: File name too long"):
        taken(space)


def test_a_deep_tree_is_taken(space: Workspace) -> None:
    place = str(space.path)
    for _ in range(1200):
        place += "/d"
        Path(place).mkdir()
    Path(place, "f").write_text("deep")
    changed = taken(space).changed
    remove(space.path)  # deeper than pytest's own cleaning can follow
    assert changed == ("d/" * 1200 + "f",)


@contextlib.contextmanager
def as_somebody_who_may_not_read_everything() -> Iterator[Path]:
    """A directory of theirs; the superuser becomes nobody for this block."""
    with TemporaryDirectory(prefix="sparc-tests-") as place:
        before = os.getuid()
        if before == 0:
            os.chown(place, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, before)
        try:
            yield Path(place)
        finally:
            os.setresuid(before, before, before)


@pytest.mark.parametrize("name", ["src/app.py", "new.txt", "docs"])
def test_what_cannot_be_read_is_an_error_that_names_it(git: RunGit, commit: Commit, name: str) -> None:
    with as_somebody_who_may_not_read_everything() as place:
        git(place, "init", "--quiet", "--initial-branch=main", "repository")
        start = commit(place / "repository", {"src/app.py": "app", "docs/guide.md": "guide"})
        hub = create_hub(place / "hub.git", open_repository(place / "repository"), "r-1", "plan", start)
        branch = hub.open_phase(1, "specification")
        space = workspace.make(place / "space", hub.git, branch, start, place / "papers")
        write(space, {"new.txt": "x", "src/app.py": "edited"})
        (space.path / name).chmod(0)
        try:
            with pytest.raises(GitError, match=name):
                taken(space)
        finally:
            (space.path / name).chmod(0o755)
        assert taken(space).changed == ("new.txt", "src/app.py")
