"""What the runs on the base, on the base with new tests, on stubs and on the candidate come to, by their reports."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import pytest

from gates.subject import Ran, Run, Subject, TreeFile
from gates.verdict import Verdict
from gates.waivers import Waiver

Ask = Callable[[object, Subject], Verdict]
Cases = Mapping[str, str]
"""`test_a.test_one`, or the name of a file, to what came of it: nothing for passed, else the outcome and a message."""

ADDED = "def test_old():\n    assert add(1, 2) == 3\n"
NEW = ADDED + "\n\ndef test_new():\n    assert add(0, 0) == 0\n"
OLD_CASES = {"test_a.test_old": ""}


@pytest.fixture
def told(tmp_path: Path, ask: Ask) -> Callable[..., Verdict]:
    """The verdict on two trees whose tests came to this."""

    def tree(name: str, files: Mapping[str, str]) -> Subject:
        for path, text in files.items():
            (tmp_path / name / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name / path).write_text(text)
        blobs = {path: f"{hash(text):x}" for path, text in files.items()}
        entries = (TreeFile(path=path, mode="100644", size=1, blob=blob) for path, blob in blobs.items())
        return Subject(root=tmp_path / name, files=tuple(entries))

    def run(name: str, cases: Cases | str | None, code: int | None = None) -> Run:
        reports = tmp_path / "runs" / name / "reports"
        reports.mkdir(parents=True, exist_ok=True)
        if isinstance(cases, str):
            return Run(ran=(Ran(argv=("pytest",), code=None, failure=cases),), reports=reports)
        if cases is not None:
            text = "".join(case(*each) for each in cases.items())
            (reports / "junit.xml").write_text(f"<testsuites><testsuite>{text}</testsuite></testsuites>")
        bad = cases is None or any(cases.values())
        return Run(ran=(Ran(argv=("pytest",), code=int(bad) if code is None else code),), reports=reports)

    def verdict(old: Mapping[str, str], new: Mapping[str, str], limits: object = None, **more: Any) -> Verdict:  # noqa: ANN401 - cases by run, and more
        files = more.pop("files", [path for path in new if path.startswith("test") and old.get(path) != new[path]])
        waivers = more.pop("waivers", ())
        runs = {name: run(name, cases) for name, cases in more.items()}
        green = runs.pop("green")
        notes = {"plan": {"laid": [], "files": files, "base_has_tests": True}, "unable": "" if "red" in runs else "why"}
        subject = tree("new", new).model_copy(
            update={
                "base": tree("old", old),
                "ran": green.ran,
                "reports": green.reports,
                "runs": runs,
                "notes": notes,
                "waivers": waivers,
            }
        )
        return ask({"red_green": limits or {}}, subject)

    return verdict


def case(name: str, came: str) -> str:
    module, _, test = name.rpartition(".")
    outcome, _, message = came.partition(" ")
    inside = f"<{outcome} message={quoteattr(message)}/>" if outcome else ""
    return f"<testcase classname={quoteattr(module)} name={quoteattr(test)}>{inside}</testcase>"


def lines(verdict: Verdict) -> list[str]:
    assert isinstance(verdict.measured, dict), verdict
    found = verdict.measured["tests"]
    assert isinstance(found, list)
    return [str(line) for line in found]


def rules(verdict: Verdict) -> list[tuple[str | None, str | None, int | None, str]]:
    return [(each.rule, each.path, each.line, each.message.partition(" ")[0]) for each in verdict.findings]


@pytest.mark.parametrize(
    ("red", "stub", "before", "outcome"),
    [
        ("failure assert 1 == 2", None, "red, assertion", "passed"),
        ("failure AssertionError: no", None, "red, assertion", "passed"),
        ("failure Failed: DID NOT RAISE", None, "red, assertion", "passed"),
        ("failure ValueError: no", None, "red, exception", "passed"),
        ("error ValueError: in a fixture", None, "weak, fixture", "failed"),
        ("error ValueError: in a fixture", "error ValueError", "red on stubs, fixture", "passed"),
        ("failure AttributeError: 'NoneType' object has no attribute 'x'", None, "red, exception", "passed"),
        ("failure ImportError: cannot import name 'x'", None, "weak, absent", "failed"),
        ("failure ModuleNotFoundError: No module named 'x'\nassert 0", None, "weak, absent", "failed"),
        ("failure AttributeError: module 'm' has no attribute 'x'", None, "weak, absent", "failed"),
        ("failure TypeError: f() got an unexpected keyword argument 'x'", None, "weak, absent", "failed"),
        ("failure assert False\n +  where False = hasattr(<module 'm'>, 'x')", None, "weak, absent", "failed"),
        # whoever has caught what said so is believed, unless the names alone make it green
        ("failure assert None\nassert x", None, "red, assertion", "passed"),
        ("failure NameError: name 'x' is not defined", "", "weak, absent", "failed"),
        ("failure ImportError: x", "failure assert None == 1", "red on stubs, assertion", "passed"),
        ("failure ImportError: x", "failure TypeError: 'NoneType' object", "red on stubs, exception", "passed"),
        ("failure ImportError: x", "failure AttributeError: no x in y", "red on stubs, absent", "passed"),
        ("failure ImportError: x", "skipped later", "weak, absent", "failed"),
        ("", None, "green", "failed"),
        ("skipped later", None, "skipped", "failed"),
    ],
)
def test_a_new_test_was_red_weak_or_green(
    told: Callable[..., Verdict], red: str, stub: str | None, before: str, outcome: str
) -> None:
    more = {} if stub is None else {"stub": OLD_CASES | {"test_a.test_new": stub}}
    verdict = told(
        {"test_a.py": ADDED}, {"test_a.py": NEW}, base=OLD_CASES, red=OLD_CASES | {"test_a.test_new": red},
        green=OLD_CASES | {"test_a.test_new": ""}, **more,
    )  # fmt: skip
    assert (lines(verdict), verdict.outcome) == ([f"test_a.py:5 test_new: {before}"], outcome)


@pytest.mark.parametrize(
    ("red", "names", "stub", "before", "outcome"),
    [
        ("failure assert None is not None", "", None, "red for names alone, assertion", "failed"),
        ("failure ValueError: no", "", None, "red for names alone, exception", "failed"),
        # that it fails where functions do nothing is not more than that they exist
        ("failure assert None", "", "failure assert 1 == 2", "red for names alone, assertion", "failed"),
        ("failure assert None", "failure assert None == 90", None, "red, assertion", "passed"),
        ("failure assert None", "skipped later", None, "red, assertion", "passed"),
        # of what was weak before, stubs say more
        ("failure ImportError: x", "", "failure assert None == 1", "red on stubs, assertion", "passed"),
    ],
)
def test_what_is_green_as_soon_as_the_names_exist_was_not_red(
    told: Callable[..., Verdict], red: str, names: str, stub: str | None, before: str, outcome: str
) -> None:
    more = {} if stub is None else {"stub": OLD_CASES | {"test_a.test_new": stub}}
    verdict = told(
        {"test_a.py": ADDED}, {"test_a.py": NEW}, base=OLD_CASES, red=OLD_CASES | {"test_a.test_new": red},
        names=OLD_CASES | {"test_a.test_new": names}, green=OLD_CASES | {"test_a.test_new": ""}, **more,
    )  # fmt: skip
    assert (lines(verdict), verdict.outcome) == ([f"test_a.py:5 test_new: {before}"], outcome)
    if outcome == "failed":
        assert rules(verdict)[1:] == [("red-green-weak", "test_a.py", 5, "test_new")]
        assert "1 weak" in verdict.summary


@pytest.mark.parametrize("names", ["timed out after 60 s", None, {"test_a": "error IndexError"}])
@pytest.mark.parametrize(
    ("stub", "before", "outcome"),
    [
        ("timed out after 60 s", "weak, assertion", "failed"),
        (OLD_CASES | {"test_a.test_new": ""}, "weak, assertion", "failed"),
        (OLD_CASES | {"test_a.test_new": "failure assert None == 0"}, "red on stubs, assertion", "passed"),
    ],
)
def test_a_run_with_names_that_tells_nothing_of_a_test_leaves_it_to_stubs(
    told: Callable[..., Verdict], names: Cases | str | None, stub: Cases | str, before: str, outcome: str
) -> None:
    red = OLD_CASES | {"test_a.test_new": "failure assert None == 1"}
    verdict = told(
        {"test_a.py": ADDED}, {"test_a.py": NEW}, base=OLD_CASES, red=red, names=names, stub=stub,
        green=OLD_CASES | {"test_a.test_new": ""},
    )  # fmt: skip
    assert (lines(verdict), verdict.outcome) == ([f"test_a.py:5 test_new: {before}"], outcome)


@pytest.mark.parametrize(("weak", "outcome"), [(None, "passed"), (2, "passed"), (1, "failed"), (0, "failed")])
def test_what_proves_nothing_is_named_and_a_limit_says_how_much_there_may_be(
    told: Callable[..., Verdict], weak: int | None, outcome: str
) -> None:
    new = NEW + "\n\ndef test_green():\n    assert 1\n\n\ndef test_weak():\n    assert 2\n"
    red = {"test_new": "failure assert 1 == 2", "test_green": "", "test_weak": "failure ImportError: x"}
    cases = {f"test_a.{name}": came for name, came in red.items()}
    asked = {"base": OLD_CASES, "red": OLD_CASES | cases, "green": OLD_CASES | dict.fromkeys(cases, "")}
    verdict = told({"test_a.py": ADDED}, {"test_a.py": new}, {"weak": weak}, **asked)
    assert verdict.outcome == outcome
    told_of = verdict.findings[1:] if outcome == "failed" else verdict.noted
    assert rules(verdict.model_copy(update={"findings": told_of})) == [
        ("red-green-not-red", "test_a.py", 9, "test_green"), ("red-green-weak", "test_a.py", 13, "test_weak"),
    ]  # fmt: skip
    assert ("2 new or changed tests prove nothing, and at most" in verdict.summary) is (outcome == "failed")
    waivers = (Waiver(rule="red-green-*", paths=("test_a.py",), reason="of what was there before"),)
    allowed = told({"test_a.py": ADDED}, {"test_a.py": new}, {"weak": weak}, **asked, waivers=waivers)
    assert (allowed.passed, len(allowed.waived), allowed.findings, allowed.noted) == (True, 2, (), ())


def test_whoever_asks_for_no_proof_is_not_told_what_proves_nothing(told: Callable[..., Verdict]) -> None:
    cases = OLD_CASES | {"test_a.test_new": ""}
    verdict = told({"test_a.py": ADDED}, {"test_a.py": NEW}, {"at_least": 0}, base=OLD_CASES, red=cases, green=cases)
    assert (verdict.passed, verdict.findings, verdict.noted) == (True, (), ())


def test_a_file_that_cannot_be_imported_on_the_base_says_nothing_of_its_old_tests(told: Callable[..., Verdict]) -> None:
    red = {"test_a": "error ImportError while importing test module"}
    verdict = told(
        {"test_a.py": ADDED}, {"test_a.py": NEW}, base=OLD_CASES, red=red, green=OLD_CASES | {"test_a.test_new": ""},
        stub={"test_a.test_old": "failure assert None == 3", "test_a.test_new": "failure assert None == 0"},
    )  # fmt: skip
    assert lines(verdict) == ["test_a.py:5 test_new: red on stubs, assertion"]
    assert verdict.passed


def test_a_base_that_cannot_be_run_with_new_tests_is_told(told: Callable[..., Verdict]) -> None:
    verdict = told({"test_a.py": ADDED}, {"test_a.py": NEW}, base=OLD_CASES, green=OLD_CASES | {"test_a.test_new": ""})
    assert verdict.outcome == "failed"
    assert "only 0 of at least 1 tests went from red to green (the base could not be run" in verdict.summary


def test_a_test_that_failed_all_along_and_is_mended_counts(told: Callable[..., Verdict]) -> None:
    red = {"test_a.test_old": "failure assert 4 == 3", "test_a.test_more": "failure assert 1 == 3"}
    files = {"test_a.py": ADDED, "b.py": "1"}
    verdict = told(files, files | {"b.py": "2"}, base=red, green=dict.fromkeys(red, ""))
    assert verdict.passed
    assert verdict.summary == "red_green 2 red on the base and green now"


@pytest.mark.parametrize(
    ("old", "new", "files", "red"),
    [
        (ADDED, NEW, ["test_a.py"], 0),
        (ADDED, "import os\n" + NEW, ["test_a.py"], 0),
        ("TABLE = 1\n" + ADDED, "TABLE = 2\n" + ADDED, ["test_a.py"], 1),
        ("def helper(): return 1\n" + ADDED, "def helper(): return 2\n" + ADDED, ["test_a.py"], 1),
        (ADDED, NEW, None, 1),
    ],
)
def test_a_test_that_is_the_same_is_red_only_by_what_it_shares(
    told: Callable[..., Verdict], old: str, new: str, files: list[str] | None, red: int
) -> None:
    bad = {"test_a.test_old": "failure assert 4 == 3"}
    verdict = told({"test_a.py": old}, {"test_a.py": new}, files=files, base=OLD_CASES, red=bad, green=OLD_CASES)
    assert len(lines(verdict)) == red


@pytest.mark.parametrize(
    "base", [{"test_a.test_old": "failure ImportError: x"}, {"test_a": "error ImportError while importing"}, {}]
)
def test_tests_that_were_there_before_the_code_are_proven_on_stubs(told: Callable[..., Verdict], base: Cases) -> None:
    files = {"test_a.py": ADDED}
    new = files | {"add.py": "def add(a, b): return a + b\n"}
    weak = told(files, new, base=base, green=OLD_CASES, stub=OLD_CASES)
    assert (lines(weak), weak.outcome) == (["test_a.py test_old: weak, absent"], "failed")
    verdict = told(files, new, base=base, green=OLD_CASES, stub={"test_a.test_old": "failure assert None == 3"})
    assert (lines(verdict), verdict.outcome) == (["test_a.py test_old: red on stubs, assertion"], "passed")


def test_what_failed_before_and_fails_still_is_no_fault(told: Callable[..., Verdict]) -> None:
    bad = {"test_a.test_old": "failure assert 4 == 3"}
    files = {"test_a.py": ADDED, "b.py": "1"}
    assert told(files, files | {"b.py": "2"}, {"at_least": 0}, base=bad, green=bad).passed
    changed = {"test_a.py": ADDED.replace("3", "4")}
    assert told(files, changed, {"at_least": 0}, base=bad, red=bad, green=bad).passed is True


LONG = "def test_old():\n    book = Book()\n    book.post(1)\n    book.post(2)\n    assert book.total() == 3\n"
IN_CLASS = "class TestBook:\n " + LONG.replace("\n ", "\n  ").replace("():", "(self):")


@pytest.mark.parametrize(
    ("new", "green", "rule"),
    [
        ({"test_b.py": LONG}, ["test_b.test_old"], None),
        ({"test_b.py": LONG.replace("== 3", "== 3.0")}, ["test_b.test_old"], None),
        ({"test_a.py": LONG.replace("test_old", "test_sum")}, ["test_a.test_sum"], None),
        ({"test_a.py": LONG.replace("_old", "_old_one").replace("post(2)", "give(7)")}, ["test_a.test_old_one"], None),
        ({"test_a.py": IN_CLASS}, ["test_a.TestBook.test_old"], None),
        ({"test_a.py": LONG.replace("def", "@mark\ndef")}, ["test_a.test_old[1]", "test_a.test_old[2]"], None),
        ({"test_b.py": "def test_old():\n    assert 1\n"}, ["test_b.test_old"], "red-green-lost"),
        ({"test_a.py": "def test_one():\n    assert 1\n"}, ["test_a.test_one"], "red-green-lost"),
        ({"test_a.py": "x = 1\n"}, ["test_c.test_c"], "red-green-lost"),
    ],
)  # fmt: skip
def test_a_lost_test_is_looked_for(
    told: Callable[..., Verdict], new: dict[str, str], green: Iterable[str], rule: str | None
) -> None:
    kept = {"test_c.py": "def test_c(): assert 1\n"}
    verdict = told(
        {"test_a.py": LONG} | kept, new | kept, {"at_least": 0}, base=OLD_CASES, red={}, green=dict.fromkeys(green, "")
    )
    assert rules(verdict) == ([(rule, "test_a.py", 1, "test_old")] if rule else [])


def test_parameters_may_be_others_and_not_fewer(told: Callable[..., Verdict]) -> None:
    files = {"test_a.py": ADDED}, {"test_a.py": ADDED.replace("2", "two")}
    base = {"test_a.test_old[1]": "", "test_a.test_old[2]": ""}
    same = told(*files, {"at_least": 0}, base=base, red={}, green={"test_a.test_old[1]": "", "test_a.test_old[3]": ""})
    assert same.passed
    fewer = told(*files, {"at_least": 0}, base=base, red={}, green={"test_a.test_old[1]": ""})
    assert rules(fewer) == [("red-green-lost", "test_a.py", 1, "test_old[2]")]


@pytest.mark.parametrize(
    ("green", "rule"),
    [
        ({"test_a.test_old": "failure assert 1 == 2"}, "red-green-broken"),
        ({"test_a.test_old": "error no fixture"}, "red-green-broken"),
        ({"test_a.test_old": "skipped later"}, "red-green-skipped"),
        ({"test_a": "error SyntaxError: x", "test_b.test_b": ""}, "red-green-broken"),
    ],
)
def test_what_passed_before_must_pass(told: Callable[..., Verdict], green: Cases, rule: str) -> None:
    files = {"test_a.py": ADDED, "b.py": "1"}
    verdict = told(files, files | {"b.py": "2"}, {"at_least": 0}, base=OLD_CASES, green=green)
    assert [each[0] for each in rules(verdict)] == [rule]
    assert verdict.outcome == "failed"
    waivers = (Waiver(rule=rule, paths=("test_a.py",), reason="meant"),)
    waived = told(files, files | {"b.py": "2"}, {"at_least": 0}, base=OLD_CASES, green=green, waivers=waivers)
    assert waived.passed
    assert [each.reason for each in waived.waived] == ["meant"]


def test_what_is_ended_from_outside_is_no_red(told: Callable[..., Verdict]) -> None:
    verdict = told(
        {"test_a.py": ADDED}, {"test_a.py": NEW}, base=OLD_CASES, red="timed out after 600 s",
        green=OLD_CASES | {"test_a.test_new": ""},
    )  # fmt: skip
    assert verdict.outcome == "error"
    assert verdict.summary == "red_green: on the base with the candidate's tests pytest timed out after 600 s"


def test_where_no_code_has_changed_there_is_nothing_to_prove_and_nothing_may_be_broken(
    told: Callable[..., Verdict],
) -> None:
    old, new = {"test_a.py": ADDED}, {"test_a.py": ADDED, "README.md": "More.\n"}
    verdict = told(old, new, green=OLD_CASES, base=OLD_CASES)
    assert verdict.passed
    assert "no Python file has changed" in verdict.summary
    broken = told(old, new, green={"test_a.test_old": "failure no"}, base=OLD_CASES)
    assert [finding.rule for finding in broken.findings] == ["red-green-broken"]
