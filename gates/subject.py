"""What a check looks at: one tree, as git lists it and as it lies on disk, and what running its programs left."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import JsonValue

from gates.model import Frozen
from gates.verdict import Outcome, Unmeasurable
from gates.waivers import Waiver

EXECUTABLE = "100755"
REGULAR = ("100644", EXECUTABLE)
SYMLINK = "120000"
SUBMODULE = "160000"


class TreeFile(Frozen):
    """One entry of `git ls-tree -r`."""

    path: str
    """`/`-separated, relative to the root of the tree; bytes that are not UTF-8 are surrogate-escaped."""
    mode: str
    """Git's six octal digits: 100644, 100755, 120000 (symbolic link), 160000 (submodule)."""
    size: int
    """Bytes of the blob; 0 for a submodule."""
    blob: str = ""
    """Object name of its content; empty where it was not asked for."""


class Ran(Frozen):
    """What came of one program."""

    argv: tuple[str, ...]
    code: int | None
    """Exit code; negative for a signal; None when it did not start or was ended by us."""
    failure: str | None = None
    """Why it did not end by itself (`not found: make`, `timed out after 300 s`); None when it did."""
    output: str = ""
    """Head and tail of what it printed, for people; never evidence."""


class Run(Frozen):
    """What one run of programs left."""

    ran: tuple[Ran, ...]
    """In order."""
    reports: Path | None = None
    """Directory outside the tree with their reports."""


class Beside(Frozen):
    """A check of the same gate to which the plan gives a name, and what it came to."""

    label: str
    """`command REQ-2 build`."""
    name: str
    """What the plan calls it: `REQ-2 build`."""
    outcome: Outcome


class Subject(Frozen):
    """One tree to be measured."""

    root: Path
    """Absolute path of a fresh checkout of the tree."""
    files: tuple[TreeFile, ...]
    """Every entry of the tree, by git: the truth about what must have been analysed."""
    deliverables: tuple[str, ...] = ()
    """Paths or globs that the work under this gate has promised."""
    packages: tuple[str, ...] = ()
    """Directories (or single modules) of product code that the target's metadata declares; empty: undeclared."""
    python: str = "."
    """Folder of the target's metadata, from the root of the tree, as the plan has it."""
    base_config: Mapping[str, str] = {}
    """Name to text of the configuration files at the base commit; the same as the suite's place has."""
    reports: Path | None = None
    """Directory outside the tree in which the programs left their reports."""
    ran: tuple[Ran, ...] = ()
    """The programs that were run for this check, in order."""
    runs: Mapping[str, Run] = {}
    """Further runs, by the name that the check's probe gives them; on other trees, for instance."""
    notes: JsonValue = None
    """What the starter of the programs measured and noted, out of their reach."""
    base: "Subject | None" = None
    """The tree of the commit that comparisons are made with; None: there is none, or the check makes no comparison."""
    earlier: "tuple[Subject, ...]" = ()
    """Trees that the candidate was built on after that commit: the branch it is merged into, and what that once had."""
    refused: "tuple[Subject, ...]" = ()
    """What an attempt before left that was not merged: the candidate was not built on it, and need not know it."""
    waivers: tuple[Waiver, ...] = ()
    """What the plan allows on purpose."""
    beside: tuple[Beside, ...] = ()
    """Named checks of the same gate, for a check that hears of them (`Kind.hears`)."""


def compared(subject: Subject) -> Subject:
    """The base of a subject. Raises Unmeasurable when it has none."""
    if subject.base is None:
        raise Unmeasurable("there is nothing to compare with: name the commit to compare with (sparc gate --base REF)")
    return subject.base
