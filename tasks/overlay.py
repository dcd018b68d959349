"""Trees made of other trees: some files of a tree replaced, added or taken away, without any work tree."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from tasks.git import Git

Entry = tuple[str, str]
"""Mode and object id, as git lists them."""
NOTHING = ("0", "0" * 40)


def overlaid(git: Git, tree: str, files: Mapping[str, Entry | None]) -> str:
    """A tree (or a commit's) with these files put over it; None takes one away. The object id of the new tree."""
    # what is taken away makes room for a folder of that name, or for a file
    ordered = sorted(files.items(), key=lambda item: item[1] is not None)
    with TemporaryDirectory(prefix="sparc-index-") as scratch:
        env = {"GIT_INDEX_FILE": str(Path(scratch, "index"))}
        git.run("read-tree", tree, env=env)
        lines = (_line(path, entry or NOTHING) for path, entry in ordered)
        git.run("update-index", "-z", "--index-info", stdin=b"".join(lines), env=env)
        return git.run("write-tree", env=env).decode().strip()


def _line(path: str, entry: Entry) -> bytes:
    mode, oid = entry
    return f"{mode} {oid}\t{path}\0".encode("utf-8", "surrogateescape")
