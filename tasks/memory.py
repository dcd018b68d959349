"""What one phase leaves for later ones: keys and values in a Prefect storage block.

* Nothing is overwritten: every put is a file of its own, `<storage>/<repository>/<key>/=<time>-<random>.json`, so that
  concurrent writers lose nothing.
* A file is written under another name and moved into place: whoever reads sees all of it or none.
* What is read is checked against what was written; a damaged entry is an error, never one fewer.
* A key's segments are percent-encoded: `=` (a version) and `+` (the rest of a long segment) cannot occur in them.
"""

import asyncio
import base64
import contextlib
import hashlib
import json
import os
import re
import secrets
import time
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import quote, unquote

from fsspec import AbstractFileSystem
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem as LocalFiles
from pydantic import ConfigDict, JsonValue, SkipValidation

from gates.model import Frozen
from tasks.errors import Blocked, Refused

DEFAULT_BLOCK = "local-file-system/sparc-memory"
VALUE_LIMIT = 10 * 1024 * 1024  # bytes
KEY_LIMIT = 1024  # bytes; encoded they stay below the longest path
LONG_NAME = re.compile("[^/]{200}(?=[^/])")  # file systems take 255; what is longer goes on in a folder
MARKER = "sparc-memory"
VERSION, ENTRY, DRAFT, REST = "=", ".json", ".part", "+"

Value: TypeAlias = JsonValue | bytes


class Entry(Frozen):
    """One version of a key's value."""

    model_config = ConfigDict(ser_json_bytes="base64")

    key: str
    value: SkipValidation[Value]
    written: str
    """UTC, ISO 8601."""
    run: str
    attempt: int | None = None
    repository: str
    """Its root commit."""
    commit: str | None = None
    sha256: str
    """Of the value: of its bytes, its UTF-8, or its JSON with sorted keys and without spaces."""


@dataclass(frozen=True)
class Memory:
    """One repository's memory in a storage that was opened; its methods block, and may be called from any thread.

    They raise Refused for a key or a value that cannot be kept, Blocked when the storage fails or an entry is damaged.
    """

    block: str
    repository: str
    storage: AbstractFileSystem
    root: str
    """Of all memory in the storage."""

    def put(self, key: str, value: Value, *, run: str, attempt: int | None = None, commit: str | None = None) -> Entry:
        """Add a version; it is the newest of all whose put had returned before."""
        folder = self._folder(key)
        if not isinstance(value, str | bytes):
            value = json.loads(_raw(value))  # as `get` will give it: without tuples, and all keys are text
        raw = _raw(value)
        if len(raw) > VALUE_LIMIT:
            raise Refused(f"memory keeps values up to {VALUE_LIMIT} bytes: {key!r} would have {len(raw)}")
        entry = Entry(
            key=key,
            value=value,
            written=datetime.now(UTC).isoformat(),
            run=run,
            attempt=attempt,
            repository=self.repository,
            commit=commit,
            sha256=hashlib.sha256(raw).hexdigest(),
        )
        with self._failures("write"):
            versions = self._versions(folder)
            _write(self.storage, f"{folder}/{_version(versions[-1] if versions else None)}", _serialised(entry))
        return entry

    def get(self, key: str) -> Entry | None:
        """The newest version, or None."""
        folder = self._folder(key)
        with self._failures("read"):
            versions = self._versions(folder)
            return self._entry(key, f"{folder}/{versions[-1]}") if versions else None

    def list(self, glob: str = "*") -> tuple[str, ...]:
        """The keys that match, sorted; `*` crosses `/`."""
        folder = f"{self.root}/{self.repository}"
        with self._failures("list"):
            self.storage.invalidate_cache()
            found = [str(path)[len(folder) + 1 :] for path in self.storage.find(folder)]
        keys = {_key(path) for path in found if _is_version(path.rpartition("/")[2])}
        return tuple(sorted(key for key in keys if fnmatchcase(key, glob)))

    def history(self, key: str) -> tuple[Entry, ...]:
        """Every version, oldest first."""
        folder = self._folder(key)
        with self._failures("read"):
            return tuple(self._entry(key, f"{folder}/{name}") for name in self._versions(folder))

    def _folder(self, key: str) -> str:
        return f"{self.root}/{self.repository}/{_path(key)}"

    def _versions(self, folder: str) -> tuple[str, ...]:
        """File names, oldest first: by their time, equal times by chance but always alike."""
        return tuple(sorted(name for name in _names(self.storage, folder) if _is_version(name)))

    def _entry(self, key: str, path: str) -> Entry:
        data = self.storage.cat_file(path)
        try:
            return _parsed(data, key, self.repository)
        except (ValueError, TypeError, KeyError) as problem:
            raise Blocked(
                f"memory {self.block}: {path} is damaged ({_words(problem)}); restore that file, or remove it"
            ) from problem

    @contextlib.contextmanager
    def _failures(self, doing: str) -> Iterator[None]:
        try:
            yield
        except Blocked:
            raise
        except Exception as problem:  # every storage has errors of its own
            raise Blocked(f"memory {self.block}: cannot {doing}: {_words(problem)}") from problem


async def aopen_memory(block: str, home: Path, repository: str) -> Memory:
    """The memory of the repository with this root commit, in a storage block of the Prefect API that is configured.

    The default block is made if there is none, in `<home>/memory`. Raises Refused for a block that is missing, or whose
    storage cannot keep a memory.
    """
    kind, _, name = block.partition("/")
    if kind not in {"local-file-system", "remote-file-system"} or not name:
        raise Refused(f"memory {block!r}: only local-file-system/NAME and remote-file-system/NAME list what they hold")
    try:
        found = await _stored(kind, name, home / "memory" if block == DEFAULT_BLOCK else None)
        storage, root = await asyncio.to_thread(_opened, found.basepath, getattr(found, "settings", None))
    except Exception as problem:  # every storage has errors of its own
        raise Refused(f"memory {block} cannot be opened: {_words(problem)}") from problem
    return Memory(block, repository, storage, root)


def open_memory(block: str, home: Path, repository: str) -> Memory:
    """The same for threads in which no event loop runs."""
    return asyncio.run(aopen_memory(block, home, repository))


# -- the storage


async def _stored(kind: str, name: str, default: Path | None) -> Any:  # noqa: ANN401 - Prefect hides the class
    """A block as it is stored; a missing one is made for the `default` directory, if there is that."""
    from prefect.exceptions import ObjectNotFound  # noqa: PLC0415 - Prefect is slow to import
    from prefect.filesystems import LocalFileSystem, RemoteFileSystem  # noqa: PLC0415

    block: Any = LocalFileSystem if kind == "local-file-system" else RemoteFileSystem
    try:
        return await block.aload(name)
    except ValueError as problem:
        if default is None or not isinstance(problem.__cause__, ObjectNotFound):
            raise
    with contextlib.suppress(ValueError):  # another process was faster
        await LocalFileSystem(basepath=str(default)).asave(name)
    return await _stored(kind, name, None)


def _opened(basepath: str | None, settings: dict[str, Any] | None) -> tuple[AbstractFileSystem, str]:
    """A storage (without settings: a local directory), and our place in it, proven to list what is written there."""
    if not basepath:
        raise ValueError("it has no basepath, and would mean another directory in each process")
    if settings is None:
        storage, root = LocalFiles(), str(Path(basepath).expanduser().resolve())
    else:
        storage, root = url_to_fs(basepath, **settings)
    root = root.rstrip("/")
    if MARKER not in _names(storage, root):
        _write(storage, f"{root}/{MARKER}", b"sparc keeps its memory here: a folder for each root commit\n")
        if MARKER not in _names(storage, root):
            raise ValueError("it does not list what it holds")
    return storage, root


def _names(storage: AbstractFileSystem, folder: str) -> list[str]:
    """The names in a folder, as they are now; none if it is missing."""
    storage.invalidate_cache()  # another process may have written since
    try:
        return [str(path).rpartition("/")[2] for path in storage.ls(folder, detail=False)]
    except FileNotFoundError:
        return []


def _write(storage: AbstractFileSystem, path: str, data: bytes) -> None:
    """Write a new file so that it is there whole or not at all."""
    folder = path.rpartition("/")[0]
    draft = f"{path}.{secrets.token_hex(4)}{DRAFT}"
    storage.makedirs(folder, exist_ok=True)
    if isinstance(storage, LocalFiles):
        _write_durably(Path(draft), Path(path), data)
    else:
        storage.pipe_file(draft, data)
        storage.mv(draft, path)


def _write_durably(draft: Path, path: Path, data: bytes) -> None:
    """Write a local file so that it survives a loss of power as well."""
    try:
        with draft.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:  # a full disk is not helped by what did not fit
        draft.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(folder)
    os.close(folder)


def _words(problem: Exception) -> str:
    return str(problem) or type(problem).__name__


# -- keys, versions and values


def _path(key: str) -> str:
    """A key as a path of file names."""
    if any(segment in {"", ".", ".."} for segment in key.split("/")):
        raise Refused(f"memory key {key!r}: expected names joined by single slashes, none of them `.` or `..`")
    if any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in key):
        raise Refused(f"memory key {key!r}: control characters, and bytes that are no text, cannot be in a key")
    if len(key.encode()) > KEY_LIMIT:
        raise Refused(f"memory key {key[:60]!r}...: longer than {KEY_LIMIT} bytes")
    return LONG_NAME.sub(rf"\g<0>/{REST}", quote(key))


def _key(path: str) -> str:
    """The key of a version's path."""
    return unquote(path.rpartition("/")[0].replace(f"/{REST}", ""))


def _is_version(name: str) -> bool:
    return name.startswith(VERSION) and name.endswith(ENTRY)


def _version(newest: str | None) -> str:
    """A new file name that sorts after `newest`, even if the clock that gave that one was ahead of ours."""
    after = int(newest[len(VERSION) :].partition("-")[0]) + 1 if newest else 0
    return f"{VERSION}{max(time.time_ns(), after):020d}-{secrets.token_hex(4)}{ENTRY}"


def _raw(value: Value) -> bytes:
    """The bytes of which an entry has the sha256."""
    if not isinstance(value, str | bytes):
        value = json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
    return value if isinstance(value, bytes) else value.encode(errors="surrogatepass")


def _serialised(entry: Entry) -> bytes:
    fields = entry.model_dump()
    if isinstance(entry.value, bytes):
        fields |= {"value": base64.b64encode(entry.value).decode(), "encoding": "base64"}
    return json.dumps(fields, ensure_ascii=False, indent=1).encode(errors="surrogatepass")


def _parsed(data: bytes, key: str, repository: str) -> Entry:
    """The entry in a file; raises ValueError, TypeError or KeyError unless it is the one that was written there."""
    fields = dict(json.loads(data))
    if fields.pop("encoding", None) == "base64":
        fields["value"] = base64.b64decode(fields["value"], validate=True)
    entry = Entry.model_validate(fields)
    if (entry.key, entry.repository) != (key, repository):
        raise ValueError(f"it holds {entry.key!r} of repository {entry.repository}")
    if hashlib.sha256(_raw(entry.value)).hexdigest() != entry.sha256:
        raise ValueError("its value has another sha256 than it was written with")
    return entry
