"""Requirements and the tests that stand for them, by real runs of pytest."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gates.naming import named_by
from gates.subject import Beside, Subject
from gates.traceability import Limits, judge
from gates.verdict import Outcome, Verdict
from gates.waivers import Waiver

Tree = Callable[..., Subject]
Ask = Callable[[object, Subject], Verdict]
RunSuite = Callable[..., Subject]

REQUIREMENTS = "".join(f"## REQ-{number} Something\n" for number in range(1, 8))
TESTS = '''\
import pytest


class TestSums:
    """About REQ-1."""

    def test_adds(self):
        assert 1 + 1 == 2


@pytest.mark.parametrize("x", [1, 2], ids=["REQ-2 one", "two"])
def test_pairs(x):
    assert x


def test_req_3_is_kept():
    # not REQ-7
    assert "REQ-4" != "REQ-5"


@pytest.mark.filterwarnings("ignore")
def test_docstring():
    """REQ-6: it holds."""


def helper():
    "REQ-7"
'''


def traced(**limits: object) -> dict[str, object]:
    requirements = {"paths": "docs/r.md", "pattern": "REQ-[0-9]+"}
    return {"traceability": {"requirements": requirements, **limits}}


def matrix(verdict: Verdict) -> dict[str, list[tuple[str, str]]]:
    assert isinstance(verdict.measured, dict)
    rows: list[dict[str, list[dict[str, str]]]] = verdict.measured["matrix"]  # type: ignore[assignment]
    return {str(row["requirement"]): [(one["test"], one["outcome"]) for one in row["tests"]] for row in rows}


def test_a_requirement_needs_a_test_that_names_it_ran_and_passed(tree: Tree, ask: Ask, run_suite: RunSuite) -> None:
    verdict = ask(traced(), run_suite(tree({"docs/r.md": REQUIREMENTS, "tests/test_a.py": TESTS})))
    assert matrix(verdict) == {
        "REQ-1": [("tests/test_a.py::TestSums::test_adds", "passed")],
        "REQ-2": [("tests/test_a.py::test_pairs", "passed")],
        "REQ-3": [("tests/test_a.py::test_req_3_is_kept", "passed")],
        "REQ-4": [("tests/test_a.py::test_req_3_is_kept", "passed")],
        "REQ-5": [("tests/test_a.py::test_req_3_is_kept", "passed")],
        "REQ-6": [("tests/test_a.py::test_docstring", "passed")],
        "REQ-7": [],
    }
    assert (verdict.outcome, verdict.summary) == (
        "failed",
        "traceability 6 of 7 requirements have a test that passed: docs/r.md:7 no test names REQ-7",
    )
    assert [(finding.path, finding.line, finding.rule) for finding in verdict.findings] == [
        ("docs/r.md", 7, "requirement-untested")
    ]


def test_a_test_that_did_not_pass_stands_for_nothing(tree: Tree, ask: Ask, run_suite: RunSuite) -> None:
    tests = (
        "import pytest\n\n\ndef test_req_1():\n    assert False\n\n\n@pytest.mark.skip\ndef test_req_2():\n    pass\n"
        "\n\n@pytest.mark.parametrize('x', [1, 0])\ndef test_req_3(x):\n    assert x\n\n\ndef test_req_4():\n    pass\n"
        "\n\nif False:\n    def test_req_5():\n        pass\n"
    )
    subject = run_suite(tree({"docs/r.md": REQUIREMENTS, "tests/test_a.py": tests}))
    verdict = ask(traced(), subject)
    outcomes = {name: [outcome for _, outcome in tests] for name, tests in matrix(verdict).items()}
    assert outcomes == {
        "REQ-1": ["failed"], "REQ-2": ["skipped"], "REQ-3": ["failed"], "REQ-4": ["passed"],
        "REQ-5": ["not run"], "REQ-6": [], "REQ-7": [],
    }  # fmt: skip
    assert verdict.findings[0].message == "REQ-1 has no test that counts (tests/test_a.py::test_req_1 failed)"
    named = ask(traced(executed=False), subject)
    assert (len(named.findings), named.summary[:60]) == (
        2,
        "traceability 5 of 7 requirements have a test that names them",
    )


@pytest.mark.parametrize(
    ("code", "reason"),
    [(3, "pytest ended with code 3"), (0, "code 0, but its report tells of failures"), (-9, "was ended by SIGKILL")],
)
def test_a_run_that_cannot_be_believed_is_an_error(
    tree: Tree, ask: Ask, run_suite: RunSuite, code: int, reason: str
) -> None:
    files = {"docs/r.md": "# REQ-1\n", "tests/test_a.py": "def test_req_1():\n    assert False\n"}
    subject = run_suite(tree(files))
    lied = subject.model_copy(update={"ran": (subject.ran[0].model_copy(update={"code": code}),)})
    verdict = ask(traced(), lied)
    assert (verdict.outcome, reason in verdict.summary) == ("error", True)
    assert ask(traced(), subject.model_copy(update={"ran": ()})).summary == "traceability: the tests were not run"


def named(tree: Tree, ask: Ask, requirements: str, tests: str, **fields: object) -> Verdict:
    return ask(traced(executed=False), tree({"docs/r.md": requirements, "tests/test_a.py": tests}, **fields))


def test_names_that_nothing_defines_are_told(tree: Tree, ask: Ask) -> None:
    tests = 'def test_req_1():\n    """Of REQ-11."""\n    assert "REQ-12"\n'
    verdict = named(tree, ask, "# REQ-1\n", tests)
    assert [(finding.line, finding.rule, finding.message) for finding in verdict.findings] == [
        (1, "requirement-unknown", "tests/test_a.py::test_req_1 names REQ-11, which nothing defines")
    ]


def test_a_requirement_that_is_defined_twice_is_told(tree: Tree, ask: Ask) -> None:
    verdict = named(tree, ask, "# REQ-1\n# REQ-1\n- REQ-1 mentioned\n", "def test_req_1(): ...\n")
    assert [(finding.line, finding.message) for finding in verdict.findings] == [
        (2, "REQ-1 is defined twice: at docs/r.md:1 as well")
    ]


def test_a_requirement_that_is_gone_is_told_unless_it_is_waived(tree: Tree, ask: Ask, tmp_path: Path) -> None:
    base = tree({"docs/r.md": "# REQ-1\n# REQ-2\n"})
    kept = base.model_copy(update={"root": base.root.rename(tmp_path / "base")})
    tests = "def test_req_1(): ...\n"
    verdict = named(tree, ask, "# REQ-1\n", tests, base=kept)
    assert [(finding.path, finding.rule) for finding in verdict.findings] == [("docs/r.md", "requirement-deleted")]
    waiver = Waiver(rule="requirement-deleted", paths=("docs/**",), reason="agreed")
    waived = named(tree, ask, "# REQ-1\n", tests, base=kept, waivers=(waiver,))
    assert (waived.outcome, [each.reason for each in waived.waived]) == ("passed", ["agreed"])
    assert named(tree, ask, "# REQ-1\n", tests, base=kept.model_copy(update={"files": ()})).passed


def test_one_test_does_not_stand_for_everything(tree: Tree, ask: Ask) -> None:
    every = "".join(f"# REQ-{number}\n" for number in range(1, 12))
    crowd = f'def test_all():\n    """{" ".join(f"REQ-{number}" for number in range(1, 12))}"""\n'
    verdict = named(tree, ask, every, crowd)
    assert verdict.summary.startswith("traceability 0 of 11 ")
    assert verdict.findings[-1].rule == "requirement-crowd"


def test_other_languages_name_by_text_alone(tree: Tree, ask: Ask) -> None:
    entry = traced(executed=False, **{"in": "t/*.rs"})
    subject = tree({"docs/r.md": "# REQ-1\n# REQ-2\n", "t/a.rs": "// REQ-1\n#[test]\nfn a() {}\n"})
    assert matrix(ask(entry, subject)) == {"REQ-1": [("t/a.rs", "named")], "REQ-2": []}


def beside(kind: str, name: str, outcome: str = "passed") -> Beside:
    return Beside(label=f"{kind} {name}", name=name, outcome=Outcome(outcome))


def test_a_check_that_the_plan_names_after_a_requirement_stands_for_it_if_it_passed(
    tree: Tree, ask: Ask, run_suite: RunSuite
) -> None:
    files = {"docs/r.md": REQUIREMENTS, "tests/test_a.py": "def test_req_5():\n    pass\n"}
    checks = (
        beside("slo", "req-1"), beside("command", "req-2-and-req-3-build"), beside("slo", "req-4", "failed"),
        beside("command", "req-6", "error"), beside("command", "req-77"), beside("slo", "req-5"),
    )  # fmt: skip
    subject = run_suite(tree(files, beside=checks))
    verdict = ask(traced(), subject)
    assert matrix(verdict) == {
        "REQ-1": [("check slo req-1", "passed")],
        "REQ-2": [("check command req-2-and-req-3-build", "passed")],
        "REQ-3": [("check command req-2-and-req-3-build", "passed")],
        "REQ-4": [("check slo req-4", "failed")],
        "REQ-5": [("check slo req-5", "passed"), ("tests/test_a.py::test_req_5", "passed")],
        "REQ-6": [("check command req-6", "error")],
        "REQ-7": [],
    }
    assert verdict.summary == (
        "traceability 4 of 7 requirements have a test or check that passed:"
        " docs/r.md:4 REQ-4 has no test or check that counts (check slo req-4 failed)"
    )
    assert ask(traced(per_test=1), subject).summary.startswith("traceability 2 of 7 ")
    named = ask(traced(executed=False), subject)
    assert [finding.message[:5] for finding in named.findings] == ["REQ-4", "REQ-6", "no te"]


def test_names_of_checks_are_read_word_by_word() -> None:
    known = ["REQ-2", "REQ-2-3", "R_7.1", "latency", "--"]
    assert named_by("req-2-latency", known) == {"REQ-2", "latency"}
    assert named_by("the-req-2-3", known) == {"REQ-2-3"}
    assert named_by("r-7-1", known) == {"R_7.1"}
    assert named_by("req-21-latencyx", known) == named_by("req-2", []) == set()


def test_checks_alone_may_stand_for_everything(tree: Tree, ask: Ask) -> None:
    files = {"docs/r.md": "# REQ-1\n", "build.c": ""}
    assert ask(traced(), tree(files, beside=(beside("command", "req-1"),))).passed
    assert "no test is found" in ask(traced(), tree(files, beside=(beside("command", "req-11"),))).summary


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"tests/test_a.py": "def test_a(): ...\n"}, "docs/r.md does not exist"),
        ({"docs/r.md": "# None\n", "tests/test_a.py": "def test_a(): ...\n"}, "no requirement is defined"),
        ({"docs/r.md": "# REQ-1\n", "src/a.py": ""}, "no test is found"),
        ({"docs/r.md": "# REQ-1\n", "tests/test_a.py": "def f(:\n"}, "tests/test_a.py:1 cannot be read as Python"),
        ({"docs/r.md": b"\xff", "tests/test_a.py": "def test_a(): ...\n"}, "is not UTF-8"),
    ],
)
def test_what_cannot_be_traced_is_an_error(tree: Tree, ask: Ask, files: dict[str, str | bytes], reason: str) -> None:
    verdict = ask(traced(executed=False), tree(files))
    assert (verdict.outcome, reason in verdict.summary) == ("error", True)


def test_no_requirements_never_pass() -> None:
    limits = Limits.model_validate(traced()["traceability"])
    assert not judge(limits, {"rows": [], "others": [], "tests": 1, "waivers": []}).passed
