"""What an attempt's workspace costs on small and large repositories: made and taken, full and sparse.

    .venv/bin/python benchmarks/workspace.py [--files 1000 10000 50000] [--repeat 3] [--scratch DIR] [--json] [--quick]

It prints figures and judges nothing: the exit code is 0 whatever they are. README.md tells how each is measured.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

from gates.paths import matcher
from tasks import workspace
from tasks.hub import Hub, create_hub
from tasks.integrate import Landing, candidate, merge_assignment
from tasks.repository import open_repository
from tasks.scratch import remove
from tasks.trash import discard

GIT = shutil.which("git") or "git"
FOLDERS, BELOW = 50, 20
"""Folders at the root, and folders in each of them."""
LINES = 20
OWNED = "p01/m01"
"""The folder that the assignment writes: a thousandth of the files."""
EDITS = 3
T = TypeVar("T")


@dataclass(frozen=True)
class Figures:
    """Medians of one kind of workspace. Seconds, unless it says otherwise."""

    files: int
    """Of the repository."""
    kind: str
    """`full`, `sparse`, or `git worktree` for comparison."""
    held: int
    """Files that it holds."""
    make: float
    status: float
    """One `git status` in it, as agents call it."""
    take: float | None
    """The snapshot, after three edits and a new file."""
    merge: float | None
    """Candidate and merge of what was taken."""
    away: float
    """Until it is out of the way: for `git worktree remove` that is until it is deleted."""


@dataclass
class Bench:
    """A repository, its hub, and a place for workspaces."""

    place: Path
    hub: Hub
    files: int
    made: int = 0

    def full(self) -> dict[str, float]:
        """A workspace with all files."""
        return self._attempt(None)

    def sparse(self) -> dict[str, float]:
        """A workspace with the files of one folder, of those above it, and of one that it reads."""
        return self._attempt((f"{OWNED}/**", "p02/m02/*.py"))

    def _attempt(self, holds: tuple[str, ...] | None) -> dict[str, float]:
        self.made += 1
        path, papers = self.place / f"space-{self.made}", self.place / f"papers-{self.made}"
        branch = self.hub.open_phase(1, "bench")
        start = self.hub.tip(branch)
        make, space = timed(lambda: workspace.make(path, self.hub.git, branch, start, papers, holds))
        held = edited(path, self.made)
        status, _ = timed(lambda: git(path, "status", "--porcelain"))
        take, taken = timed(lambda: workspace.snapshot(space, matcher([f"{OWNED}/**"])))
        left = self.hub.git.write_commit(taken.tree, (start,), "Work\n")
        landing = Landing(self.hub, 1, "bench", f"work-{self.made}", 1, "bench", "0" * 64)
        merge, _ = timed(lambda: merge_assignment(landing, candidate(self.hub.git, branch, left), ()))
        away, _ = timed(lambda: discard(path, self.place))
        remove(papers)
        return {"held": held, "make": make, "status": status, "take": take, "merge": merge, "away": away}

    def worktree(self) -> dict[str, float]:
        """What `git worktree add` and `remove` take, without what makes a workspace safe."""
        self.made += 1
        path, repository = self.place / f"tree-{self.made}", self.place / "repository"
        make, _ = timed(lambda: git(repository, "worktree", "add", "--quiet", "--detach", str(path)))
        held = edited(path, self.made)
        status, _ = timed(lambda: git(path, "status", "--porcelain"))
        away, _ = timed(lambda: git(repository, "worktree", "remove", "--force", str(path)))
        return {"held": held, "make": make, "status": status, "away": away}


def edited(path: Path, number: int) -> int:
    """Work in a workspace as an agent would; the files that it holds."""
    files = sorted((path / OWNED).glob("*.py"))
    for file in files[:EDITS]:
        file.write_text(f"edit {number}\n")
    (path / OWNED / f"new-{number}.py").write_text("new\n")
    return sum(1 for file in path.rglob("*") if file.is_file() and ".git" not in file.parts) - 1


def timed(do: Callable[[], T]) -> tuple[float, T]:
    """Seconds that it takes, and what it gives."""
    began = time.monotonic()
    result = do()
    return time.monotonic() - began, result


def git(where: Path, *words: str, stdin: bytes | None = None) -> None:
    """Git as a user calls it."""
    subprocess.run((GIT, *words), cwd=where, check=True, capture_output=True, input=stdin)


def stream(files: int) -> Iterator[bytes]:
    """A commit with so many files, for `git fast-import`."""
    yield b"commit refs/heads/main\ncommitter b <b@localhost> 0 +0000\ndata 5\nBegin\n"
    for number in range(files):
        folder = f"p{number % FOLDERS:02}/m{number // FOLDERS % BELOW:02}"
        text = f"line {number}\n" * LINES
        yield f"M 100644 inline {folder}/f{number:06}.py\ndata {len(text)}\n{text}\n".encode()
    yield b"M 100644 inline .gitignore\ndata 6\n*.log\n\n"


def begin(place: Path, files: int) -> Bench:
    """A repository of so many files, packed, and the hub of a run on it."""
    repository = place / "repository"
    git(place, "init", "--quiet", "--initial-branch=main", "repository")
    git(repository, "fast-import", "--quiet", stdin=b"".join(stream(files)))
    opened = open_repository(repository)
    hub = create_hub(place / "hub.git", opened, "bench-1", "bench", opened.tip("main") or "")
    hub.index_history()
    return Bench(place, hub, files)


def measured(bench: Bench, repeat: int) -> Iterator[Figures]:
    """Every kind in turn, so that what others do on the machine meets all of them."""
    kinds = {"full": bench.full, "sparse": bench.sparse, "git worktree": bench.worktree}
    rounds = [{kind: do() for kind, do in kinds.items()} for _ in range(repeat)]
    for kind in kinds:
        some = [each[kind] for each in rounds]
        values = {key: statistics.median(each[key] for each in some) for key in some[0]}
        held = int(values.pop("held"))
        yield Figures(bench.files, kind, held, **({"take": None, "merge": None} | values))


def table(figures: Sequence[Figures]) -> str:
    """The figures in Markdown."""
    heads = ("files", "kind", "holds", "make", "git status", "snapshot", "merge", "out of the way")
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for each in figures:
        times = (each.make, each.status, each.take, each.merge, each.away)
        shown = ("" if value is None else f"{value * 1000:,.0f} ms" for value in times)
        lines.append("| " + " | ".join((f"{each.files:,}", each.kind, f"{each.held:,}", *shown)) + " |")
    return "\n".join(lines)


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--files", type=int, nargs="+", default=[1000, 10_000, 50_000])
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--scratch", type=Path, help="a folder on the disk to be measured")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true", help="tiny numbers: whether it works, not how fast")
    asked = parser.parse_args()
    files, repeat = ([300], 1) if asked.quick else (asked.files, asked.repeat)
    figures: list[Figures] = []
    for number in files:
        place = Path(tempfile.mkdtemp(prefix="sparc-bench-", dir=asked.scratch))
        try:
            figures += measured(begin(place, number), repeat)
        finally:
            remove(place)
    print(json.dumps([asdict(each) for each in figures], indent=1) if asked.json else table(figures))


if __name__ == "__main__":
    main()
