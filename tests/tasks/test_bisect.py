"""Bisecting: the same answer as looking at every state, with far fewer looks, and honest where nothing can be told."""

from collections.abc import Sequence
from math import ceil, log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.bisect import Span, search


def asked(states: Sequence[bool | None]) -> tuple[Span, list[int]]:
    """The span, and which states were asked about."""
    places: list[int] = []

    def ask(place: int) -> bool | None:
        places.append(place)
        return states[place]

    return search(len(states) - 1, ask), places


@pytest.mark.parametrize("broken", range(1, 21))
def test_the_culprit_is_found_in_as_many_steps_as_there_are_halves(broken: int) -> None:
    span, places = asked([place < broken for place in range(21)])
    assert span == Span(broken - 1, broken, ())
    assert len(places) <= 1 + ceil(log2(20))


@pytest.mark.parametrize(
    ("states", "span"),
    [
        ([False, False, False], Span(None, 0, ())),
        ([False], Span(None, 0, ())),
        ([True, False], Span(0, 1, ())),
        ([None, False], Span(None, 1, (0,))),
        ([True, None, False], Span(0, 2, (1,))),
        ([True, None, None, False, False], Span(0, 3, (1, 2))),
        ([None, None, True, False], Span(2, 3, ())),
        ([None, True, None, False, None, False], Span(1, 3, (2,))),
        ([None, None, None, False], Span(None, 3, (0, 1, 2))),
        ([None, False, False], Span(None, 1, (0,))),
    ],
)
def test_what_cannot_be_told_is_stepped_over_and_named(states: list[bool | None], span: Span) -> None:
    assert asked(states)[0] == span


@given(st.lists(st.sampled_from([True, False, None]), max_size=40))
def test_each_state_is_asked_once_and_every_state_between_is_accounted_for(states: list[bool | None]) -> None:
    states = [*states, False]
    span, places = asked(states)
    assert len(places) == len(set(places))
    assert states[span.bad] is False
    if span.good is not None:
        assert states[span.good] is True
        assert span.good < span.bad
        assert list(span.untold) == list(range(span.good + 1, span.bad))
    else:
        assert list(span.untold) == list(range(span.bad))
    assert all(states[place] is None for place in span.untold)
