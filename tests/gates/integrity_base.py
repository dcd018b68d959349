"""A small shop to attack: what a base commit has, and ways to change it."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from gates import integrity
from gates.subject import Subject, TreeFile
from gates.verdict import Unmeasurable, Verdict, error

MONEY = '''\
"""Money."""


def add(a, b):
    return a + b


def split(total, parts):
    share, rest = divmod(total, parts)
    return [share + (place < rest) for place in range(parts)]


def parse(text):
    if not text:
        raise ValueError("no amount in an empty text")
    return int(text)


def rate(a, b):
    return a / b
'''
TESTS = """\
import pytest

from shop.money import add, parse, rate, split


def test_add():
    assert add(1, 2) == 3
    assert add(0, 0) == 0
    assert add(-1, 1) == 0


def test_split():
    assert split(10, 3) == [4, 3, 3]
    assert sum(split(10, 3)) == 10


@pytest.mark.parametrize("text, value", [("1", 1), ("20", 20), ("300", 300)])
def test_parse(text, value):
    assert parse(text) == value


def test_parse_nothing():
    with pytest.raises(ValueError, match="empty"):
        parse("")


def test_rate():
    assert abs(rate(1, 3) - 0.333) < 0.001
    assert rate(1, 3) == pytest.approx(0.3333, rel=1e-3)


class TestShop:
    def test_sum(self):
        total = add(add(1, 2), 3)
        assert total == 6
"""
ADD = """\
def test_add():
    assert add(1, 2) == 3
    assert add(0, 0) == 0
    assert add(-1, 1) == 0
"""
RATE = """\
def test_rate():
    assert abs(rate(1, 3) - 0.333) < 0.001
    assert rate(1, 3) == pytest.approx(0.3333, rel=1e-3)


"""
UNITTEST = """\
import unittest

from shop.money import add


class MoneyCase(unittest.TestCase):
    def test_more(self):
        self.assertEqual(add(2, 2), 4)
        self.assertAlmostEqual(add(0.1, 0.2), 0.3, places=7)

    def test_less(self):
        self.check(add(2, -2))

    def check(self, value):
        self.assertEqual(value, 0)
        assert value is not None
"""
HELPERS = """\
def check_books(book):
    assert book.total == 0
    assert book.lines
"""
CONFTEST = """\
import pytest


@pytest.fixture
def book():
    return []
"""
PYPROJECT = """\
[project]
name = "shop"
version = "1"

[tool.pytest.ini_options]
addopts = ["--strict-markers", "-ra"]
testpaths = ["tests"]
xfail_strict = true
filterwarnings = ["error"]

[tool.coverage.run]
branch = true
source = ["src"]

[tool.coverage.report]
fail_under = 90

[tool.ruff.lint]
select = ["ALL"]
ignore = ["D203"]
mccabe = {max-complexity = 8}

[tool.mypy]
strict = true

[tool.bandit]
skips = []
"""
WORKFLOW = """\
name: tests
on: push
jobs:
  check:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v3
      - run: pip install -e .[test]
      - run: pytest --cov --cov-fail-under=90
      - run: ruff check .
      - run: mypy src
"""
MAKEFILE = "test:\n\tpytest -q\n\nlint:\n\truff check .\n\nclean:\n\trm -rf build || true\n"
SCRIPT = """\
import { add } from "./money";

describe("money", () => {
  it("adds", () => { expect(add(1, 2)).toBe(3); });
  it("adds nothing", () => { expect(add(0, 0)).toBe(0); });
});
"""
RUST = """\
pub fn add(a: i32, b: i32) -> i32 { a + b }

#[cfg(test)]
mod tests {
    #[test]
    fn adds() { assert_eq!(super::add(1, 2), 3); }
    #[test]
    fn adds_nothing() { assert_eq!(super::add(0, 0), 0); }
}
"""
GO = """\
package money

func TestAdd(t *testing.T) {
\tif Add(1, 2) != 3 { t.Errorf("wrong") }
}

func TestNothing(t *testing.T) {
\tif Add(0, 0) != 0 { t.Errorf("wrong") }
}
"""
GATE = "gate: [tests, coverage: {at_least: 90, branch: true}, bandit]\nbase: origin/main\n"
PLAN = "sparc: 1\nname: shop\nphases: {}\n"
BASE: Mapping[str, str] = {
    "src/shop/__init__.py": "", "src/shop/money.py": MONEY, "tests/test_money.py": TESTS,
    "tests/test_unit.py": UNITTEST, "tests/helpers.py": HELPERS, "tests/conftest.py": CONFTEST,
    "pyproject.toml": PYPROJECT, ".github/workflows/ci.yml": WORKFLOW, "Makefile": MAKEFILE,
    "web/money.test.ts": SCRIPT, "rust/src/lib.rs": RUST, "go/money_test.go": GO, "plan.yaml": PLAN,
    "README.md": "# Shop\n", "ci/ours.yaml": GATE, "gate.json": '{"gate": ["tests", "docs"]}',
    "plan.json": '{"sparc": 1, "name": "shop"}',
}  # fmt: skip
TEST, UNIT, CONF, PRODUCT = "tests/test_money.py", "tests/test_unit.py", "tests/conftest.py", "src/shop/money.py"
Files = dict[str, str | None]


class Case(NamedTuple):
    """A change, and what is said of it."""

    name: str
    rule: str
    """The rule that it breaks; empty: none that blocks."""
    files: Files
    """What is written; None: taken away."""


def edit(path: str, *replaced: tuple[str, str]) -> Files:
    """A file of the base with texts replaced."""
    text = BASE[path]
    for old, new in replaced:
        assert old in text, (path, old)
        text = text.replace(old, new)
    return {path: text}


def body(text: str) -> Files:
    """test_add with another body."""
    return edit(TEST, (ADD, f"def test_add():\n{text}"))


def append(path: str, text: str) -> Files:
    """A file of the base with something behind it."""
    return {path: BASE[path] + "\n\n" + text}


def subject_of(root: Path, files: Mapping[str, str | bytes | None], **fields: object) -> Subject:
    """A tree on disk."""
    entries = []
    for path, content in files.items():
        if content is not None:
            data = content.encode() if isinstance(content, str) else content
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(data)
            entries.append(TreeFile(path=path, mode="100644", size=len(data)))
    return Subject.model_validate({"root": root, "files": entries, **fields})


def asked(folder: Path, files: Mapping[str, str | bytes | None], **limits: object) -> Verdict:
    """What `integrity` says of a change of the base."""
    base = subject_of(folder / "base", BASE)
    return answered(subject_of(folder / "candidate", {**BASE, **files}, base=base), **limits)


def answered(subject: Subject, **limits: object) -> Verdict:
    """What it says of a subject."""
    wanted = integrity.Limits.model_validate(limits)
    try:
        return integrity.judge(wanted, integrity.measure(wanted, subject))
    except Unmeasurable as problem:
        return error("integrity", str(problem), *problem.findings)


def rules(verdict: Verdict) -> set[str | None]:
    """The rules that block."""
    return {finding.rule for finding in verdict.findings}
