"""Which files coverage is a share of: the denominator is ours, for a run only tells of what it has seen."""

from collections.abc import Iterable
from pathlib import PurePosixPath

from gates.files import regular, select
from gates.paths import is_test, matcher
from gates.subject import Subject
from gates.verdict import Unmeasurable

SCRIPTS = frozenset({"setup.py", "noxfile.py"})
"""Modules in a repository's root that are tools, and no product."""


def product(subject: Subject, paths: Iterable[str]) -> tuple[str, ...]:
    """The tracked .py files of the chosen paths, else of the declared packages, else of src/, else of the root."""
    paths = tuple(paths)
    chosen = select(subject, paths) if paths else [path for path in _declared(subject) if not is_test(path)]
    files = tuple(path for path in chosen if path.endswith(".py"))
    if not files:
        raise Unmeasurable("no product file to cover: name the files by paths")
    return files


def _declared(subject: Subject) -> Iterable[str]:
    files = [path for path in regular(subject) if path.endswith(".py")]
    if subject.packages:
        return filter(matcher(subject.packages), files)
    below_src = [path for path in files if path.startswith("src/")]
    return below_src or _in_root(files)


def _in_root(files: Iterable[str]) -> list[str]:
    """Packages and modules that lie in the repository's root."""
    parts = {path: PurePosixPath(path).parts for path in files}
    packages = {first for first, *rest in parts.values() if rest == ["__init__.py"]}
    return [
        path
        for path, (first, *rest) in parts.items()
        if (rest and first in packages) or (not rest and first not in SCRIPTS)
    ]
