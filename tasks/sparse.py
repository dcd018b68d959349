"""Sparse workspaces: which folders of a large repository an attempt needs to have on disk.

They are git's own (`git sparse-checkout`, cone mode, sparse index), whole folders at a time, so that making one takes
the same time however many files the repository has, and git's commands do in it what they do elsewhere. Here are:

* every file at the root, and every file in a folder above something that is wanted: there lie pyproject.toml,
  __init__.py, .gitignore and the like;
* a folder named without wildcards, with all that is below it;
* of a glob, the folder in front of its first wildcard: its files for `docs/*.md`, all that is below it for `docs/**`.

A glob that begins with a wildcard and crosses folders (`**/*.md`) wants everything, and so makes a full workspace.
"""

from collections.abc import Iterable

from gates.paths import fixed, is_glob
from tasks.git import Git
from tasks.walk import parents

SETTINGS = ("core.sparseCheckout=true", "core.sparseCheckoutCone=true", "index.sparse=true")
FOLDER = "040000"


def cone(git: Git, start: str, patterns: Iterable[str]) -> str | None:
    """The contents of `info/sparse-checkout` for paths and globs of the plan language; None: everything is wanted."""
    wanted = tuple(dict.fromkeys(patterns))
    known = _folders(git, start, [pattern for pattern in wanted if not is_glob(pattern)])
    whole, partly = set[str](), set[str]()
    for pattern in wanted:
        folder, all_of_it = _folder_of(pattern, known)
        (whole if all_of_it else partly).add(folder)
    if "" in whole:
        return None
    inside = {folder for folder in whole | partly if whole.isdisjoint(parents(folder))}
    whole, partly = whole & inside, {above for each in inside for above in (each, *parents(each))} - whole - {""}
    lines = ["/*", "!/*/"]
    for folder in sorted(partly):
        lines += [f"/{folder}/", f"!/{folder}/*/"]
    return "".join(f"{line}\n" for line in (*lines, *(f"/{folder}/" for folder in sorted(whole))))


def _folder_of(pattern: str, known: Iterable[str]) -> tuple[str, bool]:
    """The folder that a pattern wants, and whether with all that is below it."""
    if pattern in known:
        return pattern, True
    above, _, name = pattern.rpartition("/")
    folder = fixed(above)
    return folder, folder != above or "**" in name


def _folders(git: Git, start: str, names: list[str]) -> frozenset[str]:
    """Those that are folders in a commit."""
    if not names:
        return frozenset()
    found = git.run("ls-tree", "-z", "--full-tree", "--format=%(objectmode) %(path)", start, "--", *names).decode(
        errors="surrogateescape"
    )
    return frozenset(line.removeprefix(f"{FOLDER} ") for line in found.split("\0") if line.startswith(f"{FOLDER} "))
