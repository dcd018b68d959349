"""Reads the names in files, in a process of its own: `python -I -m tasks.structure_worker`.

A parser can be made to take its process along. Standard input is a JSON list of `[kind, base64 of the contents]`; of
each file one JSON line is printed, in order: an object of names, or a text that says why there are none.
"""

import base64
import contextlib
import json
import signal
import sys
from typing import NoReturn

from tasks.structure import names_in
from tasks.structure_names import Names, Unreadable

FILE_SECONDS = 2
CPU_SECONDS = 15
ADDRESS_SPACE = 1024**3


def main() -> None:
    """Answer for every file; the process may end before that, and what it has answered counts."""
    _limit_resources()
    for kind, contents in json.load(sys.stdin):
        answer = _names(kind, base64.b64decode(contents))
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _names(kind: str, data: bytes) -> Names | str:
    signal.setitimer(signal.ITIMER_PROF, FILE_SECONDS)
    try:
        return names_in(kind, data)
    except Unreadable as problem:
        return str(problem)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _spent(*_: object) -> NoReturn:
    raise Unreadable(f"takes longer than {FILE_SECONDS} s to read")


def _limit_resources() -> None:
    signal.signal(signal.SIGPROF, _spent)
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource  # noqa: PLC0415 - Unix only

        for kind, most in (
            (resource.RLIMIT_CORE, 0), (resource.RLIMIT_CPU, CPU_SECONDS), (resource.RLIMIT_AS, ADDRESS_SPACE),
        ):  # fmt: skip
            hard = resource.getrlimit(kind)[1]
            limit = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(kind, (limit, limit))


if __name__ == "__main__":
    main()
