"""The `$ref`s within JSON documents, and where they lead."""

import posixpath
from collections.abc import Iterator, Mapping
from urllib.parse import unquote

from pydantic import JsonValue

Way = tuple[str | int, ...]
NAMES = ("$id", "id", "$anchor")


class References:
    """Those of some files."""

    def __init__(self, files: Mapping[str, JsonValue]) -> None:
        """`files`: path to document."""
        self._files = files
        self._found: dict[str, list[tuple[Way, str]]] = {}
        self._names: dict[str, set[str]] = {}
        for path, data in files.items():
            objects = list(_objects(data, ()))
            texts = ((way, each.get("$ref")) for way, each in objects)
            self._found[path] = [((*way, "$ref"), to) for way, to in texts if isinstance(to, str)]
            self._names[path] = {name for _, each in objects for key in NAMES if isinstance(name := each.get(key), str)}

    @property
    def total(self) -> int:
        """How many there are."""
        return sum(map(len, self._found.values()))

    def dangling(self, path: str) -> list[tuple[Way, str]]:
        """Place and text of each in a file that leads nowhere within the files."""
        return [(way, to) for way, to in self._found[path] if not self._leads(path, to)]

    def _leads(self, path: str, to: str) -> bool:
        address, _, fragment = to.partition("#")
        where = posixpath.normpath(posixpath.join(posixpath.dirname(path), unquote(address))) if address else path
        if where not in self._files:
            # a name of something in any of the files, with nothing behind it
            return not fragment and any(address in names for names in self._names.values())
        fragment = unquote(fragment)
        if fragment and not fragment.startswith("/"):
            return fragment in self._names[where]
        return _points(self._files[where], fragment)


def _objects(data: JsonValue, way: Way) -> Iterator[tuple[Way, dict[str, JsonValue]]]:
    if isinstance(data, dict):
        yield way, data
    parts = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in parts:
        yield from _objects(value, (*way, key))


def _points(data: JsonValue, pointer: str) -> bool:
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(data, dict) and key in data:
            data = data[key]
        elif isinstance(data, list) and key.isascii() and key.isdigit() and int(key) < len(data):
            data = data[int(key)]
        else:
            return False
    return True
