"""XML that a program of the target wrote, read without letting it declare anything."""

import re
from xml.etree import ElementTree as ET

from gates.paths import shown
from gates.verdict import Unmeasurable

DECLARATIONS = ("<!DOCTYPE", "<!ENTITY")
HARMLESS = re.compile(r"""<!DOCTYPE\s+coverage\s+SYSTEM\s+(?:"[^"<>\[\]]*"|'[^'<>\[\]]*')\s*>""")
"""Written by most makers of Cobertura reports; taken out unread, for without brackets it declares nothing."""


def root_of(path: str, data: bytes, *tags: str) -> ET.Element:
    """The root element of a file, which must be one of `tags`. Raises Unmeasurable."""
    try:
        text = data.decode("utf-8-sig")
        text = HARMLESS.sub("", text, count=1)
        if any(declaration in text for declaration in DECLARATIONS):
            raise Unmeasurable(f"{shown(path)} declares a document type or entities, which no report needs")
        root = ET.fromstring(text)  # noqa: S314 - without declarations there are no entities to expand
    except (UnicodeDecodeError, ET.ParseError, ValueError) as problem:
        raise Unmeasurable(f"{shown(path)} is no XML that can be read: {problem}") from None
    if root.tag not in tags:
        raise Unmeasurable(f"{shown(path)} begins with <{root.tag[:60]}>, and not with <{'> or <'.join(tags)}>")
    return root


def number(path: str, element: ET.Element, name: str) -> int:
    """A whole number from 0 in an attribute. Raises Unmeasurable where there is none."""
    text = element.get(name, "")
    if not text.isascii() or not text.isdigit() or len(text) > 18:  # noqa: PLR2004 - what no count of lines or hits is
        raise Unmeasurable(f"{shown(path)}: <{element.tag}> has no number as its {name}: {text[:40]!r}")
    return int(text)
