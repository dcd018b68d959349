"""Stubs of real functions under real tests."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from gates.checks import Check
from gates.verdict import Outcome, Verdict
from tasks.bench import Bench
from tasks.exam import Exam

pytestmark = pytest.mark.builds

ExamOf = Callable[..., Exam]

BASE = {
    "requirements.txt": "pluggy\n",
    "conftest.py": "",
    "old.py": "def untested():\n    return 1\n",
    "tests/test_old.py": "def test_red():\n    assert not 1\n\n\ndef test_old():\n    assert 1\n",
}
NEW = '''\
import asyncio
import functools
from abc import ABC, abstractmethod

HANDLERS = {}


def registers(name):
    def keep(function):
        HANDLERS[name] = function
        return function

    return keep


@registers("double")
def double(x):
    """Twice."""
    return 2 * x


class Shape(ABC):
    @abstractmethod
    def area(self): ...

    @abstractmethod
    def name(self):
        return "shape"

    @property
    def half(self): return self.area() / 2


class Square(Shape):
    def __init__(self, side):
        self.side = side

    def area(self):
        return self.side ** 2

    def name(self):
        return "square " + super().name()

    def __repr__(self):
        return "Square"


def numbers(most):
    yield from range(most)


async def later():
    return await asyncio.sleep(0, 3)


if functools:
    def smoke():
        return double(4)

    def mocked():
        return 7
'''
TESTS = """\
import asyncio
import subprocess
import sys

import pytest

import new


def test_shapes():
    assert new.Square(2).half == 2
    assert new.Square(1).name() == "square shape"


def test_numbers():
    assert list(new.numbers(2)) == [0, 1]


def test_later():
    assert asyncio.run(new.later()) == 3


def test_in_another_process_with_nothing_in_its_environment():
    argv = [sys.executable, "-c", "import new; print(new.HANDLERS['double'](2))"]
    assert subprocess.run(argv, env={}, capture_output=True, check=True).stdout == b"4\\n"


def test_smoke():
    new.smoke()


def test_mocked(monkeypatch):
    monkeypatch.setattr(new, "mocked", lambda: 7)
    assert new.mocked() == 7


def test_that_leaves_something_behind(tmp_path_factory):
    with open("left.txt", "x") as file:
        file.write("behind")
"""


def probed(exam: Exam, *entries: object) -> list[Verdict]:
    checks = [Check.model_validate(entry) for entry in entries]
    with Bench(exam, checks) as bench:
        return [bench.verdict(check).verdict for check in checks]


def test_each_function_is_proven_by_itself_and_what_is_only_called_survives(exam_of: ExamOf) -> None:
    base = exam_of(BASE).base
    exam = replace(exam_of({"new.py": NEW, "tests/test_new.py": TESTS}), base=base, compared=base)
    (verdict,) = probed(exam, "stub_probe")
    assert verdict.outcome is Outcome.FAILED
    assert [(each.rule, each.headline) for each in verdict.findings] == [
        ("stub-survives", "new.py:57 smoke survives: no test fails when its body is nothing"),
        ("stub-survives", "new.py:60 mocked survives: no test fails when its body is nothing"),
    ]
    assert isinstance(verdict.measured, dict)
    proven = verdict.measured.pop("proven")
    assert isinstance(proven, list)
    assert [str(line).partition(":")[2] for line in proven] == [
        "8 registers: the tests cannot be imported",
        "9 registers.keep: tests/test_new.py:23 test_in_another_process_with_nothing_in_its_environment",
        "17 double: tests/test_new.py:23 test_in_another_process_with_nothing_in_its_environment",
        "27 Shape.name: tests/test_new.py:10 test_shapes",
        "31 Shape.half: tests/test_new.py:10 test_shapes",
        "35 Square.__init__: tests/test_new.py:10 test_shapes",
        "38 Square.area: tests/test_new.py:10 test_shapes",
        "41 Square.name: tests/test_new.py:10 test_shapes",
        "48 numbers: tests/test_new.py:15 test_numbers",
        "52 later: tests/test_new.py:19 test_later",
    ]
    assert verdict.measured["functions"] == 12
    assert verdict.measured["empty"] == 1


SIGNED = "def total(a, b):\n    return a + b\n"
READS = """\
import pathlib

import signed


def test_source():
    source = pathlib.Path(signed.__file__).read_text()
    assert source.count("return") == 1
"""
LOOKS = (
    "import sys\n\nimport signed\n\n\ndef test_words():\n    assert signed.total and '--maxfail=1' not in sys.argv\n"
)


@pytest.mark.parametrize(
    ("spy", "outcome", "words"),
    [
        (READS, Outcome.FAILED, "signed.py:1 total survives: no test fails when its body is nothing"),
        (LOOKS, Outcome.ERROR, "tests do not pass with bodies that have switches in them, all of them off"),
    ],
)
def test_whoever_looks_for_a_stub_meets_the_same_without_one(
    exam_of: ExamOf, spy: str, outcome: Outcome, words: str
) -> None:
    base = exam_of(BASE).base
    exam = replace(exam_of({"signed.py": SIGNED, "tests/test_signed.py": spy}), base=base, compared=base)
    (verdict,) = probed(exam, "stub_probe")
    assert verdict.outcome is outcome
    assert words in verdict.summary
