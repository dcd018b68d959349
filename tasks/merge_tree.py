"""Git's merges of many pairs of commits by one process, without a work tree: clean or not, and where not."""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tasks.command import Completed
from tasks.git import Git
from tasks.merge_bases import Pair

PATIENCE = 30.0  # seconds for all pairs of one look; 190 of them take a twentieth of one, on 50,000 files
REFUSALS = 3  # pairs at which git may give up before the others are given up
CONFLICT = re.compile(r"CONFLICT \((.*)\)", re.DOTALL)


@dataclass(frozen=True)
class Merged:
    """What git makes of two commits."""

    tree: str
    clean: bool
    conflicts: dict[str, tuple[str, ...]]
    """Path -> git's words for what is wrong there."""


class _Cut(Exception):
    """The answer ends in the middle of a pair."""


def merge_all(git: Git, pairs: Sequence[Pair]) -> dict[Pair, Merged | str]:
    """Every pair's merge, or why there is none; `git` should be one whose objects are thrown away."""
    found: dict[Pair, Merged | str] = {}
    left = list(pairs)
    problem = ""
    for _ in range(REFUSALS):
        if not left:
            break
        done = git.try_run("merge-tree", "--stdin", "-z", stdin=_asked(left), timeout=PATIENCE)
        if b"error: " in done.stderr:  # it takes a tree that it cannot read for an empty one, and goes on
            return found | dict.fromkeys(left, f"git could not merge them: {_reason(done)}")
        answers = list(_answers(done, left))
        found |= dict(zip(left, answers, strict=False))
        left = left[len(answers) :]
        if left:  # git ends at a pair that it cannot merge
            problem = f"git could not merge them: {_reason(done)}"
            found[left.pop(0)] = problem
        if done.failure:
            break
    return found | dict.fromkeys(left, problem)


def _asked(pairs: Sequence[Pair]) -> bytes:
    return "".join(f"{one} {other}\n" for one, other in pairs).encode()


def _reason(done: Completed) -> str:
    return done.failure or done.stderr.decode(errors="replace").strip()[:300] or f"exit code {done.code}"


def _answers(done: Completed, pairs: Sequence[Pair]) -> Iterator[Merged]:
    """One a pair, up to where the output was cut."""
    fields = iter(done.stdout.split(b"\0")[:-1])  # what follows the last NUL is nothing, or was cut
    for both in pairs:
        try:
            yield _answer(fields, both)
        except _Cut:
            return


def _answer(fields: Iterator[bytes], both: Pair) -> Merged:
    """`1 tree <end>`, or `0 tree (stage TAB path)* <end> (count path* kind text)* <end>`; an empty field is an end."""
    clean, tree = _next(fields), _next(fields).decode()
    if clean not in (b"0", b"1"):
        raise _Cut
    listed = [entry.partition(b"\t")[2] for entry in iter(lambda: _next(fields), b"")]
    if clean == b"1":
        return Merged(tree, clean=True, conflicts={})
    kinds: dict[bytes, list[str]] = {path: [] for path in listed}
    while number := _next(fields):
        paths = [_next(fields) for _ in range(int(number))]
        if conflict := CONFLICT.fullmatch(_next(fields).decode(errors="replace")):
            for path in paths:
                kinds.setdefault(path, []).append(conflict[1])
        _next(fields)  # the same as a sentence
    return Merged(tree, clean=False, conflicts=_named(kinds, both))


def _next(fields: Iterator[bytes]) -> bytes:
    field = next(fields, None)
    if field is None:
        raise _Cut
    return field


def _named(kinds: dict[bytes, list[str]], both: Pair) -> dict[str, tuple[str, ...]]:
    """By the paths as they are: where two things want one name, git calls one of them `name~COMMIT`."""
    invented = re.compile(rf"~(?:{'|'.join(both)})(?:_\d+)?\Z".encode())
    named: dict[str, list[str]] = {}
    for path, words in kinds.items():
        named.setdefault(os.fsdecode(invented.sub(b"", path)), []).extend(words)
    return {path: tuple(dict.fromkeys(words)) for path, words in named.items()}
