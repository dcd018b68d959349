"""A commit as git stores it, and what its message says in trailers."""

from enum import StrEnum
from itertools import takewhile
from typing import NamedTuple


class Trailer(StrEnum):
    """What the messages of our commits end with; the values are for good."""

    RUN = "Sparc-Run"
    PHASE = "Sparc-Phase"
    NUMBER = "Sparc-Phase-Number"
    ASSIGNMENT = "Sparc-Assignment"
    ATTEMPT = "Sparc-Attempt"
    AGENT = "Sparc-Agent"
    GATE = "Sparc-Gate"
    RESOLUTION = "Conflict-Resolution"
    ROLLBACK = "Sparc-Rollback"
    HOTFIX = "Sparc-Hotfix"
    EVIDENCE = "Sparc-Evidence"


EVIDENCE_PREFIX = "sha256:"
"""Of the evidence's name in its trailer."""


class Commit(NamedTuple):
    """A commit as it is stored."""

    oid: str
    tree: str
    parents: tuple[str, ...]
    message: str

    @property
    def subject(self) -> str:
        """The first line of its message."""
        return self.message.partition("\n")[0]

    @property
    def trailers(self) -> dict[str, str]:
        """`Key: value` lines of the last paragraph; the last one wins."""
        return trailers_of(self.message)


def trailers_of(message: str) -> dict[str, str]:
    """What a commit's message says in trailers: `Key: value` lines of its last paragraph; the last one wins."""
    # not splitlines, to which a form feed ends a line: git would read another message
    pairs = (line.partition(": ") for line in message.rstrip("\n").rpartition("\n\n")[2].split("\n"))
    return {key: value for key, colon, value in pairs if colon and " " not in key}


def parse_commit(oid: str, body: bytes) -> Commit:
    """A commit from its stored form."""
    head, _, message = body.decode(errors="replace").partition("\n\n")
    fields = [line.partition(" ") for line in head.split("\n")]
    tree = next(value for key, _, value in fields if key == "tree")
    # where git looks for them: what is called a parent further down is none
    parents = takewhile(lambda field: field[0] == "parent", fields[1:])
    return Commit(oid, tree, tuple(value for _, _, value in parents), message)
