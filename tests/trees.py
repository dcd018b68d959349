"""Commits made from their files alone, without any work tree."""

import os
from collections.abc import Mapping
from tempfile import TemporaryDirectory

from tasks.git import ZERO, Git

Files = Mapping[str, str | bytes | None]
LINK, EXECUTABLE, REGULAR = "120000", "100755", "100644"


def commit(
    git: Git, files: Files, *parents: str, modes: Mapping[str, str] | None = None, message: str = "Change\n"
) -> str:
    """A commit that has the first parent's files and these; None takes one away."""
    with TemporaryDirectory() as scratch:
        index = Git(git.directory, {"GIT_INDEX_FILE": f"{scratch}/index"})
        if parents:
            index.run("read-tree", parents[0])
        entries = b""
        for path, content in sorted(files.items(), key=lambda file: file[1] is not None):
            mode = "0" if content is None else (modes or {}).get(path, REGULAR)
            oid = ZERO if content is None else git.write_blob(content.encode() if isinstance(content, str) else content)
            entries += f"{mode} {oid}\t".encode() + os.fsencode(path) + b"\0"
        index.run("update-index", "-z", "--index-info", stdin=entries)
        return git.write_commit(index.line("write-tree"), parents, message)
