"""Files that do harm by being there: start-up code, forged reports, modules in place of tools, plans of sparc."""

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import PurePosixPath

from gates.paths import TEST_FOLDERS
from gates.tampering.diff import Diff, Source
from gates.tampering.rules import Sign

STARTUP = re.compile(r"(^|/)(site|user)customize(\.py|/__init__\.py)$|\.pth$")
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
PLAN = re.compile(r"^sparc:\s*\d", re.MULTILINE)


def signs_of(diff: Diff) -> Iterator[Sign]:
    """Signs of files that are new or changed, by what they are named; a moved one counts as new."""
    packages = {path.rpartition("/")[0] for path in diff.new if path.endswith("/__init__.py")}
    for path, before, after in diff.pairs():
        if after and STARTUP.search(path):
            yield Sign("startup-file", path, None, "Python runs this when it starts")
        elif after and REPORT.search(path):
            yield Sign("forged-report", path, None, "a report is made by measuring, and not committed")
        if after and not before and (name := _shadowed(path, packages, diff)):
            yield Sign("shadowing", path, None, f"import {name} would give this")
        if path.endswith((".yaml", ".yml")):
            yield from _plan(path, before)
        if PurePosixPath(path).name in ("pyproject.toml", "setup.cfg", "setup.py"):
            yield from _entry_points(path, before, after)


def _shadowed(path: str, packages: set[str], diff: Diff) -> str:
    """The tool or module of Python's own in whose place an import finds this file; empty if it is none."""
    folder, _, name = path.rpartition("/")
    module = name.removesuffix(".py")
    if name == "__init__.py":
        folder, _, module = folder.rpartition("/")
    elif not name.endswith((".py", ".so", ".pyd")):
        return ""
    module = module.partition(".")[0]
    known = module in TOOLS or (module in sys.stdlib_module_names and module not in NO_SHADOW)
    reachable = folder in CODE or (folder not in packages and _is_path(folder, diff))
    return module if known and reachable else ""


def _is_path(folder: str, diff: Diff) -> bool:
    """Whether pytest puts a folder onto sys.path: tests, or a conftest, lie in it and it is no package."""
    if PurePosixPath(folder).name in TEST_FOLDERS:
        return True
    return any(f"{folder}/{name}" in diff.new for name in ("conftest.py",))


def _plan(path: str, before: Source | None) -> Iterator[Sign]:
    if before and PLAN.search(before.text):
        yield Sign("plan-changed", path, None, "the plan that a run keeps to is its own copy, and not this")


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
