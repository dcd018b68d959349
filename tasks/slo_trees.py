"""The trees on which a benchmark is run: each with its own product, and both with the same benchmark.

The benchmark's files are those of the base commit. Where `run` names a file that the base does not have, or the base
has no such file at all, the benchmark is new: then the candidate's files are added to the base, and still only those
that the base does not have.
"""

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import PurePosixPath
from tempfile import TemporaryDirectory
from typing import NamedTuple

from gates.paths import matcher, shown
from gates.slo import BASE, CANDIDATE, Limits
from gates.subject import TreeFile
from tasks.errors import SparcError
from tasks.git import Git

USUAL = ("bench/**", "benchmarks/**")
"""Where a benchmark lies if the plan does not say."""
MODULE = "-m"


class Trees(NamedTuple):
    """Object names of trees, and whose benchmark they have."""

    candidate: str
    base: str | None
    """None: there is no commit to compare with."""
    origin: str | None
    """BASE or CANDIDATE; None: the benchmark lies outside of the tree."""


Files = Mapping[str, TreeFile]


def alone(limits: Limits, tree: str, files: Iterable[TreeFile]) -> Trees:
    """A tree without another one."""
    here = {file.path: file for file in files}
    ours = _benchmark(limits, here)
    _refuse_unclear(limits, here, ours)
    return Trees(tree, None, CANDIDATE if ours else None)


def both(git: Git, limits: Limits, candidate: tuple[str, Files], base: tuple[str, Files]) -> Trees:
    """The candidate's tree and the base's, by name and files, with one benchmark. Raises SparcError if it is unclear.

    `git` is a repository of ours, into which the new trees are written.
    """
    (tree, new), (base_tree, old) = candidate, base
    everything = {**new, **old}
    ours, before = _benchmark(limits, everything), _benchmark(limits, old)
    _refuse_unclear(limits, everything, ours)
    if not ours:
        return Trees(tree, base_tree, None)
    named = [path for path in _named(limits.run, everything) if path in ours]
    is_new = not before or any(path not in old for path in named)
    wanted = {path: everything[path] for path in ours if is_new or path in before}
    trees = (_with(git, each, files, ours, wanted) for each, files in ((tree, new), (base_tree, old)))
    return Trees(next(trees), next(trees), CANDIDATE if is_new else BASE)


def _benchmark(limits: Limits, files: Iterable[str]) -> frozenset[str]:
    patterns = USUAL if limits.files is None else limits.files
    return frozenset(filter(matcher(patterns), files)) if patterns else frozenset()


def _refuse_unclear(limits: Limits, files: Collection[str], ours: Collection[str]) -> None:
    """A benchmark that could be taken for the product, or the other way round, would measure nothing."""
    named = _named(limits.run, files)
    if limits.files and not ours:
        raise SparcError(f"files: {', '.join(limits.files)} is in neither tree: name the benchmark's own files")
    if limits.files is None and named and not any(path in ours for path in named):
        raise SparcError(
            f"run names {shown(named[0])}, a file of the tree: say whether it is the benchmark's own, and comes from"
            f" the base commit (files: {shown(named[0])}), or the product's (files: [])"
        )


def _named(run: Sequence[str], files: Collection[str]) -> list[str]:
    """Files of the tree that a command names, as paths or as Python's modules."""
    modules = [module.replace(".", "/") for flag, module in pairwise(run) if flag == MODULE]
    places = [str(PurePosixPath(argument)) for argument in run]
    places += [place for module in modules for place in (f"{module}.py", f"{module}/__main__.py")]
    return [place for place in dict.fromkeys(places) if place in files]


def _with(git: Git, tree: str, files: Files, ours: Collection[str], wanted: Files) -> str:
    """A tree whose files of a benchmark are exactly those that are wanted."""
    gone = [path for path in ours if path in files and path not in wanted]
    put = [file for path, file in wanted.items() if (files.get(path) or file.model_copy(update={"blob": ""})) != file]
    if not gone and not put:
        return tree
    lines = [f"0 {'0' * len(tree)}\t{path}" for path in gone] + [
        f"{file.mode} {file.blob}\t{file.path}" for file in put
    ]
    with TemporaryDirectory(prefix="sparc-index-") as scratch:
        index = {"GIT_INDEX_FILE": f"{scratch}/index"}
        git.run("read-tree", tree, env=index)
        orders = b"".join(os.fsencode(line) + b"\0" for line in lines)
        git.run("update-index", "-z", "--replace", "--index-info", stdin=orders, env=index)
        return os.fsdecode(git.run("write-tree", env=index)).strip()
