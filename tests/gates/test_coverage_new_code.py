"""The share of new code: what is new against the base commit, and how it is judged and told."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from pydantic import ValidationError

from gates.checks import Check
from gates.coverage import Limits
from gates.subject import Ran, Subject, TreeFile
from gates.verdict import Verdict

Tree = Callable[..., Subject]
Ask = Callable[[object, Subject], Verdict]
Build = Callable[..., Ran]
Told = Callable[..., Subject]

CASE = '<testsuites><testsuite><testcase classname="t" name="test_x" file="tests/test_x.py"/></testsuite></testsuites>'
OLD = "".join(f"old_{line} = {line}\n" for line in range(90))
BASE = {"src/led/old.py": OLD, "tests/test_x.py": ""}


def fresh(count: int) -> str:
    return "".join(f"new_{line} = {line}\n" for line in range(count))


def executed(lines: range, total: int, **more: object) -> dict[str, object]:
    """A report of one file of which these lines are executed."""
    missing = [line for line in range(1, total + 1) if line not in lines]
    return {"executed_lines": list(lines), "missing_lines": missing, "excluded_lines": [], **more}


@pytest.fixture
def told(tree: Tree, tmp_path: Path, ran: Build) -> Told:
    """A subject with a base, whose run left this report of coverage."""

    def build(files: Mapping[str, str], report: Mapping[str, object], base: Mapping[str, str] | None = BASE) -> Subject:
        (tmp_path / "junit.xml").write_text(CASE)
        (tmp_path / "coverage.json").write_text(json.dumps({"meta": {"branch_coverage": True}, "files": report}))
        entries = []
        for path, text in (base or {}).items():
            place = tmp_path / "base" / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
            entries.append(TreeFile(path=path, mode="100644", size=len(text)))
        before = None if base is None else Subject(root=tmp_path / "base", files=tuple(entries))
        return tree({**BASE, **files}, reports=tmp_path, ran=[ran(0), ran(0), ran(0)], base=before)

    return build


def test_a_legacy_product_passes_by_its_new_code_alone(told: Told, ask: Ask) -> None:
    files = {"src/led/new.py": fresh(10)}
    subject = told(files, {"src/led/new.py": executed(range(1, 11), 10)})
    assert ask({"coverage": {"at_least": 11}}, subject).outcome == "failed"
    verdict = ask({"coverage": {"new_code": 95}}, subject)
    assert (verdict.outcome, verdict.measured, verdict.limit) == ("passed", {"new_code": 100.0}, {"new_code": 95.0})
    assert verdict.summary == "coverage new code (of only 10 statements) 100 % >= 95 %"


def test_both_limits_hold_when_both_are_given(told: Told, ask: Ask) -> None:
    subject = told({"src/led/new.py": fresh(10)}, {"src/led/new.py": executed(range(1, 11), 10)})
    assert ask({"coverage": {"new_code": 95, "at_least": 10}}, subject).passed
    verdict = ask({"coverage": {"new_code": 95, "at_least": 50}}, subject)
    assert (verdict.outcome, verdict.measured) == ("failed", {"new_code": 100.0, "all": 10.0})
    assert verdict.summary.startswith(
        "coverage new code (of only 10 statements) 100 % >= 95 %, 10 % < 50 %: src/led/old"
    )


def test_every_uncovered_new_line_is_named(told: Told, ask: Ask) -> None:
    odd = {"executed_lines": list(range(1, 60, 2)), "missing_lines": list(range(2, 61, 2)), "excluded_lines": []}
    verdict = ask({"coverage": {"new_code": 95}}, told({"src/led/new.py": fresh(60)}, {"src/led/new.py": odd}))
    named = ", ".join(map(str, range(2, 61, 2)))
    assert verdict.findings[0].message == f"new code 50 %, lines {named}"
    assert verdict.summary.startswith("coverage new code 50 % < 95 %: src/led/new.py new code 50 %")


def test_a_new_file_that_no_test_imports_counts_as_nothing(told: Told, ask: Ask) -> None:
    verdict = ask({"coverage": {"new_code": 95}}, told({"src/led/new.py": fresh(30)}, {}))
    assert (verdict.outcome, verdict.measured) == ("failed", {"new_code": 0.0})
    assert verdict.findings[0].message == "new code 0 %, no test imports it, lines 1-30"


def test_old_lines_of_a_changed_file_do_not_count(told: Told, ask: Ask) -> None:
    changed = OLD.replace("old_5 = 5\n", "old_5 = 50\n") + "more = 1\n"
    verdict = ask(
        {"coverage": {"new_code": 50}},
        told({"src/led/old.py": changed}, {"src/led/old.py": executed(range(91, 92), 91)}),
    )
    assert (verdict.outcome, verdict.measured) == ("passed", {"new_code": 50.0})
    assert [finding.message for finding in verdict.findings] == ["new code 50 %, lines 6"]


def test_branches_of_new_lines_count_when_asked(told: Told, ask: Ask) -> None:
    code = "if a:\n    b = 1\nc = 2\n"
    told_of = executed(range(1, 4), 3, executed_branches=[[1, 2]], missing_branches=[[1, 3]])
    subject = told({"src/led/new.py": code}, {"src/led/new.py": told_of})
    assert ask({"coverage": {"new_code": 100}}, subject).passed
    verdict = ask({"coverage": {"new_code": 100, "branch": True}}, subject)
    assert (verdict.outcome, verdict.findings[0].message) == ("failed", "new code 80 %, lines 1")
    unseen = ask({"coverage": {"new_code": 100, "branch": True}}, told({"src/led/new.py": code}, {}))
    assert unseen.findings[0].message == "new code 0 %, no test imports it, lines 1-3"


@pytest.mark.parametrize("moved", [OLD, OLD + "# a comment\n"])
def test_a_file_that_moved_is_not_new(told: Told, ask: Ask, moved: str) -> None:
    subject = told({"src/led/deep/was.py": moved}, {}, {**BASE, "src/was.py": moved})
    assert ask({"coverage": {"new_code": 100}}, subject).summary == "coverage no new code"


def test_no_new_code_passes_and_says_so(told: Told, ask: Ask) -> None:
    verdict = ask({"coverage": {"new_code": 95}}, told({}, {}))
    assert (verdict.outcome, verdict.summary) == ("passed", "coverage no new code")
    assert verdict.measured == {"new_code": 100.0}


def test_without_a_base_there_is_no_answer(told: Told, ask: Ask) -> None:
    verdict = ask({"coverage": {"new_code": 95}}, told({}, {}, None))
    assert (verdict.outcome, "nothing to compare with" in verdict.summary) == ("error", True)
    assert ask({"coverage": {"at_least": 0}}, told({}, {}, None)).passed


@pytest.mark.parametrize(
    ("limits", "overall", "compares"),
    [
        ({}, 80, False),
        ({"at_least": 5}, 5, False),
        ({"new_code": 95}, None, True),
        ({"new_code": 9, "at_least": 5}, 5, True),
    ],
)
def test_which_limits_hold(limits: dict[str, float], overall: float | None, compares: bool) -> None:  # noqa: FBT001
    check = Check.model_validate({"coverage": limits})
    again = Limits.model_validate(check.limits.model_dump(mode="json"))
    assert (again.overall, check.kind.compares(again)) == (overall, compares)


@pytest.mark.parametrize("wrong", [101, -1, "95", True])
def test_a_share_that_makes_no_sense_is_refused(wrong: object) -> None:
    with pytest.raises(ValidationError, match="new_code"):
        Limits.model_validate({"new_code": wrong})
