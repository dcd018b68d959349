"""What must hold besides of rollbacks and hotfixes: the one goes back, and the other starts from what was good.

A rollback's second parent is made on top of its first, so that git's own merge of the two is whatever was put there:
it has to be the older tree itself, or, where others worked on the base branch meanwhile, what git makes of taking back
the merges that are named. Gates have passed on that tree, but for the one tree that no plan has measured: what stood
there before the release.
"""

from tasks.commits import Commit, Trailer
from tasks.evidence import EvidenceMissing
from tasks.git import Git, GitError
from tasks.good import TAGS
from tasks.released import START
from tasks.rollback import reverted
from tasks.verify_merge import Judge, Record
from tasks.verify_source import PAIR, Source


def rollback(source: Source, judge: Judge, commit: Commit, record: Record) -> str | None:
    """What is wrong with a rollback, of which shape, evidence and gate hold already."""
    tip, revert = commit.parents
    if source.commit(revert).parents != (tip,):
        return "what it merges was not made on top of the branch that it takes back"
    older = source.commit(record["to_commit"])
    if wrong := _wrong_goal(source, judge, commit, record, older):
        return wrong
    if not record["gates"] and (record["to"], commit.tree) != (START, older.tree):
        return "no gate passed on its tree, and it is not the one from before the release"
    if commit.tree in (older.tree, _taken_back(source, tip, record["reverts"])):
        return None
    return f"its tree is neither that of {older.oid[:12]} nor what taking back the merges that it names gives"


def _wrong_goal(source: Source, judge: Judge, commit: Commit, record: Record, older: Commit) -> str | None:
    if commit.trailers.get(Trailer.ROLLBACK) != record["to"]:
        return "its message and its evidence name different places to go back to"
    if not source.scratch.ancestor(older.oid, commit.parents[0]):
        return f"it goes back to {older.oid[:12]}, which its branch never held"
    if record["to"] != START and (why := _not_good(judge, older)):
        return f"it goes back to {older.oid[:12]}, which is no phase that passed: {why}"
    return None


def _not_good(judge: Judge, phase: Commit) -> str | None:
    try:
        return judge.phase(phase)
    except EvidenceMissing as missing:
        return str(missing)


def _taken_back(source: Source, tip: str, reverts: list[str]) -> str | None:
    """The tree after taking back merges one after the other; None: they are none, or cannot be taken back."""
    known = all(len(source.commit(name).parents) == PAIR and source.scratch.ancestor(name, tip) for name in reverts)
    merge = reverted(source.scratch, tip, reverts) if known and reverts else None
    return merge.tree if merge and not merge.conflicts else None


def hotfix(source: Source, judge: Judge, commit: Commit, record: Record) -> str | None:
    """What is wrong with a hotfix, of which shape, evidence and gate hold already."""
    if commit.trailers.get(Trailer.HOTFIX) != record["name"]:
        return "its message and its evidence name different hotfixes"
    target = _target(source.git, record["from"])
    if target is None:
        judge.notes.append(
            f"{commit.oid[:12]} {commit.subject}: it starts from {record['from']}, a tag that is not here"
        )
        return None
    if not source.scratch.ancestor(target, commit.parents[1]):
        return f"it does not start from {record['from']}, as its evidence says"
    return None


def _target(git: Git, tag: str) -> str | None:
    if not tag.startswith("good/"):
        raise GitError(f"it starts from {tag}, which is no good/<plan>/<n>")
    return git.resolve(TAGS + tag)
