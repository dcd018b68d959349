"""What is asked of a repository without a plan: of a commit, or of what is staged; compared with a base, or alone.

Configuration comes from the base where one is named, else from what is measured.
"""

import contextlib
import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from gates.waivers import Waiver
from tasks.errors import Refused
from tasks.exam import Exam
from tasks.git import Git, paths
from tasks.git_directories import discover, scratch_repository
from tasks.isolation import confinement
from tasks.repository import Repository
from tasks.target import Environment


@dataclass(frozen=True)
class Asked:
    """What a gate without a plan is asked about."""

    repository: Repository
    commit: str | None
    """The commit that is measured; for what is staged the one that it comes after, None if it is the first."""
    base: str | None = None
    """The commit to compare with, and whose configuration holds; None: there is no comparison."""
    environment: Environment | None = None
    waivers: tuple[Waiver, ...] = ()


def commit_of(repository: Repository, ref: str) -> str:
    """The commit that a name means. Raises Refused if there is none."""
    commit = repository.git.resolve(ref) if ref != "HEAD" else repository.head()
    if commit is None:
        raise Refused(f"{repository.path} has no commit {ref!r}")
    return commit


def base_for(repository: Repository, commit: str, wanted: str) -> str:
    """The newest commit that both have in common. Raises Refused, with the reason, if there is none."""
    git = repository.git
    other = git.resolve(wanted)
    if other is None:
        branch = wanted.rpartition("/")[2]
        raise Refused(
            f"{repository.path} has no commit {wanted!r} to compare with (--base):"
            f" `git fetch origin {branch}` brings it, if it is a branch of origin"
        )
    done = git.try_run("merge-base", commit, other)
    common = done.stdout.decode().split()
    if common:
        return common[0]
    if git.line("rev-parse", "--is-shallow-repository") == "true":
        raise Refused(
            f"{repository.path} is a shallow clone, in which {wanted} and {commit[:12]} have nothing in common:"
            " `git fetch --unshallow` brings the history (in a workflow: fetch-depth: 0)"
        )
    raise Refused(
        f"{wanted} and {commit[:12]} have no history in common, so that nothing can be compared: name another --base"
    )


def exam_of(asked: Asked, home: Path, env: Mapping[str, str]) -> Exam:
    """What measuring one commit takes. Raises Refused if nothing can be kept in SPARC_HOME (`home`)."""
    git = asked.repository.git
    return _exam(asked, git, git.resolve(asked.commit or "HEAD", "tree") or "", home, env)


def _exam(asked: Asked, git: Git, tree: str, home: Path, env: Mapping[str, str]) -> Exam:
    return Exam(
        git=git,
        tree=tree,
        base=asked.base or asked.commit,
        deliverables=(),
        environment=asked.environment or Environment(),
        folder=home / "gates" / secrets.token_hex(4),
        words={},
        home=home,
        env=env,
        confinement=confinement(None, home),
        compared=asked.base,
        waivers=asked.waivers,
    )


@contextlib.contextmanager
def staged_exam(asked: Asked, home: Path, env: Mapping[str, str]) -> Iterator[Exam]:
    """The same for what is staged, as a commit would have it; for the time of a block.

    The index is read, and neither it nor the repository is written to. Raises Refused while it has conflicts.
    """
    listed = _entries(asked.repository, env)
    if any(record.partition(b"\t")[0].split()[-1] != b"0" for record in listed):
        raise Refused(f"{asked.repository.path} has conflicts that are not resolved: resolve and stage them first")
    with scratch_repository(asked.repository.git) as git:
        index = {"GIT_INDEX_FILE": str(git.directory / "index-of-staged")}
        git.run("update-index", "-z", "--index-info", stdin=b"".join(record + b"\0" for record in listed), env=index)
        tree = os.fsdecode(git.run("write-tree", env=index)).strip()
        yield _exam(asked, git, tree, home, env)


def _entries(repository: Repository, env: Mapping[str, str]) -> list[bytes]:
    """Every entry of the index, as `update-index` reads them; without what is only meant to be added.

    `git commit` lets its hooks see another index than the usual one, which it names in GIT_INDEX_FILE.
    """
    directory = discover(repository.path)
    if directory is None or repository.top is None:
        raise Refused(f"{repository.path} has no work tree, so that nothing can be staged in it")
    named = env.get("GIT_INDEX_FILE")
    extra = {"GIT_INDEX_FILE": str(Path(repository.top, named))} if named else {}
    git = Git(directory, {**extra, "GIT_WORK_TREE": str(repository.top)}, repository.top)
    meant = set(paths(git.run("diff-files", "-z", "--name-only", "--diff-filter=A")))  # `git add --intent-to-add`
    records = git.run("ls-files", "--stage", "-z", "--full-name").split(b"\0")
    return [record for record in records if record and os.fsdecode(record.partition(b"\t")[2]) not in meant]
