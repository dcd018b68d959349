"""Git directories: finding a user's, making our own, borrowing the objects of another."""

import contextlib
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tasks.command import Command, run
from tasks.git import Git, GitError
from tasks.git_environment import ATTRIBUTES, environment

# the commit graph would come with the objects, and tell what it likes
SCRATCH = "[core]\n\trepositoryformatversion = 0\n\tbare = true\n\tcommitGraph = false\n"


def users_git(work_tree: Path) -> Git:
    """The repository of a work tree as its user has set it up (filters, line endings), without hooks and fsmonitor."""
    directory = discover(work_tree)
    if directory is None:
        raise GitError(f"{work_tree} is no work tree any more")
    own = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    disabled = {"GIT_CONFIG_COUNT": "2", "GIT_CONFIG_KEY_0": "core.fsmonitor", "GIT_CONFIG_VALUE_0": "false",
                "GIT_CONFIG_KEY_1": "core.hooksPath", "GIT_CONFIG_VALUE_1": os.devnull}  # fmt: skip
    return Git(directory, {"GIT_WORK_TREE": str(work_tree)}, work_tree, own | disabled | {"LC_ALL": "C"})


def discover(path: Path) -> Path | None:
    """The git directory of the repository at or above a directory; None where there is none."""
    done = run(Command(("git", "rev-parse", "--absolute-git-dir"), path, environment()))
    return Path(os.fsdecode(done.stdout).rstrip("\n")) if done.code == 0 else None


def git_version() -> tuple[int, int] | None:
    """Major and minor number of the git on PATH; None where there is none."""
    done = run(Command(("git", "--version"), Path.cwd(), environment()))
    numbers = re.search(rb"(\d+)\.(\d+)", done.stdout) if done.code == 0 else None
    return (int(numbers[1]), int(numbers[2])) if numbers else None


@contextlib.contextmanager
def scratch_repository(objects_of: Git) -> Iterator[Git]:
    """A bare repository for the time of a block that sees another one's objects, but none of its configuration."""
    with TemporaryDirectory(prefix="sparc-git-") as directory:
        scratch = Path(directory) / "scratch.git"
        for name in ("objects/info", "refs", "info"):
            (scratch / name).mkdir(parents=True)
        (scratch / "HEAD").write_text("ref: refs/heads/main\n")
        (scratch / "config").write_text(SCRATCH)
        (scratch / "info/attributes").write_text(ATTRIBUTES)
        (scratch / "objects/info/alternates").write_text(f"{_objects(objects_of.directory)}\n")
        yield Git(scratch)


def _objects(directory: Path) -> Path:
    """Where a repository has its objects: a linked work tree's git directory only says whose they are."""
    common = directory / "commondir"
    if common.is_file():
        directory = directory / os.fsdecode(common.read_bytes()).rstrip("\n")
    return (directory / "objects").resolve()


def clone(source: Path, branch: str, destination: Path, template: Path, settings: Iterable[str] = ()) -> None:
    """Clone one branch (full name), borrowing the source's objects; nothing is checked out.

    `settings` (`key=value`) are those of the clone's own configuration.
    """
    own = (f"--config={setting}" for setting in settings)
    arguments = ("--quiet", "--shared", "--no-checkout", "--no-tags", f"--template={template}", "--single-branch", *own)
    short = branch.removeprefix("refs/heads/")
    argv = ("git", "clone", *arguments, f"--branch={short}", "--", str(source), str(destination))
    done = run(Command(argv, destination.parent, environment()))
    if done.code != 0:
        raise GitError(f"git clone {source}: {done.failure or done.stderr.decode(errors='replace').strip()}")


def create_bare(directory: Path) -> Git:
    """A new bare repository without templates, whose attributes convert nothing."""
    git = Git(directory, cwd=directory.parent)
    directory.parent.mkdir(parents=True, exist_ok=True)
    git.run("init", "--quiet", "--bare", "--template=", "--initial-branch=main")
    (directory / "info").mkdir(exist_ok=True)
    (directory / "info/attributes").write_text(ATTRIBUTES)
    return Git(directory)
