"""What the tests of scenes share: their types, and what a repository has gained by one."""

from collections.abc import Awaitable, Callable
from typing import Any

from tests.support import Shop, git

Open = Callable[[str], Shop]
Scene = Callable[[Shop], Awaitable[dict[str, Any]]]
Played = Callable[[str], tuple[Shop, dict[str, Any]]]
MINE = "docs/mine.md"


def subjects(shop: Shop, tip: str = "main") -> list[str]:
    """What a branch gained, newest first."""
    return git(shop.repository, "log", "--first-parent", "--format=%s", tip).splitlines()


def tree_of(shop: Shop, commit: str) -> str:
    """The tree of a commit."""
    return git(shop.repository, "rev-parse", f"{commit}^{{tree}}")
