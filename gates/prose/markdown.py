"""What a Markdown text holds: links, anchors and blocks of code, each with its line; read as CommonMark with tables.

Anchors are those that GitHub gives to headings, and `id` or `name` of HTML. Footnotes are no links.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser

from markdown_it import MarkdownIt
from markdown_it.token import Token

from gates.prose.pages import Block, Link, Page
from gates.spec.documents import Unreadable, yaml_data

FRONT_MATTER = re.compile(r"\A---\n.*?^(?:---|\.\.\.)$", re.DOTALL | re.MULTILINE)
UNDEFINED = re.compile(r"(?<![\w\]])\[[^\[\]]+\]\[([^\[\]^]+)\]")
"""`[text][label]` that was left as text, for nothing defines the label; `a[i][j]` is none."""


class _Tags(HTMLParser):
    """Links and anchors in HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: list[tuple[str, int]] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what a tag points to, and what it is called."""
        told = {name: value for name, value in attrs if value}
        targets = [told[name] for name in ("href", "src", "poster") if name in told and tag != "base"]
        targets += [each.split()[0] for each in told.get("srcset", "").split(",") if each.strip()]
        self.targets += [(target, self.getpos()[0] - 1) for target in targets]
        self.anchors |= {told[name] for name in ("id", "name") if name in told}


def read_page(text: str) -> Page:
    """The page that a text is."""
    reader = MarkdownIt("commonmark", {"html": True, "store_labels": True}).enable(["table", "strikethrough"])
    # by default links that a browser should not follow are text; here they are to be seen
    reader.validateLink = lambda url: True  # type: ignore[method-assign]  # noqa: ARG005
    # its lines stay, so that the others keep their numbers
    tokens = reader.parse(FRONT_MATTER.sub(_blank, text))
    html = [(tags, line) for tags, line in map(_tags, _html(tokens))]
    links = [*_links(tokens), *(Link(target, line + below) for tags, line in html for target, below in tags.targets)]
    anchors = {*_slugs(tokens), *(anchor for tags, _ in html for anchor in tags.anchors)}
    return Page(
        links=tuple(sorted(links, key=lambda link: link.line)),
        undefined=tuple(_undefined(tokens)),
        anchors=frozenset(anchors),
        blocks=tuple(_blocks(tokens)),
    )


def _blank(front: re.Match[str]) -> str:
    """Front matter as empty lines; between two rules may stand a text as well, which stays."""
    try:
        data = yaml_data("\n".join(front[0].split("\n")[1:-1]))
    except Unreadable:
        return front[0]
    return "\n" * front[0].count("\n") if len(data) == 1 and isinstance(data[0], dict) else front[0]


def _inlines(tokens: Iterable[Token]) -> Iterator[tuple[Token, int]]:
    """Every piece of a paragraph, a heading or a cell, and its line."""
    for token in tokens:
        line = token.map[0] + 1 if token.map else 1
        for child in token.children or ():
            yield child, line
            line += child.type in ("softbreak", "hardbreak")


def _links(tokens: Iterable[Token]) -> Iterator[Link]:
    for token, line in _inlines(tokens):
        target = token.attrGet({"link_open": "href", "image": "src"}.get(token.type, ""))
        if target is not None and not str(token.meta.get("label", "")).startswith("^"):
            yield Link(str(target), line)
        # links around an image have it as a child of their own; what an image is called may hold links too
        yield from (link._replace(line=line) for link in _links([token]) if token.type == "image")


def _undefined(tokens: Iterable[Token]) -> Iterator[Link]:
    for token in tokens:
        if token.type == "inline" and token.map:
            pieces = ((child.content if child.type == "text" else "\n") for child in token.children or ())
            for match in UNDEFINED.finditer("".join(pieces)):
                yield Link(match[1], token.map[0] + 1)


def _html(tokens: Iterable[Token]) -> Iterator[tuple[str, int]]:
    for token in tokens:
        if token.type == "html_block" and token.map:
            yield token.content, token.map[0] + 1
    for child, line in _inlines(tokens):
        if child.type == "html_inline":
            yield child.content, line


def _tags(html: tuple[str, int]) -> tuple[_Tags, int]:
    tags = _Tags()
    tags.feed(html[0])
    return tags, html[1]


def _blocks(tokens: Iterable[Token]) -> Iterator[Block]:
    for token in tokens:
        if token.type == "fence" and token.map:
            words = re.findall(r"[\w+#.-]+", token.info)
            yield Block(words[0].lstrip(".").lower() if words else "", token.content, token.map[0] + 2)


# -- anchors


def _slugs(tokens: Iterable[Token]) -> Iterator[str]:
    """GitHub's name of each heading; one that is taken gets a number."""
    taken: dict[str, int] = {}
    is_heading = False
    for token in tokens:
        if is_heading and token.type == "inline":
            base = slug = slug_of("".join(_words(token.children or ())))
            while slug in taken:
                taken[base] += 1
                slug = f"{base}-{taken[base]}"
            taken[slug] = 0
            yield slug
        is_heading = token.type == "heading_open"


def _words(pieces: Iterable[Token]) -> Iterator[str]:
    for piece in pieces:
        if piece.type in ("text", "code_inline"):
            yield piece.content
        elif piece.type in ("softbreak", "hardbreak"):
            yield " "


def slug_of(heading: str) -> str:
    """As GitHub names the anchor of a heading: lower case, hyphens for spaces, no punctuation."""
    kept = (char for char in heading.lower() if char in "-_ " or _is_letter(char))
    return "".join(kept).replace(" ", "-")


def _is_letter(char: str) -> bool:
    return char.isalnum() or unicodedata.category(char).startswith("M")
