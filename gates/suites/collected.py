"""Which files of a tree hold tests that a run must have told of."""

import ast
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from itertools import pairwise
from pathlib import PurePosixPath

from gates.files import read, regular
from gates.paths import is_glob, matcher
from gates.subject import Subject
from gates.suites.pytest_config import Config
from gates.syntax import parse

PYTHON_FILES = ("test_*.py", "*_test.py")
NORECURSE = ("*.egg", ".*", "_darcs", "build", "CVS", "dist", "node_modules", "venv", "{arch}")
"""Pytest's defaults."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def expected(subject: Subject, paths: Iterable[str], config: Config) -> tuple[str, ...]:
    """The files below the selected paths that pytest collects by their names, and that define a test."""
    candidates = named(regular(subject), paths, config)
    return tuple(path for path in candidates if defines_test(parse(path, read(subject.root, path))))


def named(files: Iterable[str], paths: Iterable[str], config: Config) -> tuple[str, ...]:
    """Of the files of a tree those below the selected paths that pytest collects by their names."""
    roots = [root for root in paths or config.words("testpaths") or () if root not in (".", "./")]
    selected = matcher([form for root in roots for form in _forms(root)]) if roots else bool
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
    pairs = pairwise([*words, ""])
    found = [following if "=" not in word else word.partition("=")[2] for word, following in pairs if _ignores(word)]
    return [path.removeprefix("./").rstrip("/") for path in found if path.strip("./")]


def _ignores(word: str) -> bool:
    return word.partition("=")[0] in ("--ignore", "--ignore-glob")


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
