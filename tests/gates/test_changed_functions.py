"""Which functions are new or changed, and what counts as a change."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from gates.proof.changed_functions import changed, functions
from gates.subject import Subject, TreeFile
from gates.verdict import Unmeasurable

OLD = """\
def total(a: int, b: int = 1) -> int:
    '''Add.'''
    found: int = a + b
    return found


class Ledger:
    def post(self, entry):
        def check(value):
            return value > 0

        return check(entry)
"""


@pytest.fixture
def differ(tmp_path: Path) -> Callable[..., list[str]]:
    """Names of the functions of product files that differ between two trees."""

    def tree(name: str, files: dict[str, str]) -> Subject:
        root = tmp_path / name
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        entries = tuple(
            TreeFile(path=path, mode="100644", size=1, blob=str(hash(text))) for path, text in files.items()
        )
        return Subject(root=root, files=entries)

    def differences(old: dict[str, str], new: dict[str, str], product: Iterable[str] | None = None) -> list[str]:
        found = changed(tree("new", new), tree("old", old), new if product is None else product)
        return [f"{each.path}:{each.line} {each.name}" for each in found]

    return differences


@pytest.mark.parametrize(
    ("old", "new", "names"),
    [
        ("'''Add.'''", "'''Add two.'''  # said better", []),
        ("a: int, b: int = 1) -> int", "a, b=1)", []),
        ("found: int = a + b", "found = a + b", []),
        ("found: int = a + b\n", "found: int = (\n        a + b)\n", []),
        ("def total", "def other(): pass\ndef total", ["a.py:1 other"]),
        ("b: int = 1", "b: int = 2", ["a.py:1 total"]),
        ("a + b", "b + a", ["a.py:1 total"]),
        ("value > 0", "value > 1", ["a.py:9 Ledger.post.check"]),
        ("check(entry)", "not check(entry)", ["a.py:8 Ledger.post"]),
        ("class Ledger:", "@final\nclass Ledger(Base):", []),
        ("def post", "@cached\n    def post", []),
        ("def total", "async def total", ["a.py:1 total"]),
        ("def total", "def __repr__(self): return 'x'\ndef total", []),
        ("def total", "if x:\n    def same(): return 1\nelse:\n    def same(): return 2\ndef total",
         ["a.py:2 same", "a.py:4 same"]),
    ],
)  # fmt: skip
def test_a_function_is_what_it_does(differ: Callable[..., list[str]], old: str, new: str, names: list[str]) -> None:
    assert old in OLD
    assert differ({"a.py": OLD}, {"a.py": OLD.replace(old, new, 1)}) == names


def test_one_that_moved_is_not_new_and_a_copy_is(differ: Callable[..., list[str]]) -> None:
    assert differ({"a.py": OLD}, {"b/c.py": OLD, "a.py": "x = 1\n"}) == []
    assert differ(
        {"a.py": OLD}, {"a.py": OLD, "b.py": "def total(a, b=1):\n    found = a + b\n    return found\n"}
    ) == ["b.py:1 total"]


def test_only_product_is_looked_at_and_what_is_broken_at_the_base_is_new(differ: Callable[..., list[str]]) -> None:
    assert differ({"a.py": OLD}, {"a.py": OLD, "t.py": OLD}, ["a.py"]) == []
    assert differ({"a.py": "def f(:\n"}, {"a.py": "def f(): return 1\n"}) == ["a.py:1 f"]
    with pytest.raises(Unmeasurable, match=r"a\.py:1 cannot be read as Python"):
        differ({}, {"a.py": "def f(:\n"})


def test_bodies_that_are_nothing_are_told_apart() -> None:
    bodies = {
        "...": True, "pass": True, "'''Doc.'''": True, "'''Doc.'''; ...": True, "return": True, "return None": True,
        "raise NotImplementedError": True, "raise NotImplementedError('later')": True, "raise ValueError": False,
        "return 0": False, "return self": False, "x = 1": False, "yield": False, "raise": False,
    }  # fmt: skip
    found = {body: functions("a.py", f"def f(self): {body}\n".encode())[0].is_empty for body in bodies}
    assert found == bodies


def test_deep_and_odd_code_is_read_or_refused() -> None:
    long = "def f():\n    return " + " + ".join(["1"] * 900) + "\n"
    assert [each.name for each in functions("a.py", long.encode())] == ["f"]
    latin = "# -*- coding: latin-1 -*-\ndef caf\xe9(): return 1\n".encode("latin-1")
    assert [each.name for each in functions("a.py", latin)] == ["caf\xe9"]
    for broken in (b"\0", b"\xff", b"# coding: nope\n", b"(" * 5000):
        with pytest.raises(Unmeasurable, match=r"a\.py"):
            functions("a.py", broken)
