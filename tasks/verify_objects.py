"""Whether a repository's objects are what their names say, and what else in it might mislead plain git.

Git reads many an object without comparing it with its name, so that a file that was put in the place of another one
below `.git/objects` would be believed. What is not told in an object, but beside it, has no say here; it is named, for
whoever looks at the same history with git itself may be shown another one.
"""

from collections.abc import Iterable, Iterator
from itertools import islice

from tasks.git import Git
from tasks.git_bulk import AT_ONCE, found
from tasks.repository import Repository
from tasks.verify_source import hash_of


def altered(scratch: Git, start: str, tip: str) -> str | None:
    """What is wrong with an object that the history from `start` on rests on; None: all are there, and as named."""
    spans = (("--no-walk", start), (tip, f"^{start}"))
    for span in spans:
        # the files; of trees and commits git believes what it has read once
        done = scratch.try_run("rev-list", "--quiet", "--objects", "--verify-objects", *span, "--")
        words = done.failure or done.stderr.decode(errors="replace").strip()
        if done.code != 0 or words:
            return f"the repository's objects cannot be relied on: {words.partition(chr(10))[0]}"
    listed = (scratch.run("rev-list", "--objects", "--filter=blob:none", *span, "--") for span in spans)
    names = (line[:40].decode() for lines in listed for line in lines.splitlines())
    return next(_wrong(scratch, names), None)


def _wrong(scratch: Git, names: Iterable[str]) -> Iterator[str]:
    every = iter(names)
    while some := list(islice(every, AT_ONCE)):
        for name, stored in found(scratch, some):
            if stored is None or hash_of(*stored) != name:
                how = "is missing" if stored is None else "does not hash to its name: it was altered"
                yield f"the repository's objects cannot be relied on: {name[:12]} {how}"


def misleading(repository: Repository, start: str, tip: str) -> Iterator[str]:
    """What would mislead plain git in this repository, or make it depend on another one."""
    git = repository.git
    if replaced := git.refs("refs/replace/"):
        yield f"{len(replaced)} replaced objects (refs/replace/) change what git shows here; they have no say in this"
    if (git.directory / "info/grafts").exists():
        yield "grafts (info/grafts) change what git shows here; they have no say in this"
    alternates = git.directory / "objects/info/alternates"
    if alternates.exists() and alternates.read_bytes().strip():
        yield f"objects are borrowed ({alternates}): without the place that is named there this history is not whole"
    if _graph_lies(git, start, tip):
        mend = "delete it, and `git commit-graph write --reachable`"
        yield f"the commit-graph tells other parents than the commits do; it has no say in this: {mend}"


def _graph_lies(git: Git, start: str, tip: str) -> bool:
    """Whether the repository's graph of commits tells another history than the commits themselves."""
    graphs = git.directory / "objects/info/commit-graph", git.directory / "objects/info/commit-graphs"
    if not any(graph.exists() for graph in graphs):
        return False
    asked = ("rev-list", "--parents", tip, f"^{start}", "--")
    by_graph = git.try_run("-c", "core.commitGraph=true", *asked)
    grafted = git.try_run("-c", "core.commitGraph=false", *asked)
    return (by_graph.code, by_graph.stdout) != (grafted.code, grafted.stdout)
