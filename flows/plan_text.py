"""From a file to YAML nodes: what can be refused before anyone asks what the plan means.

Nothing is expanded or constructed here, so a small file cannot become a large one. JSON is read as the YAML it is.
"""

import json
from pathlib import Path
from typing import NamedTuple

import yaml
from yaml.reader import Reader

from gates.yaml_core import CoreLoader
from tasks.errors import PlanInvalid, Problem

LARGEST = 1024 * 1024
DEEPEST = 50
MOST_NODES = 100_000


class _Loader(CoreLoader):
    """Composes, and no deeper than any plan needs."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise _Unreadable(_TOO_DEEP, self.next_line())
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def next_line(self) -> int:
        """The line, from 1, on which the next thing to be composed starts."""
        return int(self.peek_event().start_mark.line) + 1  # type: ignore[no-untyped-call] # its stub has no types


_TOO_DEEP = f"is nested deeper than {DEEPEST} levels"


def compose_file(path: Path) -> yaml.Node:
    """The one document of a YAML or JSON file; PlanInvalid with the first reason why there is none."""
    try:
        return _there(_compose(_decoded(_bytes(path))))
    except _Unreadable as problem:
        raise PlanInvalid(str(path), [Problem("", problem.line, problem.sentence)]) from None


def compose_text(text: str, source: str) -> yaml.Node | None:
    """The one document of a text, None when there is none; PlanInvalid, which names the source, as for a file."""
    try:
        return _compose(text)
    except _Unreadable as problem:
        raise PlanInvalid(source, [Problem(text, None, problem.sentence)]) from None


class _Extent(NamedTuple):
    nodes: int
    depth: int


class _Unreadable(Exception):
    def __init__(self, sentence: str, line: int | None = None) -> None:
        self.sentence = sentence
        self.line = line


def _bytes(path: Path) -> bytes:
    try:
        if not path.exists():
            raise _Unreadable("there is no such file; expected a plan, a YAML file")
        if not path.is_file():
            raise _Unreadable("is no file; expected a plan, a YAML file")
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except (OSError, ValueError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else problem
        raise _Unreadable(f"cannot be read: {reason}") from None
    if len(content) > LARGEST:
        raise _Unreadable(f"is larger than {LARGEST // 1024} KiB, which no plan needs")
    return content


def _decoded(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _Unreadable("is UTF-16; save it as UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = content.count(b"\n", 0, problem.start) + 1
        raise _Unreadable(f"is not UTF-8: byte {problem.start} cannot be decoded; save it as UTF-8", line) from None


def _printable(text: str) -> str:
    if unfit := Reader.NON_PRINTABLE.search(text):
        line = text.count("\n", 0, unfit.start()) + 1
        raise _Unreadable(f"holds the character U+{ord(unfit[0]):04X}, which no text does; take it out", line)
    return text


def _without_tabs(text: str) -> str:
    """JSON may be indented with tabs, which YAML refuses; inside its strings there are none."""
    if "\t" in text and text.lstrip().startswith("{"):
        try:
            json.loads(text)
        except (ValueError, RecursionError):
            return text
        return text.replace("\t", " ")
    return text


def _compose(text: str) -> yaml.Node | None:
    loader = _Loader(_without_tabs(_printable(text)))
    try:
        root = loader.get_node() if loader.check_node() else None
        second = loader.next_line() if loader.check_node() else None
    except yaml.MarkedYAMLError as problem:
        line = problem.problem_mark.line + 1 if problem.problem_mark else None
        raise _Unreadable(_told(problem), line) from None
    except (ValueError, OverflowError) as problem:  # from escapes and directives beyond Python's range
        raise _Unreadable(f"is no YAML: {problem}", loader.get_mark().line + 1) from None
    if second:
        raise _Unreadable("a second document starts here; a plan is one document", second)
    return _bounded(root) if root else None


def _there(root: yaml.Node | None) -> yaml.Node:
    if root is None or root.value == "":
        raise _Unreadable("is empty; expected a plan: sparc: 1, name, agents, phases")
    return root


def _told(problem: yaml.MarkedYAMLError) -> str:
    """The parser's words, with what to do about the two that everyone meets."""
    what = str(problem.problem)
    if "mapping values are not allowed" in what:
        return "is no YAML: a second colon in one line; put quotes around a text that holds ': '"
    if r"'\t'" in what:
        return "is no YAML: a tab; indent with spaces, and put quotes around a text that starts with a tab"
    since = f", {problem.context} since line {problem.context_mark.line + 1}" if problem.context_mark else ""
    return f"is no YAML: {what}{since}"


def _bounded(root: yaml.Node) -> yaml.Node:
    """The same node, once it is known how large it would be with every alias written out."""
    extents: dict[int, _Extent | None] = {}  # None while its parts are still being measured

    def extent(node: yaml.Node) -> _Extent:
        line = node.start_mark.line + 1
        if id(node) not in extents:
            extents[id(node)] = None
            parts = [extent(child) for child in _children(node)]
            whole = _Extent(1 + sum(part.nodes for part in parts), 1 + max((part.depth for part in parts), default=0))
            extents[id(node)] = whole
        known = extents[id(node)]
        if known is None:
            raise _Unreadable("an anchor holds an alias to itself; write it out", line)
        if known.nodes > MOST_NODES:
            raise _Unreadable(
                f"holds more than {MOST_NODES:,} values once its aliases are written out; write fewer", line
            )
        if known.depth > DEEPEST:
            raise _Unreadable(_TOO_DEEP, line)
        return known

    extent(root)
    return root


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return node.value if isinstance(node, yaml.SequenceNode) else []
