"""What the tests of the verifier share: commits and evidence that are not what they seem, and who is blamed."""

from collections.abc import Mapping
from typing import Any

from tasks import evidence
from tasks.git import Git
from tasks.hub import Hub
from tasks.repository import Repository
from tasks.verify import Report
from tests.trees import tree_of


def problems(report: Report) -> list[str]:
    return [finding.problem for finding in report.findings]


def blamed(report: Report) -> set[str]:
    return {finding.commit for finding in report.findings}


def outside(hub: Hub) -> Git:
    """The hub's repository for somebody whom its rules do not hold back."""
    return Git(hub.directory)


def trailer(git: Git, commit: str) -> str:
    return git.commit(commit).trailers["Sparc-Evidence"].removeprefix("sha256:")


def forge(git: Git, name: str, **changes: Any) -> str:  # noqa: ANN401
    """Store a record like another one, under its own proper name."""
    (made,) = evidence.keep(git, [{**evidence.fetch(git, name), **changes}])
    return made


def remade(repository: Repository, message: str | None = None, **changes: Any) -> str:  # noqa: ANN401
    """Put another commit in the place of the release: other evidence, tree, parents or message."""
    git, tip = repository.git, repository.tip("main") or ""
    old = git.commit(tip)
    tree, parents = changes.pop("tree", old.tree), changes.pop("parents", old.parents)
    fields = {"tree": tree, "parents": list(parents)} | changes
    text = old.message.replace(trailer(git, tip), forge(git, trailer(git, tip), **fields))
    made = git.write_commit(tree, parents, message or text)
    assert git.move("refs/heads/main", made, tip)
    return made


def tree_with(git: Git, commit: str, files: Mapping[str, str]) -> str:
    return tree_of(git, files, commit)
