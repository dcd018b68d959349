"""The graph of assignments, and the ready-set that follows it."""

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.schedule import ReadySet, critical_path, dependents, graph, layers
from tasks.assignment import Assignment

DIAMOND = {"top": set[str](), "left": {"top"}, "right": {"top"}, "bottom": {"left", "right"}}


@st.composite
def _graphs(draw: st.DrawFn) -> dict[str, set[str]]:
    """Acyclic graphs, written in an order of their own."""
    names = [f"a{number}" for number in range(draw(st.integers(0, 12)))]
    needs = {
        name: draw(st.sets(st.sampled_from(names[:index]))) if index else set() for index, name in enumerate(names)
    }
    return {name: needs[name] for name in draw(st.permutations(names))}


def _run_all(needs: Mapping[str, set[str]], failing: frozenset[str] = frozenset()) -> tuple[list[str], ReadySet]:
    order: list[str] = []
    ready_set = ReadySet(needs)
    while ready_set.active:
        for name in ready_set.ready():
            order.append(name)
            (ready_set.failed if name in failing else ready_set.done)(name)
    return order, ready_set


def test_the_graph_is_read_from_the_assignments() -> None:
    first = Assignment(role="r", prompt="p", deliverables=["a"])
    second = Assignment(role="r", prompt="p", deliverables=["b"], needs=["first"])
    assert graph({"second": second, "first": first}) == {"second": {"first"}, "first": set()}


def test_layers_are_generations_in_plan_order() -> None:
    assert layers(DIAMOND) == (("top",), ("left", "right"), ("bottom",))
    assert layers({}) == ()


def test_the_critical_path_is_the_longest_chain_and_of_two_the_first_by_name() -> None:
    assert critical_path(DIAMOND) == ("top", "left", "bottom")
    assert critical_path({"short": set(), "b": set(), "a": {"b"}}) == ("b", "a")
    assert critical_path({}) == ()


def test_dependents_reach_through_others() -> None:
    assert dependents(DIAMOND, {"top"}) == {"left", "right", "bottom"}
    assert dependents(DIAMOND, {"bottom"}) == set()


def test_an_assignment_is_handed_out_the_moment_its_needs_are_merged() -> None:
    ready_set = ReadySet({"slow": set(), "fast": set(), "after-fast": {"fast"}, "last": {"slow", "after-fast"}})
    assert ready_set.ready() == ("slow", "fast")
    assert ready_set.ready() == ()
    ready_set.done("fast")
    assert ready_set.ready() == ("after-fast",)
    ready_set.done("after-fast")
    assert ready_set.ready() == ()
    assert ready_set.active
    ready_set.done("slow")
    assert ready_set.ready() == ("last",)
    ready_set.done("last")
    assert not ready_set.active
    assert ready_set.skipped == ()


def test_a_failure_holds_back_only_what_needs_it() -> None:
    order, ready_set = _run_all(DIAMOND, frozenset({"left"}))
    assert order == ["top", "left", "right"]
    assert ready_set.skipped == ("bottom",)


def test_what_is_merged_already_is_not_handed_out_even_if_its_needs_are_not() -> None:
    ready_set = ReadySet(DIAMOND, merged={"top", "bottom"})
    assert ready_set.ready() == ("left", "right")
    ready_set.failed("left")
    assert ready_set.skipped == ()
    ready_set.done("right")
    assert not ready_set.active


def test_only_what_runs_can_end() -> None:
    ready_set = ReadySet(DIAMOND)
    with pytest.raises(KeyError):
        ready_set.done("top")
    assert ready_set.ready() == ("top",)
    ready_set.done("top")
    with pytest.raises(KeyError):
        ready_set.failed("top")


@settings(deadline=None)
@given(_graphs(), st.data())
def test_nothing_runs_before_its_needs_and_all_is_run_or_skipped(
    needs: dict[str, set[str]], data: st.DataObject
) -> None:
    failing = frozenset(data.draw(st.sets(st.sampled_from(sorted(needs)))) if needs else ())
    order, ready_set = _run_all(needs, failing)
    assert sorted([*order, *ready_set.skipped]) == sorted(needs)
    for index, name in enumerate(order):
        assert needs[name] <= set(order[:index]) - failing
    assert set(ready_set.skipped) == dependents(needs, failing & set(order))


@settings(deadline=None)
@given(_graphs())
def test_layers_and_the_critical_path_agree(needs: dict[str, set[str]]) -> None:
    generations = layers(needs)
    assert len(critical_path(needs)) == len(generations)
    assert sorted(name for layer in generations for name in layer) == sorted(needs)
    for index, layer in enumerate(generations):
        for name in layer:
            assert needs[name] <= {earlier for before in generations[:index] for earlier in before}
