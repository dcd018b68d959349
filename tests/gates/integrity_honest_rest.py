"""Changes beside the tests that a reviewer would let pass without a word, or with one."""

from tests.gates.integrity_base import (
    ADD,
    CONF,
    HELPERS,
    MONEY,
    PRODUCT,
    PYPROJECT,
    TEST,
    WORKFLOW,
    Case,
    append,
    edit,
)  # fmt: skip

WITHOUT_PYTEST = PYPROJECT.replace(
    '[tool.pytest.ini_options]\naddopts = ["--strict-markers", "-ra"]\ntestpaths = ["tests"]\nxfail_strict = true\n'
    'filterwarnings = ["error"]\n', "",
)  # fmt: skip
PYTEST_INI = (
    "[pytest]\naddopts = --strict-markers -ra\ntestpaths = tests\nxfail_strict = true\nfilterwarnings = error\n"
)

ONE = "    assert add(1, 2) == 3\n"
SNAPSHOT = "    before = split(1, 1)\n    assert add(5, 6) == 11\n    assert split(1, 1) == before\n"
LOOP = """\
def test_add():
    for a, b, total in [(1, 2, 3), (0, 0, 0), (-1, 1, 0)]:
        assert add(a, b) == total
"""
RETURNS = "def check(a):\n    return add(a, 2)\n\n\ndef test_add():\n    assert check(1) == 3\n"
ON_WINDOWS = "def test_add():\n    if sys.platform == 'win32':\n        return\n"
BRANCHES = "    if rate(1, 1):\n        assert add(1, 2) == 3\n    else:\n        assert add(1, 2) == 3\n"

REST_CHANGED = [
    Case("the state before is compared with", "", edit(TEST, (ONE, ONE + SNAPSHOT))),
    Case("assertions become a loop", "", edit(TEST, (ADD, LOOP))),
    Case("a helper that gives a value is called check", "", edit(TEST, ("def test_add():\n" + ONE, RETURNS))),
    Case("a test ends early on another system", "", edit(TEST, ("def test_add():\n", ON_WINDOWS))),
    Case("an assertion for each answer", "", edit(TEST, (ONE, BRANCHES))),
    Case("an assertion from some version on", "", edit(TEST, (ONE, "    if sys.version_info > (3,):\n    " + ONE))),
    Case(
        "a function of a test is handed on",
        "",
        edit(TEST, (ONE, "    def look(b):\n        assert add(1, b) == 3\n    list(map(look, [2]))\n")),
    ),
    Case(
        "an error is raised to see what a context does",
        "",
        edit(TEST, (ONE, f"    with pytest.raises(KeyError), open('x'):\n        raise KeyError\n{ONE}")),
    ),
    Case(
        "cases get a name",
        "",
        edit(
            TEST,
            ('[("1", 1), ("20", 20), ("300", 300)]', "CASES"),
            ("def test_add", 'CASES = (("1", 1), ("20", 20), ("300", 300))\n\n\ndef test_add'),
        ),
    ),
    Case(
        "a case that another system skips",
        "",
        edit(
            TEST,
            (
                '("300", 300)',
                ('pytest.param("300", 300, marks=pytest.mark.skipif(sys.platform == "win32", reason="x"))'),
            ),
        ),
    ),
    Case("an exception that says more", "", edit(TEST, ("raises(ValueError,", "raises(UnicodeError,"))),
    Case("a narrower tolerance", "", edit(TEST, ("rel=1e-3", "rel=1e-4"))),
    Case("a helper is moved", "", {"tests/helpers.py": None, "tests/support/books.py": HELPERS}),
    Case("a helper has another name", "", {"tests/helpers.py": HELPERS.replace("check_books", "check_all_books")}),
    Case("data of the product is set", "", append(CONF, "import shop\nshop.config['X'] = 1\n")),
    Case(
        "a fixture of a class",
        "",
        append(CONF, "@pytest.fixture(autouse=True)\ndef one(request):\n    request.cls.one = 1\n"),
    ),
    Case(
        "pytest is told a mark",
        "",
        append(CONF, "def pytest_configure(config):\n    config.addinivalue_line('markers', 'slow: x')\n"),
    ),
    Case(
        "a session of HTTP",
        "",
        append(
            CONF,
            "@pytest.fixture\ndef client():\n    session = object()\n    session.headers = {}\n    return session\n",
        ),
    ),
    Case("the product becomes a package", "", {PRODUCT: None, "src/shop/money/__init__.py": MONEY}),
    Case(
        "the product leaves src",
        "",
        {PRODUCT: None, "src/shop/__init__.py": None, "shop/__init__.py": "", "shop/money.py": MONEY},
    ),
    Case("a module that is built", "", {"src/shop/fast.cpython-311-x86_64-linux-gnu.so": "x"}),
    Case(
        "a workflow has another name", "", {".github/workflows/ci.yml": None, ".github/workflows/tests.yml": WORKFLOW}
    ),
    Case(
        "the first configuration of ruff for a new folder",
        "",
        {"tools/ruff.toml": 'lint.select = ["E1"]\n', "tools/new.py": "X = 1\n"},
    ),
    Case("a stricter comment for mypy", "", edit(PRODUCT, ("    return a + b", "    return a + b  # mypy: strict"))),
    Case(
        "another's package without types, by its name",
        "",
        append("pyproject.toml", "[[tool.mypy.overrides]]\nmodule = 'cv2'\nignore_missing_imports = true\n"),
    ),
    Case("a function is added", "", append(PRODUCT, "def double(a):\n    return add(a, a)\n")),
    Case(
        "a class that compares",
        "",
        append(PRODUCT, "class Amount:\n    def __eq__(self, other):\n        return self is other\n"),
    ),
    Case("a command ends with its code", "", append(PRODUCT, "def main():\n    import sys\n    sys.exit(add(0, 0))\n")),
    Case("a module named like one of Python's own, in the package", "", {"src/shop/types.py": "Amount = int\n"}),
    Case("one warning is silenced by name", "", edit(PRODUCT, ("return a / b", "return a / b  # noqa: S101"))),
    Case(
        "one error of types is silenced by name",
        "",
        edit(PRODUCT, ("return a / b", "return a / b  # type: ignore[no-any-return]")),
    ),
    Case("a text tells of # noqa", "", append(PRODUCT, 'HELP = "write # noqa, or # nosec"\n')),
    Case("a docstring tells of # nosec", "", append(PRODUCT, 'def f():\n    """Not\n\n    x = 1  # nosec\n    """\n')),
    Case("a version is raised", "", edit("pyproject.toml", ('version = "1"', 'version = "2"'))),
    Case(
        "a dependency is added",
        "",
        edit("pyproject.toml", ('version = "1"', 'version = "1"\ndependencies = ["attrs"]')),
    ),
    Case("more coverage is asked for", "", edit("pyproject.toml", ("fail_under = 90", "fail_under = 95"))),
    Case("fewer rules are ignored", "", edit("pyproject.toml", ('["D203"]', "[]"))),
    Case("a rule is selected", "", edit("pyproject.toml", ("max-complexity = 8", "max-complexity = 7"))),
    Case("bandit skips nothing more", "", edit("pyproject.toml", ("[tool.bandit]\nskips = []\n", "[tool.bandit]\n"))),
    Case("pytest is configured elsewhere", "", {"pyproject.toml": WITHOUT_PYTEST, "pytest.ini": PYTEST_INI}),
    Case("an action is brought up to date", "", edit(".github/workflows/ci.yml", ("checkout@v3", "checkout@v4"))),
    Case(
        "CI is moved to another file", "", {".github/workflows/ci.yml": None, ".github/workflows/tests.yaml": WORKFLOW}
    ),
    Case(
        "CI runs the tests by tox",
        "",
        {
            **edit(
                ".github/workflows/ci.yml", ("pytest --cov --cov-fail-under=90", "tox"), ("      - run: mypy src\n", "")
            ),
            "tox.ini": "[testenv]\ncommands =\n    pytest --cov --cov-fail-under=90\n    mypy src\n",
        },
    ),
    Case("make cleans more", "", edit("Makefile", ("rm -rf build || true", "rm -rf build dist || true"))),
    Case(
        "a test of TypeScript is added",
        "",
        edit("web/money.test.ts", ('  it("adds",', '  it("more", () => {});\n  it("adds",')),
    ),
    Case("a test of TypeScript is renamed", "", edit("web/money.test.ts", ('"adds nothing"', '"adds zero"'))),
    Case("a test of Go is renamed", "", edit("go/money_test.go", ("TestNothing", "TestZero"))),
    Case("a guide is written", "", {"docs/guide.md": "# Guide\n\nWrite `# noqa` where it is needed.\n"}),
]
