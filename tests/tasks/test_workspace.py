"""What is taken from a workspace: its files as they are, whatever the agent did to the repository around them."""

import contextlib
import os
import shutil
import socket
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from gates.paths import matcher
from tasks import workspace
from tasks.git import Git, GitError
from tasks.hub import Hub, create_hub
from tasks.repository import open_repository
from tasks.scratch import remove
from tasks.walk import NestedRepository, Unfit
from tasks.workspace import FILE_LIMIT, Snapshot, Workspace, snapshot

RunGit = Callable[..., str]
Commit = Callable[..., str]

NOBODY = 65534


@pytest.fixture
def space(hub: Hub, tmp_path: Path) -> Workspace:
    """A workspace of the first phase, as an agent finds it."""
    return workspace.make(
        tmp_path / "space", hub.git, hub.open_phase(1, "specification"), hub.start, tmp_path / "papers"
    )


def write(space: Workspace, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (space.path / name).parent.mkdir(parents=True, exist_ok=True)
        (space.path / name).write_text(text)


def taken(space: Workspace, *promised: str) -> Snapshot:
    return snapshot(space, matcher(promised))


def text_of(space: Workspace, found: Snapshot, path: str) -> str | None:
    data = space.hub.read(found.tree, path)
    return None if data is None else data.decode()


def modes(space: Workspace, found: Snapshot) -> dict[str, str]:
    return {file.path: file.mode for file in space.hub.tree_files(found.tree)}


# -- what an agent finds


def test_a_workspace_has_the_files_of_its_start_and_a_branch_to_work_on(
    space: Workspace, hub: Hub, git: RunGit
) -> None:
    assert (space.path / "src/app.py").read_text() == "print('app')\n"
    assert git(space.path, "rev-parse", "HEAD") == hub.start
    assert git(space.path, "symbolic-ref", "HEAD") == "refs/heads/work"
    assert git(space.path, "status", "--porcelain") == ""


def test_a_workspace_starts_at_the_commit_that_was_asked_for_and_not_at_the_branchs_tip(
    hub: Hub, tmp_path: Path, git: RunGit
) -> None:
    branch = hub.open_phase(1, "specification")
    later = hub.git.write_commit(hub.git.resolve(f"{hub.start}~", "tree") or "", (hub.start,), "Later\n")
    assert Git(hub.directory).move(branch, later, hub.start)
    space = workspace.make(tmp_path / "space", hub.git, branch, hub.start, tmp_path / "papers")
    assert git(space.path, "rev-parse", "HEAD") == hub.start
    assert taken(space).changed == ()


def test_a_workspace_takes_the_place_of_what_a_kill_has_left_there(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "space/.git").mkdir(parents=True)
    (tmp_path / "space/half").write_text("half")
    branch = hub.open_phase(1, "specification")
    space = workspace.make(tmp_path / "space", hub.git, branch, hub.start, tmp_path / "papers")
    assert not (space.path / "half").exists()
    assert taken(space).changed == ()


def test_line_endings_and_keywords_are_as_stored_although_attributes_ask_otherwise(
    hub: Hub, tmp_path: Path, git: RunGit
) -> None:
    rules = "* text eol=crlf ident\n*.u16 working-tree-encoding=UTF-16LE\n*.x filter=evil\n"
    blobs = {".gitattributes": rules, "a.txt": "a\n$Id$\n", "b.u16": "b\n", "c.x": "c\n"}
    entries = "".join(f"100644 blob {hub.git.write_blob(text.encode())}\t{name}\n" for name, text in blobs.items())
    start = hub.git.write_commit(hub.git.line("mktree", stdin=entries.encode()), (hub.start,), "Attributes\n")
    branch = hub.open_phase(1, "specification")
    assert Git(hub.directory).move(branch, start, hub.start)
    space = workspace.make(tmp_path / "space", hub.git, branch, start, tmp_path / "papers")
    assert {name: (space.path / name).read_bytes().decode() for name in blobs} == blobs
    assert git(space.path, "status", "--porcelain") == ""
    write(space, {"a.txt": "a\r\n$Id: x $\r\n", "b.u16": "\ufeffb\n", "new.txt": "n\r\n"})
    found = taken(space)
    assert found.changed == ("a.txt", "b.u16", "new.txt")
    assert space.hub.read(found.tree, "a.txt") == b"a\r\n$Id: x $\r\n"
    assert space.hub.read(found.tree, "new.txt") == b"n\r\n"


# -- what is taken


def test_nothing_done_leaves_the_tree_of_the_start(space: Workspace, hub: Hub) -> None:
    assert taken(space) == Snapshot(hub.git.resolve(hub.start, "tree") or "", ())


def test_additions_edits_deletions_and_modes_are_taken(space: Workspace) -> None:
    write(space, {"src/app.py": "print('new')\n", "a/b/c.txt": "deep\n", "empty": ""})
    (space.path / "docs/guide.md").unlink()
    (space.path / "run.sh").chmod(0o755)
    found = taken(space)
    assert found.changed == ("a/b/c.txt", "docs/guide.md", "empty", "run.sh", "src/app.py")
    assert modes(space, found) == {
        ".gitignore": "100644", "README.md": "100644", "a/b/c.txt": "100644", "empty": "100644", "run.sh": "100755",
        "src/app.py": "100644", "src/lib.py": "100644",
    }  # fmt: skip
    assert text_of(space, found, "src/app.py") == "print('new')\n"
    assert text_of(space, found, "empty") == ""


def test_a_snapshot_can_be_taken_again(space: Workspace) -> None:
    write(space, {"src/app.py": "once\n", "new": "new"})
    first = taken(space)
    assert taken(space) == first
    write(space, {"src/app.py": "print('app')\n"})
    (space.path / "new").unlink()
    assert taken(space).changed == ()


def test_a_file_may_become_a_folder_and_a_folder_a_file(space: Workspace) -> None:
    (space.path / "run.sh").unlink()
    write(space, {"run.sh/inside": "x"})
    shutil.rmtree(space.path / "src")
    write(space, {"src": "now a file"})
    found = taken(space)
    assert found.changed == ("run.sh", "run.sh/inside", "src", "src/app.py", "src/lib.py")
    assert modes(space, found)["src"] == "100644"


def test_a_file_and_a_folder_may_become_links_which_are_stored_as_links(space: Workspace, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (space.path / "run.sh").unlink()
    (space.path / "run.sh").symlink_to(tmp_path / "secret")
    (space.path / "src").rename(space.path / "source")
    (space.path / "src").symlink_to("source")
    (space.path / "out").symlink_to("/etc")
    (space.path / "broken").symlink_to("nowhere")
    found = taken(space)
    assert {path: mode for path, mode in modes(space, found).items() if mode == "120000"} == dict.fromkeys(
        ("run.sh", "src", "out", "broken"), "120000"
    )
    assert found.changed == (
        "broken", "out", "run.sh", "source/app.py", "source/lib.py", "src", "src/app.py", "src/lib.py",
    )  # fmt: skip
    link = space.hub.line("cat-file", "blob", f"{found.tree}:out")
    assert link == "/etc"


def test_a_link_may_become_a_file(space: Workspace, hub: Hub, tmp_path: Path) -> None:
    (space.path / "link").symlink_to("README.md")
    start = hub.git.write_commit(taken(space).tree, (hub.start,), "Link\n")
    branch = hub.open_phase(1, "specification")
    assert Git(hub.directory).move(branch, start, hub.start)
    space = workspace.make(tmp_path / "again", hub.git, branch, start, tmp_path / "more")
    (space.path / "link").unlink()
    write(space, {"link": "README.md"})  # the same bytes as the link has
    found = taken(space)
    assert found.changed == ("link",)
    assert modes(space, found)["link"] == "100644"


def test_names_of_every_kind_are_taken(space: Workspace) -> None:
    names = [b"new\nline", b'quo"te', b"\xff\xfe", b"-rf", b" space ", b"back\\slash", b":(top)x", b"*", "é/ü".encode()]
    for name in names:
        place = os.path.join(os.fsencode(space.path), name)  # noqa: PTH118 - pathlib takes no bytes
        os.makedirs(os.path.dirname(place), exist_ok=True)  # noqa: PTH103, PTH120
        with open(place, "wb") as file:  # noqa: PTH123
            file.write(name)
    assert sorted(map(os.fsencode, taken(space).changed)) == sorted(names)


def test_an_edit_of_the_same_size_at_the_same_time_is_seen(space: Workspace) -> None:
    file = space.path / "src/lib.py"
    before = file.stat()
    file.write_text("LIB = 2\n")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert file.stat().st_size == before.st_size
    assert taken(space).changed == ("src/lib.py",)


def test_an_edit_right_after_the_checkout_is_seen(hub: Hub, tmp_path: Path) -> None:
    branch = hub.open_phase(1, "specification")
    for number in range(4):  # git's own trap: an index as young as the files in it
        space = workspace.make(tmp_path / f"space-{number}", hub.git, branch, hub.start, tmp_path / f"papers-{number}")
        (space.path / "src/lib.py").write_text("LIB = 2\n")
        assert taken(space).changed == ("src/lib.py",)


def test_two_thousand_files_are_taken(space: Workspace) -> None:
    write(space, {f"many/{number % 40}/{number}.txt": f"{number}\n" for number in range(2000)})
    found = taken(space)
    assert len(found.changed) == 2000
    assert text_of(space, found, "many/39/1999.txt") == "1999\n"


# -- what is left out


def test_what_the_start_ignores_is_left_out(space: Workspace) -> None:
    write(
        space,
        {
            "a.log": "x",
            "deep/b.log": "x",
            "build/out": "x",
            "kept.txt": "x",
            "build.txt": "x",
            ":(x.log": "x",
            "*.log": "x",
            ":(top)kept": "x",
            "./kept": "x",
        },
    )
    assert taken(space).changed == (":(top)kept", "build.txt", "kept", "kept.txt")


def test_rules_that_the_agent_writes_count_for_nothing(space: Workspace, git: RunGit) -> None:
    write(space, {
        ".gitignore": "*\n", "docs/.gitignore": "*.md\n", "docs/new.md": "x", "kept.txt": "x", "a.log": "still ignored",
        ".git/info/exclude": "*\n",
    })  # fmt: skip
    git(space.path, "config", "core.excludesFile", str(space.path / ".gitignore"))
    assert taken(space).changed == (".gitignore", "docs/.gitignore", "docs/new.md", "kept.txt")


def test_removing_a_rule_does_not_bring_in_what_it_kept_out(space: Workspace) -> None:
    (space.path / ".gitignore").unlink()
    write(space, {"a.log": "x"})
    assert taken(space).changed == (".gitignore",)


def test_deliverables_are_taken_although_they_are_ignored(space: Workspace) -> None:
    write(space, {"report.log": "x", "other.log": "x", "build/a/x.html": "x", "build/a/x.css": "x", ".coverage": "x"})
    assert taken(space, "report.log", "build/**/*.html", ".coverage").changed == (
        ".coverage",
        "build/a/x.html",
        "report.log",
    )


def test_tracked_files_are_taken_although_they_are_ignored(hub: Hub, tmp_path: Path, space: Workspace) -> None:
    write(space, {"tracked.log": "one", "node_modules/lib/index.js": "one", "x.egg-info/PKG-INFO": "one"})
    promised = ("tracked.log", "node_modules/lib/index.js", "x.egg-info/PKG-INFO")
    index = {"GIT_INDEX_FILE": str(space.index), "GIT_WORK_TREE": str(space.path)}
    made = Git(hub.directory, index, space.path)
    made.run("update-index", "--add", *promised)
    start = hub.git.write_commit(made.line("write-tree"), (hub.start,), "Tracked\n")
    branch = hub.open_phase(1, "specification")
    assert Git(hub.directory).move(branch, start, hub.start)
    space = workspace.make(tmp_path / "again", hub.git, branch, start, tmp_path / "more")
    assert taken(space).changed == ()
    write(space, dict.fromkeys(promised, "two"))
    assert taken(space).changed == tuple(sorted(promised))
    (space.path / "tracked.log").unlink()
    shutil.rmtree(space.path / "node_modules")
    assert taken(space).changed == tuple(sorted(promised))
    assert "tracked.log" not in modes(space, taken(space))


def test_caches_are_left_out(space: Workspace) -> None:
    write(space, dict.fromkeys((
        "__pycache__/a.pyc", "src/__pycache__/app.cpython-311.pyc", "b.pyc", ".pytest_cache/x", ".ruff_cache/x",
        ".mypy_cache/x", "node_modules/lib/index.js", "src/app.egg-info/PKG-INFO", ".venv/bin/python", ".coverage",
        "web/node_modules/x/.git/HEAD",
    ), "x"))  # fmt: skip
    assert taken(space).changed == ()


def test_what_is_no_file_is_left_out(space: Workspace) -> None:
    os.mkfifo(space.path / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        here = Path.cwd()
        os.chdir(space.path)  # the path of a socket is short
        listening.bind("socket")
        os.chdir(here)
    (space.path / "empty").mkdir()
    assert taken(space).changed == ()
    (space.path / "run.sh").unlink()
    os.mkfifo(space.path / "run.sh")
    assert taken(space).changed == ("run.sh",)


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


# -- sparse workspaces


TREE = {
    "README.md": "# R", "pyproject.toml": "[project]", "src/__init__.py": "", "src/pkg/__init__.py": "",
    "src/pkg/own/a.py": "a", "src/pkg/own/deep/b.py": "b", "src/pkg/other/c.py": "c", "docs/a.md": "a",
    "docs/deep/b.md": "b", "lib/x.py": "x", "lib/.gitignore": "*.log", "data/d.csv": "d", ".gitignore": "*.tmp",
}  # fmt: skip


@pytest.fixture
def sparsely(hub: Hub, tmp_path: Path) -> Callable[..., Workspace]:
    """Make a sparse workspace of a larger tree; the entries of `more` (mode, text) are added to it."""

    def made(*holds: str, more: Mapping[str, tuple[str, str]] | None = None) -> Workspace:
        files = {name: ("100644", text) for name, text in TREE.items()} | dict(more or {})
        start = started(hub, files)
        return workspace.make(
            tmp_path / "sparse", hub.git, hub.open_phase(1, "specification"), start, tmp_path / "sparse-papers", holds
        )

    return made


def started(hub: Hub, files: Mapping[str, tuple[str, str]]) -> str:
    """A commit with these files (mode, text; a submodule's text is its commit) as the tip of the first phase."""
    with TemporaryDirectory() as scratch:
        git = Git(hub.directory, {"GIT_INDEX_FILE": f"{scratch}/index"})
        lines = [
            f"{mode} {text if mode == '160000' else git.write_blob(text.encode())}\t{name}\0"
            for name, (mode, text) in files.items()
        ]
        git.run("update-index", "-z", "--index-info", stdin="".join(lines).encode(errors="surrogateescape"))
        start = git.write_commit(git.line("write-tree"), (hub.start,), "Larger\n")
    branch = hub.open_phase(1, "specification")
    assert Git(hub.directory).move(branch, start, hub.start)
    return start


def held(space: Workspace) -> set[str]:
    return {
        str(file.relative_to(space.path))
        for file in space.path.rglob("*")
        if file.is_file() and ".git" not in file.relative_to(space.path).parts
    }


ROOT = {"README.md", "pyproject.toml", ".gitignore"}


@pytest.mark.parametrize(
    ("holds", "files"),
    [
        (("src/pkg/own/**",), {"src/__init__.py", "src/pkg/__init__.py", "src/pkg/own/a.py", "src/pkg/own/deep/b.py"}),
        (("src/pkg/own",), {"src/__init__.py", "src/pkg/__init__.py", "src/pkg/own/a.py", "src/pkg/own/deep/b.py"}),
        (("src/pkg/own/a.py",), {"src/__init__.py", "src/pkg/__init__.py", "src/pkg/own/a.py"}),
        (("docs/*.md",), {"docs/a.md"}),
        (("docs/*/b.md", "data/new/file.csv"), {"docs/a.md", "docs/deep/b.md", "data/d.csv"}),
        (("docs/a.md", "docs/**", "README.md"), {"docs/a.md", "docs/deep/b.md"}),
        (("new.txt", "*.toml"), set()),
    ],
)
def test_a_sparse_workspace_holds_what_is_wanted_and_the_files_of_the_folders_above(
    sparsely: Callable[..., Workspace], git: RunGit, holds: tuple[str, ...], files: set[str]
) -> None:
    space = sparsely(*holds)
    assert space.sparse
    assert held(space) == ROOT | files
    assert git(space.path, "status", "--porcelain") == ""
    assert taken(space).changed == ()


def test_a_glob_that_may_mean_any_file_makes_a_full_workspace(sparsely: Callable[..., Workspace]) -> None:
    space = sparsely("docs/a.md", "**/*.py")
    assert not space.sparse
    assert held(space) == set(TREE)


def test_what_a_sparse_workspace_lacks_is_unchanged(sparsely: Callable[..., Workspace], git: RunGit) -> None:
    space = sparsely("src/pkg/own/**")
    write(space, {"src/pkg/own/a.py": "edited", "src/pkg/own/new/n.py": "new"})
    (space.path / "src/pkg/own/deep/b.py").unlink()
    git(space.path, "add", "--all")
    git(space.path, "commit", "--quiet", "--message=Mine")
    assert git(space.path, "show", "HEAD:data/d.csv") == "d"
    found = taken(space)
    assert found.changed == ("src/pkg/own/a.py", "src/pkg/own/deep/b.py", "src/pkg/own/new/n.py")
    assert text_of(space, found, "data/d.csv") == "d"
    assert git(space.path, "rev-parse", "HEAD^{tree}") == found.tree


def test_files_that_appear_where_a_sparse_workspace_has_none_count(sparsely: Callable[..., Workspace]) -> None:
    space = sparsely("docs/a.md")
    write(space, {"lib/x.py": "x", "data/d.csv": "other", "data/e.csv": "e", "lib/left.log": "ignored there"})
    found = taken(space)
    assert found.changed == ("data/d.csv", "data/e.csv")
    assert text_of(space, found, "src/pkg/own/a.py") == "a"
    shutil.rmtree(space.path / "data")
    assert taken(space).changed == ()


def test_a_sparse_workspace_may_be_made_full_by_its_agent(sparsely: Callable[..., Workspace], git: RunGit) -> None:
    space = sparsely("docs/a.md")
    git(space.path, "sparse-checkout", "disable")
    assert held(space) == set(TREE)
    assert taken(space).changed == ()
    (space.path / "data/d.csv").unlink()
    write(space, {"lib/x.py": "edited"})
    # a file that was not there at the start cannot be told from one that was never fetched
    assert taken(space).changed == ("lib/x.py",)


@pytest.mark.parametrize("kind", ["file", "link"])
def test_a_file_in_place_of_a_folder_that_is_not_held_replaces_it(
    sparsely: Callable[..., Workspace], kind: str
) -> None:
    space = sparsely("docs/a.md")
    if kind == "file":
        write(space, {"src": "a file"})
    else:
        (space.path / "src").symlink_to("docs")
    found = taken(space)
    assert found.changed == ("src", *sorted(name for name in TREE if name.startswith("src/")))
    assert sorted(modes(space, found)) == sorted({*TREE, "src"} - set(found.changed[1:]))


def test_a_sparse_workspace_without_any_file_left_has_lost_only_what_it_held(
    sparsely: Callable[..., Workspace],
) -> None:
    space = sparsely("docs/a.md")
    for file in space.path.iterdir():
        shutil.rmtree(file) if file.is_dir() else file.unlink()
    assert taken(space).changed == tuple(sorted(ROOT | {"docs/a.md"}))


def test_a_sparse_workspace_does_not_mind_submodules_and_links(sparsely: Callable[..., Workspace]) -> None:
    more = {"lib/sub": ("160000", "1" * 40), "docs/sub": ("160000", "2" * 40), "lib/link": ("120000", "x.py")}
    space = sparsely("docs/**", more=more)
    assert taken(space).changed == ()
    write(space, {"docs/a.md": "edited", "lib/y.py": "y"})
    assert taken(space).changed == ("docs/a.md", "lib/y.py")


# -- submodules


@pytest.fixture
def with_module(hub: Hub, tmp_path: Path) -> Workspace:
    """A workspace of a repository with a submodule."""
    files = {".gitmodules": ("100644", "x"), "libs/sub": ("160000", "1" * 40), "a": ("100644", "a")}
    start = started(hub, files)
    return workspace.make(tmp_path / "mod", hub.git, hub.open_phase(1, "specification"), start, tmp_path / "mod-papers")


def test_a_submodule_stays_whatever_becomes_of_its_empty_folder(with_module: Workspace) -> None:
    assert (with_module.path / "libs/sub").is_dir()
    assert taken(with_module).changed == ()
    shutil.rmtree(with_module.path / "libs")
    write(with_module, {"a": "edited"})
    assert taken(with_module).changed == ("a",)


@pytest.mark.parametrize("rules", [None, "y"])
def test_a_submodule_goes_with_its_entry_in_gitmodules(with_module: Workspace, rules: str | None) -> None:
    shutil.rmtree(with_module.path / "libs")
    (with_module.path / ".gitmodules").unlink()
    if rules:
        write(with_module, {".gitmodules": rules})
    assert taken(with_module).changed == (".gitmodules", "libs/sub")


def test_other_things_may_take_the_place_of_a_submodule(with_module: Workspace) -> None:
    (with_module.path / "libs/sub").rmdir()
    write(with_module, {"libs/sub": "a file"})
    found = taken(with_module)
    assert found.changed == ("libs/sub",)
    assert modes(with_module, found)["libs/sub"] == "100644"


def test_files_in_a_submodule_are_refused_by_name(with_module: Workspace) -> None:
    write(with_module, {"libs/sub/x/y.c": "int y;"})
    with pytest.raises(Unfit, match=r"libs/sub/x/y\.c") as refused:
        taken(with_module)
    assert "lies in the submodule libs/sub" in refused.value.why


def test_a_submodule_that_was_fetched_is_a_repository_inside(with_module: Workspace, git: RunGit) -> None:
    git(with_module.path / "libs/sub", "init", "--quiet")
    git(with_module.path / "libs/sub", "config", "core.fsmonitor", "touch /tmp/never")
    with pytest.raises(NestedRepository):
        taken(with_module)


# -- size and number


def test_a_file_of_two_gigabytes_is_refused_and_never_read(space: Workspace, hub: Hub) -> None:
    before = hub.git.line("count-objects")
    for name in ("src/app.py", "big.bin"):
        os.truncate(space.path / "src/app.py", 0)
        (space.path / name).touch()
        os.truncate(space.path / name, 2 * 1024**3)
        with pytest.raises(Unfit) as refused:
            taken(space)
        assert refused.value.path == name
        assert "2,048.0 MB, and at most 100 MB" in refused.value.why
        os.truncate(space.path / name, 0)
    assert hub.git.line("count-objects") == before


def test_many_files_that_are_too_much_together_are_refused(space: Workspace, hub: Hub) -> None:
    before = hub.git.line("count-objects")
    for number in range(12):
        (space.path / f"part-{number:02}").touch()
        os.truncate(space.path / f"part-{number:02}", FILE_LIMIT)
    with pytest.raises(Unfit, match="part-10") as refused:
        taken(space)
    assert "more than 1024 MB" in refused.value.why
    assert hub.git.line("count-objects") == before


def test_big_files_that_the_repository_already_has_are_fine(hub: Hub, tmp_path: Path) -> None:
    big = "x" * (FILE_LIMIT + 1)
    start = started(hub, {"big": ("100644", big), "other": ("100644", big)})
    space = workspace.make(tmp_path / "big", hub.git, hub.open_phase(1, "specification"), start, tmp_path / "papers")
    os.utime(space.path / "big")
    (space.path / "other").unlink()
    write(space, {"small": "s"})
    assert taken(space).changed == ("other", "small")
    with (space.path / "big").open("r+") as file:
        file.write("edited")
    with pytest.raises(Unfit, match="big"):
        taken(space)


def test_ten_thousand_files_in_as_many_folders_are_taken(space: Workspace) -> None:
    for number in range(10_000):
        folder = space.path / f"t/{number % 100}/{number}"
        folder.mkdir(parents=True)
        (folder / "f").touch()
    assert len(taken(space).changed) == 10_000


def test_without_any_file_left_everything_is_gone(space: Workspace, hub: Hub) -> None:
    for file in space.path.iterdir():
        shutil.rmtree(file) if file.is_dir() else file.unlink()
    found = taken(space)
    assert found.changed == tuple(sorted(hub.git.entries(hub.start)))
    assert hub.git.entries(found.tree) == {}
