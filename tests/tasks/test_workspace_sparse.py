"""Workspaces that hold a part of the tree, or a submodule; and how much may be left in one."""

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tasks import workspace
from tasks.git import Git
from tasks.hub import Hub
from tasks.walk import NestedRepository, Unfit
from tasks.workspace import FILE_LIMIT, Workspace
from tests.tasks.workspaces import modes, taken, text_of, write

RunGit = Callable[..., str]


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
