"""What is taken from a workspace: its files as they are, and what is left out."""

import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

from tasks import workspace
from tasks.git import Git
from tasks.hub import Hub
from tasks.workspace import Snapshot, Workspace
from tests.tasks.workspaces import modes, taken, text_of, write

RunGit = Callable[..., str]


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
