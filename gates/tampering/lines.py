"""Tests of other languages, by simple rules on lines: how many there are, and which are left out.

Names are looked for line by line, so that tests which a program makes, or whose names are put together, are not seen.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import NamedTuple

from gates.paths import TEST_FOLDERS
from gates.tampering.diff import Diff, Source, new_marks
from gates.tampering.rules import Mark, Sign

MOST_NAMES = 6


class Language(NamedTuple):
    """What tests look like."""

    test: re.Pattern[str]
    """The head of a test; its first group is its name."""
    skip: re.Pattern[str]
    asserts: re.Pattern[str]
    files: re.Pattern[str] | None = None
    """Names of test files; None: any file may hold tests."""


def _language(test: str, skip: str, asserts: str, files: str | None = None) -> Language:
    return Language(*map(re.compile, (test, skip, asserts)), files=re.compile(files) if files else None)  # type: ignore[misc]


SCRIPT = _language(
    r"(?<![.\w])(?:it|test)(?:\.(?:each|concurrent|skip|only|todo|failing)\b[^(]*(?:\([^)]*\))?)?\s*\(\s*[`'\"]([^`'\"]+)",
    r"\b(?:it|test|describe|suite)\.(?:skip|only|todo|failing|fixme|skipIf)\b|\b(?:xit|xtest|xdescribe|fit|fdescribe)\s*\(",
    r"\bexpect\s*\(|\bassert\b",
    r"(\.(test|spec|e2e|cy)\.\w+$)|(^|/)(__tests__|tests?|spec)/",
)
LANGUAGES = dict.fromkeys((".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts"), SCRIPT) | {
    ".rs": _language(r"#\[(?:\w+::)*(?:test|rstest|test_case)\b[^\]]*\]",
                     r"#\[ignore\b|cfg_attr\([^\]]*ignore|\bcfg\((any\(\)|FALSE|false)\)",
                     r"\b(?:debug_)?assert\w*!|\bpanic!"),
    ".go": _language(r"^func (Test\w+|Fuzz\w+|Benchmark\w+)\(", r"\b[tbf]\.Skip(?:Now|f)?\(|//go:build\b",
                     r"\b[tbf]\.(?:Error|Fatal|Fail)\w*\(|\b(?:assert|require)\.\w+\(", r"_test\.go$"),
    ".java": _language(r"@(?:Test|ParameterizedTest|RepeatedTest)\b", r"@(?:Disabled|Ignore)\b|assumeTrue\(false",
                       r"\bassert\w*\(|\bverify\("),
    ".kt": _language(r"@(?:Test|ParameterizedTest)\b", r"@(?:Disabled|Ignore)\b", r"\bassert\w*\(|\bshould"),
    ".erl": _language(r"^(\w+_test_?)\(\)\s*->", r"\{skip,|\{skipped,", r"\?assert\w*\(|\?_assert\w*\("),
    ".exs": _language(r"^\s*(?:test|property)\s+\"([^\"]+)", r"@(?:module)?tag\s+:?skip|skip: true",
                      r"\b(?:assert|refute)\b"),
    ".rb": _language(r"\b(?:it|specify)\s+['\"]([^'\"]+)|def (test_\w+)", r"\b(?:xit|xdescribe|fit|pending|skip)\b",
                     r"\bexpect\b|\bassert\w*", r"(_spec|_test)\.rb$|(^|/)test_[^/]*\.rb$"),
}  # fmt: skip


COMMENTS = {".erl": ("%",), ".exs": ("#",), ".rb": ("#",)}
"""How a line begins that is none of code."""


def signs_of(diff: Diff) -> Iterator[Sign]:
    """What tests of other languages have lost."""
    before, after = _tests(diff.before.values()), _tests(diff.after.values())
    yield from _deleted(before, after)
    known = {source.path for source in before}
    skips = new_marks(_skips(after), _skips(before))
    yield from (sign for sign in skips if sign.path in known)
    was, now = (sum(len(_language_of(each).asserts.findall(each.text)) for each in side) for side in (before, after))
    if now < was:
        yield Sign("assertions-fewer", before[0].path, None, f"{now} assertions in tests, and were {was}")


def _language_of(source: Source) -> Language:
    return LANGUAGES[PurePosixPath(source.path).suffix]


def _tests(sources: Iterable[Source]) -> list[Source]:
    return [each for each in sources if PurePosixPath(each.path).suffix in LANGUAGES and _holds_tests(each)]


def _holds_tests(source: Source) -> bool:
    files = _language_of(source).files
    in_tests = not TEST_FOLDERS.isdisjoint(PurePosixPath(source.path).parts[:-1])
    return in_tests or bool(files.search(source.path) if files else _heads(source))


def _deleted(before: list[Source], after: list[Source]) -> Iterator[Sign]:
    """As many as there are fewer; those that have another name now are taken for the same."""
    was: Counter[str] = Counter(name for each in before for name in _heads(each))
    now: Counter[str] = Counter(name for each in after for name in _heads(each))
    fewer = was.total() - now.total()
    if fewer > 0:
        gone = was - now
        place = next(each for each in before if set(_heads(each)) & gone.keys())
        names = ", ".join(list(gone)[:MOST_NAMES])
        yield Sign("test-deleted", place.path, None, f"{fewer} tests fewer; no longer there: {names}")


def _heads(source: Source) -> list[str]:
    told = COMMENTS.get(PurePosixPath(source.path).suffix, ("//", "*", "/*"))
    lines = (line for line in source.text.splitlines() if not line.lstrip().startswith(told))
    heads = (head for line in lines for head in _language_of(source).test.finditer(line))
    return [next((part for part in head.groups() if part), head[0].strip()) for head in heads]


def _skips(sources: Iterable[Source]) -> list[Mark]:
    marks = []
    for source in sources:
        pattern = _language_of(source).skip
        found = ((number, line, pattern.search(line)) for number, line in enumerate(source.text.splitlines(), 1))
        marks += [_skip(source.path, number, line, match[0]) for number, line, match in found if match]
    return marks


def _skip(path: str, number: int, line: str, word: str) -> Mark:
    told = " ".join(word.split())
    return Mark(Sign("test-skipped", path, number, f"{told} leaves tests out"), told, line.strip())
