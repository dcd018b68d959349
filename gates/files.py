"""The files of a tree: which ones a check reads, and how it reads them without being led out of the tree.

The list is git's, never the disk's. Only what git lists as a regular file is read; a symbolic link is never followed,
neither at the end of a path nor on the way there.
"""

import re
import stat
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from gates.paths import is_glob, matcher, shown
from gates.subject import EXECUTABLE, REGULAR, SUBMODULE, SYMLINK, Subject
from gates.verdict import Unmeasurable

SHEBANG = re.compile(rb"#![^\n]*\b(?:python|pypy)")


def regular(subject: Subject) -> tuple[str, ...]:
    """Every path that git lists as a regular file."""
    return tuple(file.path for file in subject.files if file.mode in REGULAR)


def select(subject: Subject, patterns: Iterable[str]) -> tuple[str, ...]:
    """The regular files meant by the patterns; a pattern that means none is unmeasurable, for it may be misspelt."""
    files = regular(subject)
    chosen: set[str] = set()
    for pattern in patterns:
        matched = set(filter(matcher([pattern]), files))
        if not matched:
            raise Unmeasurable(absence(subject, pattern))
        chosen |= matched
    return tuple(sorted(chosen))


def absence(subject: Subject, pattern: str) -> str:
    """Why a pattern means no regular file."""
    modes = {file.path: file.mode for file in subject.files}
    kinds = {SYMLINK: "is a symbolic link, which is never read", SUBMODULE: "is a submodule, which is never read"}
    name = shown(pattern)
    if (mode := modes.get(pattern.removesuffix("/"))) in kinds:
        return f"{name} {kinds[mode]}"
    if not is_glob(pattern) and any(map(matcher([pattern]), modes)):
        return f"{name} is a directory: name its files, or write {name.removesuffix('/')}/**"
    return f"no file matches {name}" if is_glob(pattern) else f"{name} does not exist"


def locate(root: Path, path: str) -> Path:
    """Where a path of the tree lies on disk, once every part of it is seen to be what git says."""
    place = root
    try:
        for part in PurePosixPath(path).parts:
            place = place / part
            if stat.S_ISLNK(mode := place.lstat().st_mode):
                raise Unmeasurable(f"{shown(path)} lies behind a symbolic link, which is never followed")
    except OSError as problem:
        raise Unmeasurable(f"{shown(path)} is listed by git but cannot be read: {problem.strerror}") from None
    if not stat.S_ISREG(mode):
        raise Unmeasurable(f"{shown(path)} is listed by git as a file but is none on disk")
    return place


def read(root: Path, path: str, most: int = -1) -> bytes:
    """The bytes of a regular file of the tree; at most so many, if that is said."""
    try:
        with locate(root, path).open("rb") as file:
            return file.read(most)
    except OSError as problem:
        raise Unmeasurable(f"{shown(path)} cannot be read: {problem.strerror}") from None


def read_text(root: Path, path: str) -> str:
    r"""The text of a UTF-8 file of the tree, its lines ended by `\n`."""
    try:
        text = read(root, path).decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise Unmeasurable(f"{shown(path)} is not UTF-8 text: byte {problem.start} cannot be decoded") from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


PYTHON = (".py", ".pyw")


def python_files(subject: Subject) -> tuple[str, ...]:
    """Every regular file that is Python: by its suffix; without one, or if it can be executed, by its first line."""
    executable = {file.path for file in subject.files if file.mode == EXECUTABLE}
    return tuple(path for path in regular(subject) if _is_python(subject.root, path, executable=path in executable))


def told_by_first_line(path: str, *, executable: bool) -> bool:
    """Whether a file's first line says whether it is Python; otherwise its suffix does."""
    suffix = PurePosixPath(path).suffix
    return suffix not in PYTHON and (executable or not suffix)


def _is_python(root: Path, path: str, *, executable: bool) -> bool:
    if told_by_first_line(path, executable=executable):
        return SHEBANG.match(read(root, path, 256)) is not None
    return PurePosixPath(path).suffix in PYTHON
