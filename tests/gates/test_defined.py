"""The tests that files define, which of them must run, which never can, and which of the base's are lost."""

import ast

import pytest

from gates.suites.defined import Defined, defined_in
from gates.suites.lost import lost
from gates.suites.pytest_config import Config, chosen
from gates.suites.selection import required, shadowed


def defined(source: str, ini: str = "", path: str = "tests/test_a.py") -> list[Defined]:
    return defined_in(path, ast.parse(source), config(ini))


def config(ini: str) -> Config:
    return chosen({"pytest.ini": f"[pytest]\n{ini}\n"})


@pytest.mark.parametrize(
    ("source", "ini", "names"),
    [
        ("def test_a(): pass\nasync def test_b(): pass\ndef helper(): pass\n", "", ["test_a", "test_b"]),
        ("class TestA:\n    def test_b(self): pass\n    class TestC:\n        def test_d(self): pass\n", "",
         ["TestA.test_b", "TestA.TestC.test_d"]),
        ("class Case(unittest.TestCase):\n    def test_a(self): pass\n", "python_functions = it_*", ["Case.test_a"]),
        ("class Base:\n    def test_a(self): pass\n", "", []),
        ("class TestA:\n    __test__ = False\n    def test_a(self): pass\n", "", []),
        ("class CheckA:\n    def it_works(self): pass\n    def test_a(self): pass\n",
         "python_functions = it_*\npython_classes = Check", ["CheckA.it_works"]),
        ("if x:\n    def test_a(): pass\nelse:\n    def test_b(): pass\n", "", ["test_a", "test_b"]),
        ("try:\n    pass\nexcept E:\n    def test_a(): pass\n", "", ["test_a"]),
        ("@pytest.fixture\ndef test_a(): pass\n@property\ndef test_b(): pass\n", "", []),
    ],
)  # fmt: skip
def test_what_is_a_test(source: str, ini: str, names: list[str]) -> None:
    assert [test.name for test in defined(source, ini)] == names


@pytest.mark.parametrize(
    ("source", "is_plain"),
    [
        ("def test_a(): pass", True),
        ("@pytest.mark.slow\n@pytest.mark.parametrize('x', [1])\ndef test_a(x): pass", True),
        ("@given(x)\ndef test_a(x): pass", False),
        ("async def test_a(): pass", False),
        ("class TestA:\n    def test_a(self): pass", True),
        ("@patch('x')\nclass TestA:\n    def test_a(self): pass", False),
        ("class TestA(Base):\n    def test_a(self): pass", False),
    ],
)
def test_what_pytest_calls_as_it_stands(source: str, is_plain: bool) -> None:  # noqa: FBT001
    assert [test.is_plain for test in defined(source)] == [is_plain]


DESELECTED = "class TestA:\n    def test_a(self): pass\n    def test_b(self): pass\n\ndef test_c(): pass\n"
SLOW = "pytestmark = [pytest.mark.slow]\n\n@pytest.mark.net\ndef test_a(): pass\n"


@pytest.mark.parametrize(
    ("source", "addopts", "names"),
    [
        ("def test_a(): pass", "", ["test_a"]),
        ("if x:\n    def test_a(): pass", "", []),
        (SLOW, "-m 'not slow'", []),
        (SLOW, "-m 'slow and net'", ["test_a"]),
        (SLOW, "-m 'slow and not net'", []),
        (SLOW, "-m 'other or net'", ["test_a"]),
        (SLOW, "-mslow", ["test_a"]),
        ("def test_a(): pass", "-m 'not slow'", ["test_a"]),
        ("class TestA:\n    pytestmark = pytest.mark.slow\n    def test_a(self): pass", "-m 'not slow'", []),
        (SLOW, "-m 'slow(1) >'", []),
        ("def test_a(): pass", "-k other", []),
        ("def test_a(): pass", "-q --maxfail=3", ["test_a"]),
        (DESELECTED, "--deselect tests/test_a.py::TestA::test_a", ["TestA.test_b", "test_c"]),
        (DESELECTED, "--deselect=tests/test_a.py::TestA", ["test_c"]),
        (
            DESELECTED,
            "--deselect tests/test_a.py::test_c[1] --deselect=tests/test_b.py",
            ["TestA.test_a", "TestA.test_b"],
        ),
        (DESELECTED, "--deselect tests/ -q", []),
    ],
)
def test_what_the_projects_own_choice_requires(source: str, addopts: str, names: list[str]) -> None:
    ini = f"addopts = {addopts}"
    assert [test.name for test in required(defined(source, ini), config(ini))] == names


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("def test_a(): pass\ndef test_b(): pass\n", []),
        ("def test_a(): pass\ndef test_a(): pass\n", [1]),
        ("if x:\n    def test_a(): pass\nelse:\n    def test_a(): pass\n", []),
        ("class TestA:\n    def test_a(self): pass\n    def test_a(self): pass\n", [2]),
        ("class TestA:\n    def test_a(self): pass\nclass TestB:\n    def test_a(self): pass\n", []),
    ],
)
def test_which_can_never_run(source: str, lines: list[int]) -> None:
    assert [test.line for test in shadowed(defined(source))] == lines


ONE = "def test_one():\n    assert post(1) == 2\n    assert post(2) == 3\n"
TWO = "def test_two():\n    with raises(ValueError):\n        void('x', None)\n"


@pytest.mark.parametrize(
    ("now", "path", "gone"),
    [
        (ONE + TWO, "tests/test_a.py", []),
        (TWO + ONE, "tests/deep/test_b.py", []),
        ("class TestAll:\n    " + ONE.replace("\n", "\n    ") + "\n" + TWO, "tests/test_a.py", []),
        (ONE.replace("test_one", "test_other") + TWO, "tests/test_a.py", []),
        (ONE.replace("test_one", "test_other").replace("(2) == 3", "(2) == 4") + TWO, "tests/test_a.py", []),
        (ONE, "tests/test_a.py", ["test_two"]),
        (ONE + "def test_three():\n    assert 1\n", "tests/test_a.py", ["test_two"]),
        ("", "tests/test_a.py", ["test_one", "test_two"]),
        # one test does not stand for two
        (ONE.replace("test_one", "test_x"), "tests/test_b.py", ["test_two"]),
    ],
)
def test_which_tests_are_lost(now: str, path: str, gone: list[str]) -> None:
    assert [test.name for test in lost(defined(ONE + TWO), defined(now, path=path))] == gone


def test_many_bodies_are_not_compared_for_ever() -> None:
    before = defined("".join(f"def test_a{n}():\n    assert f({n})\n" for n in range(200)))
    now = defined("".join(f"def test_b{n}():\n    assert g({n})\n" for n in range(200)))
    assert len(lost(before, now)) == len(before)


def test_a_body_that_is_too_deep_to_be_written_out_has_a_name_at_least() -> None:
    (test,) = defined("def test_deep():\n    x = " + "+".join(["1"] * 600) + "\n")
    assert test.body == "too deep, test_deep"
