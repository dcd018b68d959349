"""Good tags: each is an annotated tag of a phase's merge whose gate passed, and says the same as that merge."""

from collections.abc import Collection, Iterator, Mapping

from tasks.commits import Commit, Trailer, trailers_of
from tasks.evidence import EvidenceMissing
from tasks.git import GitError
from tasks.git_bulk import found
from tasks.good import TAGS, prefix
from tasks.verify_merge import Judge
from tasks.verify_source import Source

SAME = (Trailer.RUN, Trailer.PHASE, Trailer.EVIDENCE)
"""What a tag says of the merge that it tags."""


def wrong_tags(
    source: Source, judge: Judge, plans: Collection[str], good: dict[str, Commit], start: str | None
) -> Iterator[tuple[str, str, str]]:
    """(object, tag, what is wrong with it) for the tags of these plans that are not what they should be.

    `good`: the phases' merges that hold, by their object ids; `start`: what contains the phases of earlier runs.
    """
    refs = source.git.refs(*(TAGS + prefix(plan) for plan in plans)) if plans else {}
    for (ref, oid), (_, stored) in zip(refs.items(), found(source.scratch, refs.values()), strict=True):
        name = ref.removeprefix(TAGS)
        kind, body = stored or ("", b"")
        if problem := _problem(name, kind, body, good | _earlier(source, judge, body, start)):
            yield oid, name, problem


def _earlier(source: Source, judge: Judge, body: bytes, start: str | None) -> dict[str, Commit]:
    """The phase of an earlier run that a tag points to, if its gate passed as far as its evidence is here."""
    target = body.partition(b"\n")[0].decode(errors="replace").removeprefix("object ")
    try:
        commit = source.commit(target) if start and source.scratch.ancestor(target, start) else None
        if commit is None or not {Trailer.RUN, Trailer.PHASE} <= commit.trailers.keys():
            return {}
        return {} if judge.phase(commit) else {target: commit}
    except EvidenceMissing as missing:
        judge.notes.append(f"{target[:12]}, a phase of an earlier run that has a good tag: {missing}")
        return {target: commit} if commit else {}
    except GitError:
        return {}


def _problem(name: str, kind: str, body: bytes, good: Mapping[str, Commit]) -> str | None:
    if kind != "tag":
        return "it is no annotated tag, and sparc makes no other"
    head, _, message = body.decode(errors="replace").partition("\n\n")
    fields = dict(line.partition(" ")[::2] for line in head.split("\n"))
    if fields.get("tag") != name:
        return f"it was made as {fields.get('tag')}, and has been renamed"
    merge = good.get(fields.get("object", ""))
    if merge is None:
        return f"it points to {fields.get('object', '')[:12]}, which is no phase of this history whose gate passed"
    said = trailers_of(message)
    if any(said.get(key) != merge.trailers.get(key) for key in SAME):
        return f"it tells another phase than {merge.oid[:12]}, to which it points"
    return None
