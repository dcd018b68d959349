"""Trees and commits made from their files alone, without any work tree."""

import os
from collections.abc import Mapping
from tempfile import TemporaryDirectory

from tasks.git import ZERO, Git

Files = Mapping[str, str | bytes | None]
LINK, EXECUTABLE, REGULAR = "120000", "100755", "100644"


def tree_of(git: Git, files: Files, base: str | None = None, *, modes: Mapping[str, str] | None = None) -> str:
    """A tree of these files and, if there is a base, of those that it has besides; None takes one away."""
    with TemporaryDirectory() as scratch:
        index = Git(git.directory, {"GIT_INDEX_FILE": f"{scratch}/index"})
        if base:
            index.run("read-tree", base)
        entries = b""
        for path, content in sorted(files.items(), key=lambda file: file[1] is not None):
            mode = "0" if content is None else (modes or {}).get(path, REGULAR)
            oid = ZERO if content is None else git.write_blob(content.encode() if isinstance(content, str) else content)
            entries += f"{mode} {oid}\t".encode() + os.fsencode(path) + b"\0"
        index.run("update-index", "-z", "--index-info", stdin=entries)
        return index.line("write-tree")


def commit(
    git: Git, files: Files, *parents: str, modes: Mapping[str, str] | None = None, message: str = "Change\n"
) -> str:
    """A commit that has the first parent's files and these; None takes one away."""
    return git.write_commit(tree_of(git, files, *parents[:1], modes=modes), parents, message)
