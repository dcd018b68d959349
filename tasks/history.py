"""Reading history, by GitPython: commits with their parents and trailers, for the report.

Reading only: its writers go past a repository's rules. Every repository that is opened is closed again, because each
one keeps two `git cat-file` processes.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import git

from tasks.commits import trailers_of
from tasks.git import GitError
from tasks.git_environment import environment
from tasks.outcome import Merge


@contextlib.contextmanager
def opened(directory: Path) -> Iterator[git.Repo]:
    """A repository for reading, as its objects have it: without replaced ones, grafts, and a graph kept beside them.

    Raises GitError when it cannot be read.
    """
    own = environment({"core.commitGraph": "false"})
    own |= {"GIT_DIR": str(directory), "GIT_COMMON_DIR": str(directory), "GIT_GRAFT_FILE": os.devnull}
    # these cannot be taken out of the caller's environment, which GitPython passes on
    own |= {"GIT_OBJECT_DIRECTORY": str(directory / "objects"), "GIT_ALTERNATE_OBJECT_DIRECTORIES": ""}
    with git.Repo(directory, odbt=git.GitCmdObjectDB) as repository:
        repository.git.update_environment(**own)
        try:
            yield repository
        except git.GitCommandError as problem:
            raise GitError(f"the history in {directory} cannot be read: {problem.stderr.strip()}") from problem


def first_parents(repository: git.Repo, start: str | None, tip: str) -> Iterator[git.Commit]:
    """Commits from `tip` back along first parents, without `start` and what it contains."""
    span = tip if start is None else f"{start}..{tip}"
    return repository.iter_commits(span, first_parent=True)


def merges(directory: Path, start: str, tip: str) -> tuple[Merge, ...]:
    """Every merge of a run, oldest first: phases, and before each of them the assignments that it holds."""
    with opened(directory) as repository:
        found: list[Merge] = []
        for phase in first_parents(repository, start, tip):
            found.append(_merge(phase))
            if len(phase.parents) > 1:
                inner = first_parents(repository, phase.parents[0].hexsha, phase.parents[1].hexsha)
                found += [_merge(commit) for commit in inner]
        return tuple(reversed(found))


def trailers(commit: git.Commit) -> dict[str, str]:
    """`Key: value` lines at the end of a message; of several with one key the last."""
    message = commit.message
    return trailers_of(message if isinstance(message, str) else message.decode(errors="replace"))


def _merge(commit: git.Commit) -> Merge:
    parents = tuple(parent.hexsha for parent in commit.parents)
    return Merge(commit=commit.hexsha, parents=parents, subject=str(commit.summary), trailers=trailers(commit))
