"""`secrets`: no file of the tree has something in it that looks like a password, a token or a private key.

Every regular file is read, whatever its name and kind. Of a match its rule and place are told, and its first four
characters: never the secret itself. Nothing in a file takes it out of the search; only the plan's waivers do.

Only trees are seen: what a commit brought and a later one took away is in the history, and no longer here.
"""

import hashlib
from collections.abc import Hashable, Iterable, Iterator
from itertools import groupby, islice
from typing import NamedTuple

from pydantic import JsonValue

from gates.files import read, regular, select
from gates.flagged import Flag, Flagged, verdict
from gates.model import Flag as Switch
from gates.model import Frozen
from gates.paths import Paths
from gates.ratchet import fresh
from gates.secret_rules import matches, rules_for
from gates.subject import Subject, compared
from gates.verdict import Unmeasurable, Verdict

SHOWN = 4
MOST_IN_ONE_FILE = 100


class Limits(Frozen):
    """Where is searched."""

    new_only: Switch = False
    """Count only what the base commit does not have."""
    paths: Paths = ()
    """Files or globs to search. Default: every file."""


class Found(NamedTuple):
    """A match, by the digest of what was found instead of the thing itself."""

    flag: Flag
    digest: str

    @property
    def key(self) -> Hashable:
        """What makes two of them the same one: a secret that moves to another file has spread."""
        return self.flag.rule, self.flag.path, self.digest


def compares(limits: Limits) -> bool:
    """Whether it looks at the base commit's tree."""
    return limits.new_only


def measure(limits: Limits, subject: Subject) -> JsonValue:
    """Every match that counts."""
    files = select(subject, limits.paths) if limits.paths else regular(subject)
    if not files:
        raise Unmeasurable("there is no file to search")
    # of what is compared nothing may be left out
    most = None if limits.new_only else MOST_IN_ONE_FILE
    found = list(_searched(subject, files, most))
    old = None
    if limits.new_only:
        base = compared(subject)
        # what is asked of the candidate alone is all that can match
        known = set(files)
        before = _searched(base, (path for path in regular(base) if path in known), most)
        new = fresh(found, before, lambda each: each.key)
        found, old = new, len(found) - len(new)
    flags = tuple(each.flag for each in _shown(found))
    return Flagged(files=len(files), flags=flags, old=old, waivers=subject.waivers).model_dump(mode="json")


def _searched(subject: Subject, files: Iterable[str], most: int | None) -> Iterator[Found]:
    for path in files:
        yield from islice(_in_file(path, _text(read(subject.root, path))), most)


def _shown(found: Iterable[Found]) -> Iterator[Found]:
    for _, group in groupby(found, key=lambda each: each.flag.path):
        yield from islice(group, MOST_IN_ONE_FILE)


def _text(data: bytes) -> str:
    """As characters, byte by byte: a secret is ASCII in any encoding."""
    # between zeros stand the letters of UTF-16, whose mark proves nothing
    return data.replace(b"\0", b"").decode("latin-1")


def _in_file(path: str, text: str) -> Iterator[Found]:
    lowered = text.lower()
    spots: dict[int, tuple[str, str]] = {}
    told = bytearray(len(text))
    for rule in rules_for(path):
        for match in matches(rule, text, lowered):
            # the first rule that tells of a place is the one that knows it best
            if not told[match.start]:
                spots[match.start] = rule.name, match.text
                told[match.start : match.start + len(match.text)] = b"\1" * len(match.text)
    line, last = 1, 0
    for start in sorted(spots):
        line, last = line + text.count("\n", last, start), start
        yield _found(path, line, *spots[start])


def _found(path: str, line: int, rule: str, secret: str) -> Found:
    message = f"looks like a secret: {secret[:SHOWN]!r} and {len(secret) - SHOWN} more characters"
    flag = Flag(rule=rule, path=path, line=line, message=message)
    return Found(flag, hashlib.sha256(secret.encode()).hexdigest())


def judge(limits: Limits, report: JsonValue) -> Verdict:  # noqa: ARG001 - every check is asked with its limits
    """Passed when nothing looks like a secret that the plan does not allow."""
    return verdict("secrets", Flagged.model_validate(report))
