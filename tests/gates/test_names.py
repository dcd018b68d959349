"""The base's files with the names that the candidate has added, which do nothing."""

import asyncio
import sys
import types

import pytest

from gates.proof.names import with_names

BASE = '''\
"""Sums."""
import math


class Book:
    limit = 3

    def total(self):
        return 1
'''
NEW = (
    BASE
    + """\

    def post(self):
        self.posted = [1]
        return 2

    @property
    def last(self):
        return 3

    async def later(self):
        return 4


from math import floor as down, pi
import xml.dom

RATE, (more, *rest) = 7, (8, 9)
if True:
    TABLE: dict = {1: 2}


class Wrong(ValueError):
    code = 5

    def why(self):
        return "because"


async def wait():
    return 6


@missing
def discount(a, p=missing):
    return a - p
"""
)


def made(base: str, source: str) -> types.ModuleType:
    text = with_names("sums.py", base.encode(), source.encode())
    assert text is not None
    assert text.startswith(base.encode())
    module = types.ModuleType("sums")
    exec(compile(text, "sums.py", "exec"), module.__dict__)  # noqa: S102 - what the function is for
    return module


def test_every_name_is_there_and_nothing_is_done() -> None:
    sums = made(BASE, NEW)
    book = sums.Book()
    assert (book.total(), book.limit, book.post(), book.last, hasattr(book, "posted")) == (1, 3, None, None, True)
    assert sums.discount(1, 2) is None is asyncio.run(sums.wait())
    assert (sums.down(1.5), sums.pi > 3, hasattr(sums.xml, "dom")) == (1, True, True)
    assert [type(getattr(sums, name)) for name in ("RATE", "more", "rest", "TABLE")] == [object] * 4
    assert isinstance(sums.Wrong(), ValueError)
    assert sums.Wrong().why() is None


def test_what_was_there_stays_what_it_is() -> None:
    base = "from math import *\n\n\nclass A:\n    def close(self):\n        return 1\n\n\nclass B(A):\n    pass\n"
    source = "from math import pi\n__all__ = ['x']\npi = 3\n" + base.partition("\n")[2].replace(
        "    pass\n", "    def close(self):\n        return 2\n\n    def __init__(self, x):\n        self.x = x\n"
    )
    module = made(base, source)
    assert (module.pi > 3.1, module.B().close(), hasattr(module, "__all__")) == (True, 1, False)


@pytest.mark.parametrize(
    ("base", "source"),
    [
        (BASE, BASE),
        (BASE, BASE.replace("return 1", "return 2").replace("limit = 3", "limit = 4")),
        ("", "from __future__ import annotations\n"),
        ("def f(:\n", "x = 1\n"),
        ("", "def f(:\n"),
        ("", "x = \xe9\n"),
    ],
)
def test_without_new_names_there_is_nothing_to_add(base: str, source: str) -> None:
    assert with_names("sums.py", base.encode("latin-1"), source.encode("latin-1")) is None


def test_names_are_added_in_the_encoding_of_the_base_and_behind_its_own_line_ends() -> None:
    base = "# coding: latin-1\r\nword = 'é'\r\n".encode("latin-1")
    found = with_names("a.py", base, "# coding: utf-8\nword = 'é'\ndef é(): ...\n".encode())
    assert found is not None
    assert found.startswith(base)
    assert "é".encode("latin-1") in found.removeprefix(base)
    bom = b"\xef\xbb\xbfa = 1\n"
    found = with_names("a.py", bom, b"a = 1\nb = 2\n")
    assert found is not None
    assert found.count(b"\xef\xbb\xbf") == 1


def test_what_cannot_be_made_is_there_nevertheless() -> None:
    module = made("", "from nowhere import thing\n\n\nclass C(thing.D):\n    x: Missing = 1\n")
    assert (module.thing is not None, module.C is not None) == (True, True)
    assert "nowhere" not in sys.modules
