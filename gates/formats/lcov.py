"""LCOV's tracefiles: `SF:` begins a file, `DA:` tells of a line, `BRDA:` of a way out of a branch."""

import re
from collections.abc import Callable

from gates.line_hits import Tally
from gates.paths import shown
from gates.verdict import Unmeasurable

LINE = re.compile(r"([0-9]{1,9}),(-?[0-9]{1,18})(?:,.*)?")
BRANCH = re.compile(r"([0-9]{1,9}),(e?[0-9]{1,18}),(.+),(-|[0-9]{1,18})")
RECORD = re.compile(r"[A-Z][A-Z0-9_]{0,15}:.*")


def read(path: str, data: bytes) -> tuple[dict[str, Tally], tuple[str, ...]]:
    """File, as the report names it, to its hits; it names no folders. Raises Unmeasurable."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise Unmeasurable(f"{shown(path)} is no UTF-8 text: byte {problem.start} cannot be decoded") from None
    files: dict[str, Tally] = {}
    current: Tally | None = None
    for at, line in enumerate(text.splitlines(), 1):
        record = line.strip()
        key, _, rest = record.partition(":")
        if key == "SF" and rest and current is None:
            current = files.setdefault(rest, Tally())
        elif record == "end_of_record" and current is not None:
            current = None
        elif key in RECORDS and current is not None and RECORDS[key](rest, current):
            continue
        elif not _harmless(record, key):
            raise Unmeasurable(f"{shown(path)}:{at} is no record of LCOV that could stand here: {record[:80]!r}")
    if current is not None:
        raise Unmeasurable(f"{shown(path)} ends in the middle of a file: it was cut off")
    return files, ()


def _harmless(record: str, key: str) -> bool:
    return not record or record.startswith("#") or (key not in {"SF", *RECORDS} and bool(RECORD.fullmatch(record)))


def _line(rest: str, tally: Tally) -> bool:
    found = LINE.fullmatch(rest)
    if found:
        # some compilers count below zero where counters overflow
        tally.add(int(found[1]), max(int(found[2]), 0))
    return bool(found)


def _branch(rest: str, tally: Tally) -> bool:
    found = BRANCH.fullmatch(rest)
    if found:
        tally.branch(".".join(found.groups()[:3]), 0 if found[4] == "-" else int(found[4]))
    return bool(found)


RECORDS: dict[str, Callable[[str, Tally], bool]] = {"DA": _line, "BRDA": _branch}
"""What is read; each tells whether it could be."""
