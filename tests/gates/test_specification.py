"""How much of a specification is there: what both kinds of it have in common."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from gates.specification import Limits, Report, judge
from gates.subject import Subject
from gates.verdict import Verdict
from gates.waivers import Waiver

Tree = Callable[..., Subject]
Ask = Callable[[object, Subject], Verdict]

SCHEMA = '{"type": "object", "required": ["name", "goal", "parts"]}'
STRICT = '{"type": "object", "required": ["name", "goal", "parts", "owner"]}'


def specification(**limits: object) -> dict[str, object]:
    return {"specification": {"data": "spec/*.json", "schema": "schema.json", **limits}}


def test_closure_is_the_share_of_questions_that_are_answered(tree: Tree, ask: Ask) -> None:
    subject = tree({"spec/a.json": '{"name": 1, "goal": 2}', "schema.json": SCHEMA})
    short = ask(specification(), subject)
    assert (short.outcome, short.measured) == ("failed", {"closure": 75, "asked": 4, "answered": 3, "missing": 1})
    assert short.summary.startswith("specification closure 75 % < 100 %: 3 of 4 questions to 1 document, by the cand")
    assert ask(specification(closure=75), subject).passed
    assert ask(specification(closure=75.1), subject).outcome == "failed"


def test_what_is_short_of_the_whole_never_reads_as_the_whole() -> None:
    finding = {"path": "a.json", "message": "is missing", "rule": "schema-required"}
    report = {"asked": 100_000, "nodes": 1, "missing": [{"question": "1", "finding": finding}], "of_base": True}
    verdict = judge(Limits.model_validate(specification()["specification"]), {**report, "waivers": []})
    assert (verdict.outcome, verdict.measured["closure"]) == ("failed", 99.9)  # type: ignore[index, call-overload]


def test_one_of_something_is_told_as_one(tree: Tree, ask: Ask) -> None:
    alone = ask(specification(), tree({"spec/a.json": '{"name": 1}', "schema.json": '{"required": ["name"]}'}))
    assert ": 1 of 1 question to 1 document, by " in alone.summary


def test_a_pattern_that_takes_for_ever_is_an_error_with_a_sentence(tree: Tree, ask: Ask) -> None:
    name = "a" * 40 + "!"
    schema = '{"properties": {"name": {"pattern": "^(a+)+$"}}}'
    slow = ask(specification(timeout=1), tree({"spec/a.json": f'{{"name": "{name}"}}', "schema.json": schema}))
    assert slow.outcome == "error"
    assert slow.summary.startswith(
        "specification: 1 s of processor time were not enough: a `pattern` of the schema that"
    )
    shapes = (
        "@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix s: <https://a.example/> .\n"
        "s:S a sh:NodeShape ; sh:targetClass s:R ; sh:property [ sh:path s:name ; sh:pattern '^(a+)+$' ] ."
    )
    data = f"@prefix s: <https://a.example/> .\ns:a a s:R ; s:name '{name}' ."
    files = {"spec/a.ttl": data, "shapes.ttl": shapes}
    turtle = {"specification": {"data": "spec/*.ttl", "shapes": "shapes.ttl", "timeout": "2s"}}
    assert ask(turtle, tree(files)).summary.startswith("specification: 2 s of processor time were not enough: a `pat")


def test_the_schema_of_the_base_holds(tree: Tree, ask: Ask, tmp_path: Path) -> None:
    base = tree({"schema.json": STRICT, "spec/a.json": "{}"})
    kept = base.model_copy(update={"root": base.root.rename(tmp_path / "base")})
    files = {"spec/a.json": '{"name": 1, "goal": 2, "parts": 3}', "schema.json": SCHEMA}
    weakened = ask(specification(), tree(files, base=kept))
    assert (weakened.outcome, "'owner' is a required property" in weakened.summary) == ("failed", True)
    assert ", by the schema of the base: " in weakened.summary
    first = ask(specification(), tree(files, base=kept.model_copy(update={"files": ()})))
    assert (first.outcome, first.measured) == ("passed", {"closure": 100, "asked": 4, "answered": 4, "missing": 0})
    assert first.summary.endswith(", by the candidate's own schema where no base has any")


def test_what_the_base_does_not_have_may_be_added(tree: Tree, ask: Ask, tmp_path: Path) -> None:
    base = tree({"schema.json": '{"$ref": "part.json"}'})
    kept = base.model_copy(update={"root": base.root.rename(tmp_path / "base")})
    files = {"schema.json": "{}", "part.json": STRICT, "spec/a.json": '{"name": 1}'}
    verdict = ask(specification(schema=["schema.json", "part.json"]), tree(files, base=kept))
    assert (verdict.outcome, len(verdict.findings)) == ("failed", 3)
    assert ", by the candidate's own schema where no base has any: " in verdict.summary


def test_a_waived_piece_counts_as_answered_and_is_shown(tree: Tree, ask: Ask) -> None:
    files = {"spec/a.json": '{"name": 1, "goal": 2}', "schema.json": SCHEMA}
    waiver = Waiver(rule="schema-required", paths=("spec/**",), reason="parts follow")
    verdict = ask(specification(), tree(files, waivers=(waiver,)))
    assert (verdict.outcome, verdict.findings) == ("passed", ())
    assert [(each.path, each.reason) for each in verdict.waived] == [("spec/a.json", "parts follow")]


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"schema.json": SCHEMA}, "no file matches spec/*.json"),
        ({"spec/a.json": '{"name": 1}'}, "schema.json does not exist"),
        ({"spec/a.json": "", "schema.json": SCHEMA}, "spec/a.json:1 is no JSON: Expecting value"),
        ({"spec/a.json": "{}", "schema.json": SCHEMA}, "spec/a.json says nothing: it is empty"),
        ({"spec/a.json": b"\xff\xfe{", "schema.json": SCHEMA}, "spec/a.json is not UTF-8 text"),
        ({"spec/a.json": '{"a": 1}', "schema.json": "{}"}, "schema.json says nothing"),
        ({"spec/a.json": '{"a": 1}', "schema.json": '{"tpye": "object"}'}, "asks nothing of the specification"),
    ],
)
def test_what_cannot_be_asked_is_an_error(tree: Tree, ask: Ask, files: dict[str, str | bytes], reason: str) -> None:
    verdict = ask(specification(), tree(files))
    assert (verdict.outcome, reason in verdict.summary) == ("error", True)


def test_files_of_another_kind_are_refused(tree: Tree, ask: Ask) -> None:
    asked = {"specification": {"data": "spec/*", "schema": "schema.json"}}
    verdict = ask(asked, tree({"spec/a.ttl": "x", "schema.json": SCHEMA}))
    assert verdict.summary == (
        "specification: spec/a.ttl is not of the kind .json .yaml .yml: name others, or rename it"
    )


def test_a_schema_is_no_part_of_what_it_is_asked_of(tree: Tree, ask: Ask) -> None:
    asked = {"specification": {"data": "*.json", "schema": "schema.json"}}
    assert ask(asked, tree({"a.json": '{"name": 1, "goal": 2, "parts": 3}', "schema.json": SCHEMA})).passed
    verdict = ask(asked, tree({"schema.json": SCHEMA}))
    assert (verdict.outcome, "is left without those" in verdict.summary) == ("error", True)


def test_a_link_out_of_the_tree_is_not_followed(tree: Tree, ask: Ask) -> None:
    verdict = ask(specification(), tree({"spec/a.json": '{"name": 1}'}, links={"schema.json": "/etc/hostname"}))
    assert (verdict.outcome, "symbolic link" in verdict.summary) == ("error", True)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"data": "a.ttl"}, "either shapes"),
        ({"data": "a.ttl", "shapes": "s.ttl", "schema": "s.json"}, "either shapes"),
        ({"data": [], "shapes": "s.ttl"}, "at least 1 item"),
        ({"data": "a.ttl", "shapes": "s.ttl", "closure": 0}, "greater than 0"),
        ({"data": "a.ttl", "shapes": "../s.ttl"}, "no path inside the repository"),
    ],
)
def test_limits_that_say_too_little_are_refused(limits: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Limits.model_validate(limits)


def test_nothing_asked_never_passes() -> None:
    report = Report(asked=0, nodes=0, missing=(), of_base=False, waivers=()).model_dump(mode="json")
    assert not judge(Limits.model_validate(specification()["specification"]), report).passed


def test_pieces_that_nothing_asks_for_may_go(tree: Tree, ask: Ask, tmp_path: Path) -> None:
    schema = '{"properties": {"parts": {"items": {"required": ["id"]}}}}'
    base = tree({"schema.json": schema, "spec/a.json": '{"parts": [{"id": 1}, {"id": 2}]}'})
    kept = base.model_copy(update={"root": base.root.rename(tmp_path / "base")})
    fewer = {"schema.json": schema, "spec/a.json": '{"parts": [{"id": 1}]}'}
    assert ask(specification(), tree(fewer, base=kept)).measured == {
        "closure": 100, "asked": 1, "answered": 1, "missing": 0,
    }  # fmt: skip
