"""What the witness told, and where a report contradicts it."""

import json
from pathlib import Path
from time import process_time

import pytest

from gates.suites.guard import Guard, Heard, Seen, beside, contradictions, heard, key_of, key_of_node, read
from gates.suites.junit import Case
from gates.verdict import Unmeasurable

PASSED = Case("tests.test_a", "test_x[1]", "tests/test_a.py", 3, "passed", "")
NODE = "tests/test_a.py::test_x[1]"


def told(*what: dict[str, object], started: bool = True) -> Guard:
    lines = [{"pid": 1, "started": [3, 11]}, *what] if started else what
    return Guard(told="\n".join(json.dumps({"pid": 1, **line}) for line in lines))


def call(*, raised: bool = False, **more: object) -> dict[str, object]:
    return {"test": NODE, "when": "call", "raised": raised, "entered": True, **more}


@pytest.mark.parametrize(
    ("guard", "reason"),
    [
        (told(call()), None),
        (told(call(entered=None)), None),
        (told(call(raised=True), call()), None),  # run again, by a plugin that does so
        (told(call(raised=True)), "tests raised, and the report has them passed: test_x[1] (tests/test_a.py)"),
        (told(call(), {"test": NODE, "when": "teardown", "raised": True}), "tests raised, and the report"),
        (told(call(), call(raised=True, pid=2)), "tests raised, and the report"),
        (told(call(entered=False)), "tests passed without running: test_x[1] (tests/test_a.py)"),
        (told(), "tests passed without running"),
        (
            told(call(), {"test": "t/b.py::test_y", "when": "call", "raised": True}),
            "failed, and the report leaves them",
        ),
        (told(call(), {"forked": NODE, "message": "1 == 2"}), "an assert failed in a child of test_x[1]"),
        (told(call(), {"forged": "/x/conftest.py", "line": 3}), "the data of coverage was written by /x/conftest.py:3"),
        (told(call(), started=False), "pytest ran without the plugin by which we watch it"),
        (Guard(), "pytest ran without the plugin by which we watch it"),
        (Guard(told='{"pid": 1, "started": [3, 11]}\n{"test": 3}\nnonsense\n[[['), "tests passed without running"),
    ],
)
def test_what_contradicts_a_test_that_passed(guard: Guard, reason: str | None) -> None:
    found = contradictions([PASSED], heard(guard))
    assert [text.startswith(reason) or reason in text for text in found[:1]] == [True] if reason else not found


def test_many_contradictions_take_no_time() -> None:
    cases = [PASSED._replace(name=f"test_{at}") for at in range(60_000)]
    seen = Heard(
        {key_of(f"{each.module}.{each.name}"): Seen(raised=True, entered=True) for each in cases},
        {},
        frozenset(),
        (),
        (),
    )
    started = process_time()
    (text,) = contradictions(cases, seen)
    assert text.startswith("tests raised, and the report has them passed: test_0 (tests/test_a.py), test_1 (")
    assert process_time() - started < 3


def test_a_test_that_failed_is_contradicted_by_nothing() -> None:
    failed = [PASSED._replace(outcome="failure"), PASSED._replace(outcome="error")]
    assert not contradictions(failed, heard(told(call(raised=True), {"forked": NODE, "message": "1 == 2"})))


@pytest.mark.parametrize(
    ("node", "name"),
    [
        ("tests/test_a.py::test_x", "tests.test_a.test_x"),
        ("tests/test_a.py::TestA::test_x[a-b/c.py::d]", "tests.test_a.TestA.test_x[a-b/c.py::d]"),
        ("docs/a.rst::a.rst", "docs.a.rst.a.rst"),
        ("tests/test_a.py::test_x[\x1b]", "tests.test_a.test_x[#x1B]"),
    ],
)
def test_a_node_and_its_name_in_the_report_are_one(node: str, name: str) -> None:
    assert key_of_node(node) == key_of(name)


def test_the_guard_lies_beside_the_reports(tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    reports.mkdir()
    assert read(reports) is None
    assert read(None) is None
    beside(reports).write_text(told(call()).model_dump_json())
    assert read(reports) == told(call())
    beside(reports).write_text("{")
    with pytest.raises(Unmeasurable, match="what was noted of the run cannot be read"):
        read(reports)
