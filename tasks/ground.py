"""What the checks of one gate stand on: trees checked out once each, and rooms to run programs in.

The exam's own tree is one of them; the base commit's, and trees that a probe makes, are others.
"""

import threading
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path, PurePosixPath
from tempfile import mkdtemp
from typing import TypeVar

from gates.files import told_by_first_line
from gates.subject import EXECUTABLE, REGULAR, SYMLINK, Subject, TreeFile
from tasks.environment import product_of
from tasks.exam import Exam
from tasks.git import Git
from tasks.git_bulk import lay_out
from tasks.git_directories import scratch_repository
from tasks.once import Once
from tasks.rooms import Room, Rooms, Site
from tasks.suite_run import base_config
from tasks.target import Environment
from tasks.trash import discard

T = TypeVar("T")
MISREAD = (".git", ".hg", ".svn", ".tox", "CVS")
"""Tools pass over files whose path has one of these anywhere in it."""


class Ground:
    """One gate's. Its methods may be called from several threads at once."""

    def __init__(self, exam: Exam, scratch: ExitStack, opened: list[Path]) -> None:
        """`scratch` takes away what is made here; `opened` is told the folder of each room."""
        self.exam = exam
        self.folder = _folder(exam.folder)
        scratch.callback(discard, self.folder, exam.home)
        self.git: Git = scratch.enter_context(scratch_repository(exam.git))
        """A repository of ours that sees every object of the exam's, converts nothing, and may be written to."""
        self.wanted = exam.environment or Environment()
        self._scratch, self._opened = scratch, opened
        self._lock = threading.Lock()
        self._listed: dict[str, Once[tuple[TreeFile, ...]]] = {}
        self._rooms: dict[str, Once[Rooms]] = {}
        self._trees: dict[str, Once[Subject]] = {}
        self._glimpses: dict[str, Once[Subject]] = {}

    @cached_property
    def config(self) -> Mapping[str, str]:
        """Configuration files at the base commit."""
        return base_config(self.exam.git, self.exam.base, self.exam.environment)

    def open(self, tree: str | None = None) -> Room:
        """A new room with a tree (the exam's, if none is said) and the target's environment. Raises SparcError."""
        tree = tree or self.exam.tree
        return self._once(self._rooms, tree).get(lambda: self._make_rooms(tree)).open()

    def _make_rooms(self, tree: str) -> Rooms:
        rooms = Rooms(self.site(tree), self.folder, self._opened)
        self._scratch.callback(rooms.close)
        return rooms

    def site(self, tree: str) -> Site:
        """What all rooms with a tree have in common."""
        exam = self.exam
        return Site(self.git, tree, self.files(tree), self.wanted, exam.home, exam.env, exam.confinement)

    def files(self, tree: str) -> tuple[TreeFile, ...]:
        """What a tree has, listed once."""
        return self._once(self._listed, tree).get(lambda: self.git.tree_files(tree))

    def _once(self, kept: dict[str, Once[T]], tree: str) -> Once[T]:
        with self._lock:
            return kept.setdefault(tree, Once[T]())

    def subject(self, tree: str | None = None) -> Subject:
        """A tree (the exam's, if none is said) as it is before any program has run in it; checked out once."""
        tree = tree or self.exam.tree
        return self._once(self._trees, tree).get(lambda: self._looked_at(tree))

    def _looked_at(self, tree: str) -> Subject:
        root = self.new_folder() / "tree"
        self.git.checkout(tree, root)
        return self._subject(tree, root).model_copy(update={"base_config": self.config})

    def glimpse(self, tree: str | None = None) -> Subject:
        """A tree of which next to nothing is on disk: what tells the product, and the language of each file."""
        tree = tree or self.exam.tree
        return self._once(self._glimpses, tree).get(lambda: self._glimpsed(tree))

    def _glimpsed(self, tree: str) -> Subject:
        root = self.new_folder() / "tree"
        lay_out(self.git, [file for file in self.files(tree) if _tells(file, self.wanted)], root)
        return self._subject(tree, root)

    def _subject(self, tree: str, root: Path) -> Subject:
        files = self.files(tree)
        return Subject(
            root=root, files=files, packages=self._packages(root, files), python=self.wanted.python or ".",
            deliverables=self.exam.deliverables, waivers=self.exam.waivers,
        )  # fmt: skip

    def _packages(self, root: Path, files: Iterable[TreeFile]) -> tuple[str, ...]:
        return product_of(root, self.wanted, [file.path for file in files])

    def compared(self, subject: Subject) -> Subject:
        """A subject with the trees that it is compared with."""
        base = self.subject(self.exam.compared) if self.exam.compared else None
        earlier = tuple(self.subject(commit) for commit in self.exam.earlier)
        refused = tuple(self.subject(commit) for commit in self.exam.refused)
        return subject.model_copy(update={"base": base, "earlier": earlier, "refused": refused})

    def glimpse_compared(self, subject: Subject) -> Subject:
        """A glimpse with one of the base."""
        base = self.glimpse(self.exam.compared) if self.exam.compared else None
        return subject.model_copy(update={"base": base})

    def new_folder(self) -> Path:
        """An empty folder outside of any tree."""
        return Path(mkdtemp(prefix="", dir=self.folder))


def _tells(file: TreeFile, wanted: Environment) -> bool:
    """Whether deciding on the product takes the file itself: metadata, links, and what may be a script."""
    path = PurePosixPath(file.path)
    if file.mode == SYMLINK:
        return True
    beside_metadata = wanted.python is not None and path.parent == PurePosixPath(wanted.python)
    asked = beside_metadata or file.path in wanted.requirements
    asked = asked or told_by_first_line(file.path, executable=file.mode == EXECUTABLE)
    return file.mode in REGULAR and asked


def _folder(wanted: Path) -> Path:
    """A new folder where the exam wants it, unless tools would misread what lies there."""
    wanted = wanted.resolve()
    if any(part in str(wanted) for part in MISREAD):
        return Path(mkdtemp(prefix="sparc-exam-")).resolve()
    try:
        wanted.mkdir(parents=True)
    except FileExistsError:
        return Path(mkdtemp(prefix="", dir=wanted))
    return wanted
