"""Figures: what one metric says of the content of one file at its path, and of nothing else.

The same content at the same path has the same figure in every tree, which is why figures can be kept. Whatever depends
on other files, on limits or on a base is no part of a figure; reports are made from them (`gates/metrics/by_file.py`).

Nothing here, and in the modules of the metrics, imports pydantic: a process that measures one file has to start fast.
"""

from collections.abc import Sequence
from importlib import import_module
from typing import Any, Literal, NamedTuple

Tree = Literal["candidate", "base"]


class Need(NamedTuple):
    """One figure that a check asks for."""

    metric: str
    """A key of METRICS."""
    path: str
    """From the root of the tree; bytes that are not UTF-8 are surrogate-escaped."""
    blob: str
    """Object name of the content; empty where it is not known."""
    parameters: tuple[str, ...] = ()
    """What the metric is told besides, such as a pattern."""
    tree: Tree = "candidate"
    """Which of the two trees has it; the figure does not depend on that."""


class Unread(Exception):
    """Raised by a metric, and kept in the place of a figure: the file cannot be measured; the reason says why."""

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason)
        self.reason, self.line = reason, line


class Metric(NamedTuple):
    """How figures of one name come about."""

    function: str
    """`module:name` of a function from path, content and parameters to a figure (JSON); raises Unread."""
    modules: tuple[str, ...]
    """Modules of ours on whose code it depends, below `gates.metrics`."""
    tools: tuple[str, ...] = ()
    """Distributions on which it depends."""
    extended_by: tuple[str, ...] = ()
    """Groups of entry points by which other distributions have a say."""


METRICS = {
    "bandit": Metric(
        "gates.metrics.bandit_issues:issues", ("figures", "bandit_issues", "source"), ("bandit",),
        ("bandit.plugins", "bandit.blacklists"),
    ),
    "complexity": Metric("gates.metrics.ranks:complexities", ("figures", "ranks", "source"), ("radon",)),
    "maintainability": Metric("gates.metrics.ranks:maintainability", ("figures", "ranks", "raw", "source"), ("radon",)),
    "lines": Metric("gates.metrics.text_figures:lines", ("figures", "text_figures")),
    "blank": Metric("gates.metrics.text_figures:blank", ("figures", "text_figures")),
    "match": Metric("gates.metrics.text_figures:match", ("figures", "text_figures")),
    "places": Metric("gates.metrics.text_figures:places", ("figures", "text_figures")),
}  # fmt: skip


def figure(metric: str, path: str, content: bytes, parameters: Sequence[str] = ()) -> Any:  # noqa: ANN401 - JSON
    """The figure of one file. Raises Unread."""
    module, _, name = METRICS[metric].function.partition(":")
    function = getattr(import_module(module), name)
    try:
        return function(path, content, *parameters)
    except (RecursionError, MemoryError, TimeoutError, UnicodeError) as problem:
        raise Unread(str(problem) or type(problem).__name__) from None
