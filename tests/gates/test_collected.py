"""The test files that a run must tell of."""

import ast
from collections.abc import Callable

import pytest

from gates.subject import Subject
from gates.suites.collected import defines_test
from gates.suites.defined import expected
from gates.suites.pytest_config import chosen

Tree = Callable[..., Subject]

TEST = "def test_x(): pass\n"


@pytest.mark.parametrize(
    ("source", "defines"),
    [
        ("def test_x(): pass", True),
        ("async def test_x(): pass", True),
        ("class TestX:\n    def test_x(self): pass", True),
        ("class XTest(unittest.TestCase):\n    def test_x(self): pass", True),
        ("class XTest(TestCase):\n    async def test_x(self): pass", True),
        ("if True:\n    def test_x(): pass", True),
        ("try:\n    pass\nexcept E:\n    def test_x(): pass", True),
        ("class TestX:\n    class TestY:\n        def test_x(self): pass", True),
        ("def helper():\n    def test_x(): pass", False),
        ("class Helper:\n    def test_x(self): pass", False),
        ("class TestX:\n    def helper(self): pass", False),
        ("@pytest.fixture\ndef test_client(): pass", False),
        ("@fixture(scope='module')\ndef test_client(): pass", False),
        ("@pytest.mark.slow\ndef test_x(): pass", True),
        ("test_x = 1", False),
        ("", False),
    ],
)
def test_what_defines_a_test(source: str, defines: bool) -> None:  # noqa: FBT001
    assert defines_test(ast.parse(source)) is defines


FILES = {
    "tests/test_a.py": TEST,
    "tests/deep/b_test.py": TEST,
    "tests/helper.py": TEST,
    "tests/test_data.txt": "(",
    "tests/test_empty.py": "",
    "tests/conftest.py": TEST,
    "examples/test_c.py": TEST,
    "build/test_d.py": TEST,
    ".venv/lib/test_e.py": TEST,
    "a/b/check_f.py": TEST,
    "tests/test_names.py": "class DescribeX:\n    def it_adds(self): pass\n",
}


@pytest.mark.parametrize(
    ("paths", "ini", "files"),
    [
        ((), "", {"tests/test_a.py", "tests/deep/b_test.py", "examples/test_c.py"}),
        ((), "testpaths = tests", {"tests/test_a.py", "tests/deep/b_test.py"}),
        ((), "testpaths = ./tests/", {"tests/test_a.py", "tests/deep/b_test.py"}),
        ((), "testpaths = ex*", {"examples/test_c.py"}),
        ((), "testpaths = .", {"tests/test_a.py", "tests/deep/b_test.py", "examples/test_c.py"}),
        ((), "testpaths = . ./tests/", {"tests/test_a.py", "tests/deep/b_test.py", "examples/test_c.py"}),
        ((), "testpaths = ex* tests/helper.py ./",
         {"tests/test_a.py", "tests/deep/b_test.py", "examples/test_c.py", "tests/helper.py"}),
        (("tests",), "python_classes = Test Describe\npython_functions = it_ test_",
         {"tests/test_a.py", "tests/deep/b_test.py", "tests/test_names.py"}),
        (("tests/deep",), "testpaths = examples", {"tests/deep/b_test.py"}),
        (("tests/test_a.py",), "", {"tests/test_a.py"}),
        (("tests/helper.py",), "", {"tests/helper.py"}),
        ((), "python_files = check_*.py", {"a/b/check_f.py"}),
        ((), "python_files = b/check_*.py", {"a/b/check_f.py"}),
        ((), "norecursedirs = examples deep .*", {"tests/test_a.py", "build/test_d.py"}),
    ],
)  # fmt: skip
def test_the_files_that_pytest_collects(tree: Tree, paths: tuple[str, ...], ini: str, files: set[str]) -> None:
    config = chosen({"pytest.ini": f"[pytest]\n{ini}\n"})
    assert set(expected(tree(FILES), paths, config)) == files
