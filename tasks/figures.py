"""Figures of the files of a tree: those that are known by their content, and the others measured in workers of ours.

A worker is jailed, as whatever reads what is not ours; it gets the contents of the files that it is to measure, and no
checkout. All that the checks of one gate need is measured together, in as many workers as pay for their start.
"""

import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gates.metrics.figure_types import fits
from gates.metrics.figures import Need, Unread
from tasks.command import Command, run_foreign
from tasks.errors import SparcError
from tasks.figure_store import FigureStore
from tasks.git import Git
from tasks.git_bulk import found
from tasks.isolation import Confinement
from tasks.uv import last_words

READING = 1200.0
"""Seconds for a worker; it bounds its processor time itself, below that."""
SHARE = 250_000
"""Bytes of contents from which on a second worker pays for its start."""
MOST_AT_ONCE = 32 << 20
"""Bytes of contents in one worker."""
MOST_OF_ONE = 64 << 20
"""Bytes of a file that is measured."""
MOST_ANSWER = 256 << 20
"""Bytes of a worker's report."""

CONTENTS = "contents"
PROCESSORS = os.cpu_count() or 1

Figures = dict[Need, Any]


@dataclass(frozen=True)
class Measuring:
    """Where figures come from."""

    git: Git
    """Sees every blob."""
    confinement: Confinement
    env: Mapping[str, str]
    """Of a worker: PATH and the like."""
    folder: Callable[[], Path]
    """Makes an empty one, outside of any tree."""
    sizes: Mapping[str, int]
    """Bytes of each blob."""
    store: FigureStore | None
    """None: nothing is kept, for others could write there."""

    def of(self, needs: Iterable[Need]) -> Figures:
        """A figure, or an Unread, for each need. Raises SparcError, Interrupted."""
        needs = tuple(needs)
        # what both trees have is measured once
        single = list(dict.fromkeys(map(_anywhere, needs)))
        found = self.store.find(single) if self.store else {}
        missing = [need for need in single if need not in found]
        fresh = self._measured(missing) if missing else {}
        if self.store and fresh:
            self.store.keep({need: figure for need, figure in fresh.items() if not isinstance(figure, Unread)})
        every = found | fresh
        return {need: every[_anywhere(need)] for need in needs}

    def _measured(self, needs: Sequence[Need]) -> Figures:
        large = [need for need in needs if self.sizes.get(need.blob, 0) > MOST_OF_ONE]
        figures: Figures = dict.fromkeys(large, Unread(f"has more than {MOST_OF_ONE >> 20} MB, which nobody reads"))
        shares = _shares([need for need in needs if need not in figures], self.sizes)
        with ThreadPoolExecutor(PROCESSORS) as threads:
            # each in a context of its own: the handle by which a run ends what it started travels in there
            for each in [threads.submit(copy_context().run, self._share, share) for share in shares]:
                figures |= each.result()
        return figures

    def _share(self, needs: Sequence[Need]) -> Figures:
        """One worker's share. If that ends without a report, each metric gets a worker: one of them is to blame."""
        try:
            return self._ask(needs)
        except SparcError as problem:
            metrics = dict.fromkeys(need.metric for need in needs)
            if len(metrics) == 1:
                return dict.fromkeys(needs, Unread(f"could not be measured: {problem}"))
        figures: Figures = {}
        for metric in metrics:
            figures |= self._share([need for need in needs if need.metric == metric])
        return figures

    def _ask(self, needs: Sequence[Need]) -> Figures:
        folder = self.folder()
        places = _lay_out(folder / CONTENTS, self.git, dict.fromkeys(need.blob for need in needs))
        there = [need for need in needs if need.blob in places]
        question = {
            "contents": str(folder / CONTENTS),
            "needs": [[need.metric, need.path, need.parameters, *places[need.blob]] for need in there],
        }
        report = folder / "figures.json"
        argv = (sys.executable, "-I", "-m", "gates.metrics.figure_worker", str(report))
        own = {"HOME": str(folder), "TMPDIR": str(folder)}
        # escaped, for a path that is no UTF-8 has no other form
        stdin = json.dumps(question).encode()
        jail = self.confinement.jail(folder)
        # the target's tests, which may run beside it, are what a gate waits for
        done = run_foreign(Command(argv, folder, {**self.env, **own}, stdin, READING, jail, behind=True))
        answers = _answers(report, len(there))
        if answers is None:
            reason = done.failure or f"exit code {done.code}"
            raise SparcError(f"its worker left no figures: {last_words(reason, done.output)}")
        figures: Figures = dict.fromkeys(needs, Unread("is listed by git, and its content is missing"))
        return figures | {need: _fitting(need, answer) for need, answer in zip(there, answers, strict=True)}


def _fitting(need: Need, answer: Any) -> Any:  # noqa: ANN401 - JSON, or an Unread
    if isinstance(answer, Unread) or fits(need.metric, answer):
        return answer
    return Unread(f"could not be measured: its worker's answer is no figure of {need.metric}")


def _anywhere(need: Need) -> Need:
    return need._replace(tree="candidate") if need.blob else need


def _shares(needs: Sequence[Need], sizes: Mapping[str, int]) -> list[list[Need]]:
    """Needs in shares of about the same number of bytes: one for a few files, more of them the more there is to do."""
    total = sum(sizes.get(need.blob, 0) for need in needs)
    wanted = max(1, min(PROCESSORS, total // SHARE), -(-total // MOST_AT_ONCE))
    shares: list[list[Need]] = [[] for _ in range(wanted)]
    filled = [0] * wanted
    for need in sorted(needs, key=lambda need: -sizes.get(need.blob, 0)):
        least = filled.index(min(filled))
        shares[least].append(need)
        filled[least] += sizes.get(need.blob, 0)
    return [share for share in shares if share]


def _lay_out(file: Path, git: Git, blobs: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Write the contents of blobs one behind the other; where each begins, and its length, of those that are there."""
    places: dict[str, tuple[int, int]] = {}
    with file.open("wb") as out:
        for blob, stored in found(git, blobs):
            if stored:
                places[blob] = (out.tell(), len(stored[1]))
                out.write(stored[1])
    return places


def _answers(report: Path, expected: int) -> list[Any] | None:
    """What a worker has left, None if that is not whole."""
    try:
        if report.is_symlink() or report.stat().st_size > MOST_ANSWER:
            return None
        answers = json.loads(report.read_bytes())
        return [_figure(each) for each in answers] if len(answers) == expected else None
    except (OSError, ValueError, TypeError, RecursionError):
        return None


def _figure(answer: Any) -> Any:  # noqa: ANN401 - JSON
    """A figure, or why there is none. Raises TypeError for what is neither."""
    match answer:
        case [figure]:
            return figure
        case [None, str(reason), int() | None as line]:
            return Unread(reason, line)
    raise TypeError(f"no answer of a worker: {answer!r:.100}")
