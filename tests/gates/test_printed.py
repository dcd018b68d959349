"""What pytest printed, as users see it: without tests of ours."""

from collections.abc import Callable

import pytest

from gates.subject import Subject
from gates.suites import guard, pytest_run
from gates.suites.canaries import Canary
from gates.suites.printed import without
from gates.verdict import Verdict

Tree = Callable[..., Subject]
Ask = Callable[[object, Subject], Verdict]
RunSuite = Callable[..., Subject]

CANARY = Canary(path="tests/test_edge.py", text="", outcomes={"test_split": "failure", "test_own": "error"})
FILES = {
    "tests/test_own.py": "import sys\n\n\ndef test_mine():\n    sys.stdout.write('my words')\n"
    "    assert 'mine' == 'yours'\n",
    "tests/test_more.py": "def test_more():\n    assert 1\n",
}


@pytest.mark.parametrize(
    ("style", "more"),
    [("auto", ""), ("auto", " -v"), ("long", " -q"), ("short", ""), ("native", ""), ("line", ""), ("no", " -ra")],
)
def test_nothing_of_ours_is_shown_and_all_of_the_targets(
    tree: Tree, run_suite: RunSuite, style: str, more: str
) -> None:
    config = {"pytest.ini": f"[pytest]\naddopts = --tb={style}{more}\n"}
    subject = run_suite(tree(FILES, base_config=config))
    noted, said = guard.read(subject.reports), subject.ran[0].output
    assert noted is not None
    (canary,) = noted.canaries
    shown = pytest_run.printed(subject)
    assert canary.path in said
    assert canary.path not in shown
    left = [line for line in shown.splitlines() if line.startswith(("E  ", ">"))]
    assert all("mine" in line or "yours" in line or not line[1:].strip() for line in left), left
    assert ("'mine' == 'yours'" in shown) is ("'mine' == 'yours'" in said)
    assert ("my words" in shown) is ("my words" in said)
    assert " in 0." not in shown


OUTPUT = """\
tests/test_more.py .
________ test_split ________
    assert 1 == 2
tests/test_edge.py:4: AssertionError
________ test_split ________
>   assert 'theirs'
tests/test_own.py:9: AssertionError
________ ERROR at setup of test_own ________
    raise OSError('order 569')
tests/test_edge.py:7: OSError
======== short test summary info ========
FAILED tests/test_edge.py::test_split - assert 1
FAILED tests/test_own.py::test_it - no
======== 2 failed, 1 passed in 0.12s ========
"""


def test_sections_are_told_by_title_and_place() -> None:
    assert without([CANARY], OUTPUT).splitlines() == [
        "tests/test_more.py .",
        "________ test_split ________",
        ">   assert 'theirs'",
        "tests/test_own.py:9: AssertionError",
        "======== short test summary info ========",
        "FAILED tests/test_own.py::test_it - no",
    ]
    assert without([], OUTPUT) == OUTPUT


def test_what_is_left_of_a_section_whose_title_is_cut_off_is_left_out() -> None:
    cut = "    raise OSError('order 569')\nE   OSError\ntests/test_edge.py:7: OSError\n==== rest ====\nmine\n"
    assert without([CANARY], cut) == "==== rest ====\nmine"


@pytest.mark.parametrize("more", ["", "    assert 'PARSE' == 'TOTAL'\n", "    assert 1 == 2\n      where 1 = len()\n"])
def test_what_stands_above_a_place_goes_with_it(more: str) -> None:
    said = f"E   mine\n/a/tests/test_own.py:2: mine\nE   AssertionError: PARSE\n{more}/a/tests/test_edge.py:7: PARSE\n"
    assert without([CANARY], said) == "E   mine\n/a/tests/test_own.py:2: mine"
    assert without([CANARY], "    mine\ntests/test_edge.py::test_split FAILED\n") == "    mine"


def test_an_error_of_the_check_shows_none_of_them(tree: Tree, ask: Ask, run_suite: RunSuite) -> None:
    leaving = (
        "def pytest_collection_modifyitems(config, items):\n"
        "    left_out = [item for item in items if item.name == 'test_more']\n"
        "    items[:] = [item for item in items if item not in left_out]\n"
        "    config.hook.pytest_deselected(items=left_out)\n"
    )
    files = {"conftest.py": leaving, "tests/test_own.py": "def test_mine():\n    assert 1\n"}
    subject = run_suite(tree({**files, "tests/test_more.py": FILES["tests/test_more.py"]}))
    verdict = ask("tests", subject)
    assert "no test ran of tests/test_more.py" in verdict.summary
    assert "assert" in subject.ran[0].output
    shown = verdict.findings[-1].message
    assert "deselected" in shown
    assert "assert" not in shown
    assert "Error" not in shown
    # a report that is gone is told with the same words
    (subject.reports / "junit.xml").unlink()  # type: ignore[operator]
    (lost,) = ask("tests", subject).findings
    assert "assert" not in lost.message
