"""The bench: real checks on real trees, whose tests and commands do what they should not."""

import importlib.util
import marshal
import sys
import threading
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import replace
from pathlib import Path

import pytest

from gates.checks import Check
from gates.verdict import Outcome
from tasks.bench import Bench
from tasks.command import Processes, processes
from tasks.errors import Interrupted
from tasks.exam import Exam
from tasks.target import Environment
from tests.tasks.benches import FREE, LEDGER, METADATA, SCRIPTS, answers, command

pytestmark = pytest.mark.builds


def test_reading_checks_need_no_environment(exam_of: Callable[..., Exam], tmp_path: Path) -> None:
    exam = exam_of({"docs/a.md": "one\ntwo\n"}, deliverables=("docs/a.md",))
    there, enough, absent = answers(
        exam, "deliverables", {"lines": {"at_least": 3}}, {"absent": {"paths": "docs/*.md", "pattern": "three"}}
    )
    assert [each.verdict.outcome for each in (there, enough, absent)] == [
        Outcome.PASSED,
        Outcome.FAILED,
        Outcome.PASSED,
    ]
    assert there.evidence["tree"] == exam.tree
    assert there.evidence["base"] == exam.base
    assert there.evidence["verdict"] == there.verdict.model_dump(mode="json")
    assert not (tmp_path / "exam").exists()


def test_one_run_of_the_tests_serves_tests_and_coverage(exam_of: Callable[..., Exam], tmp_path: Path) -> None:
    counter = tmp_path / "runs"
    counting = f"def pytest_sessionfinish():\n    open({str(counter)!r}, 'a').write('x')\n"
    tested, covered = answers(
        exam_of(LEDGER | {"tests/conftest.py": counting}, confinement=FREE), "tests", {"coverage": {"branch": True}}
    )
    assert tested.verdict.summary == "tests 1 passed, 0 failed, 0 skipped"
    assert covered.verdict.measured == 100.0
    assert counter.read_text() == "x"
    assert covered.evidence["environment"] == tested.evidence["environment"] is not None
    assert covered.evidence["versions"].keys() == {"python", "pytest", "coverage"}  # type: ignore[union-attr]
    assert str(tmp_path) not in str(tested.evidence)
    assert "{scratch}/env/bin/python" in str(tested.evidence["ran"])
    # an environment that was kept with the project in it would measure the code above once more
    broken = {"src/ledger/__init__.py": "def total(a, b):\n    return a - b\n"}
    (again,) = answers(exam_of(broken), "tests")
    assert again.evidence["environment"] == tested.evidence["environment"]
    assert again.verdict.outcome is Outcome.FAILED
    assert again.verdict.findings[0].path == "tests/test_total.py"


def test_a_target_whose_packages_are_named_like_ours(exam_of: Callable[..., Exam]) -> None:
    files = {
        "conftest.py": "",
        "tasks/__init__.py": "def mine():\n    return 'theirs'\n",
        "gates/__init__.py": "OURS = False\n",
        "tests/test_tasks.py": "import gates, tasks\n\ndef test_mine():\n    assert tasks.mine() == 'theirs'\n",
    }
    tested, covered = answers(exam_of(SCRIPTS | files), "tests", {"coverage": {"at_least": 100}})
    assert tested.verdict.passed, tested.verdict
    assert covered.verdict.passed, covered.verdict


def test_programs_of_the_tests_find_what_others_have_compiled(exam_of: Callable[..., Exam]) -> None:
    asking = (
        "import subprocess, sys, ledger\n\ndef test_compiled():\n"
        "    told = 'import ledger, os; print(os.path.exists(ledger.__cached__))'\n"
        "    argv = (sys.executable, '-B', '-c', told)\n"
        "    assert subprocess.run(argv, capture_output=True, text=True).stdout == 'True\\n'\n"
    )
    (tested,) = answers(exam_of(LEDGER | {"tests/test_compiled.py": asking}), "tests")
    assert tested.verdict.outcome is Outcome.PASSED, tested.verdict


def test_without_metadata_tests_are_an_error_and_commands_run(exam_of: Callable[..., Exam]) -> None:
    exam = exam_of({"tests/test_a.py": "def test_a(): pass\n"})
    tested, covered, ran = answers(exam, "tests", "coverage", command("git", "--version"))
    assert tested.verdict.outcome is covered.verdict.outcome is Outcome.ERROR
    assert "no Python metadata" in tested.verdict.summary
    assert tested.verdict.summary.removeprefix("tests") == covered.verdict.summary.removeprefix("coverage")
    assert ran.verdict.passed


def test_broken_metadata_are_the_same_error_for_all(exam_of: Callable[..., Exam]) -> None:
    tested, ran, read = answers(
        exam_of({"pyproject.toml": "[project\n"}), "tests", command("true"), {"lines": {"paths": "*", "at_least": 1}}
    )
    assert tested.verdict.summary.startswith("tests: pyproject.toml is not valid TOML")
    assert ran.verdict.summary.startswith("command it: pyproject.toml is not valid TOML")
    assert read.verdict.passed


def test_a_build_that_fails_is_told_without_paths(exam_of: Callable[..., Exam], tmp_path: Path) -> None:
    failing = {"setup.py": "import os\nraise SystemExit(f'not in {os.getcwd()}')\n"}
    (tested,) = answers(exam_of(failing), "tests")
    assert tested.verdict.summary.startswith("tests: the target's environment cannot be made: uv pip install")
    assert "not in {workspace}" in tested.verdict.summary
    assert str(tmp_path) not in str(tested)


def test_a_group_that_is_missing_is_an_error(exam_of: Callable[..., Exam]) -> None:
    (tested,) = answers(exam_of(LEDGER, environment=Environment(groups=("nope",))), "tests")
    assert tested.verdict.outcome is Outcome.ERROR
    assert "environment.groups names 'nope'" in tested.verdict.summary


def test_what_one_check_changes_reaches_no_other(exam_of: Callable[..., Exam]) -> None:
    exam = exam_of({"a": "text\n", "docs/b.md": "one\n"})
    vandal = {"command": {"name": "vandal", "run": ["sh", "-c", "rm -rf a docs ../../*/tree/a"]}}
    changed, read = answers(exam, vandal, {"contains": {"paths": "docs/b.md", "pattern": "one"}})
    assert changed.verdict.outcome is Outcome.FAILED
    assert read.verdict.passed


def test_tests_that_change_code_are_not_believed(exam_of: Callable[..., Exam]) -> None:
    rewriting = "import pathlib\n\ndef test_all():\n    pathlib.Path('ledger.py').write_text('')\n"
    exam = exam_of(SCRIPTS | {"ledger.py": "TOTAL = 1\n", "tests/test_all.py": rewriting})
    tested, covered = answers(exam, "tests", {"coverage": {"at_least": 0}})
    assert tested.verdict.outcome is Outcome.FAILED
    assert not covered.verdict.passed
    assert tested.verdict.summary == "tests: changed tracked files: ledger.py"


SETUPTOOLS = '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
BROKEN = "def total(a, b):\n    return a - b\n"
SETUP = """\
import pathlib, setuptools
{work}
setuptools.setup(name="ledger", package_dir={{"": "src"}}, packages=["ledger"])
"""


@pytest.mark.parametrize(
    ("work", "changed"),
    [
        (
            f"pathlib.Path('src/ledger/__init__.py').write_text({LEDGER['src/ledger/__init__.py']!r})",
            "src/ledger/__init__.py",
        ),
        ("pathlib.Path('tests/test_total.py').write_text('def test_it(): pass\\n')", "tests/test_total.py"),
        ("pathlib.Path('tests/test_total.py').unlink(missing_ok=True)", "tests/test_total.py"),
    ],
)
def test_what_installing_the_project_rewrites_is_not_tested(
    exam_of: Callable[..., Exam], work: str, changed: str
) -> None:
    files = LEDGER | {
        "pyproject.toml": SETUPTOOLS,
        "setup.py": SETUP.format(work=work),
        "src/ledger/__init__.py": BROKEN,
    }
    tested, ran = answers(exam_of(files), "tests", command("python", "-m", "pytest", "-p", "no:cacheprovider"))
    assert tested.verdict.outcome is ran.verdict.outcome is Outcome.ERROR
    assert tested.verdict.summary.startswith(f"tests: installing the project changed {changed}, ")
    assert ran.verdict.summary.startswith(f"command it: installing the project changed {changed}, ")


def test_compiled_modules_in_the_tree_are_not_run(exam_of: Callable[..., Exam]) -> None:
    # of the kind that Python believes without looking at the source
    code = importlib.util._RAW_MAGIC_NUMBER.to_bytes(4, "little") + b"\1" + b"\0" * 11  # type: ignore[attr-defined] # noqa: SLF001
    code += marshal.dumps(compile("def total(a, b):\n    return 3\n", "ledger.py", "exec"))
    wrong = LEDGER | {"src/ledger/__init__.py": "def total(a, b):\n    return 4\n"}
    path = f"src/ledger/__pycache__/__init__.{sys.implementation.cache_tag}.pyc"
    (told,) = answers(exam_of(wrong | {path: code}), "tests")
    assert told.verdict.outcome == Outcome.ERROR
    assert (
        f"compiled modules, which Python may run in place of their sources: {path}: take them" in told.verdict.summary
    )


def test_a_build_may_write_the_same_once_more_and_new_files(exam_of: Callable[..., Exam]) -> None:
    work = "text = pathlib.Path('src/ledger/__init__.py').read_text()\n"
    work += "pathlib.Path('src/ledger/__init__.py').unlink()\npathlib.Path('src/ledger/__init__.py').write_text(text)\n"
    work += "pathlib.Path('src/ledger/_version.py').write_text('VERSION = 1')"
    files = LEDGER | {"pyproject.toml": SETUPTOOLS, "setup.py": SETUP.format(work=work)}
    for measured in answers(
        exam_of(files), "tests", {"coverage": {"at_least": 100}}, command("python", "-c", "import ledger")
    ):
        assert measured.verdict.passed, measured.verdict


def test_what_is_declared_takes_nothing_out_of_coverage(exam_of: Callable[..., Exam]) -> None:
    files = {
        "pyproject.toml": METADATA + '[tool.hatch.build.targets.wheel]\npackages = ["src/small"]\n',
        "src/small/__init__.py": "ONE = 1\n",
        "src/huge.py": "def never():\n" + "    print()\n" * 30,
        "tests/test_it.py": "import huge, small\n\ndef test_it():\n    assert small.ONE\n",
    }
    (covered,) = answers(exam_of(files), "coverage")
    assert covered.verdict.outcome is Outcome.FAILED
    assert covered.verdict.findings[0].path == "src/huge.py"


def test_a_name_takes_nothing_out_of_coverage_or_bandit(exam_of: Callable[..., Exam]) -> None:
    engine = "import subprocess\n\ndef run(line):\n" + "    subprocess.call(line, shell=True)\n" * 9
    files = {
        "pyproject.toml": METADATA,
        "ledger/__init__.py": "ONE = 1\n",
        "ledger/engine_test.py": engine,
        "ledger/tests/__init__.py": "",
        "ledger/tests/test_one.py": "import ledger.engine_test\n\ndef test_one():\n    assert ledger.ONE\n",
    }
    covered, secure = answers(exam_of(files), "coverage", "bandit")
    assert [finding.path for finding in covered.verdict.findings] == ["ledger/engine_test.py"]
    assert secure.verdict.findings[0].path == "ledger/engine_test.py"


def test_the_metadata_tell_bandit_where_product_lies(exam_of: Callable[..., Exam]) -> None:
    metadata = METADATA + '[tool.hatch.build.targets.wheel]\npackages = ["lib/ledger"]\n'
    shell = "import subprocess, sys\nsubprocess.call(sys.argv[1], shell=True)\n"
    files = {"server/pyproject.toml": metadata, "server/lib/ledger/engine_test.py": shell}
    (secure,) = answers(exam_of(files, environment=Environment(python="server")), "bandit")
    assert secure.verdict.findings[0].path == "server/lib/ledger/engine_test.py"


def test_a_suite_that_hangs_is_an_error_for_both(exam_of: Callable[..., Exam]) -> None:
    hanging = "import time\n\ndef test_hang():\n    time.sleep(300)\n"
    exam = exam_of(SCRIPTS | {"tests/test_hang.py": hanging})
    tested, covered = answers(exam, {"tests": {"timeout": 1}}, "coverage")
    assert tested.verdict.outcome is covered.verdict.outcome is Outcome.ERROR
    assert "timed out after 1 s" in tested.verdict.summary


def test_a_tree_that_git_does_not_know_is_an_error(exam_of: Callable[..., Exam]) -> None:
    exam = replace(exam_of({"a": ""}), tree="1" * 40)
    read, ran = answers(exam, {"lines": {"paths": "a", "at_least": 1}}, command("true"))
    assert read.verdict.outcome is ran.verdict.outcome is Outcome.ERROR
    assert read.verdict.summary.removeprefix("lines") == ran.verdict.summary.removeprefix("command it")


def test_an_interruption_is_no_verdict(exam_of: Callable[..., Exam], tmp_path: Path) -> None:
    scope, check = Processes(), Check.model_validate(command("sleep", "300", timeout=300))
    run_of_its_own = copy_context()
    run_of_its_own.run(processes.set, scope)
    threading.Timer(0.5, scope.stop).start()
    with Bench(exam_of({"a": ""}), [check]) as bench, pytest.raises(Interrupted):
        run_of_its_own.run(bench.verdict, check)
    assert not (tmp_path / "exam").exists()


def test_scratch_is_gone_whatever_was_left_in_it(exam_of: Callable[..., Exam], tmp_path: Path) -> None:
    dig = "import os\nfor _ in range(1500):\n    os.mkdir('d' * 50)\n    os.chdir('d' * 50)\nos.chmod('.', 0)\n"
    check: Check = Check.model_validate(command("python3", "-c", dig))
    with Bench(exam_of({"a": ""}), [check]) as bench:
        assert bench.verdict(check).verdict.passed
        assert (tmp_path / "exam").exists()
    assert not (tmp_path / "exam").exists()


def test_a_folder_in_which_tools_would_find_nothing_is_not_used(exam_of: Callable[..., Exam], tmp_path: Path) -> None:
    files = {"src/a.py": "import hashlib\nhashlib.md5(b'')\n"}
    (secure,) = answers(exam_of(files, folder=tmp_path / "my.github/exam"), "bandit")
    assert secure.verdict.outcome is Outcome.FAILED
    assert not (tmp_path / "my.github").exists()
