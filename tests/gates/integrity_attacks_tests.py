"""Ways to have fewer tests run, each with the rule that it breaks."""

from tests.gates.integrity_base import ADD, CONF, TEST, TESTS, UNIT, Case, append, body, edit

TESTS_LOST = [
    Case(
        "a test of something else takes its place",
        "test-deleted",
        edit(
            TEST,
            (ADD, "def test_len():\n    assert len([1, 2]) == 2\n    assert len([]) == 0\n    assert len([0]) == 1\n"),
        ),
    ),
    Case("a test is set to something else", "test-deleted", append(TEST, "test_add = print\n")),
    Case("a test is taken away by its module", "test-deleted", append(TEST, "del test_add\n")),
    Case("a method is set to something else", "test-deleted", append(TEST, "TestShop.test_sum = lambda self: None\n")),
    Case("a file of tests is deleted", "test-deleted", {TEST: None}),
    Case("a test is deleted", "test-deleted", edit(TEST, (ADD, ""))),
    Case(
        "a test is renamed so that it is not collected", "test-deleted", edit(TEST, ("def test_add", "def check_add"))
    ),
    Case(
        "a class is renamed so that it is not collected", "test-deleted", edit(TEST, ("class TestShop", "class Shop"))
    ),
    Case(
        "a class gets __init__",
        "test-deleted",
        edit(TEST, ("class TestShop:", "class TestShop:\n    def __init__(self):\n        pass\n")),
    ),
    Case("a file says __test__ = False", "test-deleted", append(TEST, "__test__ = False\n")),
    Case(
        "a class says __test__ = False",
        "test-deleted",
        edit(TEST, ("class TestShop:", "class TestShop:\n    __test__ = False")),
    ),
    Case(
        "a file is renamed so that it is not collected", "test-deleted", {TEST: None, "tests/money_tests_old.py": TESTS}
    ),
    Case("a file is moved out of testpaths", "test-deleted", {TEST: None, "attic/test_money.py": TESTS}),
    Case(
        "a file is moved where pytest does not look", "test-deleted", {TEST: None, "tests/build/test_money.py": TESTS}
    ),
    Case(
        "a second test of the same name hides the first",
        "test-weakened",
        append(TEST, "def test_add():\n    assert add(1, 1) == 2\n"),
    ),
    Case("a test is put into a text", "test-deleted", edit(TEST, (ADD, f'"""\n{ADD}"""\n'))),
    Case("a test becomes a fixture", "test-deleted", edit(TEST, ("def test_add", "@pytest.fixture\ndef test_add"))),
    Case(
        "a test is nested in another",
        "test-deleted",
        edit(TEST, (ADD, "def helper():\n    " + ADD.replace("\n", "\n    ").rstrip() + "\n")),
    ),
    Case("cases are taken from a parametrised test", "test-cases-fewer", edit(TEST, (', ("300", 300)', ""))),
    Case("no case is left", "test-cases-fewer", edit(TEST, ('[("1", 1), ("20", 20), ("300", 300)]', "[]"))),
    Case(
        "cases are skipped one by one",
        "test-cases-fewer",
        edit(TEST, ('("300", 300)', 'pytest.param("300", 300, marks=pytest.mark.skip)')),
    ),
]
SKIPPED = [
    Case("a mark skips", "test-skipped", edit(TEST, ("def test_add", "@pytest.mark.skip\ndef test_add"))),
    Case(
        "a mark skips where it always holds",
        "test-skipped",
        edit(TEST, ("def test_add", '@pytest.mark.skipif(True, reason="x")\ndef test_add')),
    ),
    Case(
        "a mark skips on every Python there is",
        "test-skipped",
        edit(
            TEST,
            ("def test_add", '@pytest.mark.skipif(sys.version_info > (3, 0), reason="x")\ndef test_add'),
            ("import pytest", "import sys\nimport pytest"),
        ),
    ),
    Case(
        "a mark skips where a name says so",
        "test-skipped",
        edit(TEST, ("def test_add", "SLOW = 1\n\n\n@pytest.mark.skipif(SLOW, reason='x')\ndef test_add")),
    ),
    Case(
        "a mark skips by a text",
        "test-skipped",
        edit(TEST, ("def test_add", "@pytest.mark.skipif('1 < 2', reason='x')\ndef test_add")),
    ),
    Case(
        "a test is expected to fail", "test-xfailed", edit(TEST, ("def test_add", "@pytest.mark.xfail\ndef test_add"))
    ),
    Case("a test calls skip", "test-skipped", body("    pytest.skip('later')\n    assert add(1, 2) == 3\n")),
    Case(
        "a test calls skip if true",
        "test-skipped",
        edit(TEST, (ADD, ADD.replace("():\n", "():\n    if 1:\n        pytest.skip('x')\n"))),
    ),
    Case("a test calls xfail", "test-xfailed", edit(TEST, (ADD, ADD.replace("():\n", "():\n    pytest.xfail('x')\n")))),
    Case("a test returns at once", "test-skipped", edit(TEST, (ADD, ADD.replace("():\n", "():\n    return\n")))),
    Case(
        "a test returns unless",
        "test-skipped",
        edit(TEST, (ADD, ADD.replace("():\n", "():\n    if not os.environ.get('ALL'):\n        return\n"))),
    ),
    Case("a class is skipped", "test-skipped", edit(TEST, ("class TestShop", "@pytest.mark.skip\nclass TestShop"))),
    Case("a file is marked", "test-skipped", append(TEST, "pytestmark = pytest.mark.skip\n")),
    Case(
        "a file is marked in a list", "test-xfailed", append(TEST, "pytestmark = [pytest.mark.xfail(strict=False)]\n")
    ),
    Case("a file skips itself", "test-skipped", append(TEST, "pytest.skip('x', allow_module_level=True)\n")),
    Case("a file needs what is not there", "test-skipped", append(TEST, "pytest.importorskip('no_such_module')\n")),
    Case(
        "unittest skips",
        "test-skipped",
        edit(UNIT, ("    def test_more", "    @unittest.skip('x')\n    def test_more")),
    ),
    Case(
        "unittest expects a failure",
        "test-xfailed",
        edit(UNIT, ("    def test_more", "    @unittest.expectedFailure\n    def test_more")),
    ),
    Case(
        "unittest skips by a call",
        "test-skipped",
        edit(UNIT, ("(self):\n        self.check", "(self):\n        self.skipTest('x')\n        self.check")),
    ),
    Case(
        "unittest skips by an exception",
        "test-skipped",
        edit(
            UNIT, ("(self):\n        self.check", "(self):\n        raise unittest.SkipTest('x')\n        self.check")
        ),
    ),
    Case("a conftest leaves files out", "test-skipped", append(CONF, "collect_ignore = ['test_money.py']\n")),
    Case("a conftest leaves globs out", "test-skipped", append(CONF, "collect_ignore_glob = ['test_m*.py']\n")),
]
