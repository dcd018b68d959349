"""A run of tests that is watched: what is laid into it, and that an honest suite does not notice."""

from collections.abc import Callable

import pytest

from gates import coverage, tests
from gates.subject import Subject
from gates.suites.suite import Place, Suite, programs
from gates.verdict import Verdict

Tree = Callable[..., Subject]
Ask = Callable[[object, Subject], Verdict]
RunSuite = Callable[..., Subject]

PRODUCT = "def post(amount):\n    return amount + 1\n"
GOOD = "from ledger import post\n\n\ndef test_post():\n    assert post(1) == 2\n"
BAD = "def test_bad():\n    assert 1 == 2\n"
WATCH = {
    "folder": "/watch",
    "address": "/socket",
    "canaries": [{"path": "tests/test_x.py", "text": "x", "outcomes": {}}],
}


def suite_of(limits: tests.Limits | None = None) -> Suite:
    place = {"root": "/co", "python": "/env/python", "reports": "/out", "base_config": {}, "token": "0123456789"}
    return programs(limits or tests.Limits(), None, Place.model_validate({**place, "guard": WATCH}))


def test_a_run_that_is_watched_has_a_plugin_of_ours_and_canaries() -> None:
    suite = suite_of()
    assert suite.files["/co/tests/test_x.py"] == "x"
    assert "\nADDRESS = '/socket'\n" in suite.files["/watch/witness_0123456789.py"]
    assert suite.env["PYTHONPATH"] == "/watch"
    argv = suite.steps[0].argv
    assert argv[argv.index("witness_0123456789") - 1] == "-p"


@pytest.mark.parametrize(
    ("paths", "more"),
    [((), ()), (("tests",), ()), (("tests/test_a.py",), ("tests/test_x.py",))],
)
def test_beside_single_files_canaries_are_named(paths: tuple[str, ...], more: tuple[str, ...]) -> None:
    argv = suite_of(tests.Limits(paths=paths)).steps[0].argv
    named = tuple(word.removeprefix("/co/") for word in argv if word.startswith("/co/tests"))
    assert named == (*paths, *more)


def test_single_files_are_run_among_canaries(tree: Tree, run_suite: RunSuite, ask: Ask) -> None:
    limits = {"paths": ["tests/test_post.py"]}
    files = {"tests/test_post.py": "def test_a(): pass\n", "tests/test_bad.py": BAD}
    verdict = ask({"tests": limits}, run_suite(tree(files), tests.Limits.model_validate(limits)))
    assert verdict.summary == "tests 1 passed, 0 failed, 0 skipped"


@pytest.mark.parametrize(
    ("end", "why"),
    [
        ("raise KeyboardInterrupt", "ended with code 2"),
        ("pytest.exit('enough', returncode=1)", "the run was broken off: _pytest.outcomes.Exit: enough"),
        ("request.session.shouldstop = 'enough'", "ended with code 2"),
        ("request.session.shouldfail = 'enough'", "the run was broken off: enough"),
    ],
)
def test_a_run_that_is_broken_off_is_not_believed(
    tree: Tree, run_suite: RunSuite, ask: Ask, end: str, why: str
) -> None:
    # after the canaries, which lie beside it
    text = f"import pytest\n\n@pytest.mark.parametrize('n', range(5))\ndef test_n(n, request):\n    if n == 2: {end}\n"
    verdict = ask("tests", run_suite(tree({"tests/test_zzz.py": text})))
    assert (verdict.outcome, why in verdict.summary) == ("error", True), verdict.summary


HONEST = {
    "pytest.ini": "[pytest]\npythonpath = src\ntestpaths = tests\naddopts = -ra -x --strict-markers -W error\n"
    "markers =\n    slow: takes long\nxfail_strict = true\nfilterwarnings = error\nrequired_plugins =\n",
    "tests/conftest.py": "import pytest\n\n@pytest.fixture(autouse=True)\ndef clean(monkeypatch, request):\n"
    "    monkeypatch.setenv('A', '1')\n    yield\n\n@pytest.hookimpl(hookwrapper=True)\n"
    "def pytest_runtest_makereport(item, call):\n    outcome = yield\n    item.report = outcome.get_result()\n",
    "tests/deep/conftest.py": "def pytest_collection_modifyitems(items):\n    items.reverse()\n",
    "tests/deep/test_post.py": GOOD,
    "tests/data/test_input.py": "nothing = 'to collect'\n",
    "tests/test_many.py": "import functools, unittest, unittest.mock\nimport pytest\n\n"
    "def wrapped(f):\n    @functools.wraps(f)\n    def inner(*a, **k):\n        return f(*a, **k)\n    return inner\n\n"
    "@pytest.mark.slow\n@pytest.mark.parametrize('x', ['a::b', 'c.py', '[', '\\x1b', 'é'])\n"
    "def test_x(x): assert x\n\n"
    "@wrapped\ndef test_wrapped(): pass\n\n"
    "@unittest.mock.patch('os.getcwd', lambda: 'x')\ndef test_patched(): pass\n\n"
    "class TestIt:\n    @staticmethod\n    def test_static(): pass\n\n"
    "    @classmethod\n    def test_class(cls): pass\n\n"
    "class Case(unittest.TestCase):\n    def test_case(self):\n        with self.subTest(1): self.assertTrue(1)\n\n"
    "test_lambda = lambda: None\n",
    "tests/test_process.py": "import os, multiprocessing\n\ndef child(): assert os.getpid()\n\n"
    "def test_fork():\n    p = multiprocessing.get_context('fork').Process(target=child)\n    p.start()\n    p.join()\n"
    "    assert p.exitcode == 0\n",
}


def test_an_honest_suite_of_many_kinds_is_not_accused(tree: Tree, run_suite: RunSuite, ask: Ask) -> None:
    base = {"pytest.ini": HONEST["pytest.ini"]}
    subject = tree({**HONEST, "src/ledger.py": PRODUCT}, base_config=base)
    verdict = ask("tests", run_suite(subject, None, coverage.Limits()))
    assert verdict.summary == "tests 13 passed, 0 failed, 0 skipped"
