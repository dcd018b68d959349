"""Evidence: named by its own sha256, kept by a reference, and worth nothing once it was altered."""

import hashlib
import json
import threading

import pytest

from tasks import evidence
from tasks.git import Git, GitError
from tasks.hub import Hub

RECORD: evidence.Record = {
    "kind": "verdict",
    "text": "é \ud800\n",
    "number": 1.5,
    "list": [None, True, {"b": 1, "a": 2}],
}


@pytest.fixture
def git(hub: Hub) -> Git:
    return hub.git


def forged(git: Git, name: str, document: bytes) -> str:
    """Put a document where the evidence of this name would be, behind the back of the repository's rules."""
    Git(git.directory).run("update-ref", f"refs/evidence/{name}", git.write_blob(document))
    return name


def test_a_record_is_written_in_one_way_only() -> None:
    shuffled = dict(reversed(list(RECORD.items())))
    written = evidence.canonical(RECORD)
    assert written == evidence.canonical(shuffled)
    assert written == (b'{"kind":"verdict","list":[null,true,{"a":2,"b":1}],"number":1.5,"text":"\\u00e9 \\ud800\\n"}')
    assert json.loads(written) == RECORD


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_what_is_no_json_is_not_written(number: float) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        evidence.canonical({"number": number})


def test_a_kept_record_is_named_by_its_sha256_and_found_by_it(git: Git) -> None:
    names = evidence.keep(git, [RECORD, {"kind": "merge"}])
    assert names[0] == hashlib.sha256(evidence.canonical(RECORD)).hexdigest()
    assert [evidence.fetch(git, name) for name in names] == [RECORD, {"kind": "merge"}]
    assert set(git.refs("refs/evidence/")) == {f"refs/evidence/{name}" for name in names}
    blob = git.refs("refs/evidence/")[f"refs/evidence/{names[0]}"]
    assert hashlib.sha256(git.run("cat-file", "blob", blob)).hexdigest() == names[0]


def test_keeping_a_record_twice_changes_nothing(git: Git) -> None:
    first = evidence.keep(git, [RECORD])
    before = git.refs("refs/evidence/")
    assert evidence.keep(git, [RECORD]) == first
    assert git.refs("refs/evidence/") == before
    assert evidence.keep(git, []) == ()


def test_many_threads_keep_the_same_records_without_losing_one(git: Git) -> None:
    records = [{"kind": "verdict", "n": number} for number in range(8)]
    names: list[tuple[str, ...]] = []
    threads = [threading.Thread(target=lambda: names.append(evidence.keep(git, records))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(names) == 6
    assert len(set(names)) == 1
    assert len(git.refs("refs/evidence/")) == 8


def test_evidence_that_is_missing_or_was_altered_is_an_error(git: Git) -> None:
    (name,) = evidence.keep(git, [RECORD])
    missing = "0" * 64
    with pytest.raises(GitError, match=f"evidence {missing[:12]} is missing"):
        evidence.fetch(git, missing)
    forged(git, name, evidence.canonical({**RECORD, "number": 2}))
    with pytest.raises(GitError, match=f"evidence {name[:12]} does not hash to its name: it was altered"):
        evidence.fetch(git, name)
    with pytest.raises(GitError, match="altered"):
        list(evidence.all_of(git, "verdict"))


@pytest.mark.parametrize("name", ["", "../heads/main", "x\n", "--help", "x^{tree}", "x:README.md"])
def test_a_name_that_is_no_hash_finds_nothing(git: Git, name: str) -> None:
    forged(git, "x", b"{}")
    with pytest.raises(GitError, match=r"missing|altered"):
        evidence.fetch(git, name)


@pytest.mark.parametrize("document", [b"[]", b"null", b"1", b"no json", b"\xff"])
def test_what_hashes_to_its_name_and_is_no_record_is_an_error(git: Git, document: bytes) -> None:
    name = forged(git, evidence.name_of(document), document)
    with pytest.raises(GitError, match="is not a record"):
        evidence.fetch(git, name)


def test_records_are_listed_by_their_kind(git: Git) -> None:
    records = [{"kind": kind, "n": number} for number in range(3) for kind in ("review", "gate")]
    names = evidence.keep(git, records)
    assert dict(evidence.all_of(git, "review")) == {names[n]: records[n] for n in (0, 2, 4)}
    assert list(evidence.all_of(git, "attempt")) == []
