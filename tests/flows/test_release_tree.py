"""The release of a plan, whatever is checked out, and whatever state a work tree is in: nothing of anyone is lost."""

from typing import Any

import pytest

from tests.flows.releases import plan
from tests.flows.scenes import MINE, Played, Scene
from tests.support import Shop, commit, git


async def dirty(shop: Shop) -> dict[str, Any]:
    """The work tree has changes of its own, staged and not."""
    plan(shop, "echo changed >> README.md; echo new > staged.md; git add staged.md")
    first = await shop.arun()
    before = (shop.tip("main"), git(shop.repository, "status", "--porcelain"))
    git(shop.repository, "stash", "--quiet")
    return {"run": first, "before": before, "resumed": await shop.arun(run=first.run)}


async def in_the_way(shop: Shop) -> dict[str, Any]:
    """The work tree has a file of its own, untracked, where the release would put one."""
    plan(shop, f"mkdir -p docs; echo precious > {MINE}")
    first = await shop.arun()
    kept = (shop.repository / MINE).read_text()
    (shop.repository / MINE).unlink()
    return {"run": first, "kept": kept, "resumed": await shop.arun(run=first.run)}


async def elsewhere(shop: Shop) -> dict[str, Any]:
    """Another branch than the base is checked out."""
    git(shop.repository, "checkout", "--quiet", "-b", "topic")
    commit(shop.repository, topic__md="topic\n")
    plan(shop, base="main")
    return {"run": await shop.arun()}


async def detached(shop: Shop) -> dict[str, Any]:
    """HEAD is detached, and the plan names its base."""
    git(shop.repository, "checkout", "--quiet", "--detach")
    plan(shop, base="main")
    return {"run": await shop.arun()}


async def worktree(shop: Shop) -> dict[str, Any]:
    """The base is checked out in a linked work tree, and the user stands in a folder of another one."""
    git(shop.repository, "checkout", "--quiet", "-b", "topic")
    git(shop.repository, "worktree", "add", "--quiet", str(shop.root / "linked"), "main")
    plan(shop, base="main")
    return {"run": await shop.arun()}


SCENES: dict[str, Scene] = {
    "dirty": dirty, "in-the-way": in_the_way, "elsewhere": elsewhere, "detached": detached, "worktree": worktree,
}  # fmt: skip


def test_a_dirty_work_tree_blocks_and_nothing_moves(played: Played) -> None:
    shop, said = played("dirty")
    assert said["run"].outcome == "blocked"
    assert "has local changes (M README.md)" in said["run"].reason
    assert said["before"] == (shop.begin, " M README.md\nA  staged.md")
    assert said["resumed"].outcome == "released"
    assert git(shop.repository, "stash", "pop", "--quiet") == ""
    assert git(shop.repository, "status", "--porcelain").splitlines() == [" M README.md", "A  staged.md"]
    assert git(shop.repository, "ls-files").split() == ["README.md", MINE, "staged.md"]


def test_a_file_that_git_does_not_know_is_not_overwritten(played: Played) -> None:
    shop, said = played("in-the-way")
    assert said["run"].outcome == "blocked"
    assert MINE in said["run"].reason
    assert said["kept"] == "precious\n"
    assert said["resumed"].outcome == "released"
    assert (shop.repository / MINE).read_text() == "mine\n"


@pytest.mark.parametrize(("name", "head", "files"), [("elsewhere", "topic", "topic.md"), ("detached", "HEAD", "")])
def test_a_base_that_is_not_checked_out_moves_alone(played: Played, name: str, head: str, files: str) -> None:
    shop, said = played(name)
    assert said["run"].outcome == "released"
    assert shop.tip("main") == said["run"].commit
    assert git(shop.repository, "rev-parse", "--abbrev-ref", "HEAD") == head
    assert git(shop.repository, "ls-files").split() == ["README.md", *files.split()]
    assert git(shop.repository, "status", "--porcelain") == ""
    assert shop.show(MINE) == "mine\n"


def test_a_base_that_is_checked_out_in_a_linked_work_tree_takes_that_along(played: Played) -> None:
    shop, said = played("worktree")
    assert said["run"].outcome == "released"
    assert (shop.root / "linked" / MINE).read_text() == "mine\n"
    assert git(shop.root / "linked", "status", "--porcelain") == ""
    assert not (shop.repository / MINE).exists()
