"""What `integrity` says of a file as it was and as it is, where the base of the other tests has nothing of its kind."""

import time
from pathlib import Path
from typing import NamedTuple

import pytest

from gates.subject import TreeFile
from gates.tampering.python import Module
from tests.gates.integrity_base import BASE, PYPROJECT, answered, asked, rules, subject_of

HEAD = "import os\nimport sys\nimport pytest\nfrom typing import Any\nfrom shop.money import add\n\n\n"
CASES = "@pytest.mark.parametrize('n', [1, 2, 3])\n"
ONE = "def test_one(n):\n    assert add(n, 1) == n + 1\n"
OF_CLASS = "class TestOne:\n    def test_one(self, n):\n        assert add(n, 1) == n + 1\n"
FIXTURE = "@pytest.fixture(params=[1, 2, 3])\ndef n(request):\n    return request.param\n\n\n"
SKIPS = "@pytest.fixture\ndef n():\n    if os.name == 'nt':\n        pytest.skip('x')\n    return 1\n\n\n"
PLAIN = "def test_one():\n    assert add(1, 1) == 2\n"
INNER = "    " + PLAIN.replace("\n    ", "\n        ")
ASKS = "    if os.environ.get('X'):\n        {}\n"
AWAY = PLAIN.replace("    assert", ASKS.format("return") + "    assert")
SKIPPED = PLAIN.replace("    assert", ASKS.format("pytest.skip('x')") + "    assert")
WITH = SKIPPED.replace(ASKS.format("pytest.skip('x')"), "    with open('x'):\n        if os.environ.get('X'):\n"
                       "            pytest.skip('x')\n")  # fmt: skip


class Pair(NamedTuple):
    """A file of tests as it was and as it is, and the rules that this breaks."""

    name: str
    before: str
    after: str
    found: set[str]


PAIRS = [
    Pair("cases of a class", CASES + OF_CLASS, (CASES + OF_CLASS).replace("1, 2, 3", "1"), {"test-cases-fewer"}),
    Pair("cases of a module", f"pytestmark = {CASES[1:]}\n\n{ONE}", f"pytestmark = {CASES[1:]}\n\n{ONE}".replace(
        "1, 2, 3", "1"), {"test-cases-fewer"}),
    Pair("cases of a fixture", FIXTURE + ONE, (FIXTURE + ONE).replace("1, 2, 3", "1"), {"test-cases-fewer"}),
    Pair("cases of a fixture go to the test", FIXTURE + ONE, CASES + ONE, set()),
    Pair("cases of a test go to the class", OF_CLASS.replace("    def", f"    {CASES}    def"), CASES + OF_CLASS,
         set()),
    Pair("a mark gets a name", CASES + ONE, f"numbers = {CASES[1:]}\n\n@numbers\n{ONE}", set()),
    Pair("a skip of a fixture comes always", SKIPS + ONE, (SKIPS + ONE).replace("os.name == 'nt'", "True"),
         {"test-skipped"}),
    Pair("a skip of a fixture is moved", SKIPS + ONE, ONE + "\n\n" + SKIPS, set()),
    Pair("a test goes under what never holds", PLAIN, f"if False:\n{INNER}", {"test-skipped"}),
    Pair("a test goes under what is not known", PLAIN, f"if os.environ.get('X'):\n{INNER}", {"test-skipped"}),
    Pair("a test goes under what holds", PLAIN, f"if sys.version_info > (3,):\n{INNER}", set()),
    Pair("what a test is under holds no longer", f"if True:\n{INNER}", f"if False:\n{INNER}", {"test-skipped"}),
    Pair("a test stays under a condition", f"if os.environ.get('X'):\n{INNER}",
         f"if os.environ.get('X'):\n{INNER}        assert add(2, 1) == 3\n", set()),
    Pair("a return that was there", AWAY, AWAY + "    assert add(2, 2) == 4\n", set()),
    Pair("a name for a type becomes a class", f"Sum = Any\n\n\n{PLAIN}    print(Sum)\n",
         f"class Sum:\n    pass\n\n\n{PLAIN}    print(Sum)\n", set()),
    Pair("a skip goes into a block", SKIPPED, WITH, set()),
    Pair("a condition of a skip goes", SKIPPED, SKIPPED.replace("os.environ.get('X')", "True"),
         {"test-skipped", "assertion-swallowed"}),
]  # fmt: skip


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_a_file_as_it_was_and_as_it_is(pair: Pair, tmp_path: Path) -> None:
    base = subject_of(tmp_path / "base", {**BASE, "tests/test_one.py": HEAD + pair.before})
    after = {**BASE, "tests/test_one.py": HEAD + pair.after}
    assert rules(answered(subject_of(tmp_path / "candidate", after, base=base))) == pair.found


@pytest.mark.parametrize(
    ("path", "target", "found"),
    [
        ("tests/statistics", "../data/impl", {"shadowing"}),
        ("tests/shop", "../data/impl", {"shadowing"}),
        ("tests/shop", "/elsewhere", {"shadowing"}),
        ("sitecustomize", "data/impl", {"startup-file"}),
        ("tests/statistics", "../data", set()),
        ("tests/statistics", "../data/notes", set()),
        ("tests/numbers_of_old", "../data/impl", set()),
    ],
)
def test_a_link_to_a_package_is_that_package(tmp_path: Path, path: str, target: str, found: set[str]) -> None:
    data = {"data/impl/__init__.py": "def mean(x):\n    return 3\n", "data/notes": "none\n"}
    src = {"shop/__init__.py": "", "pyproject.toml": PYPROJECT, **data}
    base = subject_of(tmp_path / "base", src)
    candidate = subject_of(tmp_path / "candidate", src, base=base)
    (candidate.root / path).parent.mkdir(exist_ok=True)
    (candidate.root / path).symlink_to(target)
    link = TreeFile(path=path, mode="120000", size=len(target))
    assert rules(answered(candidate.model_copy(update={"files": (*candidate.files, link)}))) == found


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"PK\x03\x04\0\xff", set()),
        (b"lib/\0", set()),
        (b"../lib\n", {"startup-file"}),
        (b"import os\n\0\xff", {"startup-file"}),
    ],
)
def test_weights_of_a_model_are_no_startup_file(tmp_path: Path, content: bytes, found: set[str]) -> None:
    assert rules(asked(tmp_path, {"models/resnet.pth": content})) == found


def test_what_is_nested_too_deeply_says_where_it_is(tmp_path: Path) -> None:
    chain = "".join(f"    {'el' if at else ''}if n == {at}:\n        r = {at}\n" for at in range(400))
    verdict = asked(tmp_path, {"tests/helpers.py": f"def pick(n):\n{chain}    return r\n"})
    assert (verdict.outcome, "tests/helpers.py cannot be read" in verdict.summary) == ("error", True)


def test_texts_are_told_from_comments_wherever_they_stand() -> None:
    module = Module.parse("x.py", b'A = f\'#{"#"}#\'  # 1\nB = """\n#\n""" \'#\'  # 2\n')
    places = [
        (at, column) for at, line in enumerate(module.lines, 1) for column, sign in enumerate(line) if sign == "#"
    ]
    assert [place for place in places if module.is_comment(*place)] == [(1, 16), (4, 9)]


def test_many_comments_are_read_in_no_time() -> None:
    lines = "".join(f'    "key{at}": "value",  # noqa: E501\n' for at in range(10_000))
    module = Module.parse("x.py", f"X = {{\n{lines}}}\n".encode())
    began = time.process_time()
    assert all(module.is_comment(at, line.index("#")) for at, line in enumerate(module.lines, 1) if "#" in line)
    assert time.process_time() - began < 3
