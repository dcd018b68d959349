"""A merge into a base branch that is no release: of a rollback, or of a hotfix.

Everything is made in a hub, brought to the user's repository, evidence first, and then the branch moves by
compare-and-swap. The step is noted in the user's repository itself, for the run's folder may be gone by then.
"""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import JsonValue

from tasks import evidence
from tasks.commits import EVIDENCE_PREFIX, Trailer
from tasks.hub import Hub, create_hub
from tasks.integrate import Candidate
from tasks.publish import fetch
from tasks.release import NOTE, Step, mend, move_base
from tasks.repository import Repository
from tasks.run_folder import RunFolder

REFS = {"rollback": "revert", "hotfix": "release"}
"""Which branches of a hub hold the merges of a kind."""


@dataclass(frozen=True)
class BaseMerge:
    """What is to be merged, and what is said of it."""

    kind: str
    """`rollback` or `hotfix`."""
    base: str
    found: Candidate
    gates: Sequence[str]
    """Names of the evidence of gates that passed on its tree; none if it is a tree that stood there before."""
    about: Mapping[str, JsonValue]
    """What its evidence says of it and of nothing else."""
    message: str
    trailer: tuple[Trailer, str]


@contextlib.contextmanager
def workshop(repository: Repository, kept: Hub, *, own: bool) -> Iterator[Hub]:
    """A hub to make merges in: the run's, if it is still there and of this repository (`own`), or one for the time."""
    if own and kept.directory.is_dir():
        yield kept
        return
    with TemporaryDirectory(prefix="sparc-hub-") as scratch:
        yield create_hub(Path(scratch) / "hub.git", repository, kept.run, kept.plan, kept.start)


def land(hub: Hub, repository: Repository, merge: BaseMerge) -> str | None:
    """Make the merge and move the base branch, with its work tree; None if the branch is elsewhere by now.

    Raises Blocked, with nothing moved, when the branch is checked out and cannot follow.
    """
    record: dict[str, JsonValue] = {
        "kind": merge.kind, "run": hub.run, "plan": hub.plan, "base": merge.base, "gates": list(merge.gates),
        "signer": hub.signer.fingerprint if hub.signer else None, **merge.about, **merge.found.binding,
    }  # fmt: skip
    (name,) = evidence.keep(hub.git, [record])
    trailers = {
        Trailer.RUN: hub.run, Trailer.GATE: "passed" if merge.gates else "none", merge.trailer[0]: merge.trailer[1],
        Trailer.EVIDENCE: f"{EVIDENCE_PREFIX}{name}",
    }  # fmt: skip
    lines = "".join(f"{key}: {value}\n" for key, value in trailers.items())
    found = merge.found
    commit = hub.git.write_commit(found.tree, (found.ours, found.theirs), f"{merge.message}\n\n{lines}")
    _bring(hub, repository, f"refs/heads/{REFS[merge.kind]}/{commit[:12]}", commit, merge.kind)
    moved = move_base(notes(repository, hub.run), repository, merge.base, found.ours, commit, merge.kind)
    return commit if moved else None


def _bring(hub: Hub, repository: Repository, branch: str, commit: str, kind: str) -> None:
    hub.git.create_refs({branch: commit})
    fetch(repository.git, hub, f"{evidence.NAMESPACE}*:{evidence.NAMESPACE}*")
    fetch(repository.git, hub, f"{branch}:refs/sparc/{kind}/{hub.run}-{commit[:12]}")


def notes(repository: Repository, run: str) -> RunFolder:
    """Where moves of the base branch on behalf of a run are noted and locked, whatever became of its own folder."""
    return RunFolder(repository.git.directory / "sparc", run)


def completed(repository: Repository, run: str, base: str) -> str | None:
    """Complete what was killed between the branch and its work tree; the merge at which it stands, None if none was.

    Raises Blocked if there are files that are neither as before nor as after it.
    """
    note = notes(repository, run).path / NOTE
    step = Step.model_validate_json(note.read_bytes()) if note.is_file() else None
    mend(notes(repository, run), repository, base)
    return step.new if step and repository.tip(base) == step.new else None
