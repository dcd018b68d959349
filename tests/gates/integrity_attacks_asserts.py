"""Ways to have tests say less, each with the rule that it breaks."""

from tests.gates.integrity_base import CONF, PRODUCT, TEST, UNIT, Case, append, body, edit

WEAKENED = [
    Case("equality becomes being among", "test-weakened", edit(TEST, ("add(1, 2) == 3", "add(1, 2) in (1, 2, 3, 4)"))),
    Case("equality becomes being other", "test-weakened", edit(TEST, ("add(1, 2) == 3", "add(1, 2) != 7"))),
    Case("equality becomes being less", "test-weakened", edit(TEST, ("add(1, 2) == 3", "add(1, 2) < 700"))),
    Case("one of several becomes truth", "test-weakened", edit(TEST, ("assert add(1, 2) == 3", "assert add(1, 2)"))),
    Case("assertions are taken out", "test-weakened", body("    assert add(1, 2) == 3\n")),
    Case("equality becomes truth", "test-weakened", edit(TEST, ("assert total == 6", "assert total"))),
    Case(
        "equality becomes being something",
        "test-weakened",
        edit(TEST, ("assert total == 6", "assert total is not None")),
    ),
    Case(
        "equality becomes a type", "test-weakened", edit(TEST, ("assert total == 6", "assert isinstance(total, int)"))
    ),
    Case("or True", "assertion-trivial", edit(TEST, ("assert total == 6", "assert total == 6 or True"))),
    Case("a tuple", "assertion-trivial", edit(TEST, ("assert total == 6", "assert (total == 6, 'wrong')"))),
    Case("a constant", "assertion-trivial", edit(TEST, ("assert total == 6", "assert True"))),
    Case("a text", "assertion-trivial", edit(TEST, ("assert total == 6", "assert 'total is 6'"))),
    Case("a comparison with itself", "assertion-trivial", edit(TEST, ("assert total == 6", "assert total == total"))),
    Case(
        "a comparison with the same call",
        "assertion-trivial",
        edit(TEST, ("assert total == 6", "assert total == add(add(1, 2), 3)")),
    ),
    Case(
        "a comparison with anything",
        "assertion-trivial",
        edit(
            TEST,
            ("assert total == 6", "assert total == mock.ANY"),
            ("import pytest", "from unittest import mock\nimport pytest"),
        ),
    ),
    Case(
        "a length of nothing or more",
        "assertion-trivial",
        edit(TEST, ("assert sum(split(10, 3)) == 10", "assert len(split(10, 3)) >= 0")),
    ),
    Case(
        "assertTrue of a constant",
        "assertion-trivial",
        edit(UNIT, ("self.assertEqual(add(2, 2), 4)", "self.assertTrue(True)")),
    ),
    Case(
        "assertEqual of the same",
        "assertion-trivial",
        edit(UNIT, ("self.assertEqual(add(2, 2), 4)", "self.assertEqual(add(2, 2), add(2, 2))")),
    ),
    Case(
        "an assertion is caught",
        "assertion-swallowed",
        edit(
            TEST,
            (
                "        assert total == 6",
                "        try:\n            assert total == 6\n        except AssertionError:\n            pass",
            ),
        ),
    ),
    Case(
        "an assertion is suppressed",
        "assertion-swallowed",
        edit(
            TEST,
            (
                "        assert total == 6",
                "        with contextlib.suppress(Exception):\n            assert total == 6",
            ),
        ),
    ),
    Case(
        "an assertion is under a condition that never holds",
        "assertion-swallowed",
        edit(TEST, ("        assert total == 6", "        if False:\n            assert total == 6")),
    ),
    Case(
        "an assertion stands in a loop over nothing",
        "assertion-swallowed",
        edit(TEST, ("        assert total == 6", "        for _ in []:\n            assert total == 6")),
    ),
    Case(
        "an assertion comes after the end",
        "assertion-swallowed",
        edit(TEST, ("        assert total == 6", "        return\n        assert total == 6")),
    ),
    Case("a test is emptied", "test-emptied", body("    pass\n")),
    Case("a test keeps its docstring alone", "test-emptied", body('    """Adds."""\n')),
    Case("a test only calls", "test-weakened", body("    add(1, 2)\n    add(0, 0)\n    add(-1, 1)\n")),
    Case(
        "any exception will do",
        "raises-broadened",
        edit(TEST, ('pytest.raises(ValueError, match="empty")', "pytest.raises(Exception)")),
    ),
    Case(
        "another exception will do as well",
        "raises-broadened",
        edit(TEST, ("raises(ValueError,", "raises((ValueError, TypeError),")),
    ),
    Case("any message will do", "raises-broadened", edit(TEST, (', match="empty"', ""))),
    Case("a relative tolerance grows", "tolerance-widened", edit(TEST, ("rel=1e-3", "rel=0.5"))),
    Case("an absolute tolerance grows", "tolerance-widened", edit(TEST, ("< 0.001", "< 10"))),
    Case("fewer places", "tolerance-widened", edit(UNIT, ("places=7", "places=0"))),
    Case(
        "equality becomes closeness",
        "tolerance-widened",
        edit(TEST, ("assert add(1, 2) == 3", "assert add(1, 2) == pytest.approx(3, abs=2)")),
    ),
    Case(
        "a helper in the file asserts less", "test-weakened", edit(UNIT, ("        self.assertEqual(value, 0)\n", ""))
    ),
    Case(
        "a helper in another file asserts less",
        "test-weakened",
        {"tests/helpers.py": "def check_books(book):\n    return True\n"},
    ),
    Case(
        "what is tested is replaced by monkeypatch",
        "test-mocked",
        edit(
            TEST,
            ("    assert add(1, 2) == 3", "    monkeypatch.setattr('shop.money.add', len)\n    assert add(1, 2) == 3"),
        ),
    ),
    Case(
        "what is tested is replaced by mock",
        "test-mocked",
        edit(
            TEST,
            (
                "    assert split(10, 3) == [4, 3, 3]",
                "    mock.patch('shop.money.split').start()\n    assert split(10, 3) == [4, 3, 3]",
            ),
        ),
    ),
    Case(
        "what is tested is replaced by assignment",
        "test-mocked",
        edit(
            TEST,
            (
                "    assert split(10, 3) == [4, 3, 3]",
                "    money.split = lambda *_: [4, 3, 3]\n    assert split(10, 3) == [4, 3, 3]",
            ),
            ("import pytest\n", "import pytest\nfrom shop import money\n"),
        ),
    ),
    Case(
        "a class is equal to everything",
        "always-equal",
        append(PRODUCT, "class Amount(int):\n    def __eq__(self, other):\n        return True\n"),
    ),
    Case(
        "a class is never unequal", "always-equal", append(CONF, "class Any:\n    __eq__ = lambda self, other: True\n")
    ),
]
