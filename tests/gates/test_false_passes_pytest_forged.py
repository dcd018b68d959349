"""Attacks on the gate itself: by someone who knows of canaries and of the report, and turns only the test that fails.

The last test shows what holds no longer: code in the process of the tests that knows our plugin deceives it. It has to
stand in a conftest, a plugin or a test, where the check `integrity` shows it to a person.
"""

from collections.abc import Callable

import pytest

from gates import tests
from gates.subject import Subject
from gates.verdict import Verdict

Tree = Callable[..., Subject]
Ask = Callable[[object, Subject], Verdict]
RunSuite = Callable[..., Subject]

FILES = {
    "tests/test_good.py": "def test_good():\n    assert 1 + 1 == 2\n",
    "tests/test_bad.py": "import pytest\n\ndef test_bad():\n    assert 1 == 2\n\ndef test_fine():\n    pass\n",
}
REPORT = """\
import pytest

@pytest.hookimpl(hookwrapper=True{order})
def pytest_runtest_makereport(item, call):
    outcome = yield
    if item.name == "test_bad":
        outcome.get_result().outcome = "passed"
"""
LOGREPORT = """\
import pytest

@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logreport(report):
    if "test_bad" in report.nodeid:
        report.outcome = "passed"
"""
AT_EXIT = """\
import atexit, os, re, sys

def forge():
    path = next(word for word in sys.argv if word.startswith("--junitxml=")).partition("=")[2]
    text = open(path).read()
    text = re.sub(r'(<testcase [^>]*name="test_bad"[^>]*)>.*?</testcase>', {becomes}, text, flags=re.S)
    open(path, "w").write(text)
    os._exit(1)

atexit.register(forge)
"""
RUNTEST = """\
from _pytest.python import Function
real = Function.runtest
Function.runtest = lambda self: None if self.name == "test_bad" else real(self)
"""
REPLACED = """\
def fine():
    pass

def pytest_collection_modifyitems(items):
    for item in items:
        if item.name == "test_bad":
            item.obj = fine
"""
UNREGISTERED = """\
import pytest

@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    for name, plugin in config.pluginmanager.list_name_plugin():
        if name.startswith("witness_"):
            config.pluginmanager.unregister(plugin)
"""
CHILD = """\
import os

def test_bad():
    if not (child := os.fork()):
        assert 1 == 2
    os.waitpid(child, 0)

def test_fine():
    pass
"""
ONLY_KNOWN = """\
def pytest_collection_modifyitems(items):
    items[:] = [item for item in items if item.path.name in ("test_good.py", "test_bad.py")]
"""
STOPPED = """\
import sys

def pytest_runtest_setup(item):
    if item.name == "test_bad":
        sys.modules[item.module.__name__].test_bad.__code__ = (lambda: None).__code__
"""
DROPPED = "def pytest_collection_modifyitems(items):\n    items[:] = [i for i in items if i.name != 'test_bad']\n"
CALL = "def pytest_pyfunc_call(pyfuncitem):\n    return True if pyfuncitem.name == 'test_bad' else None\n"

ATTACKS = {
    "the report of one test is turned": (REPORT.format(order=""), "raised, and the report has them passed: test_bad"),
    "it is turned outside of us": (REPORT.format(order=", tryfirst=True"), "raised, and the report has them passed"),
    "it is turned on its way to the file": (LOGREPORT, "raised, and the report has them passed"),
    "the file is forged in the end": (AT_EXIT.format(becomes="r'\\1/>'"), "raised, and the report has them passed"),
    "a failure is taken out of the file": (AT_EXIT.format(becomes="''"), "failed, and the report leaves them out"),
    "one test is not called": (CALL, "tests passed without running: test_bad (tests/test_bad.py)"),
    "one test is not run": (RUNTEST, "tests passed without running: test_bad"),
    "our plugin is taken out": (UNREGISTERED, "tests passed without running"),
    "one test is dropped": (DROPPED, "tests/test_bad.py:3 test_bad did not run"),
    "only known files are kept": (ONLY_KNOWN, "a test of ours in tests must come out as"),
    "one test becomes another function": (REPLACED, "test_bad ran as other code: tests/conftest.py:1"),
    "one test has the code of another": (STOPPED, "test_bad ran as other code: tests/conftest.py:5"),
}


def answered(tree: Tree, run_suite: RunSuite, ask: Ask, files: dict[str, str]) -> Verdict:
    return ask("tests", run_suite(tree({**FILES, **files})))


@pytest.mark.parametrize("attack", ATTACKS)
def test_who_spares_the_canaries_is_seen(tree: Tree, run_suite: RunSuite, ask: Ask, attack: str) -> None:
    text, words = ATTACKS[attack]
    verdict = answered(tree, run_suite, ask, {"tests/conftest.py": text})
    assert not verdict.passed
    assert words in verdict.summary, verdict


def test_a_child_that_goes_on_with_the_session_is_seen(tree: Tree, run_suite: RunSuite, ask: Ask) -> None:
    verdict = answered(tree, run_suite, ask, {"tests/test_bad.py": CHILD})
    assert not verdict.passed


def test_a_report_without_any_run_is_not_believed(tree: Tree, run_suite: RunSuite, ask: Ask) -> None:
    whole = """\
import os, sys
path = next(word for word in sys.argv if word.startswith("--junitxml=")).partition("=")[2]
case = '<testcase classname="tests.test_{0}" name="test_{0}" file="tests/test_{0}.py"/>'
open(path, "w").write("<testsuites>" + "".join(map(case.format, ("good", "bad", "fine"))) + "</testsuites>")
os._exit(1)
"""
    verdict = answered(tree, run_suite, ask, {"tests/conftest.py": whole})
    assert verdict.outcome == "error"
    assert "passed without running" in str(verdict.findings)


def test_what_we_noted_cannot_be_read_from_the_run(tree: Tree, run_suite: RunSuite, ask: Ask) -> None:
    """Neither a variable nor a file tells the tests which of them are ours."""
    spy = """\
import os, pathlib

def test_spy(request):
    assert "PYTHONPATH" not in os.environ
    reports = pathlib.Path(request.config.option.xmlpath).parent
    assert not (reports.parent / "guard.json").exists()
"""
    verdict = answered(tree, run_suite, ask, {"tests/test_bad.py": spy})
    assert verdict.summary == "tests 2 passed, 0 failed, 0 skipped"


def test_a_suite_that_cannot_bear_canaries_can_be_run_without(tree: Tree, run_suite: RunSuite, ask: Ask) -> None:
    strict = "import pytest\n\n@pytest.fixture(autouse=True)\ndef known(request):\n    assert request.module.KNOWN\n"
    files = {"tests/conftest.py": strict, "tests/test_good.py": "KNOWN = 1\n" + FILES["tests/test_good.py"]}
    verdict = ask("tests", run_suite(tree(files)))
    assert verdict.outcome == "error"
    assert "let the plan say `tests: {guarded: false}`" in verdict.summary


def test_a_run_without_guard_is_as_pytest_tells_it(tree: Tree, run_suite: RunSuite, ask: Ask) -> None:
    limits = tests.Limits(guarded=False)
    subject = run_suite(tree({"tests/test_good.py": FILES["tests/test_good.py"]}), limits)
    assert ask({"tests": limits.model_dump()}, subject).summary == "tests 1 passed, 0 failed, 0 skipped"
    assert "-p witness_" not in " ".join(subject.ran[0].argv)


DECEIVER = (
    REPORT.format(order="")
    + """
def pytest_configure():
    import json, sys
    witness = next(module for name, module in sys.modules.items() if name.startswith("witness_"))
    def lie(told):
        return json.dumps({**told, "raised": False} if "test_bad" in str(told.get("test")) else told)
    witness._dumps = lie
"""
)


def test_not_cured_code_in_the_process_that_knows_our_plugin_deceives_it(
    tree: Tree, run_suite: RunSuite, ask: Ask
) -> None:
    assert answered(tree, run_suite, ask, {"tests/conftest.py": DECEIVER}).passed
