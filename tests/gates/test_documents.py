"""JSON, YAML and TOML texts, and those that were made to deceive or to exhaust."""

import pytest

from gates.spec.documents import DEEPEST, Unreadable, json_data, lines_of, refuse_unparsable_yaml, toml_data, yaml_data

LAUGHS = "\n".join(
    ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    + [f"a{depth}: &a{depth} [{', '.join([f'*a{depth - 1}'] * 9)}]" for depth in range(1, 12)]
)
MERGES = "\n".join(
    ["b0: &b0 {x: 1}"] + [f"b{depth}: &b{depth} {{<<: [{', '.join([f'*b{depth - 1}'] * 9)}]}}" for depth in range(1, 9)]
)


def test_yaml_is_read_by_the_core_schema() -> None:
    text = "a: no\nb: 2024-01-01\nc: 010\nd: 1.5\ne: 0x1F\nf: ~\n200: ok\n---\n- true\n"
    first = {"a": "no", "b": "2024-01-01", "c": "010", "d": 1.5, "e": 31, "f": None, "200": "ok"}
    assert yaml_data(text) == [first, [True]]
    assert yaml_data("") == []
    assert json_data('{"a": [1, 2.5, null]}') == {"a": [1, 2.5, None]}
    assert toml_data("a = [1]\n") == {"a": [1]}


def test_what_is_merged_may_say_what_stands_there_already() -> None:
    text = "a: &a {x: 1, y: 1}\nb: &b {<<: *a, x: 2}\nc: {<<: *b, y: 3}\nd: *b\n"
    a, b = {"x": 1, "y": 1}, {"x": 2, "y": 1}
    assert yaml_data(text) == [{"a": a, "b": b, "c": {"x": 2, "y": 3}, "d": b}]
    refuse_unparsable_yaml("1: a\n'1': b\n")  # for others these are two keys


@pytest.mark.parametrize(
    ("text", "reason", "line"),
    [
        (LAUGHS, "holds more than 200000 values once its aliases are written out", 6),
        (MERGES, "holds more than 200000 values", None),
        ("&a [*a]", "holds itself", 1),
        ("a: 1\na: 2", "has the key 'a' twice in one mapping", 2),
        ("1: a\n'1': b", "has the key '1' twice in one mapping", 2),
        ("1: a\n0x1: b", "has the key '0x1' twice in one mapping", 2),
        ("true: a\nTrue: b", "has the key 'True' twice in one mapping", 2),
        ("1: a\ntrue: b", "has the key 'true' twice in one mapping", 2),
        ("a: *b", "undefined alias", 1),
        ("[" * (DEEPEST + 1), "is nested deeper than", 1),
        ('!!python/object/apply:os.system ["id"]', "could not determine a constructor", 1),
        ("a: !!binary aGk=", "holds a bytes, which JSON does not have", 1),
        ("a: b: c", "mapping values are not allowed here", 1),
        ("? [a]\n: b", "unhashable key", 1),
        ('"\\Uffffffff"', "is no YAML", None),
        ("a: \x00", "is no YAML: unacceptable character", None),
    ],
    ids=range(16),
)
def test_yaml_that_cannot_be_read_is_refused(text: str, reason: str, line: int | None) -> None:
    with pytest.raises(Unreadable) as refused:
        yaml_data(text)
    assert reason in refused.value.reason
    assert refused.value.line == line or line is None


@pytest.mark.parametrize(
    ("text", "reason", "line"),
    [
        ('{"a": 1, "a": 2}', "has the key 'a' twice in one object", None),
        ('{"a":\n x}', "Expecting value", 2),
        ('{"a": NaN}', "NaN is no number", None),
        ("[" * 100_000, "is nested deeper than", None),
        ("[" * 200 + "]" * 200, "is nested deeper than", None),
        ("1" * 5000, "is no JSON", None),
        ("[1e400]", "1e400 is too large a number", None),
        ("", "Expecting value", 1),
    ],
    ids=range(8),
)
def test_json_that_cannot_be_read_is_refused(text: str, reason: str, line: int | None) -> None:
    with pytest.raises(Unreadable) as refused:
        json_data(text)
    assert (reason in refused.value.reason, refused.value.line) == (True, line)


@pytest.mark.parametrize("depth", [101, 100_000])
def test_what_is_nested_too_deeply_is_told_as_that(depth: int) -> None:
    """However deep: Python's own parser gives up long before it has a value."""
    for read, text in ((json_data, "[" * depth + "]" * depth), (yaml_data, "- " * depth + "a")):
        with pytest.raises(Unreadable) as refused:
            read(text)
        assert refused.value.reason == "is nested deeper than 100 levels, which are not read"


def test_toml_that_cannot_be_read_is_refused_with_its_line() -> None:
    with pytest.raises(Unreadable) as refused:
        toml_data("a = 1\nb = = 2\n")
    assert (refused.value.reason[:12], refused.value.line) == ("is no TOML: ", 2)
    with pytest.raises(Unreadable):
        toml_data("a = " + "[" * 10_000)


def test_tags_of_others_are_yaml_all_the_same() -> None:
    refuse_unparsable_yaml("a: !Ref b\n")
    with pytest.raises(Unreadable):
        refuse_unparsable_yaml("a: [b\n")


def test_the_line_of_every_value_is_known() -> None:
    lines = lines_of('{\n\t"a": [1,\n {"b": 2}]}')
    assert (lines["a",], lines["a", 0], lines["a", 1, "b"]) == (2, 2, 3)
    assert lines_of("a: [") == {}
    assert lines_of("a\n---\nb") == {}
