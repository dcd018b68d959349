"""What must hold of one merge of ours: its shape, its evidence, and the gate before it.

Two parents, the second of which brings something; the tree that git makes of them, or a resolution that is declared
and was gated; evidence of the right kind, about this tree, these parents and the run that the message names; a gate
that passed on exactly this tree, with every verdict on which it rests.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from tasks.commits import Commit, Trailer
from tasks.evidence import EvidenceMissing
from tasks.git import GitError
from tasks.verify_source import PAIR, Source

Kind = Literal["release", "gate", "merge", "rollback", "hotfix"]
"""Of the evidence of a release, of a phase's merge, of an assignment's, of a rollback and of a hotfix."""
Record = dict[str, Any]
PASSED, NONE, BATCH = "passed", "none", "batch"
TOLD = {"run": Trailer.RUN, "phase": Trailer.PHASE, "assignment": Trailer.ASSIGNMENT}
"""What record and message say alike; fields of a record, and trailers."""


def kind_on_base(commit: Commit) -> Kind:
    """What a merge of ours on a base branch is, by its message."""
    said = commit.trailers
    if Trailer.ROLLBACK in said:
        return "rollback"
    return "hotfix" if Trailer.HOTFIX in said else "release"


_GIVEN = re.compile(r"~[0-9a-f]{40}(_\d+)?$")


class Judge:
    """Tells what is wrong with merges, and keeps which verdicts they rest on."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.rests_on: dict[str, list[Commit]] = {}
        """Name of a verdict's evidence -> the merges that rest on it."""
        self.notes: list[str] = []
        self._fingerprints: dict[str, str | None] = {}
        """Run -> that of its plan, which no gate of the run may have otherwise."""

    def shape(self, commit: Commit, record: Record) -> str | None:
        """What is wrong with parents and tree."""
        if len(commit.parents) != PAIR:
            return f"it has {len(commit.parents)} parents; a merge of ours has two"
        ours, theirs = commit.parents
        if commit.tree == self._source.commit(ours).tree and self._source.scratch.ancestor(theirs, ours):
            return "it merges what its first parent holds already"
        merge = self._source.merge(commit)
        if record.get("resolution") is not None or Trailer.RESOLUTION in commit.trailers:
            return self._resolution(commit, record, merge.tree, merge.conflicts)
        if merge.conflicts or merge.tree != commit.tree:
            return "its tree is not what git makes of its parents: something was slipped into the merge"
        return None

    def _resolution(self, commit: Commit, record: Record, tree: str, conflicts: Sequence[str]) -> str | None:
        """What is wrong with a resolution that a merge declares."""
        declared = record.get("resolution")
        if declared is None or commit.trailers.get(Trailer.RESOLUTION) != declared["by"]:
            return "its message and its evidence do not declare the same resolution of conflicts"
        here, told = set(map(_as_it_is, conflicts)), set(map(_as_it_is, declared["conflicts"]))
        if not here:
            return "it declares a resolution of conflicts, and git finds none between its parents"
        if here - told:
            return f"it declares other conflicts than git finds: {', '.join(sorted(here))}"
        made = self._source.record(declared["evidence"])
        if (made["kind"], made["agent"]) != ("attempt", declared["by"]):
            return "what it names as the origin of its resolution is no attempt of that agent"
        more = {_as_it_is(path) for path in self._source.scratch.changed(tree, commit.tree)} - here
        beyond = f", and changed what git had merged by itself: {', '.join(sorted(more))}" if more else ""
        about = f"{commit.oid[:12]} {commit.subject}"
        self.notes.append(f"{about}: {declared['by']} decided on {', '.join(sorted(here))}{beyond}")
        return None

    def bound(self, commit: Commit, record: Record, kind: Kind) -> str | None:
        """What keeps a record from being the evidence of this merge in this place."""
        if record.get("kind") != kind:
            return f"its evidence is of kind {record.get('kind')!r}, and in this place {kind!r} is needed"
        if record.get("tree") != commit.tree:
            return "its evidence is about another tree"
        if record.get("parents") != list(commit.parents):
            return "its evidence is about other parents"
        for field, trailer in TOLD.items():
            if field in record and commit.trailers.get(trailer, record[field]) != record[field]:
                return f"its evidence is about another {field}, {record[field]}"
        return None

    def gate(self, commit: Commit, record: Record, later: Sequence[Commit]) -> str | None:
        """What is wrong with the gate before a merge; `later`: the merges on its branch from this one to the tip."""
        said = commit.trailers.get(Trailer.GATE)
        if record["kind"] == "merge":
            return self._own_gate(commit, record, said, later)
        if (record["kind"], said, record.get("gates")) == ("rollback", NONE, []):
            return None  # to before the release, of which nothing may be known: `verify_back` looks at the tree
        if said != PASSED:
            return f"its gate is {said!r}, not passed"
        if record["kind"] == "gate":
            return self._passed(commit, record, commit.tree)
        wrong = (
            f"it rests on gate {name[:12]}: {why}" for name in record["gates"] if (why := self._rests(commit, name))
        )
        return next(wrong, None if record["gates"] else "it rests on no gate")

    def phase(self, commit: Commit) -> str | None:
        """Why a commit is not the merge of a phase whose gate passed. Raises EvidenceMissing where that is not here."""
        try:
            record = self._source.record_of(commit)
        except EvidenceMissing:
            raise
        except GitError as wrong:
            return str(wrong)
        return self.shape(commit, record) or self.bound(commit, record, "gate") or self.gate(commit, record, ())

    def _own_gate(self, commit: Commit, record: Record, said: str | None, later: Sequence[Commit]) -> str | None:
        """Of an assignment: its own, that of a batch, or none."""
        if said != record["gate"] or said not in (PASSED, NONE, BATCH):
            return "its gate is not the recorded one"
        tree = commit.tree
        if said == BATCH:
            tree = record["batch"]["tree"]
            if all(merge.tree != tree for merge in later):
                return f"it was gated in a batch with tree {tree[:12]}, which its branch never came to"
        if record.get("resolution") is not None and (said == NONE or tree != commit.tree):
            return "its conflicts were resolved, and no gate passed on the tree that came of it"
        return self._verdicts(commit, record, tree) if said != NONE or record["verdicts"] else None

    def _rests(self, commit: Commit, name: str) -> str | None:
        gate = self._source.record(name)
        return self._passed(commit, gate, commit.tree) if gate["kind"] == "gate" else "that is none"

    def _passed(self, commit: Commit, gate: Record, tree: str) -> str | None:
        if gate["outcome"] != PASSED or gate["tree"] != tree:
            return f"its gate {gate['outcome']}, on tree {gate['tree'][:12]}"
        if any(review["approved"] is not True for review in (gate.get("review"), *gate.get("reviews", ())) if review):
            return "its review did not approve it"
        if self._fingerprints.setdefault(str(gate.get("run")), gate.get("fingerprint")) != gate.get("fingerprint"):
            return "its gate was asked by another state of the plan than later gates of that run"
        return self._verdicts(commit, gate, tree)

    def _verdicts(self, commit: Commit, record: Record, tree: str) -> str | None:
        verdicts = [(name, self._source.record(name)) for name in record["verdicts"]]
        for name, verdict in verdicts:
            if verdict["kind"] != "verdict" or verdict["verdict"]["outcome"] != PASSED or verdict["tree"] != tree:
                return f"verdict {name[:12]} did not pass on this tree"
            merges = self.rests_on.setdefault(name, [])
            merges += [commit] if commit not in merges else []
        if "checks" in record and record["checks"] != list(_without_findings(verdict for _, verdict in verdicts)):
            return "its gate tells its verdicts otherwise than they are"
        return None if verdicts else "its gate rests on no verdict"


def _as_it_is(path: str) -> str:
    """A path without what git adds to it where two things want one name, which differs from merge to merge."""
    return _GIVEN.sub("", path)


def _without_findings(verdicts: Iterable[Record]) -> Iterable[Record]:
    for verdict in verdicts:
        yield {key: value for key, value in verdict["verdict"].items() if key != "findings"}
