"""Functions that do nothing while a switch is on: run, not only read."""

import ast
import asyncio
import inspect
from types import SimpleNamespace
from typing import Any

import pytest

from gates.proof.changed_functions import functions
from gates.proof.stubs import Switch, switched

SOURCE = '''\
def short(a): return a
def spoken(): "Says."; return 1
def both():
    """Says
    more."""; x = 1; return x
def plain(a,
          b=2):
    """Says."""
    # and does
    @keep
    def inner():
        return b
    return a + inner()
def keep(f): return f
def numbers():
    yield 1
    return 2
async def later():
    return 3
async def many():
    yield 4
class K:
    def __init__(self):
        self.x = 5
    @property
    def y(self): return 6
if True:
\tdef tabbed():
\t\twith open("/dev/null") as file:
\t\t\treturn "\xe9" + file.name
'''
EXPECTED: dict[str, Any] = {
    "short": (1, None), "spoken": (1, None), "both": (1, None), "plain": (3, None), "numbers": ([1], []),
    "later": (3, None), "many": ([4], []), "K.__init__": (5, None), "K.y": (6, None), "tabbed": ("\xe9/dev/null", None),
}  # fmt: skip


def asked(space: dict[str, Any], name: str) -> object:
    """What a function of the source gives."""
    if name.startswith("K."):
        made = space["K"]()
        return made.y if name == "K.y" else getattr(made, "x", None)
    arguments = {"short": (1,), "plain": (1,)}.get(name, ())
    found = space[name](*arguments)
    if inspect.isasyncgen(found):
        return asyncio.run(_all(found))
    if inspect.iscoroutine(found):
        return asyncio.run(found)
    return list(found) if inspect.isgenerator(found) else found


async def _all(found: Any) -> list[object]:  # noqa: ANN401 - any asynchronous generator
    return [each async for each in found]


@pytest.mark.parametrize("name", EXPECTED)
def test_one_does_nothing_and_the_others_what_they_did(name: str) -> None:
    found = functions("a.py", SOURCE.encode())
    numbers = {each.name: number for number, each in enumerate(found, start=1)}
    switches = [Switch(each.node, f"if S.on == {numbers[each.name]}: return") for each in found]
    made = switched("a.py", SOURCE.encode(), switches)
    space: dict[str, Any] = {"S": SimpleNamespace(on=0)}
    exec(made, space)  # noqa: S102 - made of the text above
    assert asked(space, name) == EXPECTED[name][0]
    space["S"].on = numbers[name]
    assert asked(space, name) == EXPECTED[name][1]


def test_nothing_else_is_changed_and_docstrings_stay() -> None:
    found = functions("a.py", SOURCE.encode())
    made = switched("a.py", SOURCE.encode(), [Switch(each.node, "if S: return") for each in found])
    assert switched("a.py", SOURCE.encode(), []) == SOURCE.encode()
    tree = ast.parse(made)
    plain = next(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == "plain")
    assert ast.get_docstring(plain) == "Says."
    assert [each.name for each in functions("a.py", made)] == [each.name for each in found]


def test_the_encoding_of_a_file_is_kept() -> None:
    source = '# coding: latin-1\r\ndef f():\r\n    return "\xe9"\r\n'.encode("latin-1")
    made = switched("a.py", source, [Switch(functions("a.py", source)[0].node, "if S: return")])
    assert made == '# coding: latin-1\ndef f():\n    if S: return\n    return "\xe9"\n'.encode("latin-1")
