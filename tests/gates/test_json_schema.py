"""JSON and YAML against JSON Schema, by the real jsonschema."""

import json
from collections.abc import Callable

import pytest

from gates.subject import Subject
from gates.verdict import Verdict

Tree = Callable[..., Subject]
Ask = Callable[[object, Subject], Verdict]
Asked = Callable[..., Verdict]

SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "required": ["name", "parts"],
    "properties": {"parts": {"type": "array", "items": {"$ref": "#/$defs/part"}}},
    "$defs": {"part": {"required": ["id", "text"], "properties": {"id": {"pattern": "^P"}}}},
}
SPECIFICATION = """\
name: ledger
parts:
  - id: P1
    text: one
  - id: Q2
    see: {$ref: '#/parts/0'}
    also: {$ref: '#/parts/7'}
"""


@pytest.fixture
def asked(tree: Tree, ask: Ask) -> Asked:
    def answer(data: str, schema: object = SCHEMA, **files: str) -> Verdict:
        entry = {"specification": {"data": "spec.yaml", "schema": ["schema.json", *files]}}
        return ask(entry, tree({"spec.yaml": data, "schema.json": json.dumps(schema), **files}))

    return answer


def test_every_missing_piece_is_named_with_its_line(asked: Asked) -> None:
    verdict = asked(SPECIFICATION)
    # name, parts, array, (id, text, pattern) of two parts, two references
    assert (verdict.outcome, verdict.measured) == (
        "failed",
        {"closure": 72.7, "asked": 11, "answered": 8, "missing": 3},
    )
    assert [(finding.line, finding.rule, finding.message) for finding in verdict.findings] == [
        (5, "schema-required", "/parts/1: 'text' is a required property"),
        (5, "schema-pattern", "/parts/1/id: 'Q2' does not match '^P'"),
        (7, "undefined-reference", "/parts/1/also/$ref: '#/parts/7' leads nowhere in the specification"),
    ]


def test_what_is_tried_and_need_not_be_is_one_question(asked: Asked) -> None:
    either = {"anyOf": [{"required": ["a", "b", "c"]}, {"required": ["name"]}]}
    assert asked("name: x", either).measured == {"closure": 100, "asked": 1, "answered": 1, "missing": 0}
    neither = asked("nam: x", either)
    assert (neither.outcome, neither.measured) == (
        "failed",
        {"closure": 0, "asked": 1, "answered": 0, "missing": 1},
    )
    when = {"if": {"required": ["a"]}, "then": {"required": ["b", "c"]}}
    assert asked("a: 1", when).measured == {"closure": 0, "asked": 2, "answered": 0, "missing": 2}


def test_schemas_refer_to_each_other_by_path_and_by_id(asked: Asked) -> None:
    part = json.dumps({"$id": "https://ledger.example/part", "required": ["id"]})
    for name in ("part.json", "https://ledger.example/part"):
        schema = {"properties": {"part": {"$ref": name}}}
        verdict = asked("part: {a: 1}", schema, **{"part.json": part})
        assert (verdict.outcome, verdict.measured) == (
            "failed",
            {"closure": 0, "asked": 1, "answered": 0, "missing": 1},
        )


@pytest.mark.parametrize(
    ("reference", "leads"),
    [
        ("#/parts/0", True), ("#/parts/1", False), ("#/parts/a", False), ("#", True), ("#P1", True), ("#P2", False),
        ("spec.yaml#/name", True), ("../spec.yaml", False), ("other.yaml", False), ("#/a%20b", True),
        ("#/x~1y/m~0n", True), ("https://ledger.example/x", False), ("file:///etc/passwd", False), ("", True),
    ],
)  # fmt: skip
def test_a_reference_leads_to_what_is_there(asked: Asked, reference: str, leads: bool) -> None:  # noqa: FBT001
    text = f"name: n\nparts: [{{id: P1}}]\na b: 1\nx/y: {{m~n: 1}}\nto: {{$ref: {json.dumps(reference)}}}\n"
    assert asked(text, {"type": "object"}).passed is leads


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"type": 3}, "schema.json:1 is no JSON Schema"),
        ({"$ref": "http://127.0.0.1:9/x"}, "refers to 'http://127.0.0.1:9/x', which is not among the given schemas"),
        ({"$ref": "file:///etc/hostname"}, "which is not among the given schemas"),
        ({"$ref": "#/nowhere"}, "refers to"),
        ({"$ref": "#"}, "refers to itself without end"),
        ({"$schema": "https://ledger.example/dialect", "type": "object"}, "declares the dialect"),
        ({"properties": {"other": {"type": "string"}}}, "asks nothing of the specification"),
    ],
    ids=range(7),
)
def test_a_schema_that_cannot_be_asked_is_an_error(asked: Asked, schema: object, reason: str) -> None:
    verdict = asked("name: x", schema)
    assert (verdict.outcome, reason in verdict.summary) == ("error", True)


def test_the_declared_dialect_holds(asked: Asked) -> None:
    # in draft 4 an exclusive bound is a word beside the bound
    old = {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "properties": {"n": {"minimum": 3, "exclusiveMinimum": True}},
    }
    assert asked("n: 3", old).outcome == "failed"
    assert asked("n: 4", old).passed


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("a: 1\n---\nb: 1", "holds 2 documents"),
        ("# nothing", "says nothing"),
        ("[]", "says nothing"),
        ("a: &a [x]\nb: *c", "spec.yaml:2 is no YAML"),
        ("a: 1\na: 2", "spec.yaml:2 has the key 'a' twice"),
        ("&a [*a]", "spec.yaml:1 holds itself"),
    ],
)
def test_a_document_that_cannot_be_asked_is_an_error(asked: Asked, data: str, reason: str) -> None:
    verdict = asked(data)
    assert (verdict.outcome, reason in verdict.summary) == ("error", True)
