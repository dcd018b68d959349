"""The user's repository: read freely, written only by publishing and by the release."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tasks.errors import Refused
from tasks.git import Git, discover


@dataclass(frozen=True)
class Repository:
    """A repository of the user's."""

    path: Path
    """As the user named it, absolute."""
    git: Git
    """Its common git directory: what all its work trees share."""

    @cached_property
    def root_commit(self) -> str:
        """The oldest root of its current history: what the repository is, whatever it is called."""
        return self.git.run("rev-list", "--max-parents=0", "--all", "--date-order").decode().split()[-1]

    def current_branch(self) -> str | None:
        """Short name of the branch that is checked out where the user stands; None when detached."""
        here = Git(_git_directory(self.path), cwd=self.path)
        done = here.try_run("symbolic-ref", "--quiet", "--short", "HEAD")
        return done.stdout.decode().strip() or None

    def tip(self, branch: str) -> str | None:
        """The commit of a branch, or None."""
        return self.git.resolve(f"refs/heads/{branch}")

    def work_trees(self) -> dict[str, Path]:
        """Short names of checked-out branches, and where."""
        found, current = {}, None
        for field in self.git.run("worktree", "list", "--porcelain", "-z").decode(errors="surrogateescape").split("\0"):
            key, _, value = field.partition(" ")
            if key == "worktree":
                current = Path(value)
            elif key == "branch" and current:
                found[value.removeprefix("refs/heads/")] = current
        return found


def open_repository(path: Path) -> Repository:
    """The repository at or above a directory. Raises Refused when there is none."""
    path = path.resolve()
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
    if repository.git.line("rev-parse", "--is-shallow-repository") == "true":
        raise Refused(
            f"{repository.path} is a shallow clone: `git fetch --unshallow` brings the history that merges need"
        )
    return branch, commit
