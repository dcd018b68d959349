"""What the tests of memory share: a memory in a directory, and the files that it keeps there."""

import subprocess
import sys
from pathlib import Path

import fsspec

from tasks.memory import DEFAULT_BLOCK, Memory

REPOSITORY, OTHER = "a" * 40, "b" * 40


def local(tmp_path: Path) -> Memory:
    return Memory(DEFAULT_BLOCK, REPOSITORY, fsspec.filesystem("file"), str(tmp_path / "memory"))


def files(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "memory").rglob("*") if path.is_file()]


def child(memory: Memory, script: str, **popen: int) -> subprocess.Popen[bytes]:
    """Another process with the same local memory as `memory`."""
    opening = (
        "import sys, fsspec; from tasks.memory import Memory;"
        f"memory = Memory({memory.block!r}, {memory.repository!r}, fsspec.filesystem('file'), {memory.root!r});"
    )
    return subprocess.Popen((sys.executable, "-c", opening + script), **popen)  # type: ignore[call-overload, no-any-return]
