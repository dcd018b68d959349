"""Evidence: canonical JSON, named by its sha256, kept alive in git under refs/evidence/."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence

from pydantic import JsonValue

from tasks.git import Git, GitError

NAMESPACE = "refs/evidence/"
Record = Mapping[str, JsonValue]


class EvidenceMissing(GitError):
    """Evidence that a commit names is not in this repository."""


def canonical(record: Record) -> bytes:
    """The one way to write a record: sorted keys, no spaces, ASCII."""
    return json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode()


def name_of(document: bytes) -> str:
    """The sha256 of a document, in hex."""
    return hashlib.sha256(document).hexdigest()


def keep(git: Git, records: Sequence[Record]) -> tuple[str, ...]:
    """Store records and their references; their names, in order. Storing one twice changes nothing."""
    refs = written(git, records)
    git.create_refs(refs)
    return tuple(name_of(canonical(record)) for record in records)


def written(git: Git, records: Sequence[Record]) -> dict[str, str]:
    """Store records without their references; these and where they are to point, for `Git.move` to make them first."""
    documents = [canonical(record) for record in records]
    return {NAMESPACE + name_of(document): git.write_blob(document) for document in documents}


def fetch(git: Git, name: str) -> dict[str, JsonValue]:
    """The record of a name. Raises EvidenceMissing, or GitError if it is altered or not a record."""
    done = git.try_run("cat-file", "blob", f"{NAMESPACE}{name}")
    if done.code != 0:
        raise EvidenceMissing(f"evidence {name[:12]} is missing")
    return parse(name, done.stdout)


def all_of(git: Git, kind: str) -> Iterator[tuple[str, dict[str, JsonValue]]]:
    """(name, record) of every stored record whose `kind` this is."""
    refs = git.refs(NAMESPACE)
    names = {oid: ref.removeprefix(NAMESPACE) for ref, oid in refs.items()}
    for oid, document in git.objects(names):
        record = parse(names[oid], document)
        if record.get("kind") == kind:
            yield names[oid], record


def parse(name: str, document: bytes) -> dict[str, JsonValue]:
    """The record of a name, from what is stored under it. Raises GitError if it is altered or not a record."""
    if name_of(document) != name:
        raise GitError(f"evidence {name[:12]} does not hash to its name: it was altered")
    try:
        record = json.loads(document)
    except (ValueError, RecursionError):
        record = None
    if not isinstance(record, dict):
        raise GitError(f"evidence {name[:12]} is not a record")
    return record
