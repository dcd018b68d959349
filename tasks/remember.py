"""What a passed phase leaves in memory, and what later assignments read of it."""

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import JsonValue

from gates.paths import matcher
from tasks import evidence
from tasks.context import Remembered
from tasks.errors import Refused
from tasks.git import Git
from tasks.hub import Hub
from tasks.memory import VALUE_LIMIT, Memory
from tasks.threads import in_thread

GATES = "quality-gates"


@task(name="remember", task_run_name="remember {phase}", cache_policy=NO_CACHE, persist_result=False)
async def remember(memory: Memory, hub: Hub, phase: str, commit: str, deliverables: Sequence[str]) -> None:
    """Store a passed phase's deliverables and its gate's result: see `store`."""
    await in_thread(store, memory, hub, phase, commit, deliverables)


def store(memory: Memory, hub: Hub, phase: str, commit: str, deliverables: Sequence[str]) -> None:
    """Put what is not there yet; after a kill in the middle, doing it again completes it."""
    for path, text in texts(hub.git, commit, deliverables):
        with contextlib.suppress(Refused):  # a name that can be no key: git has the file
            _put(memory, hub, f"{hub.plan}/{phase}/{path}", text, commit)
    gate = evidence.fetch(hub.git, evidence_name(hub.git, commit))
    _put(memory, hub, f"{hub.plan}/{GATES}/{phase}.json", gate, commit)


def _put(memory: Memory, hub: Hub, key: str, value: JsonValue, commit: str) -> None:
    newest = memory.get(key)
    if newest is None or newest.commit != commit:
        memory.put(key, value, run=hub.run, commit=commit)


def texts(git: Git, commit: str, globs: Sequence[str]) -> Iterable[tuple[str, str]]:
    """(path, text) of the promised files of a commit; what is no UTF-8 text, or too large, is left to git."""
    wanted, entries = matcher(globs), git.entries(commit)
    files = [file for file in git.tree_files(commit) if file.mode.startswith("100") and file.size <= VALUE_LIMIT]
    chosen = [file.path for file in files if wanted(file.path)]
    for path, (_, data) in zip(chosen, git.objects(entries[path][1] for path in chosen), strict=True):
        with contextlib.suppress(UnicodeDecodeError):
            yield path, data.decode()


def evidence_name(git: Git, commit: str) -> str:
    """The sha256 that a commit's trailer names."""
    return git.commit(commit).trailers["Sparc-Evidence"].removeprefix("sha256:")


def read_for(memory: Memory, plan: str, wanted: Mapping[str, Sequence[str]]) -> dict[str, tuple[Remembered, ...]]:
    """What each assignment reads: its globs, matched with keys of the plan's namespace, with its name or without."""
    prefix = f"{plan}/"
    keys = memory.list(f"{prefix}*") if any(wanted.values()) else ()
    chosen = {
        name: [key for key in keys if any(_means(glob, key, prefix) for glob in globs)]
        for name, globs in wanted.items()
    }
    values = {key: _remembered(memory, key) for key in {key for some in chosen.values() for key in some}}
    return {name: tuple(values[key] for key in some) for name, some in chosen.items()}


def _means(glob: str, key: str, prefix: str) -> bool:
    return fnmatchcase(key, glob) or fnmatchcase(key.removeprefix(prefix), glob)


def _remembered(memory: Memory, key: str) -> Remembered:
    entry = memory.get(key)
    if entry is None:
        raise LookupError(f"memory lists {key} but does not hold it")
    value = entry.value.decode(errors="replace") if isinstance(entry.value, bytes) else entry.value
    return Remembered(key=key, value=value, run=entry.run, written=entry.written)
