"""Assertions and skips that are written so as not to look like what they are, each with the rule that it breaks."""

from tests.gates.integrity_base import CONF, HELPERS, TEST, UNIT, Case, append, edit

IN_BODY = {
    "assertion-trivial": (
        "assert (add(1, 2) == 3) | True",
        "assert add(1, 2) == 3 if False else True",
        "assert any([add(1, 2) == 3, True])",
        "assert all(each == 3 for each in [])",
        "assert [add(1, 2)] == [mock.ANY]",
        "assert 0 < 1 < 2",
        "assert add(1, 2) == add(1, 2) == add(1, 2)",
        "assert str(add(1, 2) == 3)",
        "assert list([add(1, 2) == 3])",
        "assert (add(1, 2) == 3) + 1",
        "assert (each == 3 for each in [add(1, 2)])",
        "assert (one := 1)",
        "assert len([add(1, 2)]) == 1",
        "assert '' in str(add(1, 2))",
        "assert str(add(1, 2)).startswith('')",
        "with pytest.raises(ValueError):\n        raise ValueError",
        "check(add(1, 2) == 3)\n\n\ndef check(*_):\n    pass\n\n\ndef test_more():",
    ),
    "assertion-swallowed": (
        "try:\n        assert add(1, 2) == 3\n    finally:\n        return",
        "with pytest.raises((AssertionError, OSError)):\n        assert add(1, 2) == 4",
        "with pytest.raises(Exception):\n        assert add(1, 2) == 4",
        'if os.environ.get("FULL"):\n        assert add(1, 2) == 3',
        "match add(1, 2):\n        case 3:\n            assert add(1, 2) == 3",
        "def look():\n        assert add(1, 2) == 3",
        "for _ in list():\n        assert add(1, 2) == 3",
        "for _ in range(1, 1):\n        assert add(1, 2) == 3",
        "if True:\n        return None\n    assert add(1, 2) == 3",
        "for _ in [1]:\n        return\n    assert add(1, 2) == 3",
        'with open("x"):\n        return\n    assert add(1, 2) == 3',
        'for _ in [1]:\n        pytest.skip("x")\n    assert add(1, 2) == 3',
        'with open("x"):\n        pytest.skip("x")\n    assert add(1, 2) == 3',
        'if not 1:\n        pass\n    else:\n        pytest.skip("x")\n    assert add(1, 2) == 3',
        '1 and pytest.skip("x")\n    assert add(1, 2) == 3',
        'print(pytest.skip("x"))\n    assert add(1, 2) == 3',
        'one: int = pytest.skip("x")\n    assert add(1, 2) == 3',
        "while True:\n        return\n    assert add(1, 2) == 3",
        "try:\n        1 / 0\n    except ZeroDivisionError:\n        return\n    assert add(1, 2) == 3",
        "match 0:\n        case _:\n            return\n    assert add(1, 2) == 3",
        "for _ in range(1):\n        return\n    assert add(1, 2) == 3",
        'if os.environ.get("X"):\n        pass\n    else:\n        return\n    assert add(1, 2) == 3',
    ),
    "test-skipped": (
        'if os.environ.get("X"):\n        pass\n    else:\n        pytest.skip("x")\n    assert add(1, 2) == 3',
        'try:\n        1 / 0\n    except ZeroDivisionError:\n        pytest.skip("x")\n    assert add(1, 2) == 3',
        'while True:\n        pytest.skip("x")\n    assert add(1, 2) == 3',
        'with open("x"):\n        if os.environ.get("X"):\n            pytest.skip("x")\n    assert add(1, 2) == 3',
        'if "False":\n        pytest.skip("x")\n    assert add(1, 2) == 3',
        'from pytest import skip\n    stop = skip\n    stop("x")\n    assert add(1, 2) == 3',
        "raise unittest.SkipTest\n    assert add(1, 2) == 3",
        "raise pytest.skip.Exception\n    assert add(1, 2) == 3",
    ),
    "test-weakened": (
        "assert not add(1, 2) == 99",
        "assert add",
        "assert isinstance(add(1, 2), int)",
        "assert hasattr(add(1, 2), 'real')",
        "assert type(add(1, 2)) == int",
    ),
    "test-mocked": (
        "add = lambda a, b: 3 if a == 1 else 0\n    assert add(1, 2) == 3",
        "def add(a, b):\n        return 3 if a == 1 else 0\n    assert add(1, 2) == 3",
    ),
    "builtins-patched": ("add.__code__ = (lambda a, b: 3).__code__\n    assert add(1, 2) == 3",),
    "process-exit": (
        "import posix\n    posix._exit(0)",
        'os.__dict__["_exit"](0)',
        'vars(os)["_exit"](0)',
        'os.execlp("true", "true")',
        "signal.raise_signal(9)",
        "from os import _exit\n    stop = _exit\n    stop(0)",
        "from os import _exit\n    stop: object = _exit\n    stop(0)",
        "from os import _exit\n    (stop := _exit)\n    stop(0)",
    ),
    "tracing-touched": ("from sys import settrace\n    trace = settrace\n    trace(None)",),
}
"""Rule to what stands in place of the first assertion of test_add."""


def _before(name: str, text: str) -> Case:
    """A test after something, or with something on it."""
    rule, _, told = name.partition(": ")
    return Case(told, rule, edit(TEST, ("def test_add", f"{text}def test_add")))


def _inside(name: str, context: str) -> Case:
    """The first assertion of test_add in a context that the file makes itself."""
    inside = "    with quiet():\n        assert add(1, 2) == 3\n"
    changed = edit(TEST, ("    assert add(1, 2) == 3\n", inside), ("def test_add", f"{context}\n\n\ndef test_add"))
    return Case(name, "assertion-swallowed", changed)


def _raises(told: str, text: str, before: str = "") -> Case:
    """`raises` with other arguments, or another body."""
    whole = 'pytest.raises(ValueError, match="empty")'
    return Case(told, "raises-broadened", edit(TEST, (whole, text), ("def test_add", f"{before}def test_add")))


DISGUISED = [
    *(
        Case(" ".join(text.split()), rule, edit(TEST, ("    assert add(1, 2) == 3\n", f"    {text}\n")))
        for rule, texts in IN_BODY.items()
        for text in texts
    ),
    _inside(
        "a context catches what fails in it",
        "@contextlib.contextmanager\ndef quiet():\n    try:\n        yield\n    except AssertionError:\n        pass",
    ),
    _inside(
        "a context of a class catches what fails in it",
        "class quiet:\n    def __enter__(self):\n        pass\n\n    def __exit__(self, *_):\n        return True",
    ),
    _before("test-skipped: a mark by another name", "later = pytest.mark.skip\n\n\n@later\n"),
    _before("test-skipped: a mark by getattr", "@getattr(pytest.mark, 'skip')\n"),
    _before(
        "test-skipped: a decorator of unittest's by another name", "from unittest import skip as go\n\n\n@go('x')\n"
    ),
    _before("test-skipped: a mark of the module with a type", "pytestmark: list = [pytest.mark.skip]\n\n\n"),
    _before("test-skipped: marks of the module that are added", "pytestmark = [pytest.mark.skip] + []\n\n\n"),
    _before("test-skipped: a mark of the module by a name", "later = pytest.mark.skip\npytestmark = later\n\n\n"),
    _before("test-skipped: a mark of the module in a block", "if True:\n    pytestmark = pytest.mark.skip\n\n\n"),
    _before("test-skipped: a skip that is kept", "import functools\nlater = functools.partial(pytest.skip, 'x')\n\n\n"),
    _before("test-skipped: a skip in a lambda", "later = lambda: pytest.skip('x')\n\n\n"),
    _before("test-weakened: a test that may fail a few times", "@pytest.mark.flaky(reruns=9)\n"),
    Case(
        "a mark from beside the tests",
        "test-skipped",
        {
            **edit(TEST, ("def test_add", "from marks import later\n\n\n@later\ndef test_add")),
            "tests/marks.py": "import pytest\n\nlater = pytest.mark.skip(reason='x')\n",
        },
    ),
    Case(
        "a case that is skipped if True",
        "test-cases-fewer",
        edit(TEST, ('("300", 300)', 'pytest.param("300", 300, marks=pytest.mark.skipif(True, reason="x"))')),
    ),
    Case("a slice of the cases", "test-cases-fewer", edit(TEST, ('("300", 300)]', '("300", 300)][:1]'))),
    Case("one case three times", "test-cases-fewer", edit(TEST, ('("20", 20), ("300", 300)', '("1", 1), ("1", 1)'))),
    *(
        Case(f"a tolerance as {text}", "tolerance-widened", edit(TEST, ("0.3333, rel=1e-3)", f"0.3333, {text})")))
        for text in ("1e9", "rel=float('inf')", "rel=1e-3 * 10**9", "rel=math.inf")
    ),
    Case("a distance as a sum", "tolerance-widened", edit(TEST, ("- 0.333) < 0.001", "- 0.333) < 10**9"))),
    _raises("a pattern of anything", 'pytest.raises(ValueError, match=".*")'),
    _raises("an empty pattern", 'pytest.raises(ValueError, match="")'),
    _raises("an exception by its keyword", 'pytest.raises(expected_exception=Exception, match="empty")'),
    _raises("exceptions by a name", 'pytest.raises(ERRORS, match="empty")', "ERRORS = (Exception,)\n\n\n"),
    _raises("an exception by another name", 'pytest.raises(Wrong, match="empty")', "Wrong = Exception\n\n\n"),
    Case(
        "a fixture that is called like the product",
        "test-mocked",
        {
            **edit(TEST, ("def test_add():", "def test_add(add):")),
            **append(CONF, "@pytest.fixture\ndef add():\n    return lambda a, b: 3\n"),
        },
    ),
    Case(
        "a default that is called like the product",
        "test-mocked",
        edit(TEST, ("def test_add():", "def test_add(add=max):")),
    ),
    Case(
        "the product is set for all",
        "test-mocked",
        append(TEST, "def setup_module():\n    global add\n    add = max\n"),
    ),
    *(
        Case(f"the module's names: {text.split('(')[0]}", "modules-replaced", append(TEST, f"{text}\n"))
        for text in ("globals()['test_add'] = print", "globals().update(test_add=print)", "del globals()['test_add']")
    ),
    *(
        Case(f"set again: {' '.join(text.split())}", "test-deleted", append(TEST, f"{text}\n"))
        for text in (
            "test_add: object = print",
            "if True:\n    test_add = print",
            "from os import getcwd as test_add",
            "for test_add in [len]:\n    pass",
            "(test_add := len)",
            "TestShop.__test__ = False",
            "setattr(TestShop, 'test_sum', print)",
            "delattr(TestShop, 'test_sum')",
            "__test__: bool = False",
        )
    ),
    *(
        Case(
            f"a case of its own mind: {text.split('(')[0]}",
            rule,
            edit(UNIT, ("    def check", f"    {text}\n\n    def check")),
        )
        for rule, text in (
            ("builtins-patched", "def assertEqual(self, *_):\n        pass"),
            ("builtins-patched", "def run(self, result=None):\n        pass"),
            ("builtins-patched", "failureException = OSError"),
        )
    ),
    Case(
        "unittest is told its tests",
        "pytest-hook",
        append(UNIT, "def load_tests(*_):\n    return unittest.TestSuite()\n"),
    ),
    *(
        Case(f"a helper: {' '.join(text.split())}", "test-weakened", {"tests/helpers.py": text})
        for text in (
            "check_books = lambda book: None\n",
            HELPERS.replace("    assert book.total", "    if book.total:\n        return\n    assert book.total"),
        )
    ),
    Case(
        "a helper is moved, and asserts nothing there",
        "test-weakened",
        {"tests/helpers.py": None, "tests/books.py": "def check_books(book):\n    pass\n"},
    ),
]
