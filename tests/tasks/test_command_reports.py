"""Commands of other languages and what they report: real cargo, real node, and targets that lie about it."""

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from pwd import getpwuid
from subprocess import run

import pytest

from gates.checks import Check
from gates.verdict import Outcome, Verdict
from gates.waivers import Waiver
from tasks.bench import Bench
from tasks.exam import Exam
from tasks.git import Git
from tasks.isolation import confinement
from tasks.target import Environment
from tests.support import git

REAL_HOME = getpwuid(os.getuid()).pw_dir
RUST = {name: os.environ.get(name, f"{REAL_HOME}/{folder}")
        for name, folder in (("RUSTUP_HOME", ".rustup"), ("CARGO_HOME", ".cargo"))}  # fmt: skip
CALLER = {**os.environ, **RUST}
Commit = Callable[..., Exam]


def works(*argv: str) -> bool:
    """Whether a tool is there and answers."""
    return shutil.which(argv[0]) is not None and run(argv, env=CALLER, capture_output=True, check=False).returncode == 0


needs_cargo = pytest.mark.skipif(not works("cargo", "--version"), reason="cargo is not installed here")
needs_clippy = pytest.mark.skipif(not works("cargo", "clippy", "--version"), reason="clippy is not installed here")
needs_node = pytest.mark.skipif(
    not works("node", "-e", "process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)"),
    reason="node 20 or later is not installed here",
)


@pytest.fixture
def commit(tmp_path: Path) -> Commit:
    """Commits files and asks for an exam of them, which compares with the commit before."""
    work = tmp_path / "repository"
    work.mkdir()
    git(work, "init", "--quiet")
    commits: list[str] = []

    def make(files: dict[str, str | None], **more: object) -> Exam:
        for name, text in files.items():
            if text is None:
                (work / name).unlink()
                continue
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            (work / name).write_text(text)
        git(work, "add", "--all")
        git(work, "-c", "user.name=t", "-c", "user.email=t@localhost", "commit", "--quiet", "--message=files")
        commits.append(git(work, "rev-parse", "HEAD"))
        home = tmp_path / "home"
        exam = Exam(
            git=Git(work / ".git"), tree=git(work, "rev-parse", "HEAD^{tree}"), base=commits[-1],
            deliverables=(), environment=Environment(env=tuple(RUST)), folder=tmp_path / "exam", words={},
            home=home, env=CALLER, confinement=confinement(None, home), compared=commits[-2] if commits[1:] else None,
        )  # fmt: skip
        return replace(exam, **more)  # type: ignore[arg-type]

    return make


def verdict(exam: Exam, *argv: str, report: dict[str, object], name: str = "it") -> Verdict:
    check = Check.model_validate({"command": {"name": name, "run": list(argv), "timeout": 240, "report": report}})
    with Bench(exam, [check]) as bench:
        return bench.verdict(check).verdict


def test_a_report_on_standard_output_that_cannot_be_read_is_not_called_nothing(commit: Commit) -> None:
    exam = commit({"a": ""})
    told = verdict(exam, "sh", "-c", "echo nonsense", report={"junit": "stdout"})
    assert (told.outcome, [finding.message for finding in told.findings]) == (Outcome.ERROR, [])
    loud = verdict(exam, "sh", "-c", "echo nonsense; echo why >&2", report={"junit": "stdout"})
    assert [finding.message for finding in loud.findings] == ["why"]
    silent = verdict(exam, "true", report={"junit": "out.xml"})
    assert [finding.message for finding in silent.findings] == ["it printed nothing"]


# -- a real crate

CRATE: dict[str, str | None] = {
    "Cargo.toml": '[package]\nname = "ledger"\nversion = "0.1.0"\nedition = "2021"\n',
    "src/lib.rs": """\
pub fn add(a: i32, b: i32) -> i32 {
    a + b
}

#[cfg(test)]
mod tests {
    #[test]
    fn adds() {
        assert_eq!(super::add(1, 2), 3);
    }
}
""",
}
WRONG = "\n#[test]\nfn wrong() {\n    assert_eq!(add(1, 2), 4);\n}\n\n#[test]\n#[ignore]\nfn slow() {}\n"


@needs_cargo
def test_cargo_test_is_read_as_text_and_as_json(commit: Commit) -> None:
    told: dict[str, object] = {"cargo_test": "stdout"}
    exam = commit(CRATE)
    passed = verdict(exam, "cargo", "test", "--offline", "--lib", report=told)
    assert passed.passed, passed
    assert passed.summary == "command it 1 passed, 0 failed, 0 skipped"
    failing = commit({"src/lib.rs": f"{CRATE['src/lib.rs']}{WRONG}"})
    for more in (("--lib",), ("--lib", "--", "-Z", "unstable-options", "--format", "json")):
        failed = verdict(failing, "env", "RUSTC_BOOTSTRAP=1", "cargo", "test", "--offline", *more, report=told)
        assert failed.outcome is Outcome.FAILED, failed
        assert failed.measured == {"passed": 1, "failed": 1, "skipped": 1}
        assert (failed.findings[0].path, failed.findings[0].line) == ("src/lib.rs", 15)
        assert failed.findings[0].message.startswith("failed: wrong: ")
        assert failed.findings[1].message.startswith("skipped: slow")


@needs_clippy
def test_clippy_is_read_and_only_what_is_new_counts(commit: Commit) -> None:
    returning = "pub fn one() -> i32 {\n    return 1;\n}\n"
    commit(CRATE | {"src/lib.rs": returning})
    twice = commit({"src/lib.rs": f"// moved\n{returning}pub fn two() -> i32 {{\n    return 1;\n}}\n"})
    clippy = ("cargo", "clippy", "--offline", "--message-format=json")
    all_of_them = verdict(twice, *clippy, report={"clippy": "stdout"})
    assert (all_of_them.outcome, all_of_them.measured) == ("failed", 2)
    assert {(each.rule, each.path) for each in all_of_them.findings} == {("clippy::needless_return", "src/lib.rs")}
    # the same line stands in the base once, and absorbs one of the two
    new = verdict(twice, *clippy, report={"clippy": "stdout", "new_only": True})
    assert (new.outcome, new.measured) == ("failed", 1), new
    waived = replace(twice, waivers=(Waiver(rule="clippy::needless_*", paths=("src/**",), reason="house style"),))
    allowed = verdict(waived, *clippy, report={"clippy": "stdout", "new_only": True})
    assert (allowed.outcome, [each.reason for each in allowed.waived]) == ("passed", ["house style"])
    broken = verdict(commit({"src/lib.rs": "pub fn one() -> i32 { true }\n"}), *clippy, report={"clippy": "stdout"})
    assert (broken.outcome, broken.findings[0].rule, broken.findings[0].line) == ("failed", "E0308", 1)


# -- a real package of node

SCRIPT = """\
'use strict';
exports.add = function (a, b) {
  return a + b;
};
exports.never = function () {
  return 1;
};
"""
TESTING = "const test = require('node:test');\nconst assert = require('node:assert');\n"
ADDS = "const { add } = require('../src/add.js');\ntest('adds', () => assert.strictEqual(add(1, 2), 3));\n"
PACKAGE: dict[str, str | None] = {"package.json": "{}", "src/add.js": SCRIPT, "test/add.test.js": TESTING + ADDS}
JUNIT = ("node", "--test", "--test-reporter=junit", "--test-reporter-destination=build.xml")
LCOV = ("node", "--test", "--experimental-test-coverage", "--test-reporter=lcov")


@needs_node
def test_the_junit_report_of_node_is_read(commit: Commit) -> None:
    passed = verdict(commit(PACKAGE), *JUNIT, report={"junit": "build.xml"})
    assert passed.passed, passed
    more = "test('fails', () => assert.strictEqual(add(1, 2), 4));\ntest('later', { skip: true }, () => {});\n"
    failed = verdict(commit({"test/add.test.js": TESTING + ADDS + more}), *JUNIT, report={"junit": "build.xml"})
    assert failed.measured == {"passed": 1, "failed": 1, "skipped": 1}
    assert (failed.findings[0].path, failed.findings[0].line) == ("test/add.test.js", 5)
    outside = verdict(
        commit({"test/add.test.js": TESTING + ADDS}), "node", "--test", "--test-reporter=junit",
        "--test-reporter-destination={reports}/j.xml", report={"junit": "{reports}/j.xml", "at_least": 2},
    )  # fmt: skip
    assert (outside.outcome, outside.findings[0].message) == ("failed", "fewer than 2 tests passed")


@needs_node
def test_the_lcov_of_node_is_judged_by_our_own_denominator(commit: Commit) -> None:
    exam = commit(PACKAGE)
    alone = verdict(exam, *LCOV, report={"lcov": "stdout", "at_least": 90})
    assert (alone.outcome, alone.measured) == ("failed", 85.7)
    assert (alone.findings[0].line, alone.findings[0].message) == (6, "85 %, lines 6")
    # a file that no test imports is in no report of node, and counts with every line
    bigger = commit({"src/other.js": "exports.one = () => {\n  return 1;\n};\n"})
    with_it = verdict(bigger, *LCOV, report={"lcov": "stdout", "at_least": 80})
    assert (with_it.outcome, with_it.measured) == ("failed", 60.0)
    assert with_it.findings[0].message == "0 %, the report does not name it, lines 1-3"
    assert verdict(bigger, *LCOV, report={"lcov": "stdout", "at_least": 80, "without": "src/other.js"}).passed
    new = verdict(bigger, *LCOV, report={"lcov": "stdout", "at_least": 0, "new_code": 80})
    assert (new.outcome, new.measured) == ("failed", {"new_code": 0.0, "all": 60.0})
    assert [each.path for each in new.findings] == ["src/other.js"]


# -- targets that lie

GOOD = '<testsuite tests="1"><testcase name="a"/></testsuite>'


def writes(text: str, path: str = "build/junit.xml") -> tuple[str, ...]:
    return ("sh", "-c", f"mkdir -p build; printf %s '{text}' > {path}")


@pytest.mark.parametrize(
    ("files", "argv", "words"),
    [
        ({"build/junit.xml": GOOD}, ("true",), "build/junit.xml is there before the command has run"),
        ({"build/junit.xml": GOOD}, writes(GOOD), "build/junit.xml is there before the command has run"),
        ({}, ("true",), "the run left no build/junit.xml"),
        ({}, writes(""), "build/junit.xml is empty"),
        ({}, (*writes(GOOD)[:2], f"{writes(GOOD)[2]}; exit 3"), "ended with code 3, but its report"),
        ({}, writes("<testsuite/>"), "tells of no test that ran"),
        ({"j.xml": GOOD}, ("sh", "-c", "mkdir build; ln -s ../j.xml build/junit.xml"), "cannot be read"),
        ({"d/junit.xml": GOOD}, ("sh", "-c", "ln -s d build"), "lies behind a symbolic link"),
        ({}, ("sh", "-c", "mkdir build; mkfifo build/junit.xml"), "is no regular file"),
        ({}, ("sh", "-c", "mkdir -p build/junit.xml"), "no regular file"),
        ({}, ("sh", "-c", "mkdir build; truncate -s 70M build/junit.xml"), "at most 67108864 are read"),
        ({}, ("sh", "-c", f"{writes(GOOD)[2]}; kill -9 $$"), "SIGKILL"),
        ({}, ("not-here",), "cannot start not-here"),
    ],
)
def test_a_report_that_is_no_evidence_is_an_error(
    commit: Commit, files: dict[str, str | None], argv: tuple[str, ...], words: str
) -> None:
    told = verdict(commit({"a": "", **files}), *argv, report={"junit": "build/junit.xml"})
    assert told.outcome is Outcome.ERROR, told
    assert words in told.summary


def test_what_a_command_prints_is_a_report_apart_from_its_errors(commit: Commit) -> None:
    argv = ("sh", "-c", f"echo trouble >&2; printf %s '{GOOD}'")
    assert verdict(commit({"a": ""}), *argv, report={"junit": "stdout"}).passed


def test_the_report_of_one_command_is_not_there_for_another(commit: Commit) -> None:
    exam = commit({"a": ""})
    first = {"command": {"name": "one", "run": list(writes(GOOD)), "report": {"junit": "build/junit.xml"}}}
    second = {"command": {"name": "two", "run": ["true"], "report": {"junit": "build/junit.xml"}}}
    checks = [Check.model_validate(first), Check.model_validate(second)]
    with Bench(exam, checks) as bench:
        outcomes = [bench.verdict(check).verdict.outcome for check in checks]
    assert outcomes == [Outcome.PASSED, Outcome.ERROR]


def test_new_only_without_a_base_and_with_a_base_that_cannot_be_measured(commit: Commit) -> None:
    log = '{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x"}}, "results": []}]}'
    report: dict[str, object] = {"sarif": "out.sarif", "new_only": True}
    run_it = ("sh", "-c", "cp log out.sarif")
    alone = verdict(commit({"a": "", "log": log}), *run_it, report=report)
    assert (alone.outcome, "name the commit to compare with" in alone.summary) == (Outcome.ERROR, True)
    assert verdict(commit({"b": ""}), *run_it, report=report).passed
    commit({"log": None})
    there = verdict(commit({"log": log}), *run_it, report=report)
    assert there.summary.startswith("command it: on the base commit: the run left no out.sarif"), there.summary


def test_the_configuration_of_a_tool_is_the_base_commits(commit: Commit) -> None:
    strict = {".lint/rules": "strict\n", "a": ""}
    base = commit(strict).base
    assert base
    # loosened, with a rule of its own, and the folder led astray: none of it reaches the command
    loose = commit({".lint/rules": "loose\n", ".lint/more": "loose\n"}, base=base)
    shows = {"name": "it", "run": ["sh", "-c", "cat .lint/*; ! grep -q loose .lint/*"]}
    for from_base, outcome in (([".lint/**"], "passed"), ([], "failed")):
        check = Check.model_validate({"command": {**shows, "from_base": from_base}})
        with Bench(loose, [check]) as bench:
            assert bench.verdict(check).verdict.outcome == outcome
    work = loose.git.directory.parent
    for name in ("rules", "more"):
        (work / ".lint" / name).unlink()
    (work / ".lint").rmdir()
    (work / ".lint").symlink_to("/tmp")  # noqa: S108 - a place outside
    astray = commit({}, base=base)
    check = Check.model_validate({"command": {**shows, "from_base": [".lint", ".lint/**"]}})
    with Bench(astray, [check]) as bench:
        verdict = bench.verdict(check).verdict
    assert verdict.passed, verdict
    assert not Path("/tmp/rules").exists()  # noqa: S108
    misspelt = Check.model_validate({"command": {**shows, "from_base": ".lnit/**"}})
    with Bench(loose, [misspelt]) as bench:
        assert "from_base: no file matches .lnit/**" in bench.verdict(misspelt).verdict.summary
