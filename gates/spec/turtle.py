"""Turtle files of a tree as one graph, and where in them a node is described.

Only Turtle is parsed, from text that was read already: nothing is imported or fetched, whatever a file names. An
address without a scheme is one below `ROOT`, by the path of its file, so that files may name each other.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from rdflib import RDF, BNode, Graph, URIRef
from rdflib.term import Node

from gates.files import read_text
from gates.paths import shown
from gates.verdict import Finding, Unmeasurable

ROOT = "https://specification.invalid/"
LARGEST = 4 * 1024 * 1024
MOST_TRIPLES = 200_000
LONGEST_NAME = 200
DEEPEST = 5
"""Blank nodes that a name goes through."""
NAME = re.compile(r"<[^<>\s]*+>|(?<![\w:.-])(?:(?:\w[\w.-]*+)?:(?:[\w:%-]|\.++(?=[\w:%-]))*+)")
"""A node as it is written, in full or by a prefix."""


class Place(NamedTuple):
    """Where something is said."""

    path: str
    line: int | None


@dataclass(frozen=True)
class Source:
    """One file."""

    path: str
    text: str
    graph: Graph

    @cached_property
    def lines(self) -> tuple[dict[str, int], dict[str, int]]:
        """Name, as it is written, to where it stands first: at the start of a line, and within one."""
        first: dict[str, int] = {}
        within: dict[str, int] = {}
        for number, line in enumerate(self.text.split("\n"), 1):
            start = len(line) - len(line.lstrip(" \t"))
            for match in NAME.finditer(line):
                (first if match.start() == start else within).setdefault(match[0], number)
        return first, within


class Sources:
    """Some files, and the graph of all of them."""

    def __init__(self, files: Iterable[tuple[Path, str]]) -> None:
        """Read files, each by the root of its tree and its path in it.

        Raises Unmeasurable for what is no Turtle, what is too large, and what says nothing.
        """
        self.files = tuple(_parsed(root, path) for root, path in files)
        self.graph = Graph(bind_namespaces="none")
        self._places: dict[Node, Place] = {}
        for source in self.files:
            for prefix, namespace in source.graph.namespaces():
                self.graph.bind(prefix, namespace)
            self.graph += source.graph
        if len(self.graph) > MOST_TRIPLES:
            raise Unmeasurable(f"{len(self.graph)} triples are too many: at most {MOST_TRIPLES} are measured")

    def name(self, node: Node, *, depth: int = 0) -> str:
        """As people write it; a blank node by what it belongs to."""
        if isinstance(node, BNode):
            # blank nodes may belong to each other in a circle
            owner = next(self.graph.subject_predicates(node), None) if depth < DEEPEST else None
            return f"{self.name(owner[0], depth=depth + 1)} {self.name(owner[1])} [...]" if owner else "[...]"
        if node == RDF.type:
            return "a"
        if isinstance(node, URIRef) and node.startswith(ROOT):
            return f"<{node.removeprefix(ROOT)}>"
        return node.n3(self.graph.namespace_manager)[:LONGEST_NAME]

    def place(self, node: Node) -> Place:
        """Where a node is described, else where it is named; without a line where its text is not found."""
        if node not in self._places:
            self._places[node] = self._sought(node)
        return self._places[node]

    def _sought(self, node: Node) -> Place:
        for _ in range(DEEPEST):
            owner = next(self.graph.subjects(None, node), None) if isinstance(node, BNode) else None
            node = owner or node
        describing = [source for source in self.files if (node, None, None) in source.graph]
        for source in (*describing, *self.files):
            if line := _line(source, node):
                return Place(source.path, line)
        return Place((describing or self.files)[0].path, None)


def _parsed(root: Path, path: str) -> Source:
    text = read_text(root, path)
    if len(text) > LARGEST:
        raise Unmeasurable(f"{shown(path)} is too large: at most {LARGEST} characters are read")
    graph = Graph(bind_namespaces="none")
    try:
        graph.parse(data=text, format="turtle", publicID=ROOT + path)
    except Exception as problem:  # noqa: BLE001 - its parser raises whatever its tables run into
        raise _refusal(path, problem) from None
    if not len(graph):
        raise Unmeasurable(f"{shown(path)} says nothing: it holds no triple")
    return Source(path, text, graph)


def _refusal(path: str, problem: Exception) -> Unmeasurable:
    told = str(problem)
    line = re.search(r"at line ([0-9]+)", told)
    # the reason stands in brackets, before an excerpt of the text
    bad = re.search(r"Bad syntax \((.*?)\) at ", told, re.DOTALL)
    reason = " ".join((bad[1] if bad else f"{type(problem).__name__}: {told}").split())[:200]
    finding = Finding(path=path, line=int(line[1]) if line else None, message=f"is no Turtle: {reason}")
    return Unmeasurable(finding.headline, finding)


def _line(source: Source, node: Node) -> int | None:
    """Where one of the ways to write a node stands, at the start of a line if it does so anywhere."""
    if not isinstance(node, URIRef):
        return None
    forms = _forms(source, node)
    found = [[lines[form] for form in forms if form in lines] for lines in source.lines]
    return min(next(filter(None, found), ()), default=None)


def _forms(source: Source, node: URIRef) -> list[str]:
    own = ROOT + source.path
    forms = [f"<{node}>", *([f"<{node.removeprefix(own)}>"] if node.startswith(own) else [])]
    namespaces = [(prefix, str(name)) for prefix, name in source.graph.namespaces()]
    return forms + [f"{prefix}:{node.removeprefix(name)}" for prefix, name in namespaces if node.startswith(name)]
