"""Calls of sparc's own gate, in pipelines and in hooks: what they ask, and what with."""

import re
import shlex
from collections.abc import Iterator
from typing import NamedTuple

from gates.tampering.commands import is_ci, run_by
from gates.tampering.diff import Diff, Source
from gates.tampering.plans import ITSELF, less_asked
from gates.tampering.rules import Sign

CALL = re.compile(r"\bsparc[\"']?\s+gate\b|\bsparc-gate(-push)?\b")
BETWEEN = re.compile(r"\s(?:&&|\|\||>|\|)\s|\s*;(?=\s|$)")
"""What ends a command of a line."""
VALUED = frozenset({
    "--base", "--file", "--repository", "--ref", "--group", "--requirements", "--junit", "--sarif", "--cobertura",
})  # fmt: skip
ASKING = ("--base", "--file", "--fresh")
"""Without which less is asked."""
MEASURED = re.compile(r"github\.sha\b|GITHUB_SHA\b|CI_COMMIT_SHA\b|rev-parse\s+(--\w+\s+)*HEAD(?![~^\w])")
"""The commit that is measured, as pipelines call it."""
VARIABLE = re.compile(r"(?<![\w-])\w*base\w*\s*[:=]\s*[\"']?(.*?)[\"'}]*\s*$", re.IGNORECASE)


class Call(NamedTuple):
    """One call of the gate."""

    options: dict[str, str]
    checks: list[object]


def signs_of(diff: Diff) -> Iterator[Sign]:
    """Calls that ask less than they did, in files that call the gate still."""
    for path, before, after in diff.pairs():
        if not (is_ci(path) and after):
            continue
        was, now = _calls(before) if before else [], _calls(after)
        yield from (Sign("ci-loosened", path, None, f"sparc gate: {why}") for why in _less(was, now))
        bases = set(_bases(before)) if before else set()
        itself = [value for value in _bases(after) if value not in bases] if now else []
        for value in itself:
            yield Sign("ci-loosened", path, None, f"sparc gate: compares a commit with itself: {value[:80]}")


def _calls(source: Source) -> list[Call]:
    commands = (command for line in run_by(source) for command in BETWEEN.split(line))
    found = ((CALL.search(command), command) for command in commands)
    return [_call(command[match.end() :]) for match, command in found if match]


def _call(text: str) -> Call:
    try:
        words = shlex.split(text)
    except ValueError:
        words = text.split()
    options: dict[str, str] = {}
    checks: list[object] = []
    waiting = ""
    for word in words:
        name, given, value = word.partition("=")
        if waiting:
            options[waiting], waiting = word, ""
        elif name.startswith("--"):
            options[name] = value
            waiting = name if name in VALUED and not given else ""
        elif word:
            checks.append(_check(word))
    return Call(options, checks)


def _check(word: str) -> object:
    import yaml  # noqa: PLC0415 - costs time that most changes need not pay

    try:
        return yaml.safe_load(word)
    except (yaml.YAMLError, ValueError, RecursionError):
        return word


def _less(was: list[Call], now: list[Call]) -> Iterator[str]:
    """In what calls ask less; that there are none any more is told elsewhere."""
    if not was or not now:
        return
    yield from less_asked([check for call in was for check in call.checks], [c for call in now for c in call.checks])
    for name in ASKING:
        before = {call.options[name] for call in was if name in call.options}
        after = {call.options[name] for call in now if name in call.options}
        if gone := sorted(before - after):
            yield f"is no longer given {name} {gone[0]}".rstrip()


def _bases(source: Source) -> Iterator[str]:
    """What is compared with, where that is what is measured."""
    for call in _calls(source):
        base = call.options.get("--base", "")
        if ITSELF.match(base) or MEASURED.search(base):
            yield base
    for line in source.text.splitlines():
        found = VARIABLE.search(line)
        if found and (ITSELF.match(found[1]) or MEASURED.search(found[1])):
            yield found[1]
