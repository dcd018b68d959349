"""JSON, YAML and TOML texts read as data: bounded, each key once, and every reason with its line.

A YAML text is composed first and measured with every alias written out, so that a small text cannot become a large one;
of its tags only those of the core schema are known, so that no object of Python's is made.
"""

import json
import math
import re
import tomllib
from collections.abc import Iterable, Sequence

import yaml
from pydantic import JsonValue

from gates.yaml_core import MERGE, CoreLoader

LARGEST = 8 * 1024 * 1024
"""Characters of a text."""
MOST_NODES = 200_000
DEEPEST = 100
TOO_DEEP = f"is nested deeper than {DEEPEST} levels, which are not read"
Parts = Sequence[str | int]
"""The way to a value: keys and indices from the root."""


class Unreadable(Exception):
    """A text is not what it should be."""

    def __init__(self, reason: str, line: int | None = None) -> None:
        """`line`: from 1, where it can be told."""
        super().__init__(reason)
        self.reason, self.line = reason, line


class _Loader(CoreLoader):
    """The same, and not nested too deeply, and no two keys of a mapping one key in JSON or for Python."""

    depth = 0

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._looked_at: set[int] = set()

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise Unreadable(TOO_DEEP, _line(self.get_mark()))
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        # from the second time on it holds what it was merged with as well, which may say the same
        if id(node) not in self._looked_at:
            self._looked_at.add(id(node))
            self._refuse_same([key for key, _ in node.value if key.tag != MERGE])
        super().flatten_mapping(node)

    def _refuse_same(self, keys: Iterable[yaml.Node]) -> None:
        seen: set[object] = set()
        for node in keys:
            if isinstance(node, yaml.ScalarNode):
                key = self.construct_object(node)
                # `1`, `0x1` and `true` are equal for Python, `1` and `"1"` in JSON
                if not seen.isdisjoint(same := {key, _key(key)}):
                    raise Unreadable(f"has the key {node.value!r} twice in one mapping", _line(node.start_mark))
                seen |= same


def json_data(text: str) -> JsonValue:
    """The value of a JSON text. Raises Unreadable."""
    try:
        data: JsonValue = json.loads(
            _bounded(text), object_pairs_hook=_object, parse_constant=_no_number, parse_float=_finite
        )
    except json.JSONDecodeError as problem:
        raise Unreadable(f"is no JSON: {problem.msg}", problem.lineno) from None
    except RecursionError:
        raise Unreadable(TOO_DEEP) from None
    except ValueError as problem:
        raise Unreadable(f"is no JSON: {problem}") from None
    _refuse_depth(data)
    return data


def _refuse_depth(data: JsonValue) -> None:
    level, depth = [data], 0
    while level:
        depth += 1
        if depth > DEEPEST:
            raise Unreadable(TOO_DEEP)
        parts = (each.values() if isinstance(each, dict) else each for each in level if isinstance(each, dict | list))
        level = [part for each in parts for part in each]


def _object(pairs: Iterable[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    found: dict[str, JsonValue] = {}
    for key, value in pairs:
        if key in found:
            raise Unreadable(f"has the key {key!r} twice in one object")
        found[key] = value
    return found


def _no_number(word: str) -> JsonValue:
    raise Unreadable(f"is no JSON: {word} is no number")


def _finite(word: str) -> float:
    if not math.isfinite(number := float(word)):
        raise Unreadable(f"is no JSON: {word} is too large a number")
    return number


def toml_data(text: str) -> JsonValue:
    """The table of a TOML text; dates stay Python's. Raises Unreadable."""
    try:
        data: JsonValue = tomllib.loads(_bounded(text))
    except (ValueError, RecursionError) as problem:
        line = re.search(r"at line ([0-9]+)", str(problem))
        raise Unreadable(f"is no TOML: {problem}", int(line[1]) if line else None) from None
    return data


def yaml_data(text: str) -> list[JsonValue]:
    """The value of every document of a YAML text; none when it is empty. Raises Unreadable."""
    loader = _loader(_bounded(text))
    return [_constructed(loader, root) for root in _composed(loader)]


def refuse_unparsable_yaml(text: str) -> None:
    """See that a text is YAML, whatever its tags mean to others. Raises Unreadable."""
    _composed(_loader(_bounded(text)))


def lines_of(text: str) -> dict[tuple[str | int, ...], int]:
    """The line of every value of a JSON or YAML text that is one document; empty where it cannot be told."""
    try:
        # YAML refuses the tabs with which JSON may be indented
        (root,) = _composed(_loader(text.replace("\t", " ")))
    except (Unreadable, ValueError):
        return {}
    lines: dict[tuple[str | int, ...], int] = {}
    _note_lines(root, (), lines)
    return lines


def _note_lines(node: yaml.Node, way: tuple[str | int, ...], lines: dict[tuple[str | int, ...], int]) -> None:
    lines.setdefault(way, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            lines[*way, str(key.value)] = key.start_mark.line + 1
            _note_lines(value, (*way, str(key.value)), lines)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _note_lines(value, (*way, index), lines)


def _bounded(text: str) -> str:
    if len(text) > LARGEST:
        raise Unreadable(f"has more than {LARGEST} characters, which are not read")
    return text


def _loader(text: str) -> _Loader:
    try:
        return _Loader(text)
    except yaml.YAMLError as problem:  # a character that no text has
        raise Unreadable(f"is no YAML: {' '.join(str(problem).split())}") from None


def _composed(loader: _Loader) -> list[yaml.Node]:
    found: list[yaml.Node] = []
    try:
        while loader.check_node():
            node = loader.get_node()
            if node is not None:
                _measured(node)
                found.append(node)
    except yaml.MarkedYAMLError as problem:
        raise Unreadable(f"is no YAML: {problem.problem}", _line(problem.problem_mark)) from None
    except (yaml.YAMLError, ValueError, OverflowError) as problem:
        raise Unreadable(f"is no YAML: {' '.join(str(problem).split())}") from None
    return found


def _measured(root: yaml.Node) -> None:
    """Refuse what is too large with every alias written out, an alias inside of itself, and a key written twice."""
    sizes: dict[int, int] = {}  # 0 while its parts are still being measured

    def size(node: yaml.Node) -> int:
        if id(node) not in sizes:
            sizes[id(node)] = 0
            sizes[id(node)] = 1 + sum(map(size, _parts(node)))
        if not 0 < sizes[id(node)] <= MOST_NODES:
            what = f"more than {MOST_NODES} values once its aliases are written out" if sizes[id(node)] else "itself"
            raise Unreadable(f"holds {what}", _line(node.start_mark))
        return sizes[id(node)]

    size(root)


def _parts(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        _refuse_twice([key for key, _ in node.value])
        return [part for pair in node.value for part in pair]
    return node.value if isinstance(node, yaml.SequenceNode) else []


def _refuse_twice(keys: Iterable[yaml.Node]) -> None:
    seen: set[tuple[str, str]] = set()
    for key in keys:
        if isinstance(key, yaml.ScalarNode):
            if (key.tag, key.value) in seen:
                raise Unreadable(f"has the key {key.value!r} twice in one mapping", _line(key.start_mark))
            seen.add((key.tag, key.value))


def _constructed(loader: _Loader, root: yaml.Node) -> JsonValue:
    try:
        return _plain(loader.construct_document(root), _line(root.start_mark))
    except yaml.MarkedYAMLError as problem:
        raise Unreadable(f"is no YAML: {problem.problem}", _line(problem.problem_mark)) from None
    except (ValueError, TypeError, OverflowError, RecursionError) as problem:
        raise Unreadable(f"is no YAML: {problem}", _line(root.start_mark)) from None


def _plain(value: object, line: int | None) -> JsonValue:
    """As JSON has it: keys are texts, and there are no dates, sets or bytes."""
    if isinstance(value, dict):
        return {_key(key): _plain(part, line) for key, part in value.items()}
    if isinstance(value, list):
        return [_plain(part, line) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise Unreadable("holds a number that is too large", line)
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise Unreadable(f"holds a {type(value).__name__}, which JSON does not have", line)


def _key(key: object) -> str:
    return key if isinstance(key, str) else json.dumps(key, default=str)


def _line(mark: yaml.error.Mark | None) -> int | None:
    return int(mark.line) + 1 if mark else None
