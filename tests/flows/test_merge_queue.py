"""The queue, on a ground that is written down: what it merges, in which order, and whom it blames."""

import asyncio
from collections.abc import Sequence
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.merge_queue import Chain, Fate, Findings, Link, MergeQueue, batch_size
from tasks.context import ToldFinding
from tasks.integrate import Candidate

RED = (ToldFinding(check="tests", message="red"),)


class Scripted:
    """A branch of letters. A tree is red when it holds all letters of one of the culprits; some letters conflict."""

    def __init__(self, culprits: Sequence[str] = (), conflicts: Sequence[str] = (), moves: str = "") -> None:
        self.culprits, self.conflicts, self.moves = culprits, conflicts, list(moves)
        self.branch = ""
        self.measured: list[str] = []
        self.landed: list[str] = []
        """Letters that were merged at once."""
        self.merging = asyncio.Lock()

    def red(self, tree: str) -> bool:
        """Whether a tree is."""
        return any(set(culprit) <= set(tree) for culprit in self.culprits)

    def clash(self, tree: str, entry: str) -> bool:
        """Whether an entry conflicts with a tree."""
        return any(set(pair) <= set(tree + entry) for pair in self.conflicts)

    async def chain(self, entries: Sequence[str]) -> Chain[str]:
        """As git would, with letters."""
        links: list[Link[str]] = []
        conflicts = []
        ours = self.branch
        for entry in entries:
            if self.clash(self.branch, entry):
                conflicts.append((entry, Candidate("branch", "", self.branch, entry, (entry,))))
            elif self.clash(ours, entry):
                break
            else:
                links.append(Link(entry, Candidate("branch", ours + entry, ours, entry), ours + entry))
                ours += entry
        return Chain(links, conflicts)

    async def measure(self, links: Sequence[Link[str]]) -> Findings:
        """Look at the last tree, while somebody else may merge."""
        tree = links[-1].found.tree
        self.measured.append(tree)
        await asyncio.sleep(0)
        if self.moves and not self.merging.locked():  # somebody merges what needs no measuring
            self.branch += self.moves.pop(0)
        return RED if self.red(tree) else ()

    async def land(self, links: Sequence[Link[str]]) -> bool:
        """Merge, if the branch is still there."""
        assert self.merging.locked()
        if links[0].found.ours != self.branch:
            return False
        self.branch = links[-1].found.tree
        self.landed.append("".join(link.entry for link in links))
        return True


def brought(ground: Scripted, entries: str) -> dict[str, Fate]:
    """All of these wait at once, in this order."""

    async def all_at_once() -> list[Fate]:
        queue = MergeQueue(ground, ground.merging)
        fates = await asyncio.gather(*map(queue.land, entries))
        await queue.close()
        return fates

    return dict(zip(entries, asyncio.run(all_at_once()), strict=True))


def refused(fates: dict[str, Fate]) -> str:
    return "".join(name for name, fate in fates.items() if fate.findings)


def test_those_that_wait_are_measured_once_and_merged_at_once() -> None:
    fates = brought(ground := Scripted(), "abcd")
    assert (ground.measured, ground.landed, ground.branch) == (["abcd"], ["abcd"], "abcd")
    assert set(fates.values()) == {Fate()}


def test_a_culprit_is_found_by_halves_and_those_behind_it_are_measured_without_it() -> None:
    fates = brought(ground := Scripted(culprits=["c"]), "abcd")
    assert refused(fates) == "c"
    assert ground.measured == ["abcd", "ab", "abc", "abd"]
    assert ground.landed == ["ab", "d"], "the green half is merged before the culprit is known"


def test_of_two_that_are_green_alone_and_red_together_the_later_one_is_told() -> None:
    fates = brought(ground := Scripted(culprits=["bd"]), "abcde")
    assert refused(fates) == "d"
    assert ground.branch == "abce"


def test_one_that_conflicts_with_the_branch_is_told_so_and_one_that_conflicts_with_those_ahead_waits_for_them() -> None:
    ground = Scripted(culprits=["a"], conflicts=["xb", "ac", "de"])
    ground.branch = "x"
    fates = brought(ground, "abcdef")
    assert {name for name, fate in fates.items() if fate.conflict} == {"b", "e"}
    assert refused(fates) == "a"
    assert ground.branch == "xcdf", "c is merged, for what it conflicts with never was"


def test_a_race_that_is_lost_is_run_again_with_everybody_else_kept_out() -> None:
    fates = brought(ground := Scripted(moves="xyz"), "ab")
    assert ground.measured == ["ab", "xab"], "the second time nobody merges anything meanwhile"
    assert (ground.branch, refused(fates)) == ("xab", "")


def test_a_race_lost_between_two_halves_repeats_nothing_that_is_merged() -> None:
    ground = Scripted(culprits=["d"], moves="")
    ground.moves = ["", "", "y"]
    fates = brought(ground, "abcd")
    assert refused(fates) == "d"
    assert ground.landed == ["ab", "c"]
    assert ground.branch == "abyc"


def test_what_goes_wrong_is_raised_for_those_whom_it_concerns_and_the_queue_goes_on() -> None:
    class Broken(Scripted):
        async def measure(self, links: Sequence[Link[str]]) -> Findings:
            if links[-1].entry == "b":
                raise OSError("the disk is full")
            return await super().measure(links)

    async def story() -> list[object]:
        ground = Broken()
        queue = MergeQueue(ground, ground.merging)
        first = await asyncio.gather(queue.land("a"), queue.land("b"), return_exceptions=True)
        return [*first, await queue.land("c"), ground.branch]

    first, second, third, branch = asyncio.run(story())
    assert isinstance(first, OSError)
    assert isinstance(second, OSError)
    assert (third, branch) == (Fate(), "c")


def test_one_that_nobody_waits_for_any_more_is_taken_out_of_the_queue() -> None:
    async def story() -> str:
        ground = Scripted()
        queue = MergeQueue(ground, ground.merging)
        gone = asyncio.create_task(queue.land("a"))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        await queue.land("b")
        await queue.close()
        return ground.branch

    assert asyncio.run(story()).endswith("b")


def test_closing_ends_what_is_under_way() -> None:
    class Endless(Scripted):
        async def measure(self, links: Sequence[Link[str]]) -> Findings:
            await asyncio.Event().wait()
            return await super().measure(links)

    async def story() -> list[bool]:
        ground = Endless()
        queue = MergeQueue(ground, ground.merging)
        waiting = asyncio.create_task(queue.land("a"))
        await asyncio.sleep(0.01)
        waiting.cancel()
        await queue.close()
        await asyncio.gather(waiting, return_exceptions=True)
        return [waiting.cancelled(), ground.branch == ""]

    assert asyncio.run(story()) == [True, True]


@given(
    entries=st.lists(st.sampled_from("abcdefghijklmnopqrst"), unique=True, min_size=1, max_size=20),
    culprits=st.lists(st.text("abcdefghijklmnopqrst", min_size=1, max_size=3), max_size=6),
    conflicts=st.lists(st.text("abcdefghijklmnopqrst", min_size=2, max_size=2), max_size=4),
    moves=st.text("UVWXYZ", max_size=6),
)
def test_whatever_comes_only_green_trees_are_merged_in_order_and_everybody_is_told(
    entries: list[str], culprits: list[str], conflicts: list[str], moves: str
) -> None:
    pairs = [pair for pair in conflicts if len(set(pair)) > 1]
    ground = Scripted(culprits, pairs, moves)
    fates = brought(ground, "".join(entries))
    merged = [name for name in ground.branch if name.islower()]
    assert merged == [name for name in entries if fates[name] == Fate()], "in the order of the queue, each once"
    tips = [tree for tree in accumulate(ground.landed) if tree]
    assert not any(map(ground.red, tips)), "every tip that was merged is green"
    assert set(merged).isdisjoint(refused(fates))
    for name in refused(fates):
        ahead = [other for other in merged if entries.index(other) < entries.index(name)]
        assert ground.red("".join([*ahead, name])), f"{name} is red on top of what is merged"


@given(bad=st.sets(st.integers(0, 39)), count=st.integers(1, 40))
def test_of_independent_changes_exactly_the_bad_ones_are_refused(bad: set[int], count: int) -> None:
    names = [chr(ord("A") + number) for number in range(count)]
    culprits = [names[number] for number in bad if number < count]
    ground = Scripted(culprits)
    fates = brought(ground, "".join(names))
    assert sorted(refused(fates)) == sorted(culprits)
    assert sorted(ground.branch) == sorted(set(names) - set(culprits))


@pytest.mark.parametrize(
    ("passed", "failed", "size"), [(0, 0, 8), (99, 0, 16), (99, 1, 16), (95, 5, 8), (90, 10, 4), (80, 20, 2), (0, 9, 1)]
)
def test_the_size_of_a_batch_follows_what_has_failed(passed: int, failed: int, size: int) -> None:
    assert batch_size(passed, failed) == size


@given(passed=st.integers(0, 1000), failed=st.integers(0, 1000))
def test_more_failures_never_make_a_larger_batch(passed: int, failed: int) -> None:
    assert 1 <= batch_size(passed, failed + 1) <= batch_size(passed, failed) <= batch_size(passed + 1, failed) <= 16
