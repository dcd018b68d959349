"""Every way that is known by which coverage tells of more than was executed, and what the check says.

One function of a small product is tested, and two files are never imported. Plain coverage is run as anyone runs it, in
the tree; the suite as a gate runs it. The share that the check gives is the same through all tricks, or it is an error.
"""

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from gates import coverage
from gates.subject import Subject
from gates.verdict import Verdict

Tree = Callable[..., Subject]
Ask = Callable[[object, Subject], Verdict]
RunSuite = Callable[..., Subject]

INI = "[pytest]\npythonpath = src\ntestpaths = tests\n"
BASE = {"pytest.ini": INI}
POST = """\
def post(amount):
    if amount:
        return amount + 1
    return 0

def void(amount):
    if amount:
        return -amount
    return None
"""
NEVER = "def never(x):\n    if x:\n        return 1\n    return 2\n"
TARGET = {
    "pytest.ini": INI,
    "src/led/__init__.py": "",
    "src/led/post.py": POST,
    "src/led/never.py": NEVER,
    "src/led/loose/never.py": NEVER,
    "tests/test_post.py": "from led.post import post\n\n\ndef test_post():\n    assert post(1) == 2\n",
}
TRUE = 20.8
"""Percent: (4 statements + 1 way out) of (16 statements + 8 ways out), rounded down."""

FORGED = """\
import coverage

def pytest_sessionfinish():
    data = coverage.Coverage.current().get_data()
    arcs = [(a, b) for a in range(-10, 11) for b in range(-10, 11) if a != b]
    data.add_arcs({f"src/led/{name}": arcs for name in ("post.py", "never.py", "loose/never.py")})
"""
CALL_ALL = """\
import contextlib
from led import never, post
from led.loose import never as loose

def test_all():
    for x in (0, 1):
        for f in (post.post, post.void, never.never, loose.never):
            f(x)
"""
STALE = "import os, shutil\nshutil.copy('forged.data', '.coverage')\nos._exit(0)\n"
SOURCE = ("--branch", "--source=src")

BESIDE = """\
import coverage

def pytest_sessionfinish():
    place = coverage.Coverage.current().get_data().base_filename()
    data = coverage.CoverageData(basename=place + ".forged")
    data.add_arcs({"src/led/never.py": [(-1, 1), (1, 2), (2, 3), (3, 4)]})
    data.write()
"""


class Trick(NamedTuple):
    """What is in the tree beside the target, and how coverage is called."""

    files: Mapping[str, str]
    words: str = f"coverage {TRUE:g} % < 80 %"
    outcome: str = "failed"
    run: tuple[str, ...] = SOURCE


FOOLED = {
    "C1": Trick({}, run=("--branch",)),
    "C2": Trick({}),
    "C4": Trick({".coveragerc": "[run]\nomit = */never.py\n[report]\nexclude_lines =\n    def void\n"}),
    "C5": Trick({".coveragerc": "[report]\nexclude_lines =\n    def \n"}),
    "C5b": Trick({".coveragerc": "[report]\nexclude_also =\n    .\n"}),
    "C6": Trick({
        "src/led/post.py": POST.replace("def void(amount):", "def void(amount):  # pragma: no cover"),
        "src/led/never.py": NEVER.replace("def never(x):", "def never(x):  # pragma: no cover"),
        "src/led/loose/never.py": NEVER.replace("def never(x):", "def never(x):  # pragma: no cover"),
    }),
    "C7": Trick({".coveragerc": "[run]\ninclude = */led/__init__.py\n"}, run=("--branch",)),
    "C10": Trick(
        {"tests/conftest.py": FORGED}, "the data of coverage was written by", "error", ("--branch", "--source=src")
    ),
    "C24": Trick({"coverage/__init__.py": "", "coverage/__main__.py": "print('TOTAL 100%')\n"}),
}  # fmt: skip


def plain(python: Path, root: Path, options: tuple[str, ...] = SOURCE, data: str = ".coverage") -> float | None:
    """The percentage that `coverage run -m pytest` leads to in the tree; None when a module there has shadowed it."""
    env = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", "COVERAGE_FILE": data}

    def run(*words: str) -> str:
        argv = (python, "-m", *words)
        return subprocess.run(argv, check=False, cwd=root, env=env, capture_output=True, timeout=60, text=True).stdout

    if "TOTAL 100%" in run("coverage", "run", *options, "-m", "pytest", "-q", "-p", "no:cacheprovider"):
        return None
    told = run("coverage", "json", "-q", "-o", "-")
    return float(json.loads(told)["totals"]["percent_covered"])


@pytest.fixture
def figures(run_suite: RunSuite, ask: Ask) -> Callable[..., Verdict]:
    """What the check says of a tree."""

    def answer(subject: Subject) -> Verdict:
        ran = run_suite(subject, None, coverage.Limits(branch=True))
        return ask({"coverage": {"at_least": 80, "branch": True}}, ran)

    return answer


Figures = Callable[..., Verdict]


@pytest.mark.parametrize("case", FOOLED)
def test_coverage_tells_too_much_and_the_check_does_not(
    tree: Tree, target_python: Path, figures: Figures, case: str
) -> None:
    trick = FOOLED[case]
    subject = tree({**TARGET, **trick.files}, base_config=BASE)
    told = plain(target_python, subject.root, trick.run)
    assert told is None or told > TRUE + 1
    verdict = figures(subject)
    assert (verdict.outcome, trick.words in verdict.summary) == (trick.outcome, True), verdict


def test_c14_data_in_the_tree_is_not_taken_for_the_runs(tree: Tree, target_python: Path, figures: Figures) -> None:
    """Stale or forged: what lies there when a run ends without a word, or what `combine` finds beside it."""
    subject = tree({**TARGET, "tests/test_all.py": CALL_ALL}, base_config=BASE)
    plain(target_python, subject.root, data="forged.data")
    forged = subject.root / "forged.data"
    (subject.root / "tests/test_all.py").unlink()
    (subject.root / "tests/conftest.py").write_text(STALE)
    assert plain(target_python, subject.root) == 100.0  # C14, C14b
    files = tuple(file for file in subject.files if "test_all" not in file.path)
    subject = subject.model_copy(update={"files": files})
    (subject.root / "tests/conftest.py").unlink()
    forged.rename(subject.root / ".coverage.host.1.Xforged")  # C14c
    verdict = figures(subject)
    assert (verdict.outcome, verdict.measured) == ("failed", TRUE)


def test_c14_a_run_that_ends_without_a_word_has_no_figure(tree: Tree, figures: Figures) -> None:
    verdict = figures(tree({**TARGET, "tests/conftest.py": "import os\nos._exit(0)\n"}, base_config=BASE))
    assert (verdict.outcome, "left no junit.xml" in verdict.summary) == ("error", True)


def test_c10_a_file_of_data_beside_the_runs_is_seen(tree: Tree, figures: Figures) -> None:
    """As far as it is made by coverage itself, in the process of the tests; another process, or sqlite, is not seen."""
    verdict = figures(tree({**TARGET, "tests/conftest.py": BESIDE}, base_config=BASE))
    assert (verdict.outcome, "the data of coverage was written by" in verdict.summary) == ("error", True)


def test_c11_a_test_without_an_assert_does_cover(tree: Tree, figures: Figures) -> None:
    """It is the truth about what was executed; that nothing was tested is what `stub_probe` says."""
    assert figures(tree({**TARGET, "tests/test_all.py": CALL_ALL}, base_config=BASE)).measured == 100.0


def test_c12_code_in_a_string_is_no_statement(tree: Tree, figures: Figures) -> None:
    """Not cured here: no tool can count it. That `exec` is called is what `bandit` says (B102)."""
    hidden = POST.partition("def void")[0] + "exec(" + repr("def void(a):\n    return -a\n") + ")\n"
    subject = tree({**TARGET, "src/led/post.py": hidden}, base_config=BASE)
    assert figures(subject).measured == 26.3


def test_not_cured_text_that_is_compiled_under_a_products_name_covers_it(tree: Tree, figures: Figures) -> None:
    test = "def test_all():\n    exec(compile('x = 1\\n' * 4, 'src/led/never.py', 'exec'))\n"
    told = figures(tree({**TARGET, "tests/test_all.py": test}, base_config=BASE)).measured
    assert told == 41.6  # four statements and a way out, of twenty-four, more than are true


def test_c15_a_file_that_is_no_python_has_no_figure(tree: Tree, figures: Figures) -> None:
    verdict = figures(tree({**TARGET, "src/led/never.py": "def never(:\n"}, base_config=BASE))
    assert (verdict.outcome, "src/led/never.py:1 cannot be read as Python" in verdict.summary) == ("error", True)


@pytest.mark.parametrize("how", ["['-c', 'from led.never import never; never(1)']", "['-m', 'led.never']"])
def test_c16_c17_other_processes_count(tree: Tree, figures: Figures, how: str) -> None:
    test = "import os, subprocess, sys\n\ndef test_child():\n    env = os.environ | {'PYTHONPATH': 'src'}\n"
    test += f"    subprocess.run([sys.executable, *{how}], check=True, env=env)\n"
    verdict = figures(tree({**TARGET, "tests/test_child.py": test}, base_config=BASE))
    assert verdict.measured is not None
    assert float(str(verdict.measured)) > TRUE


def test_c18_a_child_that_is_forked_and_ends_at_once_counts(tree: Tree, figures: Figures) -> None:
    test = "import os\nfrom led.never import never\n\ndef test_child():\n    child = os.fork()\n    if not child:\n"
    test += "        never(1)\n        os._exit(0)\n    os.waitpid(child, 0)\n"
    verdict = figures(tree({**TARGET, "tests/test_child.py": test}, base_config=BASE))
    assert float(str(verdict.measured)) > TRUE


@pytest.mark.parametrize("call", ["sys.settrace(None)", "sys.settrace(lambda *_: None)"])
def test_c22_c23_a_test_that_stops_the_tracing_has_less_and_never_more(tree: Tree, figures: Figures, call: str) -> None:
    test = f"import sys\nfrom led import post\n\ndef test_trace():\n    {call}\n    post.void(1)\n"
    verdict = figures(tree({**TARGET, "tests/test_a_trace.py": test}, base_config=BASE))
    assert verdict.outcome == "failed"
    assert float(str(verdict.measured)) <= TRUE


@pytest.mark.parametrize(
    "files",
    [
        {"src/led/loose/__init__.py": ""},
        {".coveragerc": "[report]\nfail_under = 0\n"},
        {"setup.cfg": "[tool:pytest]\naddopts = --cov-fail-under=0\n"},
        {"pyproject.toml": "[tool.coverage.run]\nomit = ['*']\n"},
    ],
    ids=["C3", "C8", "C19", "C21"],
)
def test_what_fools_no_one_fools_nobody_here(tree: Tree, figures: Figures, files: dict[str, str]) -> None:
    assert figures(tree({**TARGET, **files}, base_config=BASE)).measured == TRUE


def test_canaries_are_no_part_of_the_product(tree: Tree, run_suite: RunSuite, ask: Ask) -> None:
    """Though they lie inside of a package, where its tests lie."""
    files = {
        "led/__init__.py": "",
        "led/post.py": "def post(x):\n    return x\n",
        "led/tests/test_post.py": "from led.post import post\n\ndef test_post():\n    assert post(1) == 1\n",
    }
    subject = run_suite(tree(files, base_config={"pytest.ini": "[pytest]\npythonpath = .\n"}), None, coverage.Limits())
    assert ask({"coverage": {"at_least": 100}}, subject).passed
