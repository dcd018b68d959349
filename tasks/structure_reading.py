"""Files of a repository, and the names in them: git hands them over at once, a worker process reads them."""

import base64
import json
import os
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from tasks.command import Command, run
from tasks.git import Git, GitError
from tasks.structure import LARGEST
from tasks.structure_names import Names

READING = 20.0  # seconds for all files of one look; above what a worker allows itself
CRASHES = 3  # files that may take their reader along before the others are given up
CRASHED = "its reader did not come to an end with it"
MODULE = "tasks.structure_worker"

Blob = tuple[str, str]
"""(kind, object id)."""


def read_names(git: Git, blobs: Collection[Blob]) -> dict[Blob, Names | str]:
    """The names in each, or why they are not known."""
    sizes = sizes_of(git, [oid for _, oid in blobs])
    small = [blob for blob in blobs if 0 <= sizes[blob[1]] <= LARGEST]
    found: dict[Blob, Names | str] = dict.fromkeys(blobs, f"larger than {LARGEST // 1024} KiB")
    found |= dict.fromkeys((blob for blob in blobs if sizes[blob[1]] < 0), "is not there")
    contents = dict(git.objects(dict.fromkeys(oid for _, oid in small))) if small else {}
    return found | _answers(small, contents)


def sizes_of(git: Git, oids: Sequence[str]) -> dict[str, int]:
    """The size of each object in bytes, -1 for one that is missing."""
    asked = "".join(f"{oid}\n" for oid in oids).encode()
    output = git.run("cat-file", "--batch-check=%(objectsize)", stdin=asked).decode().splitlines() if oids else []
    return {oid: int(line) if line.isdecimal() else -1 for oid, line in zip(oids, output, strict=True)}


def locate(git: Git, places: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """(tree, path) -> object id, of those that are there, by one process."""
    asked = b"".join(f"{tree}:".encode() + os.fsencode(path) + b"\0" for tree, path in places)
    rest = git.run("cat-file", "-z", "--batch-check=%(objectname)", stdin=asked) if places else b""
    found = {}
    for tree, path in places:
        missing = f"{tree}:".encode() + os.fsencode(path) + b" missing\n"
        if rest.startswith(missing):
            rest = rest[len(missing) :]
            continue
        oid, _, rest = rest.partition(b"\n")
        found[tree, path] = oid.decode()
    if rest:
        raise GitError(f"git cat-file in {git.directory}: told more than it was asked")
    return found


def _answers(blobs: Sequence[Blob], contents: Mapping[str, bytes]) -> dict[Blob, Names | str]:
    """Of a worker; of as many as it takes, if a file ends one."""
    found: dict[Blob, Names | str] = {}
    left, deadline = list(blobs), time.monotonic() + READING / 2
    for _ in range(CRASHES):
        if not left:
            break
        answers = _asked([(kind, contents[oid]) for kind, oid in left])
        found |= dict(zip(left, answers, strict=False))
        left = left[len(answers) :]
        if left:
            found[left.pop(0)] = CRASHED
        if time.monotonic() > deadline:
            break
    return found | dict.fromkeys(left, CRASHED)


def _asked(files: Sequence[tuple[str, bytes]]) -> list[Names | str]:
    """What a worker has answered before its end, in order."""
    question = json.dumps([(kind, base64.b64encode(data).decode()) for kind, data in files]).encode()
    env = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"}
    done = run(Command((sys.executable, "-I", "-m", MODULE), Path("/"), env, question, READING))
    lines = done.stdout[: done.stdout.rfind(b"\n") + 1].splitlines()
    answers = [json.loads(line) for line in lines[: len(files)]]
    return [answer if isinstance(answer, str) else _tuples(answer) for answer in answers]


def _tuples(answer: Mapping[str, Sequence[str]]) -> Names:
    return {name: tuple(values) for name, values in answer.items()}
