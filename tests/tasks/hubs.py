"""What the tests of the hub's rules share: commits as an attacker would make them, and refusals."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tasks import evidence
from tasks.git import Git, GitError
from tasks.hub import Hub
from tests.tasks.stories import Story
from tests.trees import commit

PHASE, PLAN = "refs/heads/phase/2-refinement", "refs/heads/sparc/ledger"


class Forger:
    """Makes commits as an attacker would, on a hub in which two phases have passed and one is under way."""

    def __init__(self, story: Story, branch: str = PHASE) -> None:
        self.hub: Hub = story.hub
        self.git: Git = story.hub.git
        self.tip = self.hub.tip(branch)

    def work(self, on: str, name: str = "work") -> str:
        """A commit that adds one file, as an attempt leaves it."""
        return commit(self.git, {name: name}, on, message="Work\n")

    def proof(self, tree: str, parents: tuple[str, ...], /, **fields: object) -> str:
        """Evidence that is as it has to be, unless the fields say otherwise."""
        record: dict[str, Any] = {"kind": "merge", "gate": "passed", "tree": tree, "parents": list(parents)}
        (name,) = evidence.keep(self.git, [record | fields])
        return name

    def merge(self, *parents: str, tree: str = "", proof: str = "", trailer: str = "") -> str:
        """A merge of these, with git's own tree and true evidence of it, unless others are given."""
        tree = tree or (self.git.merge(*parents[:2]).tree if len(parents) > 1 else self.tree(parents[0]))
        proof = proof or self.proof(tree, parents)
        return self.git.write_commit(tree, parents, f"Merge\n\nSparc-Evidence: sha256:{proof}\n{trailer}")

    def tree(self, commit: str) -> str:
        """The tree of a commit."""
        return self.git.resolve(commit, "tree") or ""


@contextmanager
def refused(hub: Hub, rule: str) -> Iterator[None]:
    """What is done in the block is refused in these words, and changes no reference."""
    before = hub.git.refs("refs/")
    with pytest.raises(GitError, match=rule):
        yield
    assert hub.git.refs("refs/") == before
