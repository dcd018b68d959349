"""The merge bases of all pairs of some commits, by one walk through their history instead of one for each pair."""

from collections.abc import Iterator, Sequence
from itertools import combinations

from tasks.git import Git, GitError

Pair = tuple[str, str]
"""Two commits, the smaller name first."""


def pair(one: str, other: str) -> Pair:
    """The two in the order in which they are known as a pair."""
    return (one, other) if one < other else (other, one)


def merge_bases(git: Git, tips: Sequence[str]) -> dict[Pair, tuple[str, ...]]:
    """Every pair's best common ancestors; a pair without common history is missing.

    A commit is one if both tips reach it and no child of it is reached by both. So each commit needs to know only which
    tips reach it.
    """
    tips = sorted(set(tips))
    reached = {tip: 1 << place for place, tip in enumerate(tips)}
    by_way_of: dict[str, list[int]] = {tip: [mask] for tip, mask in reached.items()}
    found: dict[Pair, list[str]] = {}
    for commit, *parents in _history(git, tips):
        mask, ways = reached.pop(commit), by_way_of.pop(commit)
        if mask not in ways:
            for one, other in combinations([place for place in range(len(tips)) if mask >> place & 1], 2):
                both = 1 << one | 1 << other
                if all(way & both != both for way in ways):
                    found.setdefault((tips[one], tips[other]), []).append(commit)
        for parent in parents:
            reached[parent] = reached.get(parent, 0) | mask
            ways_there = by_way_of.setdefault(parent, [])
            if mask not in ways_there:
                ways_there.append(mask)
    return {key: tuple(commits) for key, commits in found.items()}


def _history(git: Git, tips: Sequence[str]) -> Iterator[list[str]]:
    """(commit, its parents...), children first, back to what all tips have in common: no base of a pair is older."""
    if len(tips) < 2:  # noqa: PLR2004 - a pair
        return
    done = git.try_run("merge-base", "--octopus", *tips)
    if done.code not in (0, 1):
        raise GitError(f"git merge-base in {git.directory}: {done.stderr.decode(errors='replace').strip()}")
    common = done.stdout.decode().split()
    # its parents, which are still listed as such, are cut off
    floor = ["--not", f"{common[0]}^@"] if common else []
    for line in git.run("rev-list", "--parents", "--topo-order", *tips, *floor).decode().splitlines():
        yield line.split()
