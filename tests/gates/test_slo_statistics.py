"""Medians, intervals and answers: on samples made by hand, and on any samples at all."""

import statistics
from itertools import repeat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.speed.estimates import FEWEST, LEVEL, Interval, Side, certainty, interval, spread, too_few, too_varied

FIGURES = st.lists(st.floats(min_value=0.001, max_value=1e9), min_size=1, max_size=30)


def test_equal_samples_have_no_interval_to_speak_of() -> None:
    assert interval([2.0, 2.0, 2.0, 2.0, 2.0]) == Interval(2.0, 2.0, 2.0)
    assert interval([7.5]) == Interval(7.5, 7.5, 7.5)


def test_the_interval_of_five_is_their_whole_range() -> None:
    assert interval([3.0, 1.0, 2.0, 5.0, 4.0]) == Interval(1.0, 3.0, 5.0)


@given(st.integers(min_value=6, max_value=60))
def test_from_six_samples_on_an_interval_is_as_sure_as_it_should_be(size: int) -> None:
    low, _, high = interval(list(range(size)))
    assert low + high == size - 1, "as many samples beyond either end"
    assert LEVEL <= certainty(size) < 1


def test_how_sure_an_interval_is() -> None:
    # each sample lies above the true median or below it, as a coin falls
    for size, beyond in ((5, 0), (9, 1), (10, 1), (13, 2)):
        falls = [heads.bit_count() for heads in range(2**size)]
        assert interval(list(range(size))).low == beyond
        assert certainty(size) == sum(beyond < heads < size - beyond for heads in falls) / 2**size


def test_one_outlier_among_many_moves_neither_the_median_nor_the_interval() -> None:
    steady = [1.0, 1.01, 1.02, 1.03, 1.04] * 4
    low, median, high = interval([*steady, 1000.0])
    assert median == 1.02
    assert 1.0 <= low <= high <= 1.04


@given(FIGURES)
def test_the_median_lies_in_the_interval_and_the_interval_in_the_range(samples: list[float]) -> None:
    low, median, high = interval(samples)
    assert min(samples) <= low <= median <= high <= max(samples)
    assert median == statistics.median(samples)


@given(FIGURES)
def test_equal_samples_give_equal_answers(samples: list[float]) -> None:
    assert interval(samples) == interval(list(samples))


@given(FIGURES, st.sampled_from((0.25, 2.0, 1024.0)))
def test_the_unit_of_the_figures_does_not_matter(samples: list[float], factor: float) -> None:
    scaled = interval([sample * factor for sample in samples])
    assert scaled == Interval(*(edge * factor for edge in interval(samples)))


@given(FIGURES, st.floats(min_value=0, max_value=2e9), st.booleans())
def test_a_limit_is_kept_missed_or_neither(samples: list[float], bound: float, at_most: bool) -> None:  # noqa: FBT001
    low, _, high = found = interval(samples)
    side = found.side(bound, at_most=at_most)
    kept = high <= bound if at_most else low >= bound
    missed = low > bound if at_most else high < bound
    assert (side is Side.WITHIN, side is Side.BEYOND, side is Side.ACROSS) == (kept, missed, not kept and not missed)


def test_a_limit_that_is_met_exactly_is_kept() -> None:
    assert Interval(1.0, 1.5, 2.0).side(2.0, at_most=True) is Side.WITHIN
    assert Interval(1.0, 1.5, 2.0).side(1.0, at_most=False) is Side.WITHIN
    assert Interval(1.0, 1.5, 2.0).side(1.5, at_most=True) is Side.ACROSS


@pytest.mark.parametrize("count", [0, 1, FEWEST - 1])
def test_of_few_samples_nothing_is_said(count: int) -> None:
    assert too_few(list(repeat(1.0, count)))
    assert not too_few(list(repeat(1.0, FEWEST)))


def test_samples_that_are_all_over_the_place_tell_nothing() -> None:
    assert too_varied([1, 1, 1, 5, 9, 9, 9])
    assert not too_varied([1.0, 1.1, 1.0, 0.9, 1.0, 50.0])
    assert spread([4.0, 4.0]) == spread([4.0]) == spread([0.0, 0.0]) == 0.0
    assert spread([1.0, 2.0, 3.0, 4.0, 5.0]) == pytest.approx(2 / 3)
