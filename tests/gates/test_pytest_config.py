"""Which configuration file pytest would take, and what it says."""

import pytest

from gates.suites.pytest_config import EMPTY, chosen

INI = "[pytest]\ntestpaths = a 'b c'  # here\n    d\n"


@pytest.mark.parametrize(
    ("base", "suffix", "words"),
    [
        ({"pytest.ini": INI}, ".ini", ["a", "b c", "d"]),
        ({".pytest.ini": INI}, ".ini", ["a", "b c", "d"]),
        ({"tox.ini": "[tox]\n" + INI}, ".ini", ["a", "b c", "d"]),
        ({"setup.cfg": "[metadata]\nx = 1\n[tool:pytest]\ntestpaths = a\n"}, ".cfg", ["a"]),
        ({"pyproject.toml": "[tool.pytest.ini_options]\ntestpaths = ['a', 'b']\n"}, ".toml", ["a", "b"]),
        ({"pyproject.toml": "[tool.pytest.ini_options]\ntestpaths = 'a b'\n"}, ".toml", ["a", "b"]),
        ({"pyproject.toml": "[tool.pytest]\ntestpaths = ['a']\n"}, ".toml", ["a"]),
        ({"pyproject.toml": "[project]\nname = 'x'\n", "tox.ini": INI}, ".ini", ["a", "b c", "d"]),
        ({"pyproject.toml": "broken = [", "tox.ini": INI}, ".ini", ["a", "b c", "d"]),
        ({"tox.ini": "[tox]\n", "setup.cfg": "[tool:pytest]\ntestpaths = a\n"}, ".cfg", ["a"]),
        ({"tox.ini": "broken", "setup.cfg": "[tool:pytest]\ntestpaths = a\n"}, ".cfg", ["a"]),
        ({"setup.cfg": "[tool:pytest]\ntestpaths = a\n", "pytest.ini": INI}, ".ini", ["a", "b c", "d"]),
    ],
)
def test_the_file_that_pytest_takes(base: dict[str, str], suffix: str, words: list[str]) -> None:
    config = chosen(base)
    assert (config.suffix, config.words("testpaths")) == (suffix, words)
    assert config.text in base.values()


def test_words_that_no_shell_could_read_are_words() -> None:
    config = chosen({"pytest.ini": "[pytest]\naddopts = -k it's\n"})
    assert config.words("addopts") == ["-k", "it's"]


@pytest.mark.parametrize(
    "base",
    [
        {},
        {"pytest.ini": "", "tox.ini": INI},
        {"setup.cfg": "[pytest]\na = b\n"},
        {"pyproject.toml": "tool = 1\n"},
        {"pyproject.toml": "[tool.pytest]\nini_options = 'x'\n"},
    ],
)
def test_otherwise_an_empty_one(base: dict[str, str]) -> None:
    assert chosen(base) == EMPTY
    assert EMPTY.words("testpaths") is None


def test_options_of_the_plan_lie_over_it() -> None:
    config = chosen({"pytest.ini": "[pytest]\ntestpaths = a\npython_files = b\n"}).over({"testpaths": "c d"})
    assert (config.words("testpaths"), config.words("python_files")) == (["c", "d"], ["b"])
