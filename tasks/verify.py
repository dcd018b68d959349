"""The verifier: a repository and its evidence are enough to tell whether every merge was measured before it was made.

For each merge of ours: exactly two parents; its tree is git's own merge of them, or a resolution that is declared and
was gated; its evidence exists, hashes to its name, and is bound to this very tree and these parents; its gate passed,
and so did each verdict that it names (`verify_merge`). The newest release is verified with all that it holds: its
phases, and each phase's assignments. Each stands in its place: an assignment's merge, which may have had no gate, is
none on a branch that is for phases, releases, rollbacks and hotfixes, and a phase after the newest release is none but
on its plan's own branch: the phases to come may block it yet. Good tags point to phases that hold.

What can be told from this, and what cannot. All of it together is consistent, or it is not: nobody can change a tree, a
parent, a verdict or a message afterwards without being found out by whoever knows the tip's name. Somebody who may
write to the repository can, however, make up a whole run, evidence and all: a verdict is a record that says what was
measured, not the measuring. Signatures (`signing` in the plan, and a list of who is allowed) tell who made a merge, and
so whose word the record is. Running the recorded checks again on the recorded trees (`flows.rerun`) tells whether what
is said is so. And what a release says of where its plan began is its own word: the start is told, and `since` overrides
it.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tasks.errors import Refused
from tasks.evidence import NAMESPACE
from tasks.git_directories import scratch_repository
from tasks.repository import Repository, refuse_shallow
from tasks.signatures import Signatures, of_commit
from tasks.verify_merge import Judge
from tasks.verify_objects import altered, misleading
from tasks.verify_report import Finding, Report, Resting, SignedBy, lines
from tasks.verify_source import Source
from tasks.verify_tags import wrong_tags
from tasks.verify_walk import Walk, walk
from tasks.wording import count

__all__ = ["HOW_TO_FETCH", "Finding", "Report", "lines", "verify"]

HOW_TO_FETCH = "git fetch origin 'refs/evidence/*:refs/evidence/*'"


def verify(repository: Repository, ref: str, since: str | None, signers: Path | None = None) -> Report:
    """Walk first parents from `ref` to where the newest release's plan began, or to `since`. Raises Refused.

    `signers`: a list of allowed signers as ssh-keygen has it; with it every merge must be signed by one of them.
    """
    signatures = Signatures(signers)
    tip, stop = _commit(repository, ref), _commit(repository, since) if since else None
    refuse_shallow(repository)
    with scratch_repository(repository.git) as scratch:
        source = Source(repository.git, scratch)
        on = Walk(repository, source, Judge(source))
        start = walk(on, tip, stop, on_plan=_names_plan(repository, ref))
        _look_around(on, start, tip)
        signed_by = _check_signatures(on, signatures)
    return Report(
        ok=not on.findings and bool(on.verified), start=start, verified=tuple(on.verified),
        findings=tuple(on.findings), notes=(*on.notes, *on.judge.notes), rests_on=tuple(_rests_on(on)),
        signers=signed_by,
    )  # fmt: skip


def _commit(repository: Repository, name: str) -> str:
    found = repository.git.resolve(name)
    if found is None:
        raise Refused(f"{repository.path} has no commit {name!r}")
    return found


def _names_plan(repository: Repository, ref: str) -> bool:
    """Whether a name is that of a plan's branch, where phases are before their release."""
    said = repository.git.try_run("rev-parse", "--symbolic-full-name", "--end-of-options", ref).stdout.decode()
    full = said.strip().rpartition("\n")[2]  # git says `--end-of-options` as well
    _, _, branch = full.removeprefix("refs/").partition("/")
    remote = full.startswith("refs/remotes/")
    return (branch.partition("/")[2] if remote else branch).startswith("sparc/")


def _look_around(on: Walk, start: str | None, tip: str) -> None:
    """What does not stand in one merge: evidence that was left behind, tags, the objects, what misleads plain git."""
    if on.source.incomplete or not on.repository.git.refs(NAMESPACE):
        on.notes.append(f"there is evidence missing here; a plain clone leaves it behind: {HOW_TO_FETCH}")
    for oid, name, wrong in wrong_tags(on.source, on.judge, sorted(on.plans), on.good, start):
        on.findings.append(Finding(commit=oid, subject=f"tag {name}", problem=wrong))
    if start is None:
        return
    if problem := altered(on.source.scratch, start, tip):
        on.blame(on.source.commit(tip), problem)
    on.notes += misleading(on.repository, start, tip)


def _check_signatures(on: Walk, signatures: Signatures) -> tuple[SignedBy, ...]:
    """Judge the signature of every merge that holds; whose keys signed how many of them."""
    merges = list(on.verified.values())
    signed = [of_commit(on.source.body(merge.oid)) for merge in merges]
    keys: Counter[str] = Counter()
    problems = signatures.problems(signed)
    for merge, one, wrong in zip(merges, signed, problems, strict=True):
        if one.signature is None and merge.oid in on.signer_of:
            on.blame(merge, f"it is not signed, and its release says that it is, by {on.signer_of[merge.oid]}")
        elif wrong:
            on.blame(merge, wrong)
        elif one.fingerprint:
            keys[one.fingerprint] += 1
    words = "whom the list of signers allows" if signatures.listed else "compared with no list of signers (--signers)"
    on.notes += [f"{count(number, 'merge')} signed by {key}, {words}" for key, number in keys.items()]
    if keys and (unsigned := len(on.verified) - keys.total()):
        on.notes.append(f"{count(unsigned, 'merge')} not signed")
    return tuple(SignedBy(key=key, merges=number) for key, number in keys.items())


def _rests_on(on: Walk) -> Iterator[Resting]:
    for name, merges in on.judge.rests_on.items():
        if held := tuple(merge.oid for merge in merges if merge.oid in on.verified):
            yield Resting(evidence=name, commits=held)
