"""The verifier on a repository that was tampered with below its history: objects, and what stands beside them."""

import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.errors import SparcError
from tasks.git import Git
from tasks.repository import Repository, open_repository
from tasks.verify import verify
from tests.tasks.stories import Story

RunGit = Callable[..., str]


@pytest.fixture
def released(released: Repository, tmp_path: Path) -> Repository:
    """A copy of a released repository, every object a file of its own."""
    git = released.git
    for pack in list((git.directory / "objects/pack").glob("*.pack")):
        moved = pack.rename(tmp_path / pack.name)
        pack.with_suffix(".idx").unlink()
        git.run("unpack-objects", "-q", stdin=moved.read_bytes())
    return open_repository(released.path)


def stored(git: Git, oid: str) -> Path:
    return git.directory / "objects" / oid[:2] / oid[2:]


def replaced(git: Git, oid: str, kind: str, contents: bytes) -> None:
    """Put other contents into the file of an object."""
    file = stored(git, oid)
    file.chmod(0o644)
    file.write_bytes(zlib.compress(b"%s %d\0" % (kind.encode(), len(contents)) + contents))


def test_a_repository_of_loose_objects_holds(released: Repository) -> None:
    assert verify(released, "main", None).ok


@pytest.mark.parametrize("name", ["main:src/post.py", "main:README.md", "sparc/ledger~:docs/slos.md"])
def test_a_file_that_was_put_in_the_place_of_another_one_is_found(released: Repository, name: str) -> None:
    git = released.git
    replaced(git, git.line("rev-parse", name), "blob", b"evil\n")
    assert git.run("cat-file", "blob", name) == b"evil\n"  # plain git believes it
    (found,) = verify(released, "main", None).findings
    assert "the repository's objects cannot be relied on: error: hash mismatch" in found.problem


@pytest.mark.parametrize("name", ["main:src", "main:docs", "main~:src"])
def test_a_folder_that_was_put_in_the_place_of_another_one_is_found(released: Repository, name: str) -> None:
    git = released.git
    oid = git.line("rev-parse", name)
    evil = git.run("cat-file", "tree", git.line("mktree", stdin=b"100644 blob %s\tx\n" % git.write_blob(b"x").encode()))
    replaced(git, oid, "tree", evil)
    report = verify(released, "main", None)
    assert any(f"{oid[:12]} does not hash to its name" in found.problem for found in report.findings)


@pytest.mark.parametrize("name", ["main", "sparc/ledger", "sparc/ledger^2", "main~"])
def test_a_commit_that_was_put_in_the_place_of_another_one_is_found(released: Repository, name: str) -> None:
    git = released.git
    oid = git.resolve(name) or ""
    replaced(git, oid, "commit", git.run("cat-file", "commit", oid).replace(b"\n\n", b"\n\nNot ", 1))
    try:
        words = " ".join(found.problem for found in verify(released, "main", None).findings)
    except SparcError as problem:
        words = str(problem)
    # of the tip itself git says that there is no such commit
    assert f"{oid[:12]} does not hash to its name" in words or (name == "main" and "has no commit" in words)


def test_an_object_that_is_gone_is_told(released: Repository) -> None:
    git = released.git
    stored(git, git.line("rev-parse", "main:src/lib.py")).unlink()
    (found,) = verify(released, "main", None).findings
    assert "missing blob" in found.problem


def test_what_misleads_plain_git_is_told_and_changes_nothing(
    released: Repository, told: Story, tmp_path: Path, git: RunGit
) -> None:
    start, tip = told.hub.start, released.tip("main")
    git(released.path, "replace", f"{tip}^2", start)
    (released.git.directory / "info").mkdir(exist_ok=True)
    (released.git.directory / "info/grafts").write_text(f"{tip} {start}\n")
    git(tmp_path, "clone", "--quiet", "--bare", "--shared", str(released.path), "other.git")
    (released.git.directory / "objects/info/alternates").write_text(f"{tmp_path}/other.git/objects\n")
    report = verify(released, "main", None)
    assert (report.ok, len(report.verified)) == (True, 6)
    assert [note.partition(",")[0].partition(" change")[0].partition(" (/")[0] for note in report.notes] == [
        "1 replaced objects (refs/replace/)", "grafts (info/grafts)", "objects are borrowed",
    ]  # fmt: skip
