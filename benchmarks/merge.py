"""What merging costs: merges per second beside `git merge`, and how often gates are asked for each change.

    .venv/bin/python benchmarks/merge.py [--files 1000 10000 50000] [--merges 20] [--changes 2000] [--json] [--quick]

It prints figures and judges nothing: the exit code is 0 whatever they are. README.md tells how each is measured.
"""

import argparse
import asyncio
import json
import os
import random
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from flows.merge_queue import Chain, Findings, Link, MergeQueue
from tasks.context import ToldFinding
from tasks.git import Git
from tasks.git_directories import create_bare
from tasks.hub import Hub, create_hub
from tasks.integrate import (
    Candidate,
    Gated,
    Landing,
    candidate,
    candidate_on,
    merge_assignment,
    merge_assignments,
    provisional,
)
from tasks.repository import open_repository

GIT = shutil.which("git") or "git"
FOLDER = 100  # files in each folder
BATCH, BATCHES = 8, 3
RATES = (0.01, 0.05, 0.10, 0.20)
QUICK = {"files": [300], "merges": 3, "changes": 60}
WHO = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER")
       for what, value in (("NAME", "Benchmark"), ("EMAIL", "benchmark@localhost"))}  # fmt: skip
ENVIRONMENT = {**os.environ, **WHO, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}


@dataclass(frozen=True)
class Merging:
    """Merges per second into a branch of a repository with so many files; each by the median of its merges."""

    files: int
    worktree: float
    """`git merge --no-ff` in a worktree."""
    plumbing: float
    """Candidate, commit and move, in a bare repository without a hook, without evidence."""
    sparc: float
    """The same with evidence, into a hub that keeps its rules: what a run does for each assignment."""
    batch: float
    """Likewise, eight that were gated together at a time."""
    checkout: float
    """Seconds to make the worktree, which are not in its merges."""

    @property
    def ratio(self) -> float:
        """How many merges sparc makes while git makes one."""
        return self.sparc / self.worktree


@dataclass(frozen=True)
class Gating:
    """How often a gate is asked for each change, when so many of a hundred changes are bad. Simulated outcomes."""

    rate: float
    one_by_one: float
    queue: float
    """With the queue of a run, all changes waiting at once."""
    largest: float
    """The same without learning from failures: always the largest batch."""


def main() -> None:
    """Measure what is asked, and print."""
    asked = arguments()
    gating = [gate_runs(rate, asked.changes) for rate in RATES]
    with tempfile.TemporaryDirectory(dir=asked.scratch, prefix="sparc-merge-") as scratch:
        merging = [merges(Path(scratch) / str(files), files, asked.merges) for files in asked.files]
    if asked.json:
        print(json.dumps(document(merging, gating), indent=1))
    else:
        print("\n".join(text(merging, gating)))


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--files", type=int, nargs="+", default=[1000, 10_000, 50_000], help="files of each repository")
    parser.add_argument("--merges", type=int, default=20, help="merges to measure, of each kind")
    parser.add_argument("--changes", type=int, default=2000, help="changes to simulate, at each failure rate")
    parser.add_argument("--scratch", type=Path, help="where to make the repositories; default: the temporary directory")
    parser.add_argument("--json", action="store_true", help="print figures for programs")
    parser.add_argument("--quick", action="store_true", help="tiny numbers, to see whether it runs at all")
    asked = parser.parse_args()
    if asked.quick:
        vars(asked).update(QUICK)
    return asked


# -- merges per second


def merges(place: Path, files: int, count: int) -> Merging:
    """The same changes, merged four ways."""
    repository, changes = place / "repository", count + BATCH * BATCHES
    make_repository(repository, files, changes)
    theirs = [git(repository, "rev-parse", f"refs/heads/change-{number}") for number in range(changes)]
    start = git(repository, "rev-parse", "main")
    began = time.perf_counter()
    git(repository, "worktree", "add", "--quiet", "-b", "target", str(place / "worktree"), start)
    checkout = time.perf_counter() - began
    hub = create_hub(place / "hub.git", open_repository(repository), "merge-1", "merge", start)
    hub.open_phase(1, "refinement")
    bare = create_bare(place / "bare.git")
    (bare.directory / "objects/info/alternates").write_text(f"{repository / '.git/objects'}\n")
    bare.run("update-ref", "refs/heads/target", start)
    return Merging(
        files=files,
        worktree=per_second([lambda oid=oid: by_worktree(place / "worktree", oid) for oid in theirs[:count]]),
        plumbing=per_second([lambda oid=oid: by_plumbing(bare, oid) for oid in theirs[:count]]),
        sparc=per_second([lambda name=name: by_sparc(hub, *name) for name in enumerate(theirs[:count])]),
        batch=BATCH * per_second([lambda part=part: by_batch(hub, part) for part in batches(theirs[count:])]),
        checkout=checkout,
    )


def batches(commits: Sequence[str]) -> list[Sequence[str]]:
    """So many at a time."""
    return [commits[at : at + BATCH] for at in range(0, len(commits), BATCH)]


def make_repository(where: Path, files: int, changes: int) -> None:
    """A packed repository, and a branch for every change: one file changed, one added."""
    where.mkdir(parents=True)
    git(where, "init", "--quiet", "--initial-branch=main")
    subprocess.run(
        (GIT, "fast-import", "--quiet"), cwd=where, env=ENVIRONMENT, check=True,
        input="".join(stream(files, changes)).encode(),
    )  # fmt: skip
    git(where, "commit-graph", "write", "--reachable")
    git(where, "reset", "--quiet", "--hard")


def stream(files: int, changes: int) -> Iterator[str]:
    """All of it, as `git fast-import` reads it."""
    who = "committer Benchmark <benchmark@localhost> 1700000000 +0000\n"
    yield f"commit refs/heads/main\nmark :1\n{who}data 5\nFiles\n"
    for number in range(files):
        yield inline(path_of(number), "".join(f"line {line} of file {number}\n" for line in range(20)))
    for number in range(changes):
        yield f"\ncommit refs/heads/change-{number}\n{who}data 6\nChange\nfrom :1\n"
        yield inline(path_of(number * files // changes), f"changed by {number}\n")
        yield inline(f"new/file-{number}.txt", f"added by {number}\n")
    yield "\n"


def inline(path: str, content: str) -> str:
    """One file of a commit."""
    return f"M 100644 inline {path}\ndata {len(content.encode())}\n{content}\n"


def path_of(number: int) -> str:
    """Where a file lies: a hundred in each folder."""
    return f"folder-{number // FOLDER}/file-{number % FOLDER}.txt"


def per_second(calls: Sequence[Callable[[], object]]) -> float:
    """How many of these are made in a second, by the median of them."""
    seconds = []
    for call in calls:
        began = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - began)
    return 1 / statistics.median(seconds)


def by_worktree(worktree: Path, theirs: str) -> None:
    """As a person would: in a checkout, without asking for a message."""
    git(worktree, "merge", "--quiet", "--no-ff", "--no-edit", theirs)


def by_plumbing(bare: Git, theirs: str) -> None:
    """Nothing but the merge."""
    found = candidate(bare, "refs/heads/target", theirs)
    made = bare.write_commit(found.tree, (found.ours, found.theirs), "Merge\n")
    if found.conflicts or not bare.move(found.branch, made, found.ours):
        raise RuntimeError("the changes were to merge cleanly")


def by_sparc(hub: Hub, number: int, theirs: str) -> None:
    """As a run merges an assignment that has no gate of its own."""
    found = candidate(hub.git, hub.phase_branch(1, "refinement"), theirs)
    if not merge_assignment(landing(hub, number), found, ()):
        raise RuntimeError("the branch was moved by somebody else")


def by_batch(hub: Hub, theirs: Sequence[str]) -> None:
    """As a run merges assignments whose gates have passed together."""
    branch = hub.phase_branch(1, "refinement")
    links, tip = [], hub.tip(branch)
    for number, oid in enumerate(theirs):
        found = candidate_on(hub.git, branch, tip, oid)
        tip = provisional(hub.git, found)
        links.append((landing(hub, number), found))
    if not merge_assignments(links, Gated(("0" * 64,), tip)):
        raise RuntimeError("the branch was moved by somebody else")


def landing(hub: Hub, number: int) -> Landing:
    """An assignment on its way."""
    return Landing(hub, 1, "refinement", f"change-{number}", 1, "writer", "0" * 64)


def git(where: Path, *words: str) -> str:
    """Git as a user calls it."""
    done = subprocess.run((GIT, *words), cwd=where, env=ENVIRONMENT, check=True, capture_output=True, text=True)
    return done.stdout.strip()


# -- gate runs for each change


class Simulated:
    """A branch on which the bad changes are known, and only they make a gate fail."""

    def __init__(self, bad: set[int]) -> None:
        self.bad, self.merged, self.runs = bad, 0, 0

    async def chain(self, entries: Sequence[int]) -> Chain[int]:
        """All changes merge cleanly: a tree is told by how many are merged."""
        links = []
        for place, entry in enumerate(entries):
            ours, tree = str(self.merged + place), str(self.merged + place + 1)
            links.append(Link(entry, Candidate("branch", tree, ours, str(entry)), tree))
        return Chain(links, ())

    async def measure(self, links: Sequence[Link[int]]) -> Findings:
        """One run of a gate."""
        self.runs += 1
        red = any(link.entry in self.bad for link in links)
        return (ToldFinding(check="simulated", message="red"),) if red else ()

    async def land(self, links: Sequence[Link[int]]) -> bool:
        """Merge them."""
        self.merged += len(links)
        return True


class Stubborn(MergeQueue[int]):
    """A queue that has only ever seen changes pass."""

    async def land(self, entry: int):  # noqa: ANN201 - as the queue
        """Wait for an entry's turn."""
        self.passed, self.failed = 10_000, 0
        return await super().land(entry)


def gate_runs(rate: float, changes: int) -> Gating:
    """Simulate; the same changes are bad for both queues, and one by one each change is one run."""
    choice = random.Random(20_261_121)  # noqa: S311 - the same outcomes every time
    bad = {number for number in range(changes) if choice.random() < rate}
    queue, largest = (asyncio.run(simulated(kind, bad, changes)) for kind in (MergeQueue[int], Stubborn))
    return Gating(rate, 1.0, queue, largest)


async def simulated(kind: Callable[..., MergeQueue[int]], bad: set[int], changes: int) -> float:
    """Gate runs for each change, when all changes wait from the beginning."""
    ground = Simulated(bad)
    queue = kind(ground, asyncio.Lock())
    fates = await asyncio.gather(*map(queue.land, range(changes)))
    if {number for number, fate in enumerate(fates) if fate.findings} != bad:
        raise RuntimeError("the queue refused others than the bad changes")
    return ground.runs / changes


# -- what is printed


def document(merging: Sequence[Merging], gating: Sequence[Gating]) -> dict[str, object]:
    """For programs."""
    return {
        "merges_per_second": [{**asdict(one), "ratio": one.ratio} for one in merging],
        "gate_runs_per_change": [asdict(one) for one in gating],
    }


def text(merging: Sequence[Merging], gating: Sequence[Gating]) -> Iterator[str]:
    """For people."""
    yield "Merges per second"
    yield "   files   git merge --no-ff   plumbing alone   sparc   in batches of 8   sparc : git   (checkout)"
    for one in merging:
        yield (
            f"{one.files:8,}{one.worktree:20.1f}{one.plumbing:17.1f}{one.sparc:8.1f}{one.batch:18.1f}"
            f"{one.ratio:13.1f}x{one.checkout:11.1f} s"
        )
    yield ""
    yield "Gate runs for each change (the queue is real; which change is bad is simulated)"
    yield "  bad changes   one by one   queue   always batches of 16"
    for row in gating:
        yield f"{row.rate:12.0%} {row.one_by_one:12.2f}{row.queue:8.2f}{row.largest:23.2f}"


if __name__ == "__main__":
    main()
