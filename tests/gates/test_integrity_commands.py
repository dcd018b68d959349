"""What is run to check a project, and by which rules: each change of it on a base of its own."""

from pathlib import Path
from typing import NamedTuple

import pytest

from tests.gates.integrity_base import Files, answered, rules, subject_of

CI, HOOKS, TOX = ".github/workflows/gate.yml", ".pre-commit-config.yaml", "tox.ini"
LOOSENED = "ci-loosened"
CALL = "sparc gate --file gate.yaml --base origin/main"
PLAIN = "sparc gate tests 'coverage: {at_least: 90}' --base origin/main"


def workflow(*runs: str) -> str:
    steps = "".join(f"      - run: {run}\n" for run in runs)
    return f"on: push\njobs:\n  pytest:\n    runs-on: ubuntu-latest\n    steps:\n{steps}"


def hooks(*names: str, more: str = "") -> str:
    listed = "".join(f"      - id: {name}\n{more}" for name in names)
    return f"repos:\n  - repo: https://example.org/hooks\n    rev: v1\n    hooks:\n{listed}"


def tox(command: str) -> str:
    return f"[tox]\nenvlist = py\n[testenv]\ndeps =\n    pytest\ncommands = {command}\n[pytest]\naddopts = -q\n"


def nox(command: str) -> str:
    return f'import nox\n\n\n@nox.session\ndef tests(s):\n    s.install("pytest")\n    s.run("{command}")\n'


def poe(command: str) -> str:
    return f'[tool.tox.env_run_base]\ncommands = [["{command}", "-q"]]\n'


MADE = {"Makefile": "test:\n\tpytest\n"}
OURS = {CI: workflow(CALL), HOOKS: hooks("sparc-gate"), **MADE, "noxfile.py": nox("pytest")}
TOXED = {TOX: tox("pytest"), CI: workflow("tox")}
IN_CI = {CI: workflow("pytest"), **MADE}
ON_DEMAND = workflow("pytest").replace("on: push", "# on: [push]\non: workflow_dispatch")
TSC = '{\n  // of tsc --init\n  "compilerOptions": {"strict": true, /* "x": 1, */ "paths": {"//a": ["/*"]},},\n}\n'
STRICT_MYPY = "disallow_untyped_defs = True\nwarn_return_any = True\n"
TWO = "[options.entry_points]\npytest11 =\n    one = shop.one\n"
MATCHES = 'test("a", () => {\n  expect(/^a/.test("abc")).toBe(true);\n});\n'
ESLINT = '{"rules": {"no-eval": "error", "complexity": ["error", 10], "max-depth": ["error", {"max": 3}]}}'


class Move(NamedTuple):
    """A change of a base."""

    name: str
    base: dict[str, str]
    files: Files
    rule: str = ""
    """What it breaks; nothing that blocks where it is empty."""


MOVES = [
    # the gate of sparc
    Move("the gate's step says ok", OURS, {CI: workflow("echo ok")}, LOOSENED),
    Move("the gate's workflow goes", OURS, {CI: None}, LOOSENED),
    Move("the gate compares with itself", OURS, {CI: workflow(CALL.replace("origin/main", "HEAD"))}, LOOSENED),
    Move("and by its number", OURS, {CI: workflow(CALL.replace("origin/main", '"${{ github.sha }}"'))}, LOOSENED),
    Move(
        "and by a variable",
        {CI: workflow('sparc gate tests --base "$BASE"') + "        env: {BASE: '${{ github.event.before }}'}\n"},
        {CI: workflow('sparc gate tests --base "$BASE"') + "        env: {BASE: '${{ github.sha }}'}\n"},
        LOOSENED,
    ),
    Move("the gate has no base", OURS, {CI: workflow("sparc gate --file gate.yaml")}, LOOSENED),
    Move("the gate has no file", OURS, {CI: workflow("sparc gate docs --base origin/main")}, LOOSENED),
    Move("a check is asked no more", {CI: workflow(PLAIN)}, {CI: workflow(PLAIN.replace("tests ", ""))}, LOOSENED),
    Move("a check asks for less", {CI: workflow(PLAIN)}, {CI: workflow(PLAIN.replace("90", "50"))}, LOOSENED),
    Move("a check asks for more", {CI: workflow(PLAIN)}, {CI: workflow(PLAIN.replace("90", "95"))}),
    Move("a check more", {CI: workflow(PLAIN)}, {CI: workflow(PLAIN.replace("tests ", "tests integrity "))}),
    Move("the gate leaves a report", OURS, {CI: workflow(f"{CALL} --junit gate.xml")}),
    Move("the gate has another file of CI", OURS, {CI: None, ".github/workflows/all.yml": workflow(CALL)}),
    Move("the gate is called by its path", OURS, {CI: workflow(CALL.replace("sparc gate", '"$V/bin/sparc" gate'))}),
    Move("our hook goes", OURS, {HOOKS: "repos: []\n"}, LOOSENED),
    Move("all hooks go", OURS, {HOOKS: None}, LOOSENED),
    Move("our hook waits", OURS, {HOOKS: hooks("sparc-gate", more="        stages: [manual]\n")}, LOOSENED),
    Move("hooks pass over everything", OURS, {HOOKS: "exclude: .*\n" + hooks("sparc-gate")}, LOOSENED),
    Move("a hook more", OURS, {HOOKS: hooks("sparc-gate", "ruff")}),
    Move("the second gate of a line asks for less", {CI: workflow("sparc gate tests && sparc gate docs")},
         {CI: workflow("sparc gate tests && sparc gate tests")}, LOOSENED),
    Move("the second gate of a line stays", {CI: workflow("sparc gate tests; sparc gate docs")},
         {CI: workflow("sparc gate tests && sparc gate docs")}),
    Move("a check that is no date", {CI: workflow("sparc gate tests")}, {CI: workflow("sparc gate tests 2024-13-45")}),
    Move("CI waits for a person", {CI: workflow("pytest")}, {CI: ON_DEMAND}, LOOSENED),
    Move("CI has its events in a list", {CI: workflow("pytest")},
         {CI: workflow("pytest").replace("on: push", "on:\n  push:\n    branches: [main]")}),
    # commands that say what they do
    Move("tox runs nothing", TOXED, {TOX: tox("true")}, LOOSENED),
    Move("tox alone runs nothing", {TOX: tox("pytest")}, {TOX: tox("true")}, LOOSENED),
    Move("nox runs nothing", {"noxfile.py": nox("pytest")}, {"noxfile.py": nox("true")}, LOOSENED),
    Move("nox runs nothing, and make still does", OURS, {"noxfile.py": nox("true")}, LOOSENED),
    Move("make runs nothing", OURS, {"Makefile": "test:\n\ttrue\n"}, LOOSENED),
    Move("make has a target of the name", OURS, {"Makefile": "test:\n\ttrue\npytest:\n"}, LOOSENED),
    Move("tox in pyproject.toml runs nothing", {**TOXED, TOX: "", "pyproject.toml": poe("pytest")},
         {"pyproject.toml": poe("true")}, LOOSENED),
    Move("npm runs nothing", {"package.json": '{"scripts": {"test": "jest"}, "devDependencies": {"jest": "1"}}'},
         {"package.json": '{"scripts": {"test": "true"}, "devDependencies": {"jest": "1"}}'}, LOOSENED),
    Move("CI says ok, and make still tests", IN_CI, {CI: workflow("echo ok")}, LOOSENED),
    Move("CI says ok, and a script that nobody calls tests", IN_CI,
         {CI: workflow("echo ok"), "scripts/test": "pytest\n"}, LOOSENED),
    Move("the gate goes from CI to a hook", {CI: workflow(CALL)},
         {CI: workflow("echo ok"), HOOKS: hooks("sparc-gate")}, LOOSENED),
    Move("CI calls a script that tests", IN_CI, {CI: workflow("./scripts/test"), "scripts/test": "pytest\n"}),
    Move("hooks cannot be read", {HOOKS: hooks("ruff")}, {HOOKS: "repos: 7\n"}, LOOSENED),
    Move("a hook of another tool goes", {HOOKS: hooks("ruff", "mypy")}, {HOOKS: hooks("ruff")}, LOOSENED),
    Move("CI calls make", IN_CI, {CI: workflow("make test")}),
    Move("make goes, and CI tests", IN_CI, {"Makefile": None}),
    Move("tox becomes nox", TOXED, {TOX: None, "noxfile.py": nox("pytest"), CI: workflow("nox")}),
    Move("tox is told in pyproject.toml", TOXED, {TOX: None, "pyproject.toml": poe("pytest")}),
    Move("tox is left for pytest", TOXED, {TOX: None, CI: workflow("pytest")}),
    Move("tox by an option more", TOXED, {TOX: tox("pytest -ra")}),
    Move("a linter takes the place of another", {HOOKS: hooks("flake8")}, {HOOKS: hooks("ruff")}),
    Move("linting goes from make to hooks", {**IN_CI, "Makefile": "lint:\n\truff check .\ntest:\n\tpytest\n"},
         {**MADE, HOOKS: hooks("ruff")}),
    Move("make lints no more, and CI does", {CI: workflow("flake8"), "Makefile": "test:\n\tpytest\nlint:\n\tflake8\n"},
         {**MADE}),
    Move("one of two jobs", {CI: workflow("pytest"), ".github/workflows/old.yml": workflow("pytest -x")},
         {".github/workflows/old.yml": None}),
    # tools that are no Python
    Move("a rule of eslint goes", {".eslintrc.json": ESLINT}, {".eslintrc.json": '{"rules": {}}'}, "check-loosened"),
    Move("a rule of eslint warns", {".eslintrc.json": ESLINT},
         {".eslintrc.json": ESLINT.replace('"no-eval": "error"', '"no-eval": "warn"')}, "check-loosened"),
    Move("a rule of eslint is turned off", {".eslintrc.json": ESLINT},
         {".eslintrc.json": ESLINT.replace('{"no-eval"', '{"eqeqeq": "off", "no-eval"')}, "check-loosened"),
    Move("eslint lets more complexity pass", {".eslintrc.json": ESLINT},
         {".eslintrc.json": ESLINT.replace("10", "20")}, "limit-lowered"),
    Move("eslint lets more depth pass", {".eslintrc.json": ESLINT},
         {".eslintrc.json": ESLINT.replace("3", "9")}, "limit-lowered"),
    Move("eslint is configured by a script", {".eslintrc.json": ESLINT},
         {".eslintrc.json": None, "eslint.config.mjs": "export default [];\n"}),
    Move("eslint is stricter", {".eslintrc.json": ESLINT},
         {".eslintrc.json": ESLINT.replace("10", "8").replace('{"no-eval"', '{"eqeqeq": 2, "no-eval"')}),
    Move("a rule of eslint loses its brackets", {".eslintrc.json": '{"rules": {"a": ["error", {"b": 1}]}}'},
         {".eslintrc.json": '{"rules": {"a": "error"}}'}),
    Move("clippy lets more complexity pass", {"clippy.toml": "cognitive-complexity-threshold = 10\n"},
         {"clippy.toml": "cognitive-complexity-threshold = 100\n"}, "limit-lowered"),
    Move("clippy lets less pass", {"clippy.toml": "cognitive-complexity-threshold = 10\n"},
         {"clippy.toml": "cognitive-complexity-threshold = 9\n"}),
    Move("a lint of Rust is allowed", {"Cargo.toml": '[lints.clippy]\nall = {level = "deny", priority = 1}\n'},
         {"Cargo.toml": '[lints.clippy]\nall = {level = "allow", priority = 1}\n'}, "check-loosened"),
    Move("a lint of Rust has another weight", {"Cargo.toml": '[lints.clippy]\nall = {level = "deny", priority = 1}\n'},
         {"Cargo.toml": '[lints.clippy]\nall = {level = "deny", priority = 2}\n'}),
    Move("TypeScript below remarks", {"tsconfig.json": TSC},
         {"tsconfig.json": TSC.replace("true", "false")}, "check-loosened"),
    Move("a remark for TypeScript", {"tsconfig.json": '{"compilerOptions": {"strict": true}}'},
         {"tsconfig.json": TSC}),
    Move("eslint in YAML", {".eslintrc": "rules: {no-eval: error}\n"}, {".eslintrc": "rules: {no-eval: off}\n"},
         "check-loosened"),
    Move("a matcher that is called test", {"a.test.js": MATCHES},
         {"a.test.js": MATCHES.replace('/^a/.test("abc")).toBe(true)', '"abc").toMatch(/^a/)')}),
    # tools of Python
    Move("all of ruff", {"ruff.toml": 'lint.select = ["E", "F"]\n'}, {"ruff.toml": 'lint.select = ["ALL"]\n'}),
    Move("more of ruff", {"ruff.toml": 'lint.select = ["E4", "F"]\n'}, {"ruff.toml": 'lint.select = ["E", "F"]\n'}),
    Move("another letter of ruff", {"ruff.toml": 'lint.select = ["S", "SIM1"]\n'},
         {"ruff.toml": 'lint.select = ["S"]\n'}, "check-loosened"),
    Move("what only ruff has", {".flake8": "[flake8]\nselect = E,F\n"}, {".flake8": "[flake8]\nselect = ALL\n"},
         "check-loosened"),
    Move("warnings become errors", {"pytest.ini": "[pytest]\naddopts = -q\n"},
         {"pytest.ini": "[pytest]\naddopts = -q -W error -Werror::UserWarning\n"}),
    Move("errors become no warnings", {"pytest.ini": "[pytest]\naddopts = -W error\n"},
         {"pytest.ini": "[pytest]\naddopts = -W ignore\n"}, "pytest-configured"),
    Move("mypy moves", {"mypy.ini": f"[mypy]\n{STRICT_MYPY}"},
         {"mypy.ini": None, "pyproject.toml": f"[tool.mypy]\n{STRICT_MYPY.lower()}"}),
    Move("mypy passes over a module", {"setup.cfg": f"[mypy]\n{STRICT_MYPY}"},
         {"setup.cfg": f"[mypy]\n{STRICT_MYPY}[mypy-shop.*]\nignore_errors = True\n"}, "check-loosened"),
    Move("pylint moves", {".pylintrc": "[MESSAGES CONTROL]\ndisable=C0114\n"},
         {".pylintrc": None, "pyproject.toml": "[tool.pylint.'messages control']\ndisable = ['C0114']\n"}),
    Move("a second plugin", {"setup.cfg": TWO}, {"setup.cfg": TWO + "    easy = shop.easy\n"}, "plugin-loaded"),
    # files of what is passed over
    Move("a remark on what semgrep leaves out", {".semgrepignore": "a/\n"}, {".semgrepignore": "# made\na/\n"}),
    Move("a version for Sonar", {"sonar-project.properties": "sonar.projectVersion=1\nsonar.exclusions=a,b\n"},
         {"sonar-project.properties": "sonar.projectVersion=2\nsonar.exclusions=b\n"}),
]  # fmt: skip


@pytest.mark.parametrize("move", MOVES, ids=lambda move: move.name)
def test_what_is_asked_no_more_blocks_and_what_moves_does_not(move: Move, tmp_path: Path) -> None:
    base = subject_of(tmp_path / "base", move.base)
    verdict = answered(subject_of(tmp_path / "new", {**move.base, **move.files}, base=base))
    assert rules(verdict) == ({move.rule} if move.rule else set()), verdict.summary
    assert verdict.passed is not bool(move.rule)
