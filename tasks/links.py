"""Where the symbolic links of a tree lead: nowhere but into the tree, or they do harm on every machine that has it."""

import os
from collections.abc import Iterator, Mapping

from gates.paths import shown
from gates.subject import SYMLINK
from tasks.context import ToldFinding
from tasks.git import Git
from tasks.walk import DOT_GIT
from tasks.workspace import Snapshot

FOLLOWED = 40
"""Links on one way, after which a system gives up as well."""


def leading_out(git: Git, start: str, taken: Snapshot) -> Iterator[ToldFinding]:
    """The links of a snapshot that lead out of it and did not at the start, with link and target."""
    if not any(SYMLINK in (change.mode, change.before) for change in taken.changes):
        return
    links, changed, before = targets(git, taken.tree), set(taken.changed), None
    for path in sorted(links):
        if not (why := way_out(links, path)):
            continue
        if path not in changed:
            before = targets(git, start) if before is None else before
            if way_out(before, path):
                continue
        words = f"is a symbolic link to {shown(links[path])[:200]}, which {why}: leave a file, or a relative link"
        yield ToldFinding(check="attempt", path=path, message=f"{words} to a path inside the repository")


def targets(git: Git, tree: str) -> dict[str, str]:
    """Every symbolic link of a tree or commit, and what it says."""
    links = {path: oid for path, (mode, oid) in git.entries(tree).items() if mode == SYMLINK}
    read = git.objects(links.values()) if links else ()
    return {path: os.fsdecode(text) for path, (_, text) in zip(links, read, strict=True)}


def way_out(links: Mapping[str, str], path: str) -> str | None:
    """Why following a link leads out of the tree, through whichever others; None if it does not."""
    place: list[str] = []
    ahead, followed = path.split("/")[::-1], 0
    while ahead:
        part = ahead.pop()
        if part in ("", "."):
            continue
        if part == "..":
            if not place:
                return "leads out of the repository"
            place.pop()
            continue
        if DOT_GIT.fullmatch(part):
            return "leads into the repository's own folder .git"
        place.append(part)
        target = links.get("/".join(place))
        if target is None:
            continue
        followed += 1
        if target.startswith("/"):
            return "leads out of the repository, for it is absolute"
        if followed > FOLLOWED:
            return None  # in a circle
        place.pop()
        ahead += target.split("/")[::-1]
    return None
