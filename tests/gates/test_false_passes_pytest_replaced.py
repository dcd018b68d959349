"""Tests whose names are there and pass, and whose code never runs; and what is built alike and is honest.

The names that the tree defines are in pytest's report, so that neither it nor canaries tell; but what was entered is
not what stands there. Each attack is run by plain pytest as well, which is green.
"""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from gates import tests
from gates.subject import Subject
from gates.verdict import Verdict
from gates.waivers import Waiver

Tree = Callable[..., Subject]
Ask = Callable[[object, Subject], Verdict]
RunSuite = Callable[..., Subject]

GOOD = "def test_good():\n    assert 1 + 1 == 2\n"
BAD = "from ledger import post\n\n\ndef test_bad():\n    assert post(1) == 2\n"
FILES = {
    "conftest.py": "",
    "ledger.py": "def post(amount):\n    return amount - 1\n",
    "tests/test_bad.py": BAD,
    "tests/test_good.py": GOOD,
}
NEVER = "passed, and its own code was never entered"

REPLACED = {
    "a decorator": "def quiet(test):\n    return lambda: None\n\n@quiet\ndef test_bad():\n    assert 0\n",
    "a decorator that makes one of its name":
        "def quiet(test):\n    def test_bad(): pass\n    return test_bad\n\n@quiet\ndef test_bad():\n    assert 0\n",
    "a decorator of Python's own":
        "from contextlib import contextmanager\n\n@contextmanager\ndef test_bad():\n    assert 0\n    yield\n",
    "a wrapper of another function":
        "import functools\n\ndef fine(): pass\n\ndef quiet(test):\n    return functools.wraps(fine)(lambda: fine())\n\n"
        "@quiet\ndef test_bad():\n    assert 0\n",
    "a decorator of the class":
        "def quiet(suite):\n    suite.test_bad = lambda self: None\n    return suite\n\n"
        "@quiet\nclass TestIt:\n    def test_bad(self):\n        assert 0\n",
    "a base":
        "class Base:\n    def __init_subclass__(cls):\n        cls.test_bad = lambda self: None\n\n"
        "class TestIt(Base):\n    def test_bad(self):\n        assert 0\n",
    "a metaclass":
        "class Meta(type):\n    def __getattribute__(cls, name):\n        found = super().__getattribute__(name)\n"
        "        return (lambda self: None) if name == 'test_bad' else found\n\n"
        "class TestIt(metaclass=Meta):\n    def test_bad(self):\n        assert 0\n"
        "TestIt.test_bad = TestIt.test_bad\n",
}  # fmt: skip
CONDITIONS = ("if False:", "for _ in ():", "try:\n    import no_such_module\nexcept ImportError:\n    pass\nelse:")


def plain(python: Path, root: Path) -> int:
    """The code with which pytest ends when anyone runs it."""
    env = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
    argv = (python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests")
    return subprocess.run(argv, cwd=root, env=env, check=False, capture_output=True).returncode


@pytest.mark.parametrize("case", REPLACED)
def test_code_that_never_ran_did_not_pass(
    tree: Tree, run_suite: RunSuite, ask: Ask, target_python: Path, case: str
) -> None:
    subject = tree({**FILES, "tests/test_bad.py": REPLACED[case]})
    assert plain(target_python, subject.root) == 0
    verdict = ask("tests", run_suite(subject))
    assert (verdict.outcome, NEVER in verdict.summary) == ("failed", True), verdict
    assert [(finding.path, finding.rule) for finding in verdict.findings] == [("tests/test_bad.py", "test-replaced")]


def test_a_method_of_unittest_that_only_makes_a_generator_did_not_run(
    tree: Tree, run_suite: RunSuite, ask: Ask, target_python: Path
) -> None:
    body = "import unittest\n\nclass Case(unittest.TestCase):\n    def test_bad(self):\n        yield self.fail()\n"
    subject = tree({**FILES, "tests/test_bad.py": body})
    assert plain(target_python, subject.root) == 0
    assert ask("tests", run_suite(subject)).summary.startswith("tests: tests passed without running: test_bad")


def earlier(tree: Tree, tmp_path: Path) -> Subject:
    """The same files elsewhere."""
    (made := tree(FILES)).root.rename(tmp_path / "base")
    return made.model_copy(update={"root": tmp_path / "base"})


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_test_of_the_base_that_stands_in_a_condition_now_must_run(
    tree: Tree, run_suite: RunSuite, ask: Ask, target_python: Path, tmp_path: Path, condition: str
) -> None:
    before = earlier(tree, tmp_path)
    inside = f"def test_other():\n    print('x')\n\n\n{condition}\n    def test_bad():\n        assert 0\n"
    subject = tree({**FILES, "tests/test_bad.py": inside}, base=before)
    assert plain(target_python, subject.root) == 0
    verdict = ask("tests", run_suite(subject))
    assert (verdict.outcome, [each.rule for each in verdict.findings]) == ("failed", ["test-deleted"]), verdict


def test_a_test_in_a_condition_that_holds_is_kept(tree: Tree, run_suite: RunSuite, ask: Ask, tmp_path: Path) -> None:
    before = earlier(tree, tmp_path)
    inside = "import sys\n\nif sys.version_info > (3,):\n    " + GOOD.replace("\n", "\n    ").rstrip(" ")
    files = {**FILES, "ledger.py": "def post(amount):\n    return amount + 1\n", "tests/test_good.py": inside}
    assert ask("tests", run_suite(tree(files, base=before))).passed


SHIM = {**FILES, "tests/ledger.py": "def post(amount):\n    return amount + 1\n"}


def test_a_module_in_the_products_place_is_told(tree: Tree, run_suite: RunSuite, ask: Ask, target_python: Path) -> None:
    subject = tree(SHIM)
    assert plain(target_python, subject.root) == 0
    verdict = ask("tests", ran := run_suite(subject))
    assert [(each.path, each.rule) for each in verdict.findings] == [("tests/ledger.py", "product-replaced")], verdict
    waiver = Waiver(rule="product-replaced", paths=("tests/*",), reason="a fake")
    assert ask("tests", ran.model_copy(update={"waivers": (waiver,)})).passed


def test_a_module_that_the_base_has_there_is_no_news(tree: Tree, run_suite: RunSuite, ask: Ask) -> None:
    assert ask("tests", run_suite(tree(SHIM, base=tree(SHIM)))).passed


HONEST = """\
import functools
import unittest
from ledger import TestKind, post

def many(*rows):
    def made(test):
        space = sys._getframe(1).f_locals
        for number, row in enumerate(rows):
            def one(self, row=row):
                return test(self, row)
            one.__name__ = f"{test.__name__}_{number}"
            space[one.__name__] = one
    import sys
    return made

class MadeTest(unittest.TestCase):
    @many(1, 2)
    def test_row(self, row):
        self.assertEqual(post(row), row + 1)

class BaseTestCase(unittest.TestCase):
    def test_kind(self):
        self.assertEqual(TestKind(self.kind).kind, self.kind)

class OneTest(BaseTestCase):
    kind = 1

del BaseTestCase

def bare(test):
    def run():
        test()
    return run

@bare
def test_bare():
    assert post(1) == 2

def threaded(test):
    @functools.wraps(test)
    def run():
        import threading
        thread = threading.Thread(target=test)
        thread.start()
        thread.join()
    return run

@threaded
def test_threaded():
    assert post(1) == 2
"""


def test_tests_that_are_made_inherited_or_wrapped_have_run(tree: Tree, run_suite: RunSuite, ask: Ask) -> None:
    product = "class TestKind:\n    def __init__(self, kind): self.kind = kind\n\ndef post(x): return x + 1\n"
    verdict = ask("tests", run_suite(tree({**FILES, "ledger.py": product, "tests/test_bad.py": HONEST})))
    assert verdict.summary == "tests 6 passed, 0 failed, 0 skipped"


IN_THREADS = """\
import asyncio, inspect, threading

def pytest_pyfunc_call(pyfuncitem):
    if inspect.iscoroutinefunction(pyfuncitem.obj):
        thread = threading.Thread(target=lambda: asyncio.run(pyfuncitem.obj()))
        thread.start()
        thread.join()
        return True
"""


def test_a_test_that_is_awaited_in_another_thread_has_run(tree: Tree, run_suite: RunSuite, ask: Ask) -> None:
    """As Django does it."""
    files = {**FILES, "conftest.py": IN_THREADS, "tests/test_bad.py": "async def test_awaited(): pass\n"}
    assert ask("tests", run_suite(tree(files))).summary == "tests 2 passed, 0 failed, 0 skipped"


def test_a_wrapper_that_swallows_what_a_test_raises_is_not_seen(tree: Tree, run_suite: RunSuite, ask: Ask) -> None:
    soft = "def soft(test):\n    def run():\n        try: test()\n        except AssertionError: pass\n    return run\n"
    body = f"{soft}\n@soft\ndef test_bad():\n    assert 0\n"
    assert ask("tests", run_suite(tree({**FILES, "tests/test_bad.py": body}))).passed


def test_what_is_told_needs_the_guard(tree: Tree, run_suite: RunSuite, ask: Ask) -> None:
    limits = tests.Limits(guarded=False)
    subject = run_suite(tree({**FILES, "tests/test_bad.py": REPLACED["a base"]}), limits)
    assert ask({"tests": limits.model_dump()}, subject).passed
