"""The JUnit report of a test run, case by case."""

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple
from xml.etree import ElementTree as ET

from gates.reports import read_report
from gates.verdict import Unmeasurable

NAME = "junit.xml"
MOST_BYTES = 64 * 1024 * 1024
MOST_LINES, MOST_CHARACTERS = 6, 600

Outcome = Literal["passed", "failure", "error", "skipped"]
WORST_FIRST: tuple[Outcome, ...] = ("error", "failure", "skipped")


class Case(NamedTuple):
    """One test that ran, or one file that could not be collected."""

    module: str
    """The dotted name of its file (and classes) as pytest makes it from the node id; empty for a file."""
    name: str
    file: str | None
    """The path in which it is defined, from the root of the tree."""
    line: int | None
    """From 1."""
    outcome: Outcome
    message: str


def told_of(cases: Iterable[Case]) -> Callable[[str], bool]:
    """Tell whether some case comes from a file: by its place, or by the name that pytest makes of the file's path."""
    found = list(cases)
    files = {case.file for case in found}
    modules = {prefix for name in {case.module or case.name for case in found} for prefix in _prefixes(name)}
    return lambda path: path in files or path.removesuffix(".py").replace("/", ".") in modules


def _prefixes(dotted: str) -> Iterator[str]:
    """`a.b.C` and what it lies in: the classes of a file stand behind its name."""
    while dotted:
        yield dotted
        dotted = dotted.rpartition(".")[0]


def read(reports: Path | None) -> list[Case]:
    """Every case of the report, in order."""
    data = read_report(reports, NAME, most=MOST_BYTES)
    try:
        text = data.decode("utf-8")
        # pytest escapes every `<` of its own; a declaration could only bring in entities
        if "<!DOCTYPE" in text or "<!ENTITY" in text:
            raise Unmeasurable(f"{NAME} declares a document type, which pytest never does")
        root = ET.fromstring(text)  # noqa: S314 - without declarations there are no entities to expand
    except (UnicodeDecodeError, ET.ParseError) as problem:
        raise Unmeasurable(f"{NAME} cannot be read: {problem}") from None
    return [_case(element) for element in root.iter("testcase")]


def _case(element: ET.Element) -> Case:
    found = next(((kind, child) for kind in WORST_FIRST if (child := element.find(kind)) is not None), None)
    line = element.get("line", "")
    return Case(
        module=element.get("classname", ""),
        name=element.get("name", ""),
        file=element.get("file"),
        line=int(line) + 1 if re.fullmatch("[0-9]{1,9}", line) else None,
        outcome=found[0] if found else "passed",
        message=_message(found[1]) if found else "",
    )


def _message(element: ET.Element) -> str:
    """What pytest marks with `E` in its report, otherwise the message it gives."""
    marked = re.findall(r"^E +(.+)$", element.text or "", re.MULTILINE)
    lines: list[str] = marked or (element.get("message") or element.text or "").splitlines()
    return "\n".join(lines[:MOST_LINES])[:MOST_CHARACTERS]
