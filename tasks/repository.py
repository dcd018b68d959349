"""The user's repository: read freely, written only by publishing and by the release."""

import os
from dataclasses import dataclass
from pathlib import Path

from tasks.command import Command, run
from tasks.errors import Refused
from tasks.git import ZERO, Git
from tasks.git_directories import discover
from tasks.git_environment import environment

BRANCHES = "refs/heads/"


@dataclass(frozen=True)
class Repository:
    """A repository of the user's."""

    path: Path
    """As the user named it, absolute."""
    git: Git
    """Its common git directory: what all its work trees share."""

    def root_commit(self, commit: str) -> str:
        """The oldest root of a commit's history: what the repository is, whatever it is called or else may hold."""
        return self.git.run("rev-list", "--max-parents=0", "--date-order", commit).decode().split()[-1]

    def current_branch(self) -> str | None:
        """Short name of the branch that is checked out where the user stands; None when detached."""
        # not `--short`: that is `heads/main` where there is a tag `main` as well
        done = self._here.try_run("symbolic-ref", "--quiet", "HEAD")
        return done.stdout.decode().strip().removeprefix(BRANCHES) or None

    def head(self) -> str:
        """The commit on which the user stands. Raises Refused if there is none."""
        commit = self._here.resolve("HEAD")
        if commit is None:
            raise Refused(f"{self.path} has no commit yet: make a first one, a README will do")
        return commit

    @property
    def here(self) -> str | None:
        """The same, None if there is none."""
        return self._here.resolve("HEAD")

    @property
    def _here(self) -> Git:
        """The work tree's own git directory, which has its own HEAD."""
        return Git(_git_directory(self.path), cwd=self.path)

    def tip(self, branch: str) -> str | None:
        """The commit of a branch, or None."""
        return self.git.resolve(f"refs/heads/{branch}")

    def work_trees(self) -> dict[str, Path]:
        """Short names of checked-out branches, and where; a branch in the middle of a rebase is one of them."""
        found = {}
        listed = self.git.run("worktree", "list", "--porcelain", "-z").decode(errors="surrogateescape")
        for number, record in enumerate(listed.rstrip("\0").split("\0\0")):
            fields = dict(line.partition(" ")[::2] for line in record.split("\0"))
            where = Path(fields["worktree"]) if number else self._main_work_tree(Path(fields["worktree"]))
            branch = fields.get("branch") or _rebased_in(where)
            if branch and where.is_dir():  # one that somebody removed by hand follows nothing
                found[branch.removeprefix(BRANCHES)] = where
        return found

    def _main_work_tree(self, listed: Path) -> Path:
        """Git guesses it from the git directory, wrongly for a submodule and for `--separate-git-dir`."""
        if self.git.directory.name == ".git" or discover(self.path) != self.git.directory:
            return listed
        return self.top or listed

    @property
    def top(self) -> Path | None:
        """The root of the work tree in which the user stands; None in a bare repository."""
        done = run(Command(("git", "rev-parse", "--show-toplevel"), self.path, environment()))
        return Path(os.fsdecode(done.stdout).rstrip("\n")) if done.code == 0 else None


def _rebased_in(work_tree: Path) -> str | None:
    """Full name of the branch that is being rebased in a work tree, whose HEAD is detached for that time."""
    directory = discover(work_tree) if work_tree.is_dir() else None
    notes = [directory / state / "head-name" for state in ("rebase-merge", "rebase-apply")] if directory else []
    return next((note.read_text().strip() for note in notes if note.is_file()), None)


def open_repository(path: Path) -> Repository:
    """The repository at or above a directory. Raises Refused when there is none."""
    try:
        path = path.resolve()
    except (OSError, RuntimeError) as problem:  # a directory that was deleted, a loop of links
        raise Refused(f"{path} is not a directory ({problem}): give --repository DIR") from problem
    if not path.is_dir():
        raise Refused(f"{path} is not a directory: give --repository DIR")
    directory = _git_directory(path)
    common = Git(directory, cwd=path).line("rev-parse", "--git-common-dir")
    return Repository(path, Git((path / common).resolve()))


def _git_directory(path: Path) -> Path:
    directory = discover(path)
    if directory is None:
        raise Refused(f"{path} is not in a git repository: `git init` makes one, --repository DIR names another")
    return directory


def base_of(repository: Repository, wanted: str | None) -> tuple[str, str]:
    """(branch, commit) to start from. Raises Refused when there is nothing to start from."""
    branch = wanted or repository.current_branch()
    if branch is None:
        raise Refused(f"{repository.path}: HEAD is detached; check a branch out, or name one in the plan as `base`")
    commit = repository.tip(branch)
    if commit is None and not repository.git.refs("refs/heads/"):
        raise Refused(f"{repository.path} has no commit yet: make a first one, a README will do")
    if commit is None:
        raise Refused(f"{repository.path} has no branch {branch!r}, which the plan starts from (`base`)")
    refuse_shallow(repository)
    if len(commit) != len(ZERO):
        raise Refused(f"{repository.path} names its objects by sha256, and sparc works with sha1 repositories only")
    return branch, commit


def refuse_shallow(repository: Repository) -> None:
    """Raise Refused for a clone whose history was cut off."""
    if repository.git.line("rev-parse", "--is-shallow-repository") == "true":
        raise Refused(
            f"{repository.path} is a shallow clone: `git fetch --unshallow` brings the history that merges need"
        )
