"""What the runs with stubs come to, by their codes and reports."""

from collections.abc import Callable, Mapping
from pathlib import Path
from xml.sax.saxutils import quoteattr

import pytest
from pydantic import ValidationError

from gates.checks import Check
from gates.subject import Ran, Run, Subject
from gates.verdict import Verdict
from gates.waivers import Waiver

Ask = Callable[[object, Subject], Verdict]
Probed = Callable[..., Verdict]

TARGETS = [{"path": "src/a.py", "name": "total", "line": 12}, {"path": "src/b.py", "name": "Book.post", "line": 3}]
PASS = {"tests.test_a.test_one": "", "tests.test_a.test_two": "failure", "tests.test_b.test_b": ""}


@pytest.fixture
def probed(tree: Callable[..., Subject], tmp_path: Path, ask: Ask) -> Probed:
    """The verdict on functions whose runs came to this: a code or a failure, and the cases if there was a report."""

    def run(name: str, came: int | str, cases: Mapping[str, str] | None) -> Run:
        reports = tmp_path / "runs" / name
        reports.mkdir(parents=True)
        if cases is not None:
            text = "".join(case(*each) for each in cases.items())
            (reports / "junit.xml").write_text(f"<testsuites><testsuite>{text}</testsuite></testsuites>")
        failure = came if isinstance(came, str) else None
        ran = Ran(argv=("pytest",), code=None if failure else int(came), failure=failure, output="last words")
        return Run(ran=(ran,), reports=reports)

    def verdict(
        *runs: tuple[int | str, Mapping[str, str] | None], patient: bool = True, limits: object = None,
        waivers: tuple[Waiver, ...] = (), empty: int = 0, targets: int | None = None, failing: object = None,
    ) -> Verdict:  # fmt: skip
        made = {str(number): run(str(number), *each) for number, each in enumerate(runs)}
        tried = [{"run": name, "control": "control", "patient": patient} for name in made]
        aims = (TARGETS * 30)[: len(runs) if targets is None else targets]
        plan = {"targets": aims, "empty": empty, "failing": failing or {}}
        notes = {"plan": plan, "tried": tried, "runs": 3}
        files = {"src/a.py": "", "src/b.py": "", "tests/test_a.py": "", "tests/test_b.py": ""}
        subject = tree(files, notes=notes, waivers=waivers, runs=made | {"control": run("control", 0, PASS)})
        return ask({"stub_probe": limits or {}}, subject.model_copy(update={"base": subject}))

    return verdict


def case(name: str, outcome: str) -> str:
    module, _, test = name.rpartition("." if name != BROKEN else "/")
    inside = f"<{outcome} message='x'/>" if outcome else ""
    file = module.replace(".", "/") + ".py"
    return f"<testcase classname={quoteattr(module)} name={quoteattr(test)} file='{file}' line='4'>{inside}</testcase>"


NOTICED = PASS | {"tests.test_a.test_one": "failure"}
BROKEN = "tests.test_a"
COLLECTED_NOT = {BROKEN: "error", "tests.test_b.test_b": ""}


@pytest.mark.parametrize(
    ("came", "cases", "by"),
    [
        (1, NOTICED, "tests/test_a.py:5 test_one"),
        (1, PASS | {"tests.test_b.test_b": "error"}, "tests/test_b.py:5 test_b"),
        (2, COLLECTED_NOT, "the tests cannot be imported"),
        (4, None, "the tests cannot be imported"),
        ("timed out after 30 s", None, "timed out after 30 s"),
    ],
)
def test_what_shows_that_a_stub_was_noticed(
    probed: Probed, came: int | str, cases: Mapping[str, str] | None, by: str
) -> None:
    verdict = probed((came, cases))
    assert verdict.passed, verdict
    assert verdict.summary == "stub_probe 1 of 1 new or changed functions proven (100 %)"
    assert verdict.measured == {
        "functions": 1, "killed": 1, "survives": 0, "unknown": 0, "empty": 0, "left_out": 0, "runs": 3,
        "proven": [f"src/a.py:12 total: {by}"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("came", "cases", "patient", "words"),
    [
        (1, PASS, True, "pytest ended with code 1, and no test that passes without the stub failed: last words"),
        (1, {"tests.test_a.test_two": "failure"}, True, "pytest ended with code 1, and no test"),
        (1, {"tests.test_a.test_new": "failure"}, True, "pytest ended with code 1, and no test"),
        (5, None, True, "pytest ended with code 5"),
        (-9, None, True, "pytest ended with code -9"),
        ("timed out after 2 s", None, False, "timed out after 2 s"),
        ("took 9 GB of memory", None, True, "took 9 GB of memory"),
    ],
)
def test_what_shows_nothing_is_no_proof(
    probed: Probed, came: int | str, cases: Mapping[str, str] | None, patient: object, words: str
) -> None:
    verdict = probed((came, cases), patient=bool(patient))
    assert verdict.outcome == "failed"
    (finding,) = verdict.findings
    assert (finding.rule, finding.path, finding.line) == ("stub-unknown", "src/a.py", 12)
    assert finding.message.startswith(f"total is not proven: {words}")


def test_a_run_that_passes_with_a_stub_is_told_whatever_its_report_says(probed: Probed) -> None:
    verdict = probed((0, NOTICED), (1, NOTICED))
    assert verdict.outcome == "failed"
    assert verdict.summary == (
        "stub_probe 1 of 2 new or changed functions proven (50 % < 100 %):"
        " src/a.py:12 total survives: no test fails when its body is nothing"
    )
    assert [(each.rule, each.path, each.line) for each in verdict.findings] == [("stub-survives", "src/a.py", 12)]


def test_so_many_may_survive_as_the_plan_says_or_waives(probed: Probed) -> None:
    assert probed((0, PASS), (1, NOTICED), limits={"at_least_killed": 50}).passed


def test_what_is_waived_counts_as_proven_and_is_shown(probed: Probed) -> None:
    waivers = (Waiver(rule="stub-*", paths=("src/a.py",), reason="for the log only"),)
    verdict = probed((0, PASS), (1, NOTICED), waivers=waivers)
    assert verdict.passed
    assert [(each.headline, each.reason) for each in verdict.waived] == [
        ("src/a.py:12 total survives: no test fails when its body is nothing", "for the log only")
    ]


def test_tests_that_fail_anyway_are_told(probed: Probed) -> None:
    verdict = probed((1, NOTICED), failing={"tests": ["tests/test_a.py::test_x"], "files": ["tests/test_c.py"]})
    assert verdict.passed
    assert verdict.summary.endswith("functions proven (100 %), by what is left without 2 failing tests")


def test_nothing_new_is_nothing_to_prove(probed: Probed) -> None:
    verdict = probed(empty=2)
    assert verdict.passed
    assert verdict.summary == "stub_probe no function is new or changed but 2 without a body"


def test_too_many_functions_are_an_error(probed: Probed) -> None:
    verdict = probed(limits={"most": 20}, targets=21)
    assert verdict.outcome == "error"
    assert verdict.summary.startswith("stub_probe: 21 functions are new or changed, and at most 20 are probed: raise")


@pytest.mark.parametrize("limits", [{"at_least_killed": 101}, {"at_least_killed": -1}, {"most": 0}, {"paths": "/x"}])
def test_limits_that_make_no_sense_are_refused(limits: object) -> None:
    with pytest.raises(ValidationError):
        Check.model_validate({"stub_probe": limits})
