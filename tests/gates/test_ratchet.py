"""What is new against a base, as multisets."""

from hypothesis import given
from hypothesis import strategies as st

from gates.ratchet import fresh, worsened

PAIRS = st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 3)), max_size=6)


def test_one_entry_of_the_base_absorbs_one_finding() -> None:
    assert fresh(["x", "x", "y"], ["x"], str) == ["x", "y"]
    assert fresh(["x"], ["x", "x"], str) == []


def test_what_is_worse_is_new_and_what_is_better_is_not() -> None:
    def key(pair: tuple[str, int]) -> str:
        return pair[0]

    def badness(pair: tuple[str, int]) -> float:
        return pair[1]

    assert worsened([("f", 5)], [("f", 5)], key, badness) == []
    assert worsened([("f", 6)], [("f", 5)], key, badness) == [("f", 6)]
    assert worsened([("g", 1)], [("f", 5)], key, badness) == [("g", 1)]
    # one that became worse is not excused by another one that became better
    assert worsened([("f", 9), ("f", 1)], [("f", 5), ("f", 5)], key, badness) == [("f", 9)]
    assert worsened([("f", 4), ("f", 5)], [("f", 5)], key, badness) == [("f", 4)]


@given(PAIRS, PAIRS)
def test_each_finding_that_is_not_new_has_one_of_its_own_that_was_as_bad(
    found: list[tuple[str, int]], before: list[tuple[str, int]]
) -> None:
    new = worsened(found, before, lambda pair: pair[0], lambda pair: pair[1])
    old = fresh(found, new, lambda pair: pair)
    for name in "ab":
        absorbed = sorted((value for key, value in old if key == name), reverse=True)
        there = sorted((value for key, value in before if key == name), reverse=True)
        assert all(value <= other for value, other in zip(absorbed, there, strict=False))
        assert len(absorbed) <= len(there)
