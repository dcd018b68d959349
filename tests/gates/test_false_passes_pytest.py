"""Every way that is known by which pytest is green over a test that fails, and what the check says.

The target is small: one product function, one test that passes, one that fails, and a trick. Plain pytest is run as
anyone runs it, in the tree; the suite as a gate runs it. What it is caught by (the base commit's configuration,
canaries, the witness, warnings that are errors) stands in the reason.
"""

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from gates import tests
from gates.subject import Subject
from gates.verdict import Verdict

Tree = Callable[..., Subject]
Ask = Callable[[object, Subject], Verdict]
RunSuite = Callable[..., Subject]

INI = "[pytest]\npythonpath = src\ntestpaths = tests\n"
BASE = {"pytest.ini": INI}
TARGET = {
    "pytest.ini": INI,
    "src/ledger.py": "def post(amount):\n    return amount - 1\n",
    "tests/test_good.py": "def test_good():\n    assert 1 + 1 == 2\n",
    "tests/test_bad.py": "import ledger\n\n\ndef test_bad():\n    assert ledger.post(1) == 2\n",
}
FINE = {"src/ledger.py": "def post(amount):\n    return amount + 1\n"}


def conftest(text: str) -> dict[str, str]:
    return {"tests/conftest.py": text}


def bad(text: str) -> dict[str, str]:
    """Instead of the test that fails."""
    return {"tests/test_bad.py": text}


FORK = """\
import os

def test_bad():
    child = os.fork()
    if not child:
        try:
            assert 1 == 2
        finally:
            os._exit(1)
    os.waitpid(child, 0)
"""
THREAD = """\
import threading

def fail():
    assert 0

def test_bad():
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
"""
ALWAYS_EQUAL = """\
import ledger

class Equal(int):
    def __eq__(self, other):
        return True
    __hash__ = int.__hash__

ledger.post = lambda amount: Equal(amount)
"""
MAKEREPORT = """\
import pytest

@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    outcome.get_result().outcome = "passed"
"""
AT_EXIT = "import atexit, os\natexit.register(os._exit, 0)\n"
SHADOW = {"pytest/__init__.py": "", "pytest/__main__.py": "print('2 passed')\n"}
DROPPED = "def pytest_collection_modifyitems(items):\n    items[:] = [i for i in items if i.name != 'test_bad']\n"
RUNTEST = "from _pytest.python import Function\nFunction.runtest = lambda self: None\n"
EXIT = "import pytest\n\ndef pytest_runtestloop():\n    pytest.exit('done', returncode=0)\n"


class Trick(NamedTuple):
    """What is in the tree beside the target, how pytest is called, and what the check must say of it."""

    files: Mapping[str, str]
    words: str
    outcome: str = "error"
    options: tuple[str, ...] = ()
    env: Mapping[str, str] = {}


FAILS = ("1 failed", "failed")
CANARY = "a test of ours in tests must come out as"
IN_SRC = {"PYTHONPATH": "src"}
FOOLED = {
    "P2": Trick(conftest("import os\nos._exit(0)\n"), "the run left no junit.xml"),
    "P3": Trick(conftest("def pytest_sessionfinish(session):\n    session.exitstatus = 0\n"), "tells of 1 failures"),
    "P4": Trick(conftest(MAKEREPORT), CANARY),
    "P5": Trick(
        conftest(DROPPED),
        "no test ran of tests/test_bad.py",
    ),
    "P6": Trick({"pytest.ini": INI + "addopts = --deselect tests/test_bad.py\n"}, *FAILS),
    "P7": Trick({"pytest.ini": INI + "addopts = --collect-only\n"}, *FAILS),
    "P8": Trick({"pytest.ini": INI + "python_functions = test_good\n"}, *FAILS),
    "P8-k": Trick({"pytest.ini": INI + "addopts = -k good\n"}, *FAILS),
    "P9": Trick(bad("import pytest\n\n@pytest.mark.skip\ndef test_bad(): assert 0\n"), "1 skipped", "failed"),
    "P10": Trick(bad("import pytest\n\n@pytest.mark.xfail\ndef test_bad(): assert 0\n"), "1 skipped", "failed"),
    "P11": Trick({f"src/{name}": text for name, text in SHADOW.items()}, *FAILS, env=IN_SRC),
    "P11b": Trick({"pytest.py": "print('2 passed')\n"}, *FAILS),
    "P12": Trick({"src/sitecustomize.py": AT_EXIT}, *FAILS, env=IN_SRC),
    "P13": Trick(conftest(AT_EXIT), "ended with code 0, but its report tells of 1 failures"),
    "P15": Trick(conftest(RUNTEST), CANARY),
    "P16": Trick(conftest("def pytest_pyfunc_call(pyfuncitem):\n    return True\n"), CANARY),
    "P20": Trick(bad(FORK), "an assert failed in a child of test_bad (tests/test_bad.py), and nobody looked"),
    "P21": Trick(bad(THREAD), *FAILS),
    "P23": Trick(bad("def test_bad():\n    assert (1 == 2, 'never')\n"), *FAILS),
    "P25": Trick(
        bad("class TestBad:\n    def __init__(self): pass\n    def test_bad(self): assert 0\n"),
        "no test ran of tests/test_bad.py",
    ),
    "P26": Trick(
        bad("def test_bad(): assert 0\n\ndef test_bad(): pass\n"), "tests/test_bad.py:1 test_bad never runs", "failed"
    ),
    "P28": Trick(conftest(EXIT), "no test was collected (pytest ended with code 0)"),
    "P30": Trick({}, *FAILS, ("--assert=plain",), {"PYTHONOPTIMIZE": "1"}),
    "P32": Trick(conftest("collect_ignore_glob = ['test_bad*']\n"), "no test ran of tests/test_bad.py"),
    "P34": Trick({"tests/test_aaa.py": "import os\n\ndef test_end():\n    os._exit(0)\n"}, "the run left no junit.xml"),
}  # fmt: skip

HONEST = {
    "P0": Trick({}, "1 passed, 1 failed", "failed"),
    "P1": Trick({"tests/test_bad.py": "", "tests/test_good.py": ""}, "no test was collected"),
    "P22": Trick(bad("async def test_bad(): assert 0\n"), *FAILS),
    "P24": Trick(bad("def test_bad():\n    yield\n    assert 0\n"), *FAILS),
    "P27": Trick(bad("import sys\n\ndef test_bad(): sys.exit(0)\n"), *FAILS),
    "P29": Trick({}, *FAILS, (), {"PYTHONOPTIMIZE": "1"}),
    "P31": Trick({"pytest.ini": INI + "addopts = -p no:junitxml\n"}, *FAILS),
    "P33": Trick({"pytest.ini": INI + "addopts = --no-such-option\n"}, *FAILS),
    "P35": Trick(bad("def test_bad():\n    print('x' * 10_000_000)\n    assert 0\n"), *FAILS),
    "P36": Trick(bad("import missing_module\n\ndef test_bad(): pass\n"), *FAILS),
}


def plain(python: Path, root: Path, trick: Trick) -> int:
    """The exit code of pytest as anyone calls it."""
    env = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", **trick.env}
    argv = (python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *trick.options)
    return subprocess.run(argv, check=False, cwd=root, env=env, capture_output=True, timeout=60).returncode


@pytest.fixture
def both(tree: Tree, target_python: Path, run_suite: RunSuite, ask: Ask) -> Callable[..., tuple[int, Verdict]]:
    """What plain pytest says of a trick, and what the check does."""

    def answers(trick: Trick, limits: Mapping[str, Any] | None = None) -> tuple[int, Verdict]:
        subject = tree({**TARGET, **trick.files}, base_config=BASE)
        code = plain(target_python, subject.root, trick)
        return code, ask({"tests": limits or {}}, run_suite(subject, tests.Limits.model_validate(limits or {})))

    return answers


Both = Callable[..., tuple[int, Verdict]]


@pytest.mark.parametrize("case", FOOLED)
def test_pytest_is_fooled_and_the_check_is_not(both: Both, case: str) -> None:
    code, verdict = both(FOOLED[case])
    assert code == 0
    assert (verdict.outcome, FOOLED[case].words in verdict.summary) == (FOOLED[case].outcome, True), verdict


@pytest.mark.parametrize("case", HONEST)
def test_where_pytest_is_not_fooled_nor_is_the_check(both: Both, case: str) -> None:
    code, verdict = both(HONEST[case])
    assert code != 0
    assert (verdict.outcome, HONEST[case].words in verdict.summary) == (HONEST[case].outcome, True), verdict


def test_p14_a_product_replaced_in_a_conftest_is_not_seen_by_tests_but_by_integrity(both: Both) -> None:
    """Nothing in the run is wrong; that `conftest.py` is new is what the check `integrity` says."""
    code, verdict = both(Trick(conftest(ALWAYS_EQUAL), ""))
    assert (code, verdict.outcome) == (0, "passed")


def test_p14_is_stopped_by_integrity(tree: Tree, ask: Ask, tmp_path: Path) -> None:
    base, old = tree(TARGET), tmp_path / "old"
    base.root.rename(old)
    subject = tree({**TARGET, **conftest(ALWAYS_EQUAL)})
    compared = subject.model_copy(update={"base": base.model_copy(update={"root": old})})
    verdict = ask("integrity", compared)
    assert verdict.outcome == "failed"
    assert [finding.rule for finding in verdict.findings] == ["always-equal", "patched-for-all"]


def test_p20_a_child_that_fails_without_an_assert_is_not_seen(both: Both) -> None:
    """Not cured: many honest children end with an error, and whether their parent looked cannot be told."""
    code, verdict = both(Trick(bad(FORK.replace("assert 1 == 2", "raise ValueError")), ""))
    assert (code, verdict.outcome) == (0, "passed")


def test_p17_a_test_that_hangs_costs_its_own_verdict(tree: Tree, run_suite: RunSuite, ask: Ask) -> None:
    hanging = "import time\n\ndef test_bad():\n    time.sleep(600)\n"
    subject = tree({**TARGET, **bad(hanging)}, base_config=BASE)
    verdict = ask("tests", run_suite(subject, tests.Limits(timeout=3)))
    assert (verdict.outcome, verdict.summary) == ("error", "tests: pytest: timed out after 3 s")


@pytest.mark.parametrize("code", [0, 1])
def test_p18_p19_what_ends_the_process_from_a_thread_leaves_no_report(both: Both, code: int) -> None:
    """As pytest-timeout does with its method `thread`; by `signal` it is a plain failure."""
    ending = f"import os, threading, time\n\ndef test_bad():\n    threading.Timer(0, os._exit, [{code}]).start()\n"
    plain_code, verdict = both(Trick(bad(ending + "    time.sleep(60)\n"), ""))
    assert plain_code == code
    assert (verdict.outcome, f"ended with code {code}, and the run left no junit.xml" in verdict.summary) == (
        "error",
        True,
    )


def test_the_target_without_a_trick_passes(both: Both) -> None:
    code, verdict = both(Trick(FINE, ""))
    assert (code, verdict.summary) == (0, "tests 2 passed, 0 failed, 0 skipped")
