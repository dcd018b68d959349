"""A user's repository, the hub of a run on it, and git as its user calls it."""

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tasks.hub import Hub, create_hub
from tasks.repository import Repository, open_repository
from tasks.run_folder import RunFolder, RunRecord

RunGit = Callable[..., str]
Commit = Callable[..., str]

RUN, PLAN = "ledger-1", "ledger"


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


@pytest.fixture(scope="session")
def git() -> RunGit:
    """`git(where, *words)`: git as the user calls it."""
    return user_git


@pytest.fixture(scope="session")
def commit() -> Commit:
    """`commit(where, files, message)`: what the user commits."""
    return commit_files


@pytest.fixture
def users(repository: Path) -> Repository:
    """The user's repository, with some files on main."""
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


@pytest.fixture
def folder(tmp_path: Path, users: Repository) -> RunFolder:
    """The folder of a run on it, whose hub is there."""
    made = RunFolder(tmp_path / "home", RUN)
    start = users.tip("main") or ""
    create_hub(made.hub, users, RUN, PLAN, start)
    made.create(
        RunRecord(
            run=RUN, plan=PLAN, plan_file="plan.yaml", repository=users.path, base="main", start=start,
            memory="local-file-system/sparc-memory", fingerprint="0",
        )
    )  # fmt: skip
    return made


@pytest.fixture
def hub(folder: RunFolder) -> Hub:
    """The run's hub."""
    return Hub(folder.hub, folder.run, folder.record.plan, folder.record.start)
