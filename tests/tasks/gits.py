"""What the tests of git share: awkward names, hostile attributes, and commits of flat trees."""

from collections.abc import Callable
from pathlib import Path

from tasks.git import Git, listing

RunGit = Callable[..., str]
Commit = Callable[..., str]

ROOT = Path(__file__).parents[2]
STRANGE = (
    b"new\nline",
    b'quo"te',
    b"\xff\xfe",
    b"-rf",
    b"--",
    b" space ",
    b"tab\t",
    b"back\\slash",
    b":(top)x",
    b"*",
    b"\xc3\xa9",
)
ATTRIBUTES = "* text eol=crlf ident working-tree-encoding=UTF-16LE filter=evil diff=evil merge=evil\n"


def tree_of(git: Git, files: dict[str, bytes]) -> str:
    """Store files as a flat tree."""
    entries = [(f"100644 blob {git.write_blob(data)}\t{name}") for name, data in files.items()]
    return git.line("mktree", "-z", stdin=listing(entries))


def commit_of(git: Git, files: dict[str, bytes], *parents: str) -> str:
    return git.write_commit(tree_of(git, files), parents, "Work\n")
