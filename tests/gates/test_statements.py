"""Statements counted from a syntax tree, as coverage counts them."""

import ast

import pytest

from gates.statements import count


@pytest.mark.parametrize(
    ("source", "lines", "branches"),
    [
        ("", [], 0),
        ('"""Doc."""\nx = 1\n', [2], 0),
        ('class A:\n  """Doc."""\n  x: int = 1\n\n  def f(self):\n    """Doc."""\n    return 1\n', [1, 3, 5, 7], 0),
        ("def f():\n    global x\n    x = (\n        1\n    )\n    'text'\n", [1, 3, 6], 0),
        ("x = 1; y = 2\n", [1], 0),
        ("if a:\n    b\nelif c:\n    d\nelse:\n    e\n", [1, 2, 3, 4, 6], 4),
        ("for a in b:\n    while c:\n        d\n", [1, 2, 3], 4),
        ("match a:\n    case 1:\n        b\n    case 2:\n        c\n", [1, 3, 5], 4),
        ("async def f():\n    async for a in b:\n        yield a\n", [1, 2, 3], 2),
    ],
)  # fmt: skip
def test_counts(source: str, lines: list[int], branches: int) -> None:
    assert count(ast.parse(source)) == (lines, branches)
