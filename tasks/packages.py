"""Which product code a target declares: its build backend's settings where they are plain, else the file layout."""

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePosixPath
from typing import NamedTuple

from tasks.metadata import Project, strings

NOT_PRODUCT = frozenset(
    {"tests", "test", "testing", "docs", "doc", "examples", "benchmarks", "scripts", "tools", "build"}
)


class Package(NamedTuple):
    """A piece of product code."""

    name: str
    """The top-level name by which it is imported."""
    path: str
    """Its directory, or its single module, from the root of the repository."""
    stated: bool = True
    """By the metadata; otherwise it was found by its place."""


def declared(project: Project, files: Iterable[str]) -> tuple[Package, ...]:
    """The product code among the files of a tree, in order, each piece once."""
    prefix = "" if project.python == "." else f"{project.python}/"
    below = [path.removeprefix(prefix) for path in files if path.startswith(prefix) and path.endswith(".py")]
    stated = [package for reader in READERS for package in reader(project) if _exists(package.path, below)]
    found = dict.fromkeys(stated or _by_layout(below, project.name))
    return tuple(package._replace(path=prefix + package.path) for package in found)


def pieces(package: Package, files: Iterable[str]) -> Iterator[Package]:
    """The package itself, or of a namespace package, which others may share, the modules and packages in it."""
    below = [path for path in files if path.startswith(f"{package.path}/") and path.endswith(".py")]
    if not below or f"{package.path}/__init__.py" in below:
        yield package
        return
    for inner in dict.fromkeys(path[len(package.path) + 1 :].partition("/")[0] for path in below):
        if (name := inner.removesuffix(".py")).isidentifier():
            yield from pieces(Package(f"{package.name}.{name}", f"{package.path}/{inner}", package.stated), below)


def _hatch(project: Project) -> Iterator[Package]:
    for path in strings(project.table("tool", "hatch", "build", "targets", "wheel").get("packages")):
        yield Package(PurePosixPath(path).name, PurePosixPath(path).as_posix())


def _flit(project: Project) -> Iterator[Package]:
    return _located([project.table("tool", "flit", "module").get("name")], "", "src")


def _uv(project: Project) -> Iterator[Package]:
    backend = project.table("tool", "uv", "build-backend")
    name = backend.get("module-name")
    return _located(name if isinstance(name, list) else [name], str(backend.get("module-root", "src")))


def _poetry(project: Project) -> Iterator[Package]:
    entries = project.table("tool", "poetry").get("packages")
    for entry in entries if isinstance(entries, list) else ():
        # what goes into the source distribution alone, such as tests, is never installed
        if isinstance(entry, dict) and "wheel" in (entry.get("format") or "wheel"):
            yield from _located([entry.get("include")], str(entry.get("from", "")))


def _setuptools(project: Project) -> Iterator[Package]:
    root = str(project.table("tool", "setuptools", "package-dir").get("", ""))
    for key in ("packages", "py-modules"):
        yield from _located(strings(project.table("tool", "setuptools").get(key)), root)


def _setup_cfg(project: Project) -> Iterator[Package]:
    options = project.section("options")
    names = f"{options.get('packages', '')} {options.get('py_modules', '')}".replace(",", " ").split()
    root = re.search(r"^\s*=\s*(\S+)", options.get("package_dir", ""), re.MULTILINE)
    # `find:` asks for the layout
    return _located([name for name in names if ":" not in name], root[1] if root else "")


READERS: tuple[Callable[[Project], Iterator[Package]], ...] = (_hatch, _flit, _uv, _poetry, _setuptools, _setup_cfg)


def _located(names: Iterable[object], *roots: str) -> Iterator[Package]:
    """Where a dotted name may lie; a later filter keeps what exists."""
    for name in names:
        if isinstance(name, str):
            top = re.split(r"[./]", name)[0]
            for root in roots:
                path = PurePosixPath(root, top).as_posix()
                yield from (Package(top, path), Package(top, f"{path}.py"))


def _exists(path: str, below: Iterable[str]) -> bool:
    return any(file == path or file.startswith(f"{path}/") for file in below)


def _by_layout(below: Iterable[str], own_name: str) -> Iterator[Package]:
    """Everything in src/; without one, the top-level packages, and the module that bears the project's name."""
    parts = [PurePosixPath(path).parts for path in below]
    if inside := [path[1] for path in parts if path[0] == "src" and len(path) > 1]:
        yield from (Package(name.removesuffix(".py"), f"src/{name}", stated=False) for name in inside)
        return
    for path in parts:
        if len(path) == 2 and path[1] == "__init__.py" and path[0] not in NOT_PRODUCT:  # noqa: PLR2004 - folder, file
            yield Package(path[0], path[0], stated=False)
        elif path == (f"{own_name}.py",):
            yield Package(own_name, path[0], stated=False)
