"""What stands in a file, by name: keys of TOML, JSON and YAML, targets of a Makefile, definitions of a Python module.

Pure, and bounded for files that were made to exhaust their reader: nothing is expanded, an alias stays an alias. Every
name comes with the fingerprints of all that stands under it, in order, so that two files can be compared name by name.
A table has the names of its keys and is none itself; a list is one value. A reader is imported when it is needed, for
the process that reads is a new one each time.
"""

from collections.abc import Iterator
from pathlib import PurePosixPath

from tasks.structure_names import Names, Unreadable

LARGEST = 512 * 1024
"""Bytes; a file beyond it is not read."""
MOST_NAMES = 20_000
MOST_CHARACTERS = 4 * 1024 * 1024
"""Of all names together."""

FAULTS = (ValueError, SyntaxError, LookupError, RecursionError, MemoryError, OverflowError)
_MAKEFILES = frozenset({"Makefile", "makefile", "GNUmakefile"})
_SUFFIXES = {
    ".toml": "TOML", ".json": "JSON", ".yaml": "YAML", ".yml": "YAML", ".mk": "a Makefile", ".py": "Python",
    ".pyi": "Python",
}  # fmt: skip


def kind_of(path: str) -> str | None:
    """The language in which a file has names, by its own name; None for all others."""
    name = PurePosixPath(path).name
    return "a Makefile" if name in _MAKEFILES else _SUFFIXES.get(PurePosixPath(name).suffix)


def names_in(kind: str, data: bytes) -> Names:
    """The names in a file of one of the kinds of `kind_of`. Raises Unreadable."""
    if len(data) > LARGEST:
        raise Unreadable(f"larger than {LARGEST // 1024} KiB")
    try:
        return _gathered(_read(kind, data))
    except FAULTS as problem:
        reason = " ".join(str(problem).split())[:200] or type(problem).__name__
        raise Unreadable(f"cannot be read as {kind}: {reason}") from None


def _read(kind: str, data: bytes) -> Iterator[tuple[str, str]]:
    if kind == "Python":
        from tasks.structure_python import definitions  # noqa: PLC0415

        return definitions(data)
    text = data.decode("utf-8-sig")
    if kind == "YAML":
        from tasks.structure_yaml import yaml_keys  # noqa: PLC0415

        return yaml_keys(text)
    if kind == "a Makefile":
        from tasks.structure_make import targets  # noqa: PLC0415

        return targets(text)
    from tasks.structure_tables import json_keys, toml  # noqa: PLC0415

    return toml(text) if kind == "TOML" else json_keys(text)


def _gathered(pairs: Iterator[tuple[str, str]]) -> Names:
    found: dict[str, list[str]] = {}
    room = MOST_CHARACTERS
    for name, value in pairs:
        room -= len(name)
        if room < 0 or len(found) > MOST_NAMES:
            raise Unreadable("holds too many names")
        found.setdefault(name, []).append(value)
    return {name: tuple(values) for name, values in found.items()}
