"""XML that a program of the target wrote, read without letting it declare anything."""

from xml.etree import ElementTree as ET
from xml.parsers import expat

from gates.paths import shown
from gates.verdict import Unmeasurable


def root_of(path: str, data: bytes, *tags: str) -> ET.Element:
    """The root element of a file, which must be one of `tags`. Raises Unmeasurable."""
    try:
        text = data.decode("utf-8-sig")
        _refuse_declarations(path, text)
        root = ET.fromstring(text)  # noqa: S314 - without declarations there are no entities to expand
    except (UnicodeDecodeError, expat.ExpatError, ET.ParseError, ValueError) as problem:
        raise Unmeasurable(f"{shown(path)} is no XML that can be read: {problem}") from None
    if root.tag not in tags:
        raise Unmeasurable(f"{shown(path)} begins with <{root.tag[:60]}>, and not with <{'> or <'.join(tags)}>")
    return root


def _refuse_declarations(path: str, text: str) -> None:
    """See that nothing is declared; what looks like it in a text or a comment is none."""

    def begins(_name: str, _system: str | None, _public: str | None, declares: bool) -> None:  # noqa: FBT001 - expat's
        # most makers of Cobertura reports name a document type elsewhere, which nobody fetches
        if declares:
            raise Unmeasurable(f"{shown(path)} declares a document type or entities, which no report needs")

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = begins
    parser.Parse(text, True)  # noqa: FBT003 - expat's: this is all of it


def number(path: str, element: ET.Element, name: str) -> int:
    """A whole number from 0 in an attribute. Raises Unmeasurable where there is none."""
    text = element.get(name, "")
    if not text.isascii() or not text.isdigit() or len(text) > 18:  # noqa: PLR2004 - what no count of lines or hits is
        raise Unmeasurable(f"{shown(path)}: <{element.tag}> has no number as its {name}: {text[:40]!r}")
    return int(text)
