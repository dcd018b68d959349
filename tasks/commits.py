"""A commit as git stores it, and what its message says in trailers."""

from enum import StrEnum
from typing import NamedTuple


class Trailer(StrEnum):
    """What the messages of our commits end with; the values are for good."""

    RUN = "Sparc-Run"
    PHASE = "Sparc-Phase"
    ASSIGNMENT = "Sparc-Assignment"
    ATTEMPT = "Sparc-Attempt"
    AGENT = "Sparc-Agent"
    GATE = "Sparc-Gate"
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
    pairs = (line.partition(": ") for line in message.rstrip("\n").rpartition("\n\n")[2].splitlines())
    return {key: value for key, colon, value in pairs if colon and " " not in key}


def parse_commit(oid: str, body: bytes) -> Commit:
    """A commit from its stored form."""
    head, _, message = body.decode(errors="replace").partition("\n\n")
    fields = [line.partition(" ") for line in head.splitlines()]
    tree = next(value for key, _, value in fields if key == "tree")
    return Commit(oid, tree, tuple(value for key, _, value in fields if key == "parent"), message)
