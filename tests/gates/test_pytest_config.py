"""Which of the base's files configures pytest, and what it says from the root of the tree."""

from collections.abc import Callable

import pytest

from gates import tests
from gates.subject import Subject
from gates.suites.pytest_config import EMPTY, SECTIONS, chosen, names
from gates.verdict import Verdict

Tree = Callable[..., Subject]
Ask = Callable[[object, Subject], Verdict]
RunSuite = Callable[..., Subject]

OPTION = {"pytest": "[pytest]\n", "tool.pytest": "[tool.pytest.ini_options]\n", "tool:pytest": "[tool:pytest]\n"}
FOLDER = "services/a"
MONO = '[tool.pytest.ini_options]\npythonpath = ["helpers"]\ntestpaths = ["tests"]\naddopts = "--ignore=tests/slow"\n'


def test_files_are_taken_in_the_order_of_pytest() -> None:
    from _pytest.config.findpaths import CONFIG_LOADERS_BY_NAME  # noqa: PLC0415 - of a pytest that is new enough

    assert list(SECTIONS) == list(CONFIG_LOADERS_BY_NAME)
    base = {name: OPTION[section] + f'python_files = "{name}"\n' for name, section in SECTIONS.items()}
    for name in SECTIONS:
        assert str(chosen(base).options["python_files"]).strip('"') == name
        del base[name]
    assert chosen(base) == EMPTY


@pytest.mark.parametrize("name", ["pytest.toml", ".pytest.toml"])
def test_the_own_file_of_pytest_9_counts(name: str, tree: Tree, run_suite: RunSuite, ask: Ask) -> None:
    files = {"checks/here.py": "import help\n\n\ndef check_it():\n    assert help.X == 1\n", "help/help.py": "X = 1\n"}
    text = '[pytest]\npython_files = ["here.py"]\npython_functions = ["check_*"]\npythonpath = ["help"]\n'
    base = {name: text, "pyproject.toml": "[tool.pytest.ini_options]\naddopts = '--collect-only'\n"}
    assert chosen(base).text == text.replace("[pytest]", "[tool.pytest]")
    assert ask("tests", run_suite(tree(files, base_config=base))).measured == {"passed": 1, "failed": 0, "skipped": 0}


def test_the_own_file_is_taken_though_it_says_nothing() -> None:
    assert chosen({"pytest.toml": "", "pytest.ini": "[pytest]\naddopts = -x\n"}) == EMPTY
    odd = 'pytest = {addopts = "-x"}\n'
    assert chosen({"pytest.toml": odd}).text == odd, "what cannot be moved stays"


def test_an_empty_table_is_a_configuration() -> None:
    base = {"pyproject.toml": "[tool.pytest.ini_options]\n", "tox.ini": "[pytest]\naddopts = -x\n"}
    assert chosen(base).options == {}


def test_the_folder_of_the_project_counts_where_the_root_has_nothing() -> None:
    assert names() == tuple(SECTIONS)
    assert f"{FOLDER}/pyproject.toml" in names(FOLDER)
    assert "services/tox.ini" in names(FOLDER)
    base = {
        "pyproject.toml": "[project]\nname = 'x'\n", "services/tox.ini": "[pytest]\n", f"{FOLDER}/pyproject.toml": MONO,
    }  # fmt: skip
    config = chosen(base)
    assert (config.words("testpaths"), config.words("pythonpath"), config.words("addopts")) == (
        ["services/a/tests"], ["services/a/helpers"], ["--ignore=services/a/tests/slow"]
    )  # fmt: skip
    own = chosen({**base, "pytest.ini": "[pytest]\ntestpaths = tests\n"})
    assert (own.words("testpaths"), own.moved) == (["tests"], ()), "the root goes first"


def test_paths_of_all_forms_are_moved() -> None:
    text = "[pytest]\ntestpaths = . ../b/tests 'my tests'\naddopts = -q --ignore x --deselect=tests/a.py::b\n"
    config = chosen({f"{FOLDER}/pytest.ini": text})
    assert config.words("testpaths") == ["services/a", "services/b/tests", "services/a/my tests"]
    assert config.words("addopts") == ["-q", "--ignore", "services/a/x", "--deselect=services/a/tests/a.py::b"]
    assert chosen({f"{FOLDER}/pytest.ini": "[pytest]\npythonpath = /opt/x\n"}).words("pythonpath") == ["/opt/x"]


def test_a_project_in_a_folder_runs_with_its_own_configuration(tree: Tree, run_suite: RunSuite, ask: Ask) -> None:
    files = {
        f"{FOLDER}/tests/test_a.py": "import helper\n\n\ndef test_a():\n    assert helper.X == 1\n",
        f"{FOLDER}/tests/slow/test_slow.py": "def test_slow():\n    assert 0\n",
        f"{FOLDER}/helpers/helper.py": "X = 1\n",
        "services/b/tests/test_b.py": "import nothing_of_this_name\n",
    }
    # what the candidate says there counts for nothing
    files[f"{FOLDER}/pyproject.toml"] = "[tool.pytest.ini_options]\naddopts = '--collect-only'\n"
    subject = tree(files, base_config={f"{FOLDER}/pyproject.toml": MONO}, python=FOLDER)
    verdict = ask("tests", run_suite(subject, tests.Limits()))
    assert (verdict.outcome, verdict.measured) == ("passed", {"passed": 1, "failed": 0, "skipped": 0}), verdict
