"""Pytest's JUnit report, and what may not pass for one."""

from pathlib import Path

import pytest

from gates.suites.junit import Case, read, told_of
from gates.verdict import Unmeasurable

PASSED = '<testcase classname="tests.test_a.TestX" name="test_m[1]" file="tests/test_a.py" line="4" time="0.1"/>'


def case(inner: str = "", **attributes: str) -> str:
    given = {"classname": "tests.test_a", "name": "test_f", "file": "tests/test_a.py", "line": "2"} | attributes
    return f"<testcase {' '.join(f'{key}={value!r}' for key, value in given.items())}>{inner}</testcase>"


def cases(folder: Path, text: str | bytes) -> list[Case]:
    data = text if isinstance(text, bytes) else f"<testsuites><testsuite>{text}</testsuite></testsuites>".encode()
    (folder / "junit.xml").write_bytes(data)
    return read(folder)


def test_a_case_has_its_place(tmp_path: Path) -> None:
    assert cases(tmp_path, PASSED) == [
        Case(
            module="tests.test_a.TestX", name="test_m[1]", file="tests/test_a.py", line=5, outcome="passed", message=""
        )
    ]


@pytest.mark.parametrize(
    ("inner", "outcome"),
    [
        ("", "passed"),
        ("<system-out>failure</system-out>", "passed"),
        ("<skipped message='m'/>", "skipped"),
        ("<failure message='m'/>", "failure"),
        ("<error message='m'/>", "error"),
        ("<skipped message='s'/><failure message='m'/>", "failure"),
        ("<failure message='f'/><error message='m'/>", "error"),
    ],
)
def test_the_worst_of_a_case_is_its_outcome(tmp_path: Path, inner: str, outcome: str) -> None:
    (found,) = cases(tmp_path, case(inner))
    assert (found.outcome, found.message) == (outcome, "" if outcome == "passed" else "m")


def test_the_message_is_what_pytest_marks(tmp_path: Path) -> None:
    text = (
        "def test_f():\n>       assert 1 == 2\nE       assert 1 == 2\nE        +  where 1 = f()\n\ntest_a.py:3: Error"
    )
    (found,) = cases(tmp_path, case(f"<failure message='collection failure'>{text}</failure>"))
    assert found.message == "assert 1 == 2\n+  where 1 = f()"
    (long,) = cases(tmp_path, case(f"<failure message='m'>{'E   x' + 'y' * 5000}</failure>"))
    assert len(long.message) == 600


def test_a_line_that_is_none_is_left_out(tmp_path: Path) -> None:
    assert [found.line for found in cases(tmp_path, case(line="x") + case(line="-1") + case(line=""))] == [None] * 3


@pytest.mark.parametrize(
    ("attributes", "path", "is_of"),
    [
        ({}, "tests/test_a.py", True),
        ({"file": "tests/base.py"}, "tests/test_a.py", True),
        ({"classname": "tests.test_a.TestX", "file": ""}, "tests/test_a.py", True),
        ({"classname": "tests.test_ab", "file": ""}, "tests/test_a.py", False),
        ({"classname": "", "name": "tests.test_a", "file": ""}, "tests/test_a.py", True),
        ({"classname": "pre.tests.test_a"}, "tests/test_a.py", True),
        ({"classname": "v1.2.test_b", "file": ""}, "v1.2/test_b.py", True),
        ({}, "test_a.py", False),
    ],
)
def test_a_case_is_of_the_file_it_was_collected_from(
    tmp_path: Path,
    attributes: dict[str, str],
    path: str,
    is_of: bool,  # noqa: FBT001
) -> None:
    assert told_of(cases(tmp_path, case(**attributes)))(path) is is_of


LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE t [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'
    '<testsuites><testsuite><testcase name="&b;"/></testsuite></testsuites>'
)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "cannot be read"),
        (b"<testsuites><testsuite>", "cannot be read"),
        (b"\xff\xfe<", "cannot be read"),
        (LAUGHS.encode("utf-16"), "cannot be read"),
        (LAUGHS.encode(), "declares a document type"),
    ],
)
def test_what_is_no_report_is_unmeasurable(tmp_path: Path, data: bytes, reason: str) -> None:
    with pytest.raises(Unmeasurable, match=reason):
        cases(tmp_path, data)
