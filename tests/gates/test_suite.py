"""Running the target's tests: real pytest, real coverage, and the tricks that would turn them green."""

import shlex
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path

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
CONFIG = '[tool.pytest.ini_options]\npythonpath = ["src"]\ntestpaths = ["tests"]\n'
BASE = {"pyproject.toml": CONFIG}

IN_A_THREAD = """
import threading

def fail():
    assert 0

def test_thread():
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
"""


def suite_of(limits: tests.Limits | None = None, cover: coverage.Limits | None = None, **fields: object) -> Suite:
    place = {"root": "/co", "python": "/env/python", "reports": "/out", "base_config": {}, "token": "0123456789"}
    return programs(limits or tests.Limits(), cover, Place.model_validate(place | fields))


def ini_options(suite: Suite) -> dict[str, str]:
    argv = suite.steps[0].argv
    options = [value for flag, value in pairwise(argv) if flag == "-o"]
    return dict(option.split("=", 1) for option in options)


def test_a_good_suite_passes(tree: Tree, run_suite: RunSuite, ask: Ask) -> None:
    subject = run_suite(tree({"src/ledger.py": PRODUCT, "tests/test_post.py": GOOD}, base_config=BASE))
    verdict = ask("tests", subject)
    assert (verdict.outcome, verdict.measured) == ("passed", {"passed": 1, "failed": 0, "skipped": 0})
    assert not (subject.root / ".pytest_cache").exists()


def test_options_about_an_earlier_run_find_none(tree: Tree, run_suite: RunSuite, ask: Ask) -> None:
    base = {"pytest.ini": "[pytest]\naddopts = --ff --lf\npythonpath = src\n"}
    asking = "def test_cache(cache):\n    assert cache.get('mine', None) is None\n"
    # as if only test_cache had failed
    left = {".pytest_cache/v/cache/lastfailed": '{"tests/test_post.py::test_cache": true}'}
    files = {"src/ledger.py": PRODUCT, "tests/test_post.py": GOOD + asking, **left}
    verdict = ask("tests", run_suite(tree(files, base_config=base)))
    assert verdict.summary == "tests 2 passed, 0 failed, 0 skipped"


def test_a_failing_suite_fails_where_it_fails(tree: Tree, run_suite: RunSuite, ask: Ask) -> None:
    verdict = ask(
        "tests", run_suite(tree({"tests/test_bad.py": "\n" + BAD, "tests/test_ok.py": "def test_ok(): pass"}))
    )
    assert verdict.outcome == "failed"
    assert verdict.summary.startswith("tests 1 passed, 1 failed, 0 skipped: tests/test_bad.py:2 ")
    (finding,) = verdict.findings
    assert (finding.path, finding.line) == ("tests/test_bad.py", 2)
    assert "assert 1 == 2" in finding.message


def test_one_file_that_cannot_be_collected_hides_no_other(tree: Tree, run_suite: RunSuite, ask: Ask) -> None:
    files = {
        "tests/test_a.py": "import missing_module\n\ndef test_a(): pass\n",
        "tests/test_ok.py": "def test_ok(): pass",
    }
    verdict = ask("tests", run_suite(tree(files)))
    assert (verdict.outcome, verdict.measured) == ("failed", {"passed": 1, "failed": 1, "skipped": 0})
    assert [finding.path for finding in verdict.findings] == ["tests/test_a.py"]


@pytest.mark.parametrize(
    ("trick", "reason"),
    [
        ("import os\nos._exit(0)\n", "ended with code 0, and the run left no junit.xml"),
        (
            "def pytest_sessionfinish(session):\n    session.exitstatus = 0\n",
            "code 0, but its report tells of 1 failures",
        ),
        ("collect_ignore_glob = ['test_bad*']\n", "no test ran of tests/test_bad.py"),
        (
            "import pytest\n\n\ndef pytest_collection_finish():\n    pytest.exit('done', returncode=0)\n",
            "no test was collected (pytest ended with code 0)",
        ),
    ],
)
def test_a_conftest_does_not_turn_it_green(tree: Tree, run_suite: RunSuite, ask: Ask, trick: str, reason: str) -> None:
    files = {"tests/conftest.py": trick, "tests/test_bad.py": BAD, "tests/test_ok.py": "def test_ok(): pass\n"}
    verdict = ask("tests", run_suite(tree(files)))
    assert verdict.outcome == "error"
    assert reason in verdict.summary


def test_configuration_of_the_candidate_counts_for_nothing(tree: Tree, run_suite: RunSuite, ask: Ask) -> None:
    deselected = "[pytest]\naddopts = --deselect tests/test_bad.py::test_bad -p no:junitxml\npython_functions = ok_*\n"
    files = {"tests/test_bad.py": BAD, "pytest.ini": deselected, "pyproject.toml": CONFIG, "setup.cfg": deselected}
    verdict = ask("tests", run_suite(tree(files, base_config=BASE)))
    assert (verdict.outcome, verdict.measured) == ("failed", {"passed": 0, "failed": 1, "skipped": 0})


def test_modules_and_reports_in_the_tree_are_not_taken_for_the_real_ones(
    tree: Tree, run_suite: RunSuite, ask: Ask
) -> None:
    forged = "print('1 passed')\nraise SystemExit(0)\n"
    junit = '<testsuites><testsuite><testcase classname="tests.test_bad" name="test_bad"/></testsuite></testsuites>'
    files = {
        "pytest.py": forged,
        "pytest/__main__.py": forged,
        "coverage/__init__.py": "",
        "coverage/__main__.py": forged,
        "junit.xml": junit,
        ".coverage": "forged",
        "coverage.json": "{}",
        "src/ledger.py": PRODUCT,
        "tests/test_bad.py": BAD,
    }
    subject = run_suite(tree(files, base_config=BASE), None, coverage.Limits())
    assert ask("tests", subject).measured == {"passed": 0, "failed": 1, "skipped": 0}
    verdict = ask({"coverage": {"paths": "src"}}, subject)
    assert (verdict.outcome, verdict.measured) == ("failed", 0.0)


@pytest.mark.parametrize(
    ("body", "outcome", "words"),
    [
        (IN_A_THREAD, "failed", "1 failed"),
        ("def test_tuple():\n    assert (1 == 2, 'never')\n", "failed", "1 failed"),
        ("class TestIt:\n    def __init__(self): pass\n    def test_it(self): assert 0\n",
         "error", "no test was collected"),
        ("import pytest\n\n@pytest.mark.skip\ndef test_skipped(): assert 0\n\ndef test_ok(): pass\n",
         "failed", "1 passed, 0 failed, 1 skipped"),
        ("import pytest\n\n@pytest.mark.xfail\ndef test_known(): assert 0\n\ndef test_ok(): pass\n",
         "failed", "1 passed, 0 failed, 1 skipped"),
        ("def helper(): pass\n", "error", "no test was collected"),
        ("import os\n\ndef test_end(): os._exit(0)\n", "error", "left no junit.xml"),
        ("def test_broken(:\n", "error", "tests/test_it.py:1 cannot be read as Python"),
    ],
)  # fmt: skip
def test_what_pytest_lets_pass(tree: Tree, run_suite: RunSuite, ask: Ask, body: str, outcome: str, words: str) -> None:
    verdict = ask("tests", run_suite(tree({"tests/test_it.py": body})))
    assert verdict.outcome == outcome
    assert words in verdict.summary


def test_coverage_counts_the_whole_product_and_other_processes(tree: Tree, run_suite: RunSuite, ask: Ask) -> None:
    files = {
        "src/ledger/__init__.py": "",
        "src/ledger/post.py": "def post(x):\n    if x:\n        return 1\n    return 2  # pragma: no cover\n",
        "src/ledger/child.py": "VALUE = 1\nOTHER = 2\n",
        "src/ledger/deep/never.py": "A = 1\nB = 2\n",
        "tests/test_post.py": "import os, subprocess, sys\nfrom ledger.post import post\n\n"
        "def test_post():\n    assert post(1) == 1\n"
        "    env = os.environ | {'PYTHONPATH': 'src'}\n"
        "    subprocess.run([sys.executable, '-c', 'import ledger.child'], check=True, env=env)\n",
    }
    subject = run_suite(tree(files, base_config=BASE), None, coverage.Limits(branch=True))
    lines = ask({"coverage": {"at_least": 62.5}}, subject)
    assert (lines.outcome, lines.measured) == ("passed", 62.5)
    branches = ask({"coverage": {"at_least": 60.1, "branch": True}}, subject)
    assert (branches.outcome, branches.measured) == ("failed", 60.0)
    assert branches.summary.startswith("coverage 60 % < 60.1 %: src/ledger/deep/never.py 0 %, no test imports it")
    assert ask({"coverage": {"at_least": 60, "branch": True}}, subject).passed


def test_a_package_imported_from_elsewhere_is_told_of(
    tree: Tree, run_suite: RunSuite, ask: Ask, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "earlier"
    elsewhere.mkdir()
    (elsewhere / "ledger.py").write_text(PRODUCT)
    base = {"pytest.ini": f"[pytest]\npythonpath = {elsewhere}\n"}
    files = {"ledger.py": "def post(amount):\n    return 'broken'\n", "tests/test_post.py": GOOD}
    subject = tree(files, base_config=base, packages=["ledger.py"])
    verdict = ask("coverage", run_suite(subject, None, coverage.Limits()))
    assert verdict.outcome == "error"
    assert f"imported from {elsewhere / 'ledger.py'}, not from the candidate" in verdict.summary


def test_an_interpreter_without_pytest_is_an_error(
    tree: Tree, run_suite: RunSuite, ask: Ask, target_python: Path, tmp_path: Path
) -> None:
    bare = tmp_path / "bare"
    bare.write_text(f'#!/bin/sh\nexec {shlex.quote(str(target_python))} -S "$@"\n')
    bare.chmod(0o755)
    verdict = ask("tests", run_suite(tree({"tests/test_ok.py": "def test_ok(): pass"}), python=bare))
    assert verdict.outcome == "error"
    assert "No module named pytest" in verdict.findings[0].message


@pytest.mark.parametrize(
    ("base", "suffix"),
    [({}, ".ini"), (BASE, ".toml"), ({"setup.cfg": "[tool:pytest]\nxfail_strict = 1\n"}, ".cfg")],
)
def test_configuration_is_the_base_commits_in_the_checkouts_root(base: Mapping[str, str], suffix: str) -> None:
    suite = suite_of(base_config=base)
    path = f"/co/.sparc-0123456789{suffix}"
    assert suite.files == {path: next(iter(base.values()), "[pytest]\n")}
    argv = suite.steps[0].argv
    assert argv[:6] == ("/env/python", "-P", "-m", "pytest", "-c", path)
    assert argv[argv.index("--rootdir") + 1] == "/co"
    assert suite.env == {}


def test_limits_reach_the_command_line() -> None:
    limits = tests.Limits(paths="tests/unit", timeout="90s", options={"asyncio_mode": "auto", "xfail_strict": True})
    suite = suite_of(limits)
    assert suite.steps[0].argv[-1] == "/co/tests/unit"
    assert suite.steps[0].timeout == 90
    assert ini_options(suite) == {
        "asyncio_mode": "auto",
        "xfail_strict": "true",
        "cache_dir": "/out/cache",
        "junit_family": "xunit1",
        "junit_logging": "no",
    }


@pytest.mark.parametrize(
    ("addopts", "kept"),
    [
        ("--cov=src -q", "-q"),
        ("--cov src -q tests/a", "-q tests/a"),
        ("--cov --cov-report=xml -m 'not slow'", "-m 'not slow'"),
        ("--cov-branch tests/a --cov-fail-under 80", "tests/a"),
        ("-ra", "-ra"),
    ],
)
def test_pytest_cov_is_left_out_of_the_base_commits_options(addopts: str, kept: str) -> None:
    assert ini_options(suite_of(base_config={"tox.ini": f"[pytest]\naddopts = {addopts}\n"}))["addopts"] == kept


def test_options_of_the_plan_win_over_the_base_commits() -> None:
    suite = suite_of(tests.Limits(options={"addopts": "-x"}), base_config={"pytest.ini": "[pytest]\naddopts = -q\n"})
    assert ini_options(suite)["addopts"] == "-x"


def test_coverage_is_a_run_and_a_report_outside_the_tree() -> None:
    suite = suite_of(
        cover=coverage.Limits(branch=True), root="/co$x", packages=["src/ledger", "tool.py", "acme/email/"]
    )
    run, report = (step.argv for step in suite.steps)
    assert run[:5] == ("/env/python", "-P", "-m", "coverage", "run")
    assert report[:3] == ("/env/python", "-P", "-c")
    assert report[4:] == ("/coverage.ini", "/out/coverage.data", "/out", "/out/coverage.json")
    config = suite.files["/coverage.ini"].partition("[report]")[0].splitlines()
    assert {"branch = true", "source = /co$$x", "source_pkgs = acme.email, ledger, tool"} <= set(config)
    assert config[-3:] == ["omit = ", "    /co$$x/test/*", "    /co$$x/tests/*"]


@pytest.mark.parametrize(("cover", "packages"), [({"paths": ["tests/a.py"]}, []), ({}, ["tests/tool", "test"])])
def test_folders_of_tests_that_hold_product_are_in_the_report(cover: dict[str, object], packages: list[str]) -> None:
    suite = suite_of(cover=coverage.Limits.model_validate(cover), root="/co", packages=packages)
    assert "/co/test" not in suite.files["/coverage.ini"].partition("omit")[2]


def test_a_token_that_is_no_token_is_refused() -> None:
    with pytest.raises(ValueError, match="token"):
        suite_of(token="../x")  # noqa: S106 - no secret
