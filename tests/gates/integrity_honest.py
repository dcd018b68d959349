"""Changes that a reviewer would let pass without a word, or with one: none of them may block."""

from tests.gates.integrity_attacks_build import FAIR
from tests.gates.integrity_base import ADD, BASE, CONF, MONEY, PRODUCT, RATE, TEST, TESTS, UNIT, Case, append, edit
from tests.gates.integrity_honest_rest import REST_CHANGED

PARAMETRISED = """\
@pytest.mark.parametrize("a, b, total", [(1, 2, 3), (0, 0, 0), (-1, 1, 0)])
def test_add(a, b, total):
    assert add(a, b) == total
"""
METHOD = """\
    def test_add(self):
        assert add(1, 2) == 3
        assert add(0, 0) == 0
        assert add(-1, 1) == 0

"""
HELPED = """\
def holds(a, b, total):
    assert add(a, b) == total


def test_add():
    holds(1, 2, 3)
    holds(0, 0, 0)
    holds(-1, 1, 0)
"""
SEPARATE = """\
def test_add_small():
    assert add(1, 2) == 3


def test_add_nothing():
    assert add(0, 0) == 0


def test_add_negative():
    assert add(-1, 1) == 0
"""
STUB = "def pending():\n    raise NotImplementedError  # pragma: no cover\n"

TESTS_CHANGED = [
    Case("a test is added", "", append(TEST, "def test_more():\n    assert add(2, 2) == 4\n")),
    Case("a file of tests is added", "", {"tests/test_new.py": "def test_x():\n    assert True\n"}),
    Case("a file of tests is renamed", "", {TEST: None, "tests/test_amounts.py": TESTS}),
    Case("a file of tests is moved to a folder", "", {TEST: None, "tests/unit/test_money.py": TESTS}),
    Case("a test is renamed", "", edit(TEST, ("def test_add", "def test_sum_of_two"))),
    Case(
        "a test is renamed and edited",
        "",
        edit(
            TEST,
            ("def test_split", "def test_split_evenly"),
            ("[4, 3, 3]\n", "[4, 3, 3]\n    assert split(9, 3) == [3, 3, 3]\n"),
        ),
    ),
    Case(
        "a test is moved to another file",
        "",
        {**edit(TEST, (ADD, "")), "tests/test_add.py": f"from shop.money import add\n\n\n{ADD}"},
    ),
    Case(
        "a test is moved into a class",
        "",
        edit(
            TEST,
            (ADD, ""),
            (
                "class TestShop:\n",
                "class TestShop:\n" + METHOD,
            ),
        ),
    ),
    Case("assertions become cases", "", edit(TEST, (ADD, PARAMETRISED))),
    Case("one test becomes three", "", edit(TEST, (ADD, SEPARATE))),
    Case("cases are added", "", edit(TEST, ('("300", 300)', '("300", 300), ("4000", 4000)'))),
    Case(
        "cases are given a name",
        "",
        edit(
            TEST,
            ('[("1", 1), ("20", 20), ("300", 300)]', "CASES"),
            ("\n\ndef test_add", '\n\nCASES = [("1", 1), ("20", 20), ("300", 300)]\n\n\ndef test_add'),
        ),
    ),
    Case(
        "two assertions become one of a tuple",
        "",
        edit(
            TEST,
            ("    assert add(0, 0) == 0\n    assert add(-1, 1) == 0", "    assert (add(0, 0), add(-1, 1)) == (0, 0)"),
        ),
    ),
    Case(
        "assertions go into a helper",
        "",
        edit(
            TEST,
            (
                ADD,
                HELPED,
            ),
        ),
    ),
    Case("an expectation follows a change of behaviour", "", edit(TEST, ("== [4, 3, 3]", "== [3, 3, 4]"))),
    Case("a message is worded anew", "", edit(TEST, ('match="empty"', 'match="no amount"'))),
    Case("an exception becomes a narrower one", "", edit(TEST, ("raises(ValueError", "raises(UnicodeError"))),
    Case("a tolerance becomes smaller", "", edit(TEST, ("rel=1e-3", "rel=1e-9"))),
    Case(
        "a test is formatted",
        "",
        edit(TEST, ("    assert add(1, 2) == 3", "    assert (\n        add(1, 2)\n        == 3\n    )")),
    ),
    Case(
        "a comment is added to a test",
        "",
        edit(TEST, ("    assert add(1, 2) == 3", "    # the sum\n    assert add(1, 2) == 3")),
    ),
    Case(
        "a test is skipped on another system",
        "",
        edit(
            TEST,
            ("def test_add", '@pytest.mark.skipif(sys.platform == "win32", reason="paths")\ndef test_add'),
            ("import pytest", "import sys\n\nimport pytest"),
        ),
    ),
    Case(
        "a test is skipped on a Python of the past",
        "",
        edit(
            TEST,
            ("def test_add", '@pytest.mark.skipif(sys.version_info < (3, 10), reason="match")\ndef test_add'),
            ("import pytest", "import sys\n\nimport pytest"),
        ),
    ),
    Case("a skip is taken away", "", append(TEST, "@pytest.mark.slow\ndef test_more():\n    assert add(2, 2) == 4\n")),
    Case(
        "a new test catches an exception",
        "",
        append(TEST, "def test_more():\n    try:\n        add(1, 'x')\n    except TypeError:\n        assert True\n"),
    ),
    Case(
        "a new test replaces a part of the product",
        "",
        append(
            TEST,
            "def test_more(monkeypatch):\n    monkeypatch.setattr('shop.money.parse', len)\n    assert add(2, 2)\n",
        ),
    ),
    Case(
        "a feature goes, and its test with it",
        "",
        {
            **edit(TEST, (RATE, ""), ("parse, rate, split", "parse, split")),
            **edit(PRODUCT, ("\n\ndef rate(a, b):\n    return a / b\n", "")),
        },
    ),
    Case(
        "a feature is renamed, and its test with it",
        "",
        {**edit(TEST, ("rate", "share")), **edit(PRODUCT, ("def rate", "def share"))},
    ),
    Case(
        "unittest becomes pytest",
        "",
        {
            UNIT: "import pytest\n\nfrom shop.money import add\n\n\ndef test_more():\n    assert add(2, 2) == 4\n"
            "    assert add(0.1, 0.2) == pytest.approx(0.3)\n\n\ndef test_less():\n    assert add(2, -2) == 0\n"
        },
    ),
    Case(
        "a fixture is added", "", append(CONF, "@pytest.fixture\ndef shop(tmp_path):\n    return tmp_path / 'shop'\n")
    ),
    Case(
        "a fixture of all tests sets the scene",
        "",
        append(
            CONF,
            "@pytest.fixture(autouse=True)\ndef home(monkeypatch, tmp_path):\n    monkeypatch.setenv('HOME', 'x')\n",
        ),
    ),
    Case(
        "an option is added to pytest",
        "",
        append(CONF, "def pytest_addoption(parser):\n    parser.addoption('--slow', action='store_true')\n"),
    ),
    Case(
        "a marker is declared",
        "",
        edit("pyproject.toml", ("xfail_strict = true", 'xfail_strict = true\nmarkers = ["slow: takes long"]')),
    ),
    Case("a new repository is not accused", "", {"web/other.test.ts": 'it.skip("later", () => {});\n'}),
]
HONEST = [*TESTS_CHANGED, *REST_CHANGED, *FAIR]
NOTED = {
    "an expectation follows a change of behaviour": "expectation-changed",
    "a test is skipped on another system": "test-conditional",
    "a feature goes, and its test with it": "test-replaced",
    "one warning is silenced by name": "suppression-narrow",
    "a fixture is added": "conftest-changed",
    "an action is brought up to date": "ci-changed",
    "a marker is declared": "config-changed",
    "a build of its kind": "build-changed",
    "the gate's file asks for more": "gate-changed",
    "the gate's file is moved": "gate-changed",
}
"""What is told of some of them nevertheless."""
MOVED = (
    {**BASE, PRODUCT: MONEY + "\n\n" + STUB},
    {**BASE, PRODUCT: MONEY, "src/shop/stubs.py": STUB},
)
"""A suppression goes with its line into another file."""
