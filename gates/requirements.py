r"""Where a specification defines its requirements, and what each is called.

* In text by a pattern: a match that begins a heading, an item of a list, a cell of a table's first column, a term in
  bold, or a line in which a colon follows. What stands elsewhere mentions it. Where a requirement has a heading, items
  and rows of the same name are mentions too. Code blocks and comments define nothing.
* In Turtle by a class: every node of that class, called by the last part of its address.
* In JSON and YAML by pointers, in which `*` stands for every entry: `/requirements/*/id`, `/requirements/*~` for keys.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import Annotated, Self

from pydantic import ConfigDict, Field, JsonValue, model_validator

from gates.files import read_text, select
from gates.model import Frozen
from gates.paths import Paths
from gates.spec.documents import Unreadable, json_data, lines_of, yaml_data
from gates.subject import Subject
from gates.texts import Regex
from gates.verdict import Finding, Unmeasurable

BEGINNING = re.compile(
    r"(?P<heading>[ ]{0,3}\#{1,6}[ \t]+)"
    r"|(?P<item>[ \t>]*(?:[-*+]|[0-9]{1,9}[.)])[ \t]+(?:\[[ xX]\][ \t]+)?|[ \t>]*\|[ \t]*|(?=\*\*|__))"
    r"|(?P<line>)"
)
MARKS = "*_`[(< \t"
"""What may stand between such a beginning and the name."""
OPENS = re.compile(r"[ \t>]*(```+(?![^\n]*`)|~~~+)")
"""A fence; with backticks behind them, others are code within a line."""
CLOSES = re.compile(r"[ \t>]*(```+|~~~+)[ \t]*$")
SPAN = re.compile(r"(`+)(?!`)[^`]*\1(?!`)")
UNDERLINE = re.compile(r"[ ]{0,3}(?:=+|-+)[ \t]*$")
YAML = (".yaml", ".yml")


class Requirements(Frozen):
    """Where requirements are defined, in one of three ways."""

    model_config = ConfigDict(serialize_by_alias=True)

    paths: Annotated[Paths, Field(min_length=1)]
    """Files or globs of the specification."""
    pattern: Regex | None = None
    """In text: what the names look like, `REQ-[0-9]+`. Beside another way: names in tests that look so must exist."""
    class_: Annotated[str, Field(min_length=1)] | None = Field(default=None, alias="class")
    """In Turtle: the full address of the class that requirements are of."""
    pointers: tuple[Annotated[str, Field(pattern=r"^(/[^/]*)+$")], ...] = ()
    """In JSON and YAML: where the names are, `/requirements/*/id`; with `~` at the end, those of the keys there."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.class_ and self.pointers:
            raise ValueError("say either class (for Turtle) or pointers (for JSON and YAML)")
        if not (self.pattern or self.class_ or self.pointers):
            raise ValueError(
                "say how requirements are told: by pattern (text), class (Turtle) or pointers (JSON, YAML)"
            )
        if self.pattern and re.search(self.pattern, ""):
            raise ValueError(f"{self.pattern!r} matches the empty text, which is no name")
        return self


class Defined(Frozen):
    """One requirement."""

    name: str
    path: str
    line: int | None
    is_heading: bool = False

    @property
    def place(self) -> str:
        """File and line in one word."""
        return f"{self.path}:{self.line}" if self.line else self.path


def defined(wanted: Requirements, subject: Subject) -> list[Defined]:
    """Every definition in a tree, in order. Raises Unmeasurable for what cannot be read."""
    paths = select(subject, wanted.paths)
    if wanted.class_:
        return list(_of_class(wanted.class_, subject, paths))
    if wanted.pointers:
        return [found for path in paths for found in _at_pointers(wanted.pointers, subject, path)]
    found = [each for path in paths for each in _in_text(wanted.pattern or "", path, read_text(subject.root, path))]
    headed = {each.name for each in found if each.is_heading}
    return [each for each in found if each.is_heading or each.name not in headed]


def names_in(pattern: str, text: str) -> Iterator[re.Match[str]]:
    """The matches that are whole words: `REQ-1` is not named by `REQ-12`, whatever the pattern would take."""
    for match in re.finditer(pattern, text):
        around = text[max(match.start() - 1, 0) : match.start()] + text[match.end() : match.end() + 1]
        if match[0] and not any(char.isalnum() or char == "_" for char in around):
            yield match


# -- in text


def _in_text(pattern: str, path: str, text: str) -> Iterator[Defined]:
    lines = text.split("\n")
    for number, line in _told(lines):
        beginning = BEGINNING.match(line)
        start = beginning.end() if beginning else 0
        start += len(line[start:]) - len(line[start:].lstrip(MARKS))
        match = next(names_in(pattern, line), None)
        is_title = number < len(lines) and bool(UNDERLINE.match(lines[number]))
        if match and match.start() == start and (is_title or _defines(line[match.end() :], beginning)):
            is_heading = is_title or bool(beginning and beginning["heading"])
            yield Defined(name=match[0], path=path, line=number, is_heading=is_heading)


def _defines(after: str, beginning: re.Match[str] | None) -> bool:
    """Whether what follows a name makes it more than a link to it; on a plain line, a term or a cell."""
    if after.startswith(("](", "][")):
        return False
    is_plain = beginning is None or beginning["line"] is not None
    return not is_plain or after.lstrip("*_`])>").startswith(":") or after.lstrip("*_`])> \t").startswith("|")


def _told(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """The lines that are neither code nor comment, with their numbers; what never closes hides nothing."""
    last = {mark[1][0]: number for number, line in enumerate(lines) if (mark := CLOSES.match(line))}
    ends = max((number for number, line in enumerate(lines) if "-->" in line), default=-1)
    fence, is_comment = "", False
    for number, line in enumerate(lines):
        mark = OPENS.match(line)
        if fence:
            closing = CLOSES.match(line)
            fence = "" if closing and closing[1].startswith(fence) else fence
        elif not is_comment and mark and last.get(mark[1][0], -1) > number:
            fence = mark[1]
        else:
            kept, is_comment = _without_comments(line, is_comment=is_comment, may_open=ends > number)
            yield number + 1, kept


def _without_comments(line: str, *, is_comment: bool, may_open: bool) -> tuple[str, bool]:
    """What of a line is no comment, and whether one goes on behind it."""
    kept, plain = "", SPAN.sub(lambda code: " " * len(code[0]), line)
    while line:
        place = plain.find("-->" if is_comment else "<!--")
        if place < 0 or (not is_comment and not may_open and "-->" not in plain[place:]):
            return kept + ("" if is_comment else line), is_comment
        kept += "" if is_comment else line[:place]
        skipped = place + (3 if is_comment else 4)
        line, plain, is_comment = line[skipped:], plain[skipped:], not is_comment
    return kept, is_comment


# -- in data


def _of_class(kind: str, subject: Subject, paths: Iterable[str]) -> Iterator[Defined]:
    from rdflib import RDF, URIRef  # noqa: PLC0415 - rdflib costs 0.2 s that other checks must not pay

    from gates.spec.turtle import Sources  # noqa: PLC0415

    sources = Sources((subject.root, path) for path in paths)
    for node in sorted(set(sources.graph.subjects(RDF.type, URIRef(kind))), key=str):
        if not isinstance(node, URIRef):
            raise Unmeasurable(f"{sources.name(node)} is a requirement without an address, which no test can name")
        place = sources.place(node)
        yield Defined(name=re.split(r"[#/:]", node.rstrip("#/:"))[-1], path=place.path, line=place.line)


def _at_pointers(pointers: Iterable[str], subject: Subject, path: str) -> Iterator[Defined]:
    text = read_text(subject.root, path)
    try:
        documents = yaml_data(text) if PurePosixPath(path).suffix in YAML else [json_data(text)]
    except Unreadable as problem:
        finding = Finding(path=path, line=problem.line, message=problem.reason)
        raise Unmeasurable(finding.headline, finding) from None
    lines = lines_of(text)
    for data in documents:
        for pointer in pointers:
            parts = pointer.removesuffix("~").split("/")[1:]
            for way, value in _led(data, parts, ()):
                name = way[-1] if pointer.endswith("~") else value
                if not isinstance(name, str | int) or isinstance(name, bool):
                    raise Unmeasurable(f"{path}: what stands at {pointer} is no name of a requirement")
                yield Defined(name=str(name), path=path, line=lines.get(way))


def _led(
    data: JsonValue, parts: list[str], way: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], JsonValue]]:
    """Every place that a pointer means, and what stands there."""
    if not parts:
        yield way, data
        return
    entries: Iterable[tuple[str | int, JsonValue]] = ()
    if isinstance(data, dict):
        entries = data.items()
    elif isinstance(data, list):
        entries = enumerate(data)
    key = parts[0].replace("~1", "/").replace("~0", "~")
    for own, value in entries:
        if parts[0] == "*" or str(own) == key:
            yield from _led(value, parts[1:], (*way, own))
