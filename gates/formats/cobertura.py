"""Cobertura XML: lines and their hits. The rates that stand in it are not looked at."""

import re
from collections.abc import Iterator
from xml.etree import ElementTree as ET

from gates.formats.xml_text import number, root_of
from gates.line_hits import Tally
from gates.paths import shown
from gates.verdict import Unmeasurable

CONDITIONS = re.compile(r"[0-9.]+\s?%\s?\(([0-9]{1,9})/([0-9]{1,9})\)")


def read(path: str, data: bytes) -> tuple[dict[str, Tally], tuple[str, ...]]:
    """File, as the report names it, to its hits; and the folders that such names start from. Raises Unmeasurable."""
    root = root_of(path, data, "coverage")
    files: dict[str, Tally] = {}
    for element in root.iter("class"):
        name = element.get("filename")
        if not name:
            raise Unmeasurable(f"{shown(path)} has a class without a filename")
        tally = files.setdefault(name, Tally())
        # those of a method stand below the class once more, or only there
        for each in _lines(element):
            _add(path, each, tally)
    return files, tuple(source.text.strip() for source in root.iter("source") if source.text and source.text.strip())


def _lines(element: ET.Element) -> Iterator[ET.Element]:
    direct = [line for lines in element.findall("lines") for line in lines.findall("line")]
    known = {line.get("number") for line in direct}
    yield from direct
    yield from (line for line in element.iterfind("methods/method/lines/line") if line.get("number") not in known)


def _add(path: str, line: ET.Element, tally: Tally) -> None:
    place = number(path, line, "number")
    tally.add(place, number(path, line, "hits"))
    if line.get("branch", "false").lower() != "true":
        return
    found = CONDITIONS.match(line.get("condition-coverage", ""))
    if not found or int(found[1]) > int(found[2]):
        raise Unmeasurable(f"{shown(path)}: line {place} has a branch, and no condition-coverage of the form 50% (1/2)")
    for way in range(int(found[2])):
        tally.branch(f"{place}.{way}", int(way < int(found[1])))
