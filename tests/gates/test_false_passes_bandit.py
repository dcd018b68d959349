"""Every way in which bandit's command is known to end well in spite of an issue, and what the check says instead.

Two of them are no file's doing: `-c pyproject.toml` and a baseline are what people put on the command line. HONEST has
what the command is not fooled by either. Not to be cured: code newer than the Python that runs sparc, an error.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import pytest

from gates.subject import Subject
from gates.verdict import Verdict

Tree = Callable[..., Subject]
Ask = Callable[[object, Subject], Verdict]

SHELL = "import subprocess\n\n\ndef run(line):\n    return subprocess.call(line, shell=True)\n"
CLEAN = "def add(a, b):\n    return a + b\n"
SKIPS = "[bandit]\nskips = B404,B602\n"
DEEP = "X = " + " + ".join(["1"] * 3000) + "\n"
CONFIGURED = "[tool.bandit]\nexclude_dirs = ['src']\nskips = ['B404', 'B602']\n"


class Case(NamedTuple):
    """A target, how bandit is called on it, and what the check says."""

    files: dict[str, str | bytes]
    argv: tuple[str, ...] = ("-r", ".")
    links: Mapping[str, str] = MappingProxyType({})
    check: object = "bandit"
    outcome: str = "failed"
    words: str = "B602"


CASES = {
    "B1 syntax error": Case({"src/a.py": SHELL + "def f(:\n"}, outcome="error", words="src/a.py:6 cannot be read as P"),
    "B18 too deep an expression": Case({"src/a.py": SHELL + DEEP}, outcome="error", words="src/a.py "),
    "B19 no utf-8": Case({"src/a.py": SHELL.encode() + b"X = '\xff'\n"}, outcome="error", words="src/a.py"),
    "B20 odd codec": Case({"src/a.py": "# coding: no-such-codec\n" + SHELL}, outcome="error", words="src/a.py"),
    "B2 target misspelt": Case(
        {"src/a.py": SHELL}, ("-r", "scr"), check={"bandit": {"paths": "scr/**"}}, outcome="error",
        words="no file matches scr/**",
    ),
    "B3 nothing there": Case({"docs/a.md": "text"}, outcome="error", words="no Python file to measure"),
    "B4 a directory without -r": Case({"src/a.py": SHELL}, ("src",)),
    "B6 skips in the tree": Case({"src/a.py": SHELL, "src/.bandit": SKIPS}, ("-r", "src")),
    "B9 configured by the target": Case(
        {"src/a.py": SHELL, "pyproject.toml": CONFIGURED}, ("-c", "pyproject.toml", "-r", ".")
    ),
    "B10 nosec": Case({"a.py": "import subprocess  # nosec\nsubprocess.call(X, shell=True)  # nosec\n"}),
    "B12 a folder like .git": Case({"my.github/a.py": SHELL}),
    "B13 below a repository": Case({"repo.git/wt/a.py": SHELL}),
    "B14 a name like CVS": Case({"CVS_util.py": SHELL}),
    "B15 a script without suffix": Case({"tool": "#!/usr/bin/env python3\n" + SHELL}),
    "B17 a linked directory": Case({"lib/a.py": SHELL}, ("-r", "src"), {"src/led": "../lib"}),
    "B17 a linked directory of tests": Case(
        {"src/a.py": CLEAN, "tests/inner/b.py": SHELL}, ("-r", "src"), {"src/led": "../tests/inner"}, outcome="error",
        words="src/led is a symbolic link to what is not measured",
    ),
    "B17 a link out of the tree": Case(
        {"src/a.py": CLEAN}, ("-r", "src"), {"src/led": "/usr/share/led"}, outcome="error",
        words="src/led is a symbolic link to what is not measured",
    ),
    "code that a test of bandit's cannot take": Case(
        {"a.py": "import tarfile\n\ntarfile.open('x').extractall(members=our.members())\n"},
        words="a.py:3 bandit-crashed bandit's test tarfile_unsafe_members crashed here",
    ),
}  # fmt: skip


HONEST = {
    "B5 an exclude that does not match": Case({"src/a.py": SHELL, ".bandit": "[bandit]\nexclude = src\n"}),
    "B7 other targets in the tree": Case({"src/a.py": SHELL, ".bandit": "[bandit]\ntargets = docs\n"}, ("-r", "src")),
    "B8 pyproject.toml without -c": Case({"src/a.py": SHELL, "pyproject.toml": CONFIGURED}),
}


def plain(root: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, "-m", "bandit", "--quiet", *argv)
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_bandit_alone_ends_well_and_the_check_does_not(tree: Tree, ask: Ask, case: Case) -> None:
    subject = tree({"README": "", **case.files}, case.links)
    (subject.root / "src").mkdir(exist_ok=True)
    done = plain(subject.root, *case.argv)
    assert done.returncode == 0, done.stdout + done.stderr
    verdict = ask(case.check, subject)
    assert verdict.outcome == case.outcome
    assert case.words in verdict.summary


@pytest.mark.parametrize("case", HONEST.values(), ids=HONEST)
def test_where_bandit_is_not_fooled_nor_is_the_check(tree: Tree, ask: Ask, case: Case) -> None:
    subject = tree(case.files)
    assert plain(subject.root, *case.argv).returncode == 1
    verdict = ask("bandit", subject)
    assert (verdict.outcome, case.words in verdict.summary) == ("failed", True)


def test_b22_one_entry_of_a_baseline_absorbs_two_issues(tree: Tree, ask: Ask, tmp_path: Path) -> None:
    base = tree({"a.py": SHELL})
    old = tmp_path / "old"
    base.root.rename(old)
    plain(old, "-r", ".", "-f", "json", "-o", str(tmp_path / "base.json"))
    assert len(json.loads((tmp_path / "base.json").read_text())["results"]) == 2
    subject = tree({"a.py": SHELL + SHELL.partition("\n\n\n")[2].replace("run", "again")})
    assert plain(subject.root, "-r", ".", "-b", str(tmp_path / "base.json")).returncode == 0
    compared = subject.model_copy(update={"base": base.model_copy(update={"root": old})})
    verdict = ask({"bandit": {"new_only": True}}, compared)
    assert (verdict.outcome, verdict.measured, verdict.findings[0].line) == ("failed", 1, 7)


def test_b24_a_baseline_in_the_tree_counts_for_nothing(tree: Tree, ask: Ask) -> None:
    subject = tree({"src/a.py": SHELL})
    plain(subject.root, "-r", "src", "-f", "json", "-o", "base.json")
    forged = (subject.root / "base.json").read_text()
    subject = tree({"src/a.py": SHELL, "base.json": forged, "src/.bandit": "[bandit]\nbaseline = base.json\n"})
    assert plain(subject.root, "-r", "src").returncode == 0
    assert ask("bandit", subject).measured == 1


def test_b26_two_configurations_break_the_command_and_not_the_check(tree: Tree, ask: Ask) -> None:
    subject = tree({"src/.bandit": SKIPS, "lib/.bandit": SKIPS, "src/a.py": SHELL})
    assert plain(subject.root, "-r", "src", "lib").returncode == 2
    assert ask("bandit", subject).measured == 1


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="this Python knows the syntax")
def test_what_is_newer_than_our_python_is_an_error(tree: Tree, ask: Ask) -> None:
    subject = tree({"a.py": SHELL + "type Line = str\n"})
    assert plain(subject.root, "-r", ".").returncode == 0
    assert ask("bandit", subject).outcome == "error"
