"""Durations, counts and flags as plans write them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from gates.model import Count, Duration, Flag, Frozen

DURATION = TypeAdapter(Duration)


class Waiting(Frozen):
    """A record with a duration."""

    timeout: Duration = 1


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("90s", 90), ("10m", 600), ("2h", 7200), ("7d", 604800), ("1.5h", 5400), (3, 3), (0.25, 0.25)],
)
def test_a_duration_is_seconds(written: object, seconds: float) -> None:
    assert DURATION.validate_python(written) == seconds


@pytest.mark.parametrize(
    "written", ["", "10", "m", "10 m", "-5s", "1h30m", "10M", "٣s", "10m\n", 0, -1, "0s", True, None, float("inf")]
)
def test_what_is_no_duration_is_refused(written: object) -> None:
    with pytest.raises(ValidationError):
        DURATION.validate_python(written)


@given(st.integers(1, 10**6), st.sampled_from(sorted({"s": 1, "m": 60, "h": 3600, "d": 86400}.items())))
def test_a_duration_serialises_back_to_the_same_number(count: int, unit: tuple[str, int]) -> None:
    record = Waiting.model_validate({"timeout": f"{count}{unit[0]}"})
    assert json.loads(record.model_dump_json()) == {"timeout": count * unit[1]}
    assert Waiting.model_validate_json(record.model_dump_json()) == record


def test_the_schema_of_a_duration_has_both_forms() -> None:
    forms = Waiting.model_json_schema()["properties"]["timeout"]["anyOf"]
    assert {form["type"] for form in forms} == {"number", "string"}


def test_counts_and_flags_take_no_words_for_each_other() -> None:
    assert TypeAdapter(Count).validate_python(0) == 0
    for wrong in (-1, True, "1", 1.5):
        with pytest.raises(ValidationError):
            TypeAdapter(Count).validate_python(wrong)
    assert TypeAdapter(Flag).validate_json("true")
    for word in (1, "yes"):
        with pytest.raises(ValidationError):
            TypeAdapter(Flag).validate_python(word)


def test_records_are_frozen_and_know_their_keys() -> None:
    with pytest.raises(ValidationError, match="timeuot"):
        Waiting.model_validate({"timeuot": 3})
    with pytest.raises(ValidationError, match="frozen"):
        Waiting().timeout = 2  # type: ignore[misc]
