"""What a passed phase leaves in memory, and what later assignments read of it."""

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cache, partial

from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import JsonValue

from gates.paths import fixed, matcher
from tasks import evidence
from tasks.commits import EVIDENCE_PREFIX, Trailer
from tasks.conflict_history import Conflict
from tasks.context import Remembered
from tasks.errors import Refused
from tasks.git import Git
from tasks.hub import Hub
from tasks.memory import VALUE_LIMIT, Memory
from tasks.threads import in_thread

GATES = "quality-gates"
CONFLICTS = "conflicts"


@task(name="remember", task_run_name="remember {phase}", cache_policy=NO_CACHE, persist_result=False)
async def remember(memory: Memory, hub: Hub, phase: str, commit: str, deliverables: Sequence[str]) -> None:
    """Store a passed phase's deliverables and its gate's result: see `store`."""
    await in_thread(store, memory, hub, phase, commit, deliverables)


def store(memory: Memory, hub: Hub, phase: str, commit: str, deliverables: Sequence[str]) -> None:
    """Put what is not there yet; after a kill in the middle, doing it again completes it."""
    attempts = delivered_by(hub.git, commit)
    for path, text in texts(hub.git, commit, deliverables):
        with contextlib.suppress(Refused):  # a name that can be no key: git has the file
            _put(memory, hub.run, f"{hub.plan}/{phase}/{path}", text, commit, attempts.get(path))
    gate = evidence.fetch(hub.git, evidence_name(hub.git, commit))
    _put(memory, hub.run, f"{hub.plan}/{GATES}/{phase}.json", gate, commit, None)


def remember_conflicts(memory: Memory, hub: Hub, number: int, phase: str, conflicts: Sequence[Conflict]) -> None:
    """Put how a phase's conflicts stand, unless that is what was put last; doing it again changes nothing."""
    told: list[JsonValue] = [conflict.model_dump(mode="json") for conflict in conflicts]
    value: JsonValue = {"run": hub.run, "number": number, "phase": phase, "conflicts": told}
    key = f"{hub.plan}/{CONFLICTS}/{phase}.json"
    newest = memory.get(key)
    if newest is None or newest.value != value:
        memory.put(key, value, run=hub.run, commit=hub.tip(hub.phase_branch(number, phase)))


def _put(memory: Memory, run: str, key: str, value: JsonValue, commit: str, attempt: int | None) -> None:
    """Once for each commit: what somebody has put since then stays the newest."""
    if all(entry.commit != commit for entry in memory.history(key)):
        memory.put(key, value, run=run, attempt=attempt, commit=commit)


def delivered_by(git: Git, commit: str) -> dict[str, int]:
    """The attempt that last changed each file, of those whose merges a phase's merge brought in."""
    old, *others = git.commit(commit).parents
    found: dict[str, int] = {}
    for merge in (merge for tip in others for merge in git.first_parents(old, tip)):
        attempt = merge.trailers.get(Trailer.ATTEMPT)
        for path in git.changed(merge.parents[0], merge.oid) if attempt else ():
            found.setdefault(path, int(attempt or 0))
    return found


def texts(git: Git, commit: str, globs: Sequence[str]) -> Iterable[tuple[str, str]]:
    """(path, text) of the promised files of a commit; what is no UTF-8 text, or too large, is left to git."""
    wanted, below = matcher(globs), [fixed(glob) for glob in globs]
    entries = git.entries(commit, *below)
    files = [file for file in git.tree_files(commit, *below) if wanted(file.path)]
    chosen = [file.path for file in files if file.mode.startswith("100") and file.size <= VALUE_LIMIT]
    for path, (_, data) in zip(chosen, git.objects(entries[path][1] for path in chosen), strict=True):
        with contextlib.suppress(UnicodeDecodeError):
            yield path, data.decode()


def evidence_name(git: Git, commit: str) -> str:
    """The sha256 that a commit's trailer names."""
    return git.commit(commit).trailers[Trailer.EVIDENCE].removeprefix(EVIDENCE_PREFIX)


def read_for(memory: Memory, hub: Hub, wanted: Mapping[str, Sequence[str]]) -> dict[str, tuple[Remembered, ...]]:
    """What each assignment reads: its globs, matched with keys of the plan's namespace, with its name or without.

    Of each key it is the newest version of what the plan's branch holds, or that a person has put.
    """
    prefix = f"{hub.plan}/"
    keys = memory.list(f"{prefix}*") if any(wanted.values()) else ()
    chosen = {
        name: [key for key in keys if any(_means(glob, key, prefix) for glob in globs)]
        for name, globs in wanted.items()
    }
    contained = cache(partial(_holds, hub.git, hub.plan_tip))
    values = {key: _remembered(memory, key, contained) for key in {key for some in chosen.values() for key in some}}
    return {name: tuple(found for key in some if (found := values[key])) for name, some in chosen.items()}


def _means(glob: str, key: str, prefix: str) -> bool:
    return fnmatchcase(key, glob) or fnmatchcase(key.removeprefix(prefix), glob)


def _remembered(memory: Memory, key: str, contained: Callable[[str], bool]) -> Remembered | None:
    versions = reversed(memory.history(key))
    entry = next((found for found in versions if found.commit is None or contained(found.commit)), None)
    if entry is None:
        return None
    value = entry.value.decode(errors="replace") if isinstance(entry.value, bytes) else entry.value
    return Remembered(key=key, value=value, run=entry.run, written=entry.written)


def _holds(git: Git, tip: str, commit: str) -> bool:
    """Whether a branch's tip contains a commit; nobody may have it any more."""
    return git.resolve(commit) is not None and git.ancestor(commit, tip)
