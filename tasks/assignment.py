"""One piece of work for one agent: the model, and the types of names and paths that plans are written in."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, WithJsonSchema

from gates.checks import Check
from gates.model import Duration, Frozen
from gates.paths import is_glob

NAME = r"^[a-z0-9][a-z0-9-]*$"
LONGEST_NAME = 60
LONGEST_PATH = 1000

_UNFIT: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\A\Z"), "is empty; name a file or a glob"),
    (re.compile(r"\\"), "holds a backslash; folders are separated by /, and nothing is escaped"),
    (re.compile(r"^/|^[A-Za-z]:"), "is absolute; paths start at the root of the repository"),
    (re.compile(r"^~"), "starts with ~; paths start at the root of the repository, not at a home"),
    (re.compile(r"^!"), "starts with !; there are no exceptions, name only what is meant"),
    (re.compile(r"^:"), "starts with :, which git reads as more than a path"),
    (re.compile(r"(^|/)\.\.(/|$)"), "climbs with ..; paths stay inside the repository"),
    (re.compile(r"./$"), "ends in /; name a file, or everything below a folder as folder/**"),
    (re.compile(r"(^|/)\.?(/|$)"), "has an empty or a '.' part; write it without"),
    # what git itself takes for its own folder on file systems that fold case, short names, streams and trailing dots
    (re.compile(r"(^|/)(\.git|git~\d+)[ .]*(:[^/]*)?(/|$)", re.IGNORECASE), "leads into .git, which is out of reach"),
)


def repository_glob(path: str) -> str:
    """The path or glob as it is; ValueError with a sentence if it could leave the repository or means no file."""
    if len(path) > LONGEST_PATH:
        raise ValueError(f"{path[:40]!r}... is too long for a path: {len(path)} characters of at most {LONGEST_PATH}")
    for pattern, why in _UNFIT:
        if pattern.search(path):
            raise ValueError(f"{path!r} {why}")
    if not path.isprintable():
        raise ValueError(f"{path!r} holds a character that cannot be seen")
    return path


def repository_path(path: str) -> str:
    """The path as it is; ValueError if it is a glob, or for what repository_glob refuses."""
    if is_glob(path):
        raise ValueError(f"{path!r} is a glob; name one path")
    return repository_glob(path)


def everything_below(path: str) -> str:
    """`docs/` is short for `docs/**`; anything else stays."""
    return f"{path}**" if re.search(r"[^/]/$", path) else path


def _name(name: str) -> str:
    if not re.fullmatch(NAME.rstrip("$"), name):
        raise ValueError(f"{name!r} is no name: a-z, 0-9 and -, and no - in front")
    if len(name) > LONGEST_NAME:
        raise ValueError(f"{name!r} is too long for a name: {len(name)} characters of at most {LONGEST_NAME}")
    return name


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("is blank; write what is meant")
    return text


Name = Annotated[
    str,
    AfterValidator(_name),
    WithJsonSchema({"type": "string", "pattern": NAME, "maxLength": LONGEST_NAME}),
]
"""Names branches and folders: `[a-z0-9][a-z0-9-]*`, at most 60 characters."""
Text = Annotated[str, StringConstraints(min_length=1), AfterValidator(_not_blank)]
"""Words for an agent or a person; never blank."""
PathGlob = Annotated[str, AfterValidator(repository_glob)]
"""A path inside the repository or a glob over such paths (`*` stays within a folder, `**` does not)."""
OwnedGlob = Annotated[str, AfterValidator(everything_below), AfterValidator(repository_glob)]
"""A PathGlob; `docs/` is short for `docs/**`."""
RepositoryPath = Annotated[str, AfterValidator(repository_path)]
"""One path inside the repository, no glob."""


class Architect(Frozen):
    """Who merges what two assignments cannot be merged of by git."""

    architect: Name
    """An agent of the plan; it is given both sides, and its merge passes the gate like any candidate."""


Conflicts = Literal["first-wins", "escalate"] | Architect
"""What becomes of work that conflicts with what was merged before it: asked again on top of that, kept for a person to
decide, or merged by an agent."""
WorkspaceKind = Literal["full", "sparse"]
"""Which files an attempt's workspace holds: all of them, or those below `writes` and `reads_paths`."""


class Assignment(Frozen):
    """One piece of work for one agent in one phase."""

    role: Text
    """Who the agent is to be: `Requirements Analyst`."""
    prompt: Text
    """The task, in words."""
    deliverables: Annotated[tuple[PathGlob, ...], Field(min_length=1)]
    """Files or globs that must exist afterwards."""
    writes: Annotated[tuple[OwnedGlob, ...], Field(min_length=1)] | None = None
    """Paths it owns; a change outside them is refused. By default its deliverables."""
    needs: tuple[Name, ...] = ()
    """Assignments of the same phase that must be merged first."""
    reads: tuple[Text, ...] = ()
    """Memory keys whose values its context carries; globs, as by fnmatch."""
    reads_paths: tuple[OwnedGlob, ...] = ()
    """Files that a sparse workspace holds beside those that it may write; globs."""
    workspace: WorkspaceKind | None = None
    """Which files its workspace holds; by default the plan's default."""
    conflicts: Conflicts | None = None
    """What becomes of its work when that conflicts; by default as its phase says."""
    acceptance: tuple[Text, ...] = ()
    """What must be true of the work, each in one sentence."""
    agent: Name | None = None
    """Whom to ask, by its name in `agents`; by default the plan's default agent."""
    timeout: Duration | None = None
    """How long one ask may take; by default the plan's default."""
    gate: tuple[Check, ...] = ()
    """Checks that its candidate must pass before it is merged."""

    @property
    def owned(self) -> tuple[str, ...]:
        """Globs over the paths that it may change."""
        return self.deliverables if self.writes is None else self.writes
