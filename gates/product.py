"""Which files of a tree are product.

What is declared was written by the candidate, so it can only add: the product is what is declared and everything below
src/, or without a src/ the packages and modules in the root. Only the plan narrows it, by `paths`.

Inside the product's folders no name takes a file out of what bandit and radon analyse. Coverage leaves out of them

* test files, by their name or their folder, that contributed a case to the JUnit report,
* `conftest.py`, and the empty `__init__.py` of a folder of tests,

so that tests may lie inside a package, and `engine_test.py` is product until a test runs from it. Everywhere else a
file is a test by its name or by where it lies.
"""

import posixpath
from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePosixPath

from gates.files import python_files, regular, select
from gates.paths import TEST_FOLDERS, is_test, matcher, shown
from gates.subject import SYMLINK, Subject, compared
from gates.suites.junit import Case, told_of
from gates.verdict import Unmeasurable

SCRIPTS = frozenset({"setup.py", "noxfile.py"})
"""Modules in a repository's root that are tools, and no product."""

Wanted = Callable[[str], bool]


def analysed(subject: Subject, patterns: Iterable[str]) -> tuple[str, ...]:
    """The Python files to be read: those meant by the patterns, without patterns all of the product and no tests."""
    patterns = tuple(patterns)
    python = python_files(subject)
    inside = _inside(subject)
    wanted: Wanted = matcher(patterns) if patterns else lambda path: inside(path) or not is_test(path)
    chosen = set(select(subject, patterns)) if patterns else set(filter(wanted, python))
    files = tuple(path for path in python if path in chosen)
    if not files:
        raise Unmeasurable("no Python file to measure" + (f" matches {', '.join(patterns)}" if patterns else ""))
    _refuse_links(subject, files, wanted)
    return files


def analysed_before(subject: Subject, patterns: Iterable[str]) -> tuple[str, ...]:
    """The same of the base; none, where it has none. Raises Unmeasurable when there is no base."""
    base = compared(subject)
    try:
        return analysed(base, patterns)
    except Unmeasurable:
        return ()


def covered(subject: Subject, paths: Iterable[str], cases: Iterable[Case]) -> tuple[str, ...]:
    """The .py files that coverage is a share of: those of the paths, without paths the product but its tests."""
    paths = tuple(paths)
    wanted: Wanted = matcher(paths) if paths else _to_cover(subject, cases)
    chosen = select(subject, paths) if paths else filter(wanted, regular(subject))
    files = tuple(path for path in chosen if path.endswith(".py"))
    if not files:
        raise Unmeasurable("no product file to cover: name the files by paths")
    _refuse_links(subject, files, wanted)
    return files


def import_names(subject: Subject) -> dict[str, set[str]]:
    """The first part of the names by which the product's files are imported, and the product's files of each."""
    inside, in_root, base = _inside(subject), _in_root(subject), _base(subject)
    names: dict[str, set[str]] = {}
    for path in filter(lambda path: path.endswith(".py"), regular(subject)):
        if in_root(path) or (inside(path) and not is_test(path)):
            below = f"/{path.removeprefix(base)}".rpartition("/src/")[2].removeprefix("/")
            names.setdefault(below.partition("/")[0].removesuffix(".py"), set()).add(path)
    return names


def _to_cover(subject: Subject, cases: Iterable[Case]) -> Wanted:
    inside, in_root = _inside(subject), _in_root(subject)
    # a file that is skipped or broken as a whole is told of as well, without a case of its own
    is_told = told_of(case for case in cases if case.module)
    empty = {file.path for file in subject.files if file.size == 0}

    def wanted(path: str) -> bool:
        if not is_test(path):
            return inside(path) or in_root(path)
        name = PurePosixPath(path).name
        exempt = is_told(path) or name == "conftest.py" or (name == "__init__.py" and path in empty)
        return inside(path) and not exempt

    return wanted


def _inside(subject: Subject) -> Wanted:
    """Tell whether a path lies in the folders of the product, or is a declared module."""
    packages = {*subject.packages, *_layout(subject)}
    return lambda path: path in packages or any(folder in packages for folder in _folders(path))


def _folders(path: str) -> Iterator[str]:
    """Those that a path lies in, the innermost first, the root as `.`; pathlib takes ten times as long."""
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path
    yield "."


def _layout(subject: Subject) -> set[str]:
    """src/, or without one the packages in the root; from the root of the repository."""
    if _has_src(subject):
        return {_base(subject) + "src"}
    parts = [path.split("/") for path in _below(subject)]
    names = {path[0] for path in parts if path[1:] == ["__init__.py"]} - TEST_FOLDERS
    return {_base(subject) + name for name in names}


def _in_root(subject: Subject) -> Wanted:
    """Tell whether a path is a module beside the metadata that counts as product: only where there is no src/."""
    modules = set() if _has_src(subject) else {path for path in _below(subject) if "/" not in path} - SCRIPTS
    return {_base(subject) + module for module in modules}.__contains__


def _has_src(subject: Subject) -> bool:
    return any(path.startswith("src/") for path in _below(subject))


def _below(subject: Subject) -> list[str]:
    """The .py files below the folder of the metadata, from there."""
    base = _base(subject)
    files = (file.path for file in subject.files)
    return [path.removeprefix(base) for path in files if path.startswith(base) and path.endswith(".py")]


def _base(subject: Subject) -> str:
    return "" if subject.python == "." else f"{subject.python}/"


def _refuse_links(subject: Subject, product: Iterable[str], wanted: Wanted) -> None:
    """Code that a link alone brings into the product would run, and never be measured."""
    measured = frozenset(product)
    for link in (file.path for file in subject.files if file.mode == SYMLINK):
        is_file = link.endswith(".py")
        hides = wanted(link) and _target(subject, link) not in measured if is_file else _hides(subject, link, measured)
        if hides:
            remedy = "put a file there, or choose other paths" if is_file else "put its files there"
            raise Unmeasurable(f"{shown(link)} is a symbolic link to what is not measured: {remedy}")


def _hides(subject: Subject, link: str, measured: frozenset[str]) -> bool:
    """Whether a link brings code of another folder into the product's that is not measured where it lies."""
    inside, target = _inside(subject), _target(subject, link)
    if not inside(f"{link}/__init__.py"):
        return False
    if target is None or target == ".." or target.startswith(("../", "/")):
        return True
    below = f"{target}/" if target != "." else ""
    code = (path for path in regular(subject) if path.startswith(below) and path.endswith(".py"))
    return any(path not in measured and not inside(path) for path in code)


def _target(subject: Subject, link: str) -> str | None:
    """Where a link leads, from the root of the tree; None where that cannot be told."""
    try:
        return posixpath.normpath(posixpath.join(posixpath.dirname(link), (subject.root / link).readlink()))
    except OSError:
        return None
