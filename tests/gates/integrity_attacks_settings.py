"""Ways to have tools say less, each with the rule that it breaks."""

from tests.gates.integrity_base import BASE, PRODUCT, SCRIPT, Case, append, edit

LOOSENED = [
    Case("pytest is configured anew beside the tests", "pytest-configured", {"tests/pytest.ini": "[pytest]\n"}),
    Case(
        "another path comes first, by pytest",
        "pytest-configured",
        edit("pyproject.toml", ("xfail_strict", 'pythonpath = ["tests/fakes"]\nxfail_strict')),
    ),
    Case(
        "a second suppression on one line",
        "suppression-lint",
        edit(PRODUCT, ("a / b", "a / b  # type: ignore[x]  # noqa")),
    ),
    Case("# nosec", "suppression-nosec", edit(PRODUCT, ("return a / b", "return a / b  # nosec"))),
    Case(
        "# pragma: no cover",
        "suppression-coverage",
        edit(PRODUCT, ("def rate(a, b):", "def rate(a, b):  # pragma: no cover")),
    ),
    Case("# noqa", "suppression-lint", edit(PRODUCT, ("return a / b", "return a / b  # noqa"))),
    Case("# type: ignore", "suppression-types", edit(PRODUCT, ("return a / b", "return a / b  # type: ignore"))),
    Case("# ruff: noqa", "suppression-file", edit(PRODUCT, ('"""Money."""', '"""Money."""\n# ruff: noqa'))),
    Case(
        "# mypy: ignore-errors",
        "suppression-file",
        edit(PRODUCT, ('"""Money."""', '# mypy: ignore-errors\n"""Money."""')),
    ),
    Case(
        "# pylint: skip-file", "suppression-file", edit(PRODUCT, ('"""Money."""', '# pylint: skip-file\n"""Money."""'))
    ),
    Case("@ts-ignore", "suppression-types", edit("web/money.test.ts", ("describe", "// @ts-ignore\ndescribe"))),
    Case(
        "eslint-disable", "suppression-file", edit("web/money.test.ts", ("describe", "/* eslint-disable */\ndescribe"))
    ),
    Case("#[allow]", "suppression-lint", edit("rust/src/lib.rs", ("pub fn", "#[allow(clippy::all)]\npub fn"))),
    Case("//nolint", "suppression-lint", edit("go/money_test.go", ("package money", "package money //nolint"))),
    Case("less coverage will do", "limit-lowered", edit("pyproject.toml", ("fail_under = 90", "fail_under = 10"))),
    Case("no coverage is asked for", "limit-lowered", edit("pyproject.toml", ("fail_under = 90", ""))),
    Case(
        "more complexity will do",
        "limit-lowered",
        edit("pyproject.toml", ("max-complexity = 8", "max-complexity = 80")),
    ),
    Case("less coverage on a command line", "limit-lowered", edit(".github/workflows/ci.yml", ("under=90", "under=9"))),
    Case(
        "files are left out of coverage",
        "check-loosened",
        edit("pyproject.toml", ("branch = true", "branch = true\nomit = ['src/shop/money.py']")),
    ),
    Case(
        "lines are left out of coverage",
        "check-loosened",
        edit("pyproject.toml", ("fail_under = 90", "fail_under = 90\nexclude_also = ['def ']")),
    ),
    Case("branches are not covered", "check-loosened", edit("pyproject.toml", ("branch = true", "branch = false"))),
    Case("rules are ignored", "check-loosened", edit("pyproject.toml", ('["D203"]', '["D203", "S", "E"]'))),
    Case("rules are not selected", "check-loosened", edit("pyproject.toml", ('select = ["ALL"]', 'select = ["E"]'))),
    Case(
        "rules are ignored by file",
        "check-loosened",
        append("pyproject.toml", "[tool.ruff.lint.per-file-ignores]\n'src/*' = ['ALL']\n"),
    ),
    Case(
        "types are not strict",
        "check-loosened",
        edit("pyproject.toml", ("strict = true\n\n[tool.bandit]", "strict = false\n\n[tool.bandit]")),
    ),
    Case(
        "errors of types are ignored",
        "check-loosened",
        edit("pyproject.toml", ("[tool.mypy]", "[tool.mypy]\nignore_errors = true")),
    ),
    Case("bandit skips", "check-loosened", edit("pyproject.toml", ("skips = []", "skips = ['B602']"))),
    Case(
        "an empty mypy.ini goes before the strict one", "check-loosened", {"mypy.ini": "[mypy]\nignore_errors = True\n"}
    ),
    Case("a .coveragerc goes before", "limit-lowered", {".coveragerc": "[run]\nbranch = true\nsource = src\n"}),
    Case("an empty pytest.ini goes before", "pytest-configured", {"pytest.ini": "[pytest]\n"}),
    Case(
        "tests are deselected",
        "pytest-configured",
        edit("pyproject.toml", ('"-ra"]', '"-ra", "--deselect=tests/test_money.py::test_add"]')),
    ),
    Case(
        "tests are chosen by name", "pytest-configured", edit("pyproject.toml", ('"-ra"]', '"-ra", "-k", "not add"]'))
    ),
    Case(
        "tests are only collected", "pytest-configured", edit("pyproject.toml", ('"-ra"]', '"-ra", "--collect-only"]'))
    ),
    Case(
        "tests are looked for elsewhere",
        "pytest-configured",
        edit("pyproject.toml", ('testpaths = ["tests"]', 'testpaths = ["docs"]')),
    ),
    Case(
        "files are named otherwise",
        "pytest-configured",
        edit("pyproject.toml", ("xfail_strict", 'python_files = ["check_*.py"]\nxfail_strict')),
    ),
    Case(
        "warnings are no errors",
        "pytest-configured",
        edit("pyproject.toml", ('filterwarnings = ["error"]', "filterwarnings = []")),
    ),
    Case(
        "an unexpected pass is fine",
        "pytest-configured",
        edit("pyproject.toml", ("xfail_strict = true", "xfail_strict = false")),
    ),
    Case("CI is deleted", "ci-loosened", {".github/workflows/ci.yml": None}),
    Case("CI runs no types", "ci-loosened", edit(".github/workflows/ci.yml", ("      - run: mypy src\n", ""))),
    Case("CI goes on", "ci-loosened", edit(".github/workflows/ci.yml", ("run: mypy src", "run: mypy src || true"))),
    Case(
        "CI goes on by a key",
        "ci-loosened",
        edit(".github/workflows/ci.yml", ("run: mypy src", "run: mypy src\n        continue-on-error: true")),
    ),
    Case(
        "CI leaves tests out",
        "ci-loosened",
        edit(".github/workflows/ci.yml", ("pytest --cov", "pytest --ignore=tests/test_money.py --cov")),
    ),
    Case("make goes on", "ci-loosened", edit("Makefile", ("\tpytest -q", "\t-pytest -q"))),
    Case("make does not fail", "ci-loosened", edit("Makefile", ("\tpytest -q", "\tpytest -q || true"))),
    Case(
        "a test of TypeScript is skipped", "test-skipped", edit("web/money.test.ts", ('it("adds",', 'it.skip("adds",'))
    ),
    Case("one test of TypeScript alone", "test-skipped", edit("web/money.test.ts", ('it("adds",', 'it.only("adds",'))),
    Case("xit", "test-skipped", edit("web/money.test.ts", ('it("adds",', 'xit("adds",'))),
    Case(
        "a test of TypeScript is deleted",
        "test-deleted",
        {"web/money.test.ts": "\n".join(SCRIPT.splitlines()[:4]) + "\n});\n"},
    ),
    Case(
        "a test of Rust is ignored",
        "test-skipped",
        edit("rust/src/lib.rs", ("    fn adds()", "    #[ignore]\n    fn adds()")),
    ),
    Case(
        "a test of Rust is deleted",
        "test-deleted",
        edit("rust/src/lib.rs", ("    #[test]\n    fn adds_nothing() { assert_eq!(super::add(0, 0), 0); }\n", "")),
    ),
    Case(
        "a test of Go is skipped", "test-skipped", edit("go/money_test.go", ("\tif Add(1", '\tt.Skip("x")\n\tif Add(1'))
    ),
    Case(
        "a test of Go is deleted",
        "test-deleted",
        {"go/money_test.go": BASE["go/money_test.go"].partition("func TestN")[0]},
    ),
]
