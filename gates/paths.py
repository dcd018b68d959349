"""Names of files: which paths a pattern means, and which of them are tests."""

from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Annotated

from pathspec import GitIgnoreSpec
from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

WILDCARDS = frozenset("*?[")
TEST_FOLDERS = frozenset({"test", "tests"})
TEST_NAMES = ("test_*.py", "*_test.py", "conftest.py")
END = "\0"
"""Marks the end of a path: git's ignore rules let `docs/*` match the contents of `docs/a/` too, ours must not."""


def is_glob(pattern: str) -> bool:
    """Whether it has wildcards; otherwise it names one file, or a directory."""
    return not WILDCARDS.isdisjoint(pattern)


def fixed(pattern: str) -> str:
    """Its path up to the first part with a wildcard: all that it means lies there. Empty: anywhere."""
    parts = pattern.split("/")
    first = next((depth for depth, part in enumerate(parts) if is_glob(part)), len(parts))
    return "/".join(parts[:first])


def matcher(patterns: Iterable[str]) -> Callable[[str], bool]:
    """Tell whether a path of the repository is meant by one of the patterns.

    `*` and `?` stay within one part of the path, `**` crosses. Without wildcards a pattern is that path, or what lies
    below it. A path spelt exactly like a pattern always matches, so `app/[id]/page.tsx` is also the file of that name.
    """
    spelt = frozenset(patterns)
    names = GitIgnoreSpec.from_lines(f"/{pattern}{END}" for pattern in spelt if _names_files(pattern))
    folders = GitIgnoreSpec.from_lines(f"/{pattern}" for pattern in spelt if not _names_files(pattern))
    return lambda path: path in spelt or names.match_file(path + END) or folders.match_file(path)


def _names_files(pattern: str) -> bool:
    return is_glob(pattern) and pattern.rpartition("/")[2] not in ("**", "")


def is_test(path: str) -> bool:
    """Whether a path is a test by its name or by where it lies."""
    *folders, name = PurePosixPath(path).parts
    return not TEST_FOLDERS.isdisjoint(folders) or any(fnmatchcase(name, pattern) for pattern in TEST_NAMES)


def shown(path: str) -> str:
    """A path as it can stand in a line of text: what cannot be printed is escaped."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in path)


def _inside(pattern: str) -> str:
    pattern = pattern.removeprefix("./")
    parts = pattern.removesuffix("/").split("/")
    if pattern.startswith("/") or not {"", ".", ".."}.isdisjoint(parts) or END in pattern:
        raise ValueError(f"{pattern!r} is no path inside the repository: expected one like docs/*.md, from its root")
    matcher([pattern])
    return pattern


PathPattern = Annotated[str, AfterValidator(_inside)]
"""A path inside the repository, or a glob of such paths."""


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


Paths = Annotated[
    tuple[PathPattern, ...],
    BeforeValidator(_listed),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
"""Patterns; a plan may write a single one without the list."""
