"""The counts behind the maintainability index are radon's own, in less time."""

import ast
import inspect
import time
import tokenize

import pytest
from hypothesis import given
from hypothesis import strategies as st
from radon.metrics import mi_visit
from radon.raw import analyze

from gates.metrics.ranks import maintainability
from gates.metrics.raw import Raw, count

LINES = st.sampled_from(
    ["x = 1", "", "# note", "x = 1  # note", "if x: y = 2", "a = 1; b = 2", "def f(): pass", '"""one"""',
     '"""first\n\nlast"""', "y = [\n    1,\n\n    # in\n    2,\n]", "z = x[1:2]", "w = \\\n    3",
     "d = {1: '''a\nb'''}"]
)  # fmt: skip


def radons(source: str) -> Raw:
    raw = analyze(source)
    return Raw(logical=raw.lloc, source=raw.sloc, comments=raw.comments + raw.multi)


@given(st.lists(LINES, max_size=8).map("\n".join))
def test_equal_to_radon_on_small_modules(source: str) -> None:
    assert count(source) == radons(source)


@pytest.mark.parametrize("module", [ast, tokenize, inspect], ids=lambda module: str(module.__name__))
def test_equal_to_radon_on_real_modules(module: object) -> None:
    source = inspect.getsource(module)  # type: ignore[arg-type]
    assert count(source) == radons(source)
    assert maintainability("a.py", source.encode()).value == mi_visit(source, multi=True)


def test_a_long_literal_costs_no_more_than_its_length() -> None:
    started = time.process_time()
    assert count("x = [\n" + "    1,\n" * 5000 + "]\n") == Raw(logical=1, source=5002, comments=0)
    assert time.process_time() - started < 2


def test_a_separator_inside_a_string_ends_no_line() -> None:
    assert count("x = '\u2028'\ny = 2\n") == Raw(logical=2, source=2, comments=0)
