"""What a target declares of itself: groups, extras, product code."""

from pathlib import Path

import pytest

from tasks.metadata import Project
from tasks.packages import declared


def test_groups_and_extras_of_the_same_name() -> None:
    groups = "[dependency-groups]\ntest = []\nDocs_Too = []\n[project.optional-dependencies]\ntest = []\ndev = []\n"
    project = in_memory(groups)
    assert project.group_arguments(None) == ["--group=test", "--extra=test", "--extra=dev"]
    assert project.group_arguments(("docs-too",)) == ["--group=docs-too"]
    assert project.group_arguments(()) == []


def in_memory(metadata: str, setup_cfg: str = "") -> Project:
    """A project without a disk."""

    class Stated(Project):
        def text(self, name: str) -> str | None:
            return {"pyproject.toml": metadata, "setup.cfg": setup_cfg}.get(name)

    return Stated(Path("/nowhere"), ".")


SRC = ("src/ledger/__init__.py", "src/ledger/post.py", "tests/test_post.py")
FLAT = ("setup.py", "ledger/__init__.py", "ledger/sub/__init__.py", "tests/__init__.py", "docs/conf.py")


@pytest.mark.parametrize(
    ("metadata", "files", "expected"),
    [
        ("", SRC, ["src/ledger"]),
        ("", FLAT, ["ledger"]),
        ('[project]\nname = "my-tool"', ("my_tool.py", "other.py"), ["my_tool.py"]),
        ("", ("README.md",), []),
        ('[tool.hatch.build.targets.wheel]\npackages = ["lib/ledger"]', ("lib/ledger/a.py", *FLAT), ["lib/ledger"]),
        ('[tool.flit.module]\nname = "ledger"', (*SRC, "src/other/a.py"), ["src/ledger"]),
        ('[tool.poetry]\npackages = [{include = "ledger", from = "src"}]', (*SRC, "src/b/a.py"), ["src/ledger"]),
        (
            '[tool.poetry]\npackages = [{include = "ledger"}, {include = "tests", format = "sdist"}]',
            FLAT,
            ["ledger"],
        ),
        ('[tool.setuptools]\npackages = ["ledger", "ledger.sub"]', (*FLAT, "b/__init__.py"), ["ledger"]),
        ('[tool.setuptools]\npy-modules = ["one"]', ("one.py", "two.py"), ["one.py"]),
        ('[tool.setuptools]\npackages = ["gone"]', FLAT, ["ledger"]),
        ('[tool.uv.build-backend]\nmodule-name = "ledger"', (*SRC, "src/b/a.py"), ["src/ledger"]),
        ("[tool.poetry]\npackages = 3\n[tool.setuptools]\npackages = 4", FLAT, ["ledger"]),
    ],
)
def test_declared_packages(metadata: str, files: tuple[str, ...], expected: list[str]) -> None:
    assert [package.path for package in declared(in_memory(metadata), files)] == expected


def test_declared_packages_of_setup_cfg() -> None:
    listed = in_memory("", "[options]\npackages =\n    ledger\npackage_dir =\n    = src\n")
    assert [package.path for package in declared(listed, (*SRC, "src/b/a.py"))] == ["src/ledger"]
    searched = in_memory("", "[options]\npackages = find:\n")
    assert [package.path for package in declared(searched, FLAT)] == ["ledger"]
