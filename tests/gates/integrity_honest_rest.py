"""Changes beside the tests that a reviewer would let pass without a word, or with one."""

from tests.gates.integrity_base import PRODUCT, PYPROJECT, WORKFLOW, Case, append, edit

WITHOUT_PYTEST = PYPROJECT.replace(
    '[tool.pytest.ini_options]\naddopts = ["--strict-markers", "-ra"]\ntestpaths = ["tests"]\nxfail_strict = true\n'
    'filterwarnings = ["error"]\n', "",
)  # fmt: skip
PYTEST_INI = (
    "[pytest]\naddopts = --strict-markers -ra\ntestpaths = tests\nxfail_strict = true\nfilterwarnings = error\n"
)

REST_CHANGED = [
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
