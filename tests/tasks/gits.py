"""What the tests of git share: git as its user calls it, awkward names, and hostile attributes."""

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from tasks.git import Git
from tasks.repository import Repository, open_repository
from tests.trees import tree_of

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


def user_git(where: Path, *words: str, fails: bool = False) -> str:
    """Git in a directory, as a person with an identity of their own; its output, both streams of it if it `fails`."""
    who = ("-c", "user.name=User", "-c", "user.email=user@localhost", "-c", "protocol.file.allow=always")
    done = subprocess.run(("git", *who, *words), cwd=where, check=False, capture_output=True, text=True)
    assert (done.returncode != 0) is fails, f"git {words}: {done.returncode} {done.stdout}{done.stderr}"
    return (done.stdout + (done.stderr if fails else "")).rstrip("\n")


def commit_files(where: Path, files: Mapping[str, str | bytes | None], message: str = "Work") -> str:
    """Write files (None: remove) into a work tree and commit all of it; the commit."""
    for name, content in files.items():
        file = where / name
        if content is None:
            file.unlink()
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
    user_git(where, "add", "--all", "--force")
    user_git(where, "commit", "--quiet", "--allow-empty", f"--message={message}")
    return user_git(where, "rev-parse", "HEAD")


def new_repository(repository: Path) -> Repository:
    """A repository with some files on main, whose identity stands in its own configuration."""
    user_git(repository.parent, "init", "--quiet", "--initial-branch=main", repository.name)
    user_git(repository, "config", "user.name", "Fixture")
    user_git(repository, "config", "user.email", "fixture@localhost")
    commit_files(repository, {"README.md": "# Made by the fixture `users`\n"}, "Begin")
    commit_files(
        repository,
        {
            "src/app.py": "print('app')\n",
            "src/lib.py": "LIB = 1\n",
            "docs/guide.md": "# Guide\n",
            "run.sh": "#!/bin/sh\n",
            ".gitignore": "*.log\nbuild/\n",
        },
        "Files",
    )
    return open_repository(repository)


def commit_of(git: Git, files: Mapping[str, bytes], *parents: str) -> str:
    """A commit of these files alone, whatever its parents have."""
    return git.write_commit(tree_of(git, files), parents, "Work\n")
