"""Files that do harm by being there: start-up code, forged reports, modules in place of tools."""

import posixpath
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from gates.paths import TEST_FOLDERS
from gates.subject import SUBMODULE, SYMLINK, TreeFile
from gates.tampering.commands import is_ci
from gates.tampering.diff import Diff, Source
from gates.tampering.rules import Sign
from gates.tampering.settings import FILES as CONFIGURED

STARTUP = re.compile(r"(^|/)(site|user)customize(\.pyc?|\.[^/]*so|/__init__\.pyc?)$|\.pth$")
REPORT = re.compile(
    r"(^|/)(\.coverage(\.(?!rc|toml)[^/]+)?|coverage\.(xml|json|lcov)|lcov\.info|(junit|test-?results?|nosetests|TEST-)[^/]*\.xml"
    r"|pytest[^/]*report[^/]*\.(xml|json)|\.report\.json|bandit[^/]*\.(json|sarif)|\.testmondata)$",
    re.IGNORECASE,
)
TOOLS = frozenset({
    "pytest", "_pytest", "pluggy", "coverage", "unittest", "bandit", "radon", "mypy", "ruff", "hypothesis", "iniconfig",
    "pytest_cov", "xdist", "tox", "nox", "lizard", "pip_audit",
})  # fmt: skip
NO_SHADOW = frozenset({"test", "tests", "this", "antigravity", "__main__", "_"})
"""Modules of the standard library whose names are anybody's."""
CODE = ("", "src", "lib")
LINKS = (SYMLINK, SUBMODULE)
RUN_BY_SITE = re.compile(rb"^(\xef\xbb\xbf)?import[ \t]", re.MULTILINE)
BINARY = re.compile(r"\.(so|pyd)$")


def signs_of(diff: Diff) -> Iterator[Sign]:
    """Signs of files that are new or changed, by what they are named; a moved one counts as new."""
    packages = {path.rpartition("/")[0] for path in diff.new if path.endswith("/__init__.py")}
    products = _products(diff)
    for path, before, after in diff.pairs():
        yield from _beside_source(path, before, after, diff)
        stands_for = _stands_for(after, diff.new) if after else path
        if after and STARTUP.search(stands_for) and not _is_data(after):
            yield Sign("startup-file", path, None, "Python runs this when it starts")
        elif after and REPORT.search(path):
            yield Sign("forged-report", path, None, "a report is made by measuring, and not committed")
        was = _stands_for(before, diff.old) if before else ""
        if after and was != stands_for and (name := _shadowed(stands_for, packages, diff, products)):
            yield Sign("shadowing", path, None, f"import {name} would give this")
        if PurePosixPath(path).name in ("pyproject.toml", "setup.cfg", "setup.py"):
            yield from _entry_points(path, before, after)


def _beside_source(path: str, before: Source | None, after: Source | None, diff: Diff) -> Iterator[Sign]:
    """What Python takes in place of a source that it lies beside, and what a link stands for."""
    if after is None:
        return
    name = PurePosixPath(path).name
    if name.endswith(".pyc"):
        yield Sign("shadowing", path, None, "Python may run this in place of the source that is looked at")
    elif BINARY.search(name) and f"{path.removesuffix(name)}{name.partition('.')[0]}.py" in diff.new:
        yield Sign("shadowing", path, None, "an import gives this in place of the source beside it")
    if after.file.mode in LINKS and (before is None or before.file.mode not in LINKS) and _is_read(path):
        yield Sign("file-linked", path, None, "what it leads to is not looked at: put a file there")


def _stands_for(source: Source, tree: Mapping[str, TreeFile]) -> str:
    """What an import takes a file for: a link that leads to a package, or may, for that package."""
    place = source.root / source.path
    if source.file.mode != SYMLINK or not place.is_symlink():
        return source.path
    target = posixpath.normpath(posixpath.join(source.folder, place.readlink()))
    inside = [path for path in tree if path.startswith(f"{target}/")]
    is_package = any(path.startswith(f"{target}/__init__.") for path in inside)
    is_file = target in tree and tree[target].mode not in LINKS
    return source.path if is_file or (inside and not is_package) else f"{source.path}/__init__.py"


def _is_data(source: Source) -> bool:
    """Whether a `.pth` is none of Python's, but a model's weights: no text, and without a line that would be run."""
    if not source.name.endswith(".pth") or source.file.mode in LINKS or RUN_BY_SITE.search(source.data):
        return False
    try:
        return "\0" in source.data.decode()
    except UnicodeDecodeError:
        return True


def _is_read(path: str) -> bool:
    """Whether a file of such a name would be code, tests, or the configuration of a tool."""
    name = PurePosixPath(path).name
    return name.endswith((".py", ".pyi", ".pth")) or name in CONFIGURED or name in TOOLS or is_ci(path)


def _products(diff: Diff) -> frozenset[str]:
    """The packages and modules that a project has in `src/`, or else in its root, at the base."""
    inside = {path.removeprefix("src/") for path in diff.old if path.startswith("src/")} or set(diff.old)
    packages = {path.partition("/")[0] for path in inside if path.count("/") == 1 and path.endswith("/__init__.py")}
    return frozenset(packages - TEST_FOLDERS)


def _shadowed(path: str, packages: set[str], diff: Diff, products: frozenset[str]) -> str:
    """The tool, module of Python's own or product in whose place an import finds this file; empty if it is none."""
    folder, _, name = path.rpartition("/")
    module = name.removesuffix(".py")
    if name == "__init__.py":
        folder, _, module = folder.rpartition("/")
    elif not name.endswith((".py", ".pyc", ".so", ".pyd")):
        return ""
    module = module.partition(".")[0]
    own = module in products and folder not in ("", "src") and not _is_moved(module, diff)
    known = own or module in TOOLS or (module in sys.stdlib_module_names and module not in NO_SHADOW)
    # with a src/ nothing of the product's name belongs into the root
    known = known or (not folder and module in products and f"src/{module}/__init__.py" in diff.new)
    reachable = folder in CODE or (folder not in packages and _is_path(folder, diff))
    return module if known and reachable else ""


def _is_moved(module: str, diff: Diff) -> bool:
    """Whether the product is where it was no longer."""
    return not any(path in diff.new for path in (f"{module}/__init__.py", f"src/{module}/__init__.py"))


def _is_path(folder: str, diff: Diff) -> bool:
    """Whether pytest puts a folder onto sys.path: tests, or a conftest, lie in it and it is no package."""
    if PurePosixPath(folder).name in TEST_FOLDERS:
        return True
    return any(f"{folder}/{name}" in diff.new for name in ("conftest.py",))


def _entry_points(path: str, before: Source | None, after: Source | None) -> Iterator[Sign]:
    """Plugins of pytest that a project brings along itself."""
    known = _plugins(before) if before else set()
    for name in sorted(_plugins(after) - known if after else ()):
        yield Sign("plugin-loaded", path, None, f"entry point {name} is loaded into every run of pytest")


def _plugins(source: Source) -> set[str]:
    text = source.text
    if source.name == "pyproject.toml":
        try:
            project = tomllib.loads(text).get("project", {})
            return {str(name) for name in project.get("entry-points", {}).get("pytest11", {})}
        except (tomllib.TOMLDecodeError, AttributeError):
            return set()
    found = re.search(r"pytest11['\"]?\s*[=:]\s*(\[[^\]]*\]|(\n[ \t]+\S.*)+|.+)", text)
    return set(re.findall(r"[\w.-]+(?=\s*=\s*[\w.]+)", found[1])) if found else set()
