"""Every way in which radon's command is known to show nothing bad: that it does, and what the check says instead.

The command ends with 0 whatever it finds, so what counts here is what it shows. Not to be cured: code newer than the
Python that runs sparc cannot be read, which is an error.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from gates.subject import Subject
from gates.verdict import Verdict

Tree = Callable[..., Subject]
Ask = Callable[[object, Subject], Verdict]


def branches(indent: str = "    ", count: int = 30) -> str:
    return "".join(f"{indent}if x == {number}:\n{indent}    y = {number}\n" for number in range(count))


COMPLEX = "def f(x):\n" + branches()
STARS = "def f():\n    try:\n        g()\n" + "".join(f"    except* E{n}:\n        pass\n" for n in range(30))
IGNORE = "[radon]\nexclude = *\n"


class Case(NamedTuple):
    """A target, what `radon cc` is told, and what the check says."""

    files: dict[str, str | bytes]
    argv: tuple[str, ...] = (".",)
    paths: tuple[str, ...] = ()
    outcome: str = "failed"
    words: str = "complexity E worse than B: "


CASES = {
    "R1 syntax error": Case({"src/a.py": COMPLEX + "def g(:\n"}, outcome="error", words="src/a.py:62 cannot be read"),
    "R2 nothing there": Case({"docs/a.md": ""}, outcome="error", words="no Python file to measure"),
    "R3 target misspelt": Case({"src/a.py": COMPLEX}, ("scr",), ("scr/**",), "error", "no file matches scr/**"),
    "R4 setup.cfg": Case({"src/a.py": COMPLEX, "setup.cfg": IGNORE}),
    "R5 pyproject.toml": Case({"src/a.py": COMPLEX, "pyproject.toml": '[tool.radon]\nexclude = "*"\n'}),
    "R6 radon.cfg": Case({"src/a.py": COMPLEX, "radon.cfg": "[radon]\ncc_max = A\n"}),
    "R7 output_file": Case({"src/a.py": COMPLEX, "radon.cfg": "[radon]\noutput_file = out.json\n"}),
    "R8 a hidden file": Case({".a.py": COMPLEX}),
    "R9 a hidden folder": Case({".wt/a.py": COMPLEX}),
    "R13 code of the module": Case({"src/a.py": branches("")}, words="module 31"),
    "R14 a closure": Case({"src/a.py": "def outer():\n    def f(x):\n" + branches(" " * 8)}, words="outer.f 31"),
    "R14 a class in a function": Case(
        {"src/a.py": "def outer():\n    class K:\n        def f(self, x):\n" + branches(" " * 12)},
        (".", "--show-closures"),
        words="outer.K 32",
    ),
    "R16 except*": Case({"src/a.py": STARS}, words="f 31"),
    "R19 too deep an expression": Case(
        {"src/a.py": "X = " + " + ".join(["1"] * 3000) + "\n" + COMPLEX}, outcome="error", words="src/a.py "
    ),
}


def shown(root: Path, *argv: str) -> list[int]:
    """The complexities of the blocks that `radon cc` shows."""
    command = (sys.executable, "-m", "radon", "cc", "--json", *argv)
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    files: dict[str, Any] = json.loads(done.stdout or "{}")
    return [block["complexity"] for blocks in files.values() if isinstance(blocks, list) for block in blocks]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_radon_alone_shows_nothing_bad_and_the_check_does(tree: Tree, ask: Ask, case: Case) -> None:
    subject = tree(case.files)
    assert max(shown(subject.root, *case.argv), default=0) <= 1
    verdict = ask({"radon": {"maintainability": None, "paths": list(case.paths)}}, subject)
    assert verdict.outcome == case.outcome
    assert case.words in verdict.summary + " ".join(finding.message for finding in verdict.findings)


def test_r20_a_comment_hides_nothing_from_either(tree: Tree, ask: Ask) -> None:
    subject = tree({"src/a.py": COMPLEX.replace("(x):", "(x):  # noqa")})
    assert max(shown(subject.root, ".")) == 31
    assert ask({"radon": {"maintainability": None}}, subject).outcome == "failed"


def test_broken_configuration_breaks_the_command_and_not_the_check(tree: Tree, ask: Ask) -> None:
    subject = tree({"src/a.py": COMPLEX, "pyproject.toml": "[tool.radon\n"})
    command = (sys.executable, "-m", "radon", "cc", ".")
    assert subprocess.run(command, cwd=subject.root, capture_output=True, check=False, timeout=60).returncode == 1
    assert ask({"radon": {"maintainability": None}}, subject).outcome == "failed"


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="this Python knows the syntax")
def test_r18_what_is_newer_than_our_python_is_an_error(tree: Tree, ask: Ask) -> None:
    subject = tree({"a.py": COMPLEX + "type Line = str\n"})
    assert shown(subject.root, ".") == []
    assert ask("radon", subject).outcome == "error"


def test_a_valid_file_that_radon_refuses_has_its_figure(tree: Tree, ask: Ask) -> None:
    subject = tree({"a.py": "x = '\u2028'\ny = 2\n"})
    done = subprocess.run(
        (sys.executable, "-m", "radon", "mi", "--json", "."), cwd=subject.root, capture_output=True, text=True,
        check=False, timeout=60,
    )  # fmt: skip
    assert "error" in json.loads(done.stdout)["a.py"]
    assert ask("radon", subject).passed


def test_one_long_literal_costs_what_it_is_long(tree: Tree, ask: Ask) -> None:
    # radon counts its lines in a time that grows with their square: 4,000 lines would cost it minutes
    assert ask("radon", tree({"a.py": "x = [\n" + "    1,\n" * 4000 + "]\n"})).passed
