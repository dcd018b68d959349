"""Which files of a tree pytest looks into for tests, and what it takes for tests of itself."""

import ast
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from itertools import pairwise
from pathlib import PurePosixPath

from gates.paths import is_glob, matcher
from gates.suites.pytest_config import Config

PYTHON_FILES = ("test_*.py", "*_test.py")
NORECURSE = ("*.egg", ".*", "_darcs", "build", "CVS", "dist", "node_modules", "venv", "{arch}")
"""Pytest's defaults."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def named(files: Iterable[str], paths: Iterable[str], config: Config) -> tuple[str, ...]:
    """Of the files of a tree those below the selected paths that pytest collects by their names."""
    roots = tuple(paths or config.words("testpaths") or ())
    is_whole = not roots or not {".", "./"}.isdisjoint(roots)
    selected = bool if is_whole else matcher([form for root in roots for form in _forms(root)])
    names = config.words("python_files") or PYTHON_FILES
    skipped = config.words("norecursedirs") or NORECURSE
    ignored = matcher(ignored_by(config.words("addopts") or ()))
    return tuple(
        path
        for path in files
        # pytest takes a file that it is given whatever its name
        if path in roots or (selected(path) and not ignored(path) and _collected(PurePosixPath(path), names, skipped))
    )


def ignored_by(words: Sequence[str]) -> list[str]:
    """What a project's options leave out: `--ignore=docs`, `--ignore-glob 'docs/*'`."""
    found = values(words, "--ignore", "--ignore-glob")
    return [path.removeprefix("./").rstrip("/") for path in found if path.strip("./")]


def values(words: Sequence[str], *names: str) -> list[str]:
    """What options of these names are given: `docs` of `--ignore=docs`, and of `--ignore docs`."""
    told = ((*word.partition("="), following) for word, following in pairwise([*words, ""]))
    return [value if given else following for name, given, value, following in told if name in names]


def _forms(root: str) -> tuple[str, ...]:
    root = root.removeprefix("./").rstrip("/")
    return (root, f"{root}/**") if is_glob(root) else (root,)


def _collected(path: PurePosixPath, names: Iterable[str], skipped: Iterable[str]) -> bool:
    if path.suffix != ".py" or not any(_matches(path, name) for name in names):
        return False
    folders = [folder for folder in path.parents if folder.name]
    return not any(_matches(folder, pattern) for folder in folders for pattern in skipped)


def _matches(path: PurePosixPath, pattern: str) -> bool:
    """As pytest does: a pattern with a slash is for the whole path, any other for the name."""
    return fnmatchcase(f"/{path}", f"*/{pattern}") if "/" in pattern else fnmatchcase(path.name, pattern)


def defines_test(tree: ast.AST) -> bool:
    """Whether a module defines a test function, or a test class that has one."""
    for node in _statements(tree):
        if isinstance(node, Function) and _is_test(node):
            return True
        if isinstance(node, ast.ClassDef) and is_suite(node) and defines_test(node):
            return True
    return False


def _statements(tree: ast.AST) -> Iterable[ast.AST]:
    """What a module or class executes itself, in `if` and `try` too."""
    waiting = list(ast.iter_child_nodes(tree))
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, Function | ast.ClassDef):
            waiting.extend(ast.iter_child_nodes(node))


def _is_test(node: Function) -> bool:
    return node.name.startswith("test") and not any(last_name(mark) == "fixture" for mark in node.decorator_list)


def is_suite(node: ast.ClassDef) -> bool:
    """Whether a class is one of tests, by its name or by what it is derived from."""
    return node.name.startswith("Test") or any(last_name(base).endswith("TestCase") for base in node.bases)


def last_name(node: ast.expr) -> str:
    """`fixture` of `@pytest.fixture(scope="module")`."""
    if isinstance(node, ast.Call):
        node = node.func
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
