"""Checks whose report is made of figures of single files: which figures they need, and what they make of them.

Deciding on the files takes git's list of the tree and next to nothing of their contents; making the report takes the
figures alone. So figures that are known need no file, and no worker.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import JsonValue

from gates.files import read
from gates.metrics.figures import Need, Tree, Unread, figure
from gates.moves import moved
from gates.paths import shown
from gates.subject import Subject, compared
from gates.verdict import Finding, Unmeasurable

Figure = Any
"""JSON, or an Unread in its place."""
Figures = Mapping[Need, Figure]


class ByFile(NamedTuple):
    """One such check."""

    needs: Callable[[Any, Subject], Sequence[Need]]
    """From limits and subject to the figures that the report takes; raises Unmeasurable."""
    report: Callable[[Any, Subject, Figures], JsonValue]
    """From limits, subject and these figures, in their order, to the report; raises Unmeasurable. Reads no file."""

    def measure(self, limits: Any, subject: Subject) -> JsonValue:  # noqa: ANN401 - each check has its own
        """All of it here and now, from the files on disk. Raises Unmeasurable."""
        needs = self.needs(limits, subject)
        return self.report(limits, subject, {need: _read(need, subject) for need in needs})


def _read(need: Need, subject: Subject) -> Figure:
    root = subject.root if need.tree == "candidate" else compared(subject).root
    try:
        return figure(need.metric, need.path, read(root, need.path), need.parameters)
    except Unread as problem:
        return problem


def needs_of(
    metric: str, paths: Iterable[str], subject: Subject, *parameters: str, tree: Tree = "candidate"
) -> list[Need]:
    """One figure of each of these files of the candidate, or of its base."""
    files = subject.files if tree == "candidate" else compared(subject).files
    blobs = {file.path: file.blob for file in files}
    return [Need(metric, path, blobs[path], parameters, tree) for path in paths]


def readable(metric: str, figures: Figures) -> dict[str, Figure]:
    """Path to figure in the candidate. Raises Unmeasurable with every file that has none."""
    asked = [need for need in figures if need.metric == metric and need.tree == "candidate"]
    findings = [told(need, figures[need]) for need in asked if isinstance(figures[need], Unread)]
    if findings:
        more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
        raise Unmeasurable(f"{findings[0].headline}{more}", *findings)
    return {need.path: figures[need] for need in asked}


def known(metric: str, figures: Figures, subject: Subject) -> dict[str, Figure]:
    """Figure in the base, by the path that the file has in the candidate now.

    A file that could not be measured there excuses nothing here.
    """
    now = moved(compared(subject).files, subject.files)
    asked = [need for need in figures if need.metric == metric and need.tree == "base"]
    return {now.get(need.path, need.path): figures[need] for need in asked if not isinstance(figures[need], Unread)}


def told(need: Need, problem: Unread) -> Finding:
    """That a file has no figure."""
    return Finding(path=need.path, line=problem.line, message=problem.reason)


def sentence(need: Need, problem: Unread) -> str:
    """The same in a sentence."""
    place = f"{shown(need.path)}:{problem.line}" if problem.line else shown(need.path)
    return f"{place} {problem.reason}"
