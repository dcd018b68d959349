"""The difference of two trees: what files were and what they are, and which marks are new in them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from gates.files import SHEBANG, read
from gates.ratchet import fresh
from gates.subject import REGULAR, Subject, TreeFile
from gates.tampering.python import Module
from gates.tampering.rules import Mark, Sign

LARGEST = 1_000_000
"""Bytes of a text that is looked at line by line; what is larger was made by a program."""


@dataclass(frozen=True)
class Source:
    """One file of one of the trees."""

    root: Path
    file: TreeFile

    @property
    def path(self) -> str:
        """Its path in the repository."""
        return self.file.path

    @property
    def name(self) -> str:
        """Its last part."""
        return self.path.rpartition("/")[2]

    @property
    def folder(self) -> str:
        """The rest; empty for the root."""
        return self.path.rpartition("/")[0]

    @cached_property
    def data(self) -> bytes:
        """Its bytes; of what is no regular file none."""
        return read(self.root, self.path) if self.file.mode in REGULAR else b""

    @cached_property
    def text(self) -> str:
        """Its text, whatever cannot be decoded replaced; of a very large file none."""
        return "" if len(self.data) > LARGEST else self.data.decode("utf-8-sig", "replace")

    @cached_property
    def is_python(self) -> bool:
        """Whether it is Python, by its suffix, or without one by its first line."""
        suffix = PurePosixPath(self.path).suffix
        if suffix:
            return suffix in (".py", ".pyi")
        return self.file.mode in REGULAR and SHEBANG.match(self.data[:256]) is not None

    @cached_property
    def module(self) -> Module:
        """Its syntax. Raises Unmeasurable."""
        return Module.parse(self.path, self.data)


@dataclass(frozen=True)
class Diff:
    """Two trees, and those files of them that differ."""

    old: dict[str, TreeFile]
    new: dict[str, TreeFile]
    old_root: Path
    new_root: Path

    @cached_property
    def before(self) -> dict[str, Source]:
        """Files that are changed or gone, as they were."""
        return {path: Source(self.old_root, self.old[path]) for path in self._changed if path in self.old}

    @cached_property
    def after(self) -> dict[str, Source]:
        """Files that are changed or new, as they are."""
        return {path: Source(self.new_root, self.new[path]) for path in self._changed if path in self.new}

    @cached_property
    def _changed(self) -> tuple[str, ...]:
        return tuple(path for path in sorted({*self.old, *self.new}) if not self._same(path))

    def _same(self, path: str) -> bool:
        was, is_now = self.old.get(path), self.new.get(path)
        if was is None or is_now is None or was.mode != is_now.mode:
            return False
        if was.blob and is_now.blob:
            return was.blob == is_now.blob
        return was.size == is_now.size and Source(self.old_root, was).data == Source(self.new_root, is_now).data

    def pairs(self) -> Iterator[tuple[str, Source | None, Source | None]]:
        """Every path that differs, as it was and as it is."""
        return ((path, self.before.get(path), self.after.get(path)) for path in self._changed)

    def sides(self, wanted: Callable[[str], bool]) -> tuple[list[Source], list[Source]]:
        """All files with such paths in the old and in the new tree, changed or not."""
        return (
            [Source(self.old_root, file) for path, file in self.old.items() if wanted(path)],
            [Source(self.new_root, file) for path, file in self.new.items() if wanted(path)],
        )


def difference(old: Subject, new: Subject) -> Diff:
    """What differs between two trees."""
    return Diff(
        {file.path: file for file in old.files}, {file.path: file for file in new.files}, old.root, new.root,
    )  # fmt: skip


def new_marks(after: Sequence[Mark], before: Iterable[Mark]) -> Iterator[Sign]:
    """The signs of those marks that the base did not have: moving one, with its line, is not adding one."""
    before = list(before)

    def within(mark: Mark) -> tuple[str, str, str]:
        return mark.sign.rule, mark.sign.path, mark.key

    def across(mark: Mark) -> tuple[str, str]:
        return mark.sign.rule, mark.text

    added, gone = fresh(after, before, within), fresh(before, after, within)
    return (mark.sign for mark in fresh(added, gone, across))
