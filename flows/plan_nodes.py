"""From YAML nodes to plain data, with the line of every place: text, numbers, true, false, null, lists and mappings."""

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import yaml

from flows.places import TOP, Lines, inside
from gates.yaml_core import MERGE, STANDARD
from tasks.errors import Problem


class Data(NamedTuple):
    """A file's content, where it stands, and what could not be taken over: that is null in the data, or left out."""

    value: object
    lines: Lines
    problems: list[Problem]


def read_nodes(root: yaml.Node) -> Data:
    """The data below a node that is bounded and free of cycles."""
    reader = _Reader()
    value = reader.value(root, TOP)
    return Data(value, Lines(reader.lines), list(dict.fromkeys(reader.problems)))


def _text(value: str) -> str:
    r"""The text; JSON writes what lies beyond U+FFFF as two `\u` escapes, which PyYAML does not join."""
    return value.encode("utf-16", "surrogatepass").decode("utf-16")


def _whole(value: str) -> int:
    return int(value, 16) if value.startswith("0x") else int(value)


def _float(value: str) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(value)
    return number


_TEXT = f"{STANDARD}str"
_SCALARS: dict[str, Callable[[str], object]] = {
    _TEXT: _text,
    f"{STANDARD}null": lambda _: None,
    f"{STANDARD}bool": lambda value: {"true": True, "false": False}[value.lower()],
    f"{STANDARD}int": _whole,
    f"{STANDARD}float": _float,
}


class _Reader:
    def __init__(self) -> None:
        self.lines: dict[str, int] = {}
        self.problems: list[Problem] = []

    def value(self, node: yaml.Node, where: str) -> object:
        self.lines.setdefault(where, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode) and node.tag == f"{STANDARD}map":
            return self._mapping(node, where)
        if isinstance(node, yaml.SequenceNode) and node.tag == f"{STANDARD}seq":
            return [self.value(item, inside(where, index)) for index, item in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode) and node.tag in _SCALARS:
            return self._scalar(node, where)
        tag = node.tag.replace(STANDARD, "!!")
        self._refuse(node, where, f"the tag {tag} has no place in a plan; write a text, a number, a list or a mapping")
        return None

    def _scalar(self, node: yaml.ScalarNode, where: str) -> object:
        try:
            return _SCALARS[node.tag](node.value)
        except (ValueError, KeyError):
            kind = node.tag.removeprefix(STANDARD)
            self._refuse(
                node, where, f"{node.value[:40]!r} cannot be read as {kind}; if it is a text, put it in quotes"
            )
            return None

    def _mapping(self, node: yaml.MappingNode, where: str) -> dict[str, object]:
        data = {}
        for name, (key, value) in self._pairs(node, where).items():
            place = inside(where, name)
            self.lines[place] = key.start_mark.line + 1
            data[name] = self.value(value, place)
        return data

    def _pairs(self, node: yaml.MappingNode, where: str) -> dict[str, tuple[yaml.Node, yaml.Node]]:
        """The pairs of a mapping; its own ones win over merged ones, the first of its own over the later."""
        own: dict[str, tuple[yaml.Node, yaml.Node]] = {}
        merged: dict[str, tuple[yaml.Node, yaml.Node]] = {}
        for key, value in node.value:
            if key.tag == MERGE:
                for source in self._sources(value, where):
                    merged |= {name: pair for name, pair in self._pairs(source, where).items() if name not in merged}
            elif (name := self._key(key, where)) is None:
                continue
            elif name in own:
                first = own[name][0].start_mark.line + 1
                self._refuse(key, inside(where, name), f"is written twice, first on line {first}; keep one")
            else:
                own[name] = (key, value)
        return merged | own

    def _sources(self, node: yaml.Node, where: str) -> Iterator[yaml.MappingNode]:
        for source in node.value if isinstance(node, yaml.SequenceNode) else [node]:
            if isinstance(source, yaml.MappingNode):
                yield source
            else:
                self._refuse(source, where, "<< takes in a mapping, or a list of mappings")

    def _key(self, node: yaml.Node, where: str) -> str | None:
        if not isinstance(node, yaml.ScalarNode):
            self._refuse(node, where, "a list or a mapping is no key; keys are texts")
        elif node.tag != _TEXT:
            self._refuse(node, where, f"{node.value!r} is no key; keys are texts, so put it in quotes")
        elif isinstance(name := self._scalar(node, where), str):
            return name
        return None

    def _refuse(self, node: yaml.Node, where: str, sentence: str) -> None:
        self.problems.append(Problem(where, node.start_mark.line + 1, sentence))
