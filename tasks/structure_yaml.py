"""The keys in YAML, from the parser's events: nothing is built, so a small file cannot become a large one."""

from collections.abc import Iterator
from typing import Any

import yaml

from tasks.structure_names import DEEPEST, TOO_DEEP, Unreadable, below, fingerprint

EMPTY = fingerprint("{}")


def yaml_keys(text: str) -> Iterator[tuple[str, str]]:
    """Every key of every document, as `tables.and.key`; an alias counts as its own name, whatever it stands for."""
    try:
        yield from _keys(text)
    except yaml.YAMLError as problem:
        raise ValueError(str(problem)) from None


def _keys(text: str) -> Iterator[tuple[str, str]]:
    events = yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    documents = -1
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
        elif not isinstance(event, yaml.StreamStartEvent | yaml.StreamEndEvent | yaml.DocumentEndEvent):
            found: list[tuple[str, str]] = []
            _node(events, event, f"[{documents}]" if documents else "", found)
            yield from found


def _node(events: Iterator[Any], event: Any, at: str | None, found: list[tuple[str, str]], depth: int = 0) -> str:  # noqa: ANN401
    """Read one node to its end; its fingerprint. A table with a place `at` in the document adds its keys to `found`."""
    if depth > DEEPEST:
        raise Unreadable(TOO_DEEP)
    if isinstance(event, yaml.AliasEvent):
        return f"*{event.anchor}"
    if isinstance(event, yaml.ScalarEvent):
        return fingerprint(repr((event.tag, event.implicit[0], event.value)))
    if isinstance(event, yaml.SequenceStartEvent):
        items = [_node(events, item, None, found, depth + 1) for item in _until(events, yaml.SequenceEndEvent)]
        return fingerprint(repr((event.tag, items)))
    return _table(events, event, at, found, depth)


def _table(events: Iterator[Any], event: Any, at: str | None, found: list[tuple[str, str]], depth: int) -> str:  # noqa: ANN401
    parts = []
    for key in _until(events, yaml.MappingEndEvent):
        name = key.value if isinstance(key, yaml.ScalarEvent) else None
        key_print = _node(events, key, None, found, depth + 1)
        value = next(events)
        place = None if at is None else below(at, key_print if name is None else name)
        value_print = _node(events, value, place, found, depth + 1)
        if place is not None and (not isinstance(value, yaml.MappingStartEvent) or value_print == EMPTY):
            found.append((place, value_print))
        parts.append((key_print, value_print))
    return fingerprint(repr((event.tag, parts))) if parts else EMPTY


def _until(events: Iterator[Any], end: type[yaml.Event]) -> Iterator[Any]:
    for event in events:
        if isinstance(event, end):
            return
        yield event
