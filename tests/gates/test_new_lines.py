"""Which lines are new, and which statements stand on them."""

import ast
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from gates.new_lines import changed, statements_on
from gates.subject import Subject, TreeFile

Tree = Callable[..., Subject]

OLD = "a = 1\nb = 2\nc = 3\n"


def before(folder: Path, files: Mapping[str, str]) -> Subject:
    """A base beside the candidate."""
    for path, text in files.items():
        place = folder / "base" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    entries = tuple(TreeFile(path=path, mode="100644", size=len(text)) for path, text in files.items())
    return Subject(root=folder / "base", files=entries)


@pytest.mark.parametrize(
    ("base", "now", "lines"),
    [
        ({"m.py": OLD}, {"m.py": OLD}, {}),
        ({"m.py": OLD}, {"m.py": OLD + "d = 4\n"}, {"m.py": {4}}),
        ({"m.py": OLD}, {"m.py": "z = 0\n" + OLD}, {"m.py": {1}}),
        ({"m.py": OLD}, {"m.py": OLD.replace("b = 2", "b = 5")}, {"m.py": {2}}),
        ({"m.py": OLD}, {"m.py": "a = 1\nc = 3\n"}, {}),
        ({"m.py": OLD}, {"m.py": OLD.replace("\n", "\r\n")}, {}),
        ({"m.py": OLD}, {"m.py": OLD, "n.py": "x = 1"}, {"n.py": {1}}),
        # moved; moved and edited; copied; one that went becomes one that came, and no second
        ({"m.py": OLD}, {"n.py": OLD}, {}),
        ({"m.py": OLD}, {"deep/m.py": OLD + "d = 4\n"}, {"deep/m.py": {4}}),
        ({"m.py": OLD}, {"m.py": OLD, "n.py": OLD.rstrip()}, {"n.py": {1, 2, 3}}),
        # by content before names
        ({"m.py": OLD}, {"a/m.py": "x = 1", "b/m.py": OLD}, {"a/m.py": {1}}),
        ({"m.py": OLD}, {"n.py": OLD, "o.py": OLD.rstrip()}, {"o.py": {1, 2, 3}}),
    ],
)  # fmt: skip
def test_new_lines(
    tree: Tree, tmp_path: Path, base: Mapping[str, str], now: Mapping[str, str], lines: Mapping[str, set[int]]
) -> None:
    assert changed(tree(now), before(tmp_path, base), now) == lines


@pytest.mark.parametrize(
    ("source", "new", "statements"),
    [
        ("x = 1\ny = 2\n", {2}, {2}),
        ("x = f(\n    1,\n    2,\n)\ny = 1\n", {3}, {1}),
        ("if a:\n    b\nelse:\n    c\n", {4}, {4}),
        ("def f(\n    a,\n):\n    return a\n", {2}, {1}),
        ("def f():\n    return 1\n", {2}, {2}),
        ("@one\n@two\ndef f():\n    pass\n", {2}, {2}),
        ("class A:\n    @one\n    def f(self):\n        pass\n", {2}, {2}),
        ("try:\n    a\nexcept B:\n    c\n", {3}, {3}),
        ("match a:\n    case 1:\n        b\n", {2}, {2}),
        ("# a comment\nx = 1\n", {1}, set()),
    ],
)
def test_statements_on_new_lines(source: str, new: set[int], statements: set[int]) -> None:
    assert statements_on(ast.parse(source), frozenset(new)) == statements
