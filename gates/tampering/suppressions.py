"""Comments by which a file tells a tool to look away: of Python by its tokens, of other languages by its lines.

A suppression that names what it silences on its own line is noted; one that silences whatever may come blocks.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import NamedTuple

from gates.tampering.diff import Source
from gates.tampering.python import Function
from gates.tampering.rules import Mark, Sign


class Word(NamedTuple):
    """A form of suppression."""

    rule: str
    pattern: re.Pattern[str]


def _word(rule: str, pattern: str) -> Word:
    return Word(rule, re.compile(pattern, re.IGNORECASE))


PYTHON = (
    _word("suppression-file", r"#\s*(ruff:\s*(noqa(?!:)|file-ignore)|flake8[:=]\s*noqa(?!:)|mypy:\s*ignore[-_]errors"
                              r"|pylint:\s*skip-file|pyright:\s*(basic|off)|type:\s*ignore-errors"
                              r"|pyre-ignore-all-errors|pytype:\s*skip-file|pyrefly:\s*ignore-errors)"),
    _word("suppression-file", r"#\s*(ruff:\s*noqa:|flake8[:=]\s*noqa:|pyright:\s*report\w+\s*=\s*(false|none)"
                              r"|mypy:\s*(disable[-_]error|allow|follow|no[-_]|[\w-]+\s*=\s*(false|no|0|off)))"),
    _word("suppression-nosec", r"#.*?\b(nosec|nosemgrep|NOSONAR|lgtm\s*\[|codeql\s*\[|devskim:\s*ignore)"),
    _word("suppression-coverage", r"#\s*pragma[:\s]?\s*no\s*(cover|branch)"),
    _word("suppression-narrow", r"#\s*(type|pyright|basedpyright|ty|pyrefly):\s*ignore\s*\[[^\]]+\]"),
    _word("suppression-types", r"#\s*((type|pyright|basedpyright|ty|pyrefly):\s*ignore|pyre-(ignore|fixme)"
                               r"|pytype:\s*disable)\b"),
    _word("suppression-narrow", r"#\s*noqa\s*:\s*[A-Z]+[0-9]+"),
    _word("suppression-lint", r"#\s*noqa\b|#\s*noinspection\b"),
    _word("suppression-lint", r"#\s*pylint:\s*disable(-next|-msg)?=\s*(all|W|E|R|C)\b|#\s*pylint:\s*disable-all"),
    _word("suppression-narrow", r"#\s*(pylint:\s*disable|ruff:\s*(ignore|disable))"),
)  # fmt: skip
"""The first that a comment holds is what it is."""
SCRIPT = (
    _word("suppression-file", r"@ts-nocheck|/\*\s*eslint-disable\s*\*/|/\*\s*(istanbul|c8|v8) ignore file"),
    _word("suppression-narrow", r"eslint-disable(-next)?(-line)?\s+[@a-z]|@ts-expect-error"),
    _word("suppression-lint", r"eslint-disable|biome-ignore|tslint:disable"),
    _word("suppression-types", r"@ts-ignore"),
    _word("suppression-coverage", r"(istanbul|c8|v8) ignore"),
)
RUST = (
    _word("suppression-file", r"#!\[(cfg_attr\([^\]]*)?allow\("),
    _word("suppression-lint", r"#\[(cfg_attr\([^\]]*)?allow\("),
    _word("suppression-coverage", r"#\[(cfg_attr\([^\]]*)?coverage\(off\)|cfg\(not\(tarpaulin"),
)
GO = (
    _word("suppression-narrow", r"//\s*nolint:\s*[a-z]"),
    _word("suppression-lint", r"//\s*(nolint|lint:(ignore|file-ignore))"),
    _word("suppression-nosec", r"#nosec"),
)
OTHER = (
    _word("suppression-lint", r"\b(NOLINT\w*|noinspection|shellcheck\s+disable|rubocop:disable|credo:disable)"
                              r"|elvis:disable|@SuppressWarnings|-compile\(\[?nowarn"),
    _word("suppression-nosec", r"\b(nosemgrep|NOSONAR)\b"),
)  # fmt: skip
LANGUAGES: dict[str, tuple[Word, ...]] = dict.fromkeys(
    (".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts", ".vue", ".svelte"), SCRIPT
)
LANGUAGES |= {".rs": RUST, ".go": GO}
LANGUAGES |= dict.fromkeys(
    (".java", ".kt", ".c", ".cc", ".cpp", ".h", ".hpp", ".sh", ".rb", ".ex", ".exs", ".erl"), OTHER
)
LIKELY = re.compile(
    r"nosec|nosemgrep|NOSONAR|pragma|ignore|noqa|noinspection|pylint|pyright:|ruff:|flake8|mypy:|pyre-|pytype:|lgtm|codeql"
    r"|devskim|no_type_check",
    re.IGNORECASE,
)
"""What any of those of Python has."""


def marks_of(source: Source, *, testing: bool = False) -> list[Mark]:
    """Every suppression of a file; `testing`: whether it has to do with tests, which are neither covered nor typed.

    Raises Unmeasurable for Python that cannot be read.
    """
    words = PYTHON if source.is_python else LANGUAGES.get(PurePosixPath(source.path).suffix, ())
    if not words or (source.is_python and not LIKELY.search(source.module.text)):
        return []
    lines = source.module.lines if source.is_python else source.text.splitlines()
    texts = _comments(source) if source.is_python else enumerate(lines, 1)
    marks = [mark for number, text in texts for mark in _marks(source, words, number, text, lines, testing=testing)]
    return marks + (list(_unchecked(source)) if source.is_python and not testing else [])


def _unchecked(source: Source) -> Iterator[Mark]:
    """`@no_type_check`, by which a function or a class is left out of the check of types."""
    for node in (node for node in source.module.nodes if isinstance(node, Function | ast.ClassDef)):
        for each in node.decorator_list:
            if source.module.dotted(each).endswith("no_type_check"):
                sign = Sign("suppression-types", source.path, each.lineno, "no_type_check silences a tool")
                yield Mark(sign, f"no_type_check {node.name}", source.module.line(node.lineno))


def _comments(source: Source) -> Iterator[tuple[int, str]]:
    """The comments that may be one, with their lines."""
    module = source.module
    for number, line in enumerate(module.lines, 1):
        place = line.find("#") if LIKELY.search(line) else -1
        while place >= 0 and not module.is_comment(number, place):
            place = line.find("#", place + 1)
        if place >= 0:
            # each of several that stand in one comment
            yield from ((number, f"#{part}") for part in line[place + 1 :].split("#"))


CUSTOMARY = re.compile(
    r"TYPE_CHECKING|NotImplementedError|except \(?(Import|ModuleNotFound)Error|__name__ ==|@(typing\.|t\.)?overload"
    r"|@(abc\.)?abstract|assert_never|AssertionError\(|^\.\.\.|\b__repr__\(|sys\.(platform|version_info)|os\.name"
    r"|^(import|from) |^pass\b",
)
"""Lines that are not covered by custom: a `# pragma: no cover` there is noted."""


def _rule(word: Word, line: str, *, testing: bool) -> str:
    customary = word.rule == "suppression-coverage" and CUSTOMARY.search(line)
    of_tests = testing and word.rule in ("suppression-coverage", "suppression-types")
    return "suppression-narrow" if customary or of_tests else word.rule


def _marks(
    source: Source, words: tuple[Word, ...], number: int, text: str, lines: list[str], *, testing: bool
) -> Iterator[Mark]:
    for word in words:
        found = word.pattern.search(text)
        if found:
            told = " ".join(found[0].split())
            line = lines[number - 1].strip() if number <= len(lines) else text
            yield Mark(
                Sign(_rule(word, line, testing=testing), source.path, number, f"{told!r} silences a tool"),
                told.casefold(),
                line,
            )
            return
