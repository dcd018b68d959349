"""What is exported for other tools: of the form that each format demands, and read back by our own readers."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import pytest

from gates.formats import cobertura as cobertura_report
from gates.formats import junit as junit_report
from gates.formats import sarif as sarif_report
from gates.formats.report_paths import Where
from gates.line_hits import LineHits
from gates.verdict import Finding, Outcome, Unmeasurable, Verdict, Waived
from tasks.errors import Blocked
from tasks.export import Answer
from tasks.export_cobertura import cobertura
from tasks.export_junit import junit
from tasks.export_run import answers_of
from tasks.export_sarif import sarif
from tasks.report import answer_lines
from tasks.run_folder import RunFolder

PATHS = ("src/a.py", "src/ä b%.py", "src/\udcff.py")
WHERE = Where("/build/tree", frozenset(PATHS))
PASSED = Verdict(check="tests", outcome=Outcome.PASSED, summary="tests 3 passed, 0 failed, 0 skipped")
FAILED = Verdict(
    check="bandit", outcome=Outcome.FAILED, summary="bandit 3 issues <\x1b[31m & \ud800>", measured=3, limit=0,
    findings=(
        Finding(path="src/a.py", line=7, message="shell & <co>\n  second line\0", rule="B602"),
        Finding(path="src/a.py", line=9, message="shell & <co>\n  second line\0", rule="B602"),
        Finding(path="src/ä b%.py", message="no line", rule="B105"),
        Finding(path="src/\udcff.py", line=1, message="no rule"),
        Finding(message="and 4 more"),
    ),
    waived=(Waived(path="src/a.py", line=1, message="assert", rule="B101", reason="it is a test"),),
)  # fmt: skip
BROKEN = Verdict(check="command build", outcome=Outcome.ERROR, summary="command build: not found: make")
NOTED = Verdict(
    check="integrity", outcome=Outcome.PASSED, summary="integrity 0 signs",
    noted=(Finding(path="src/a.py", line=3, message="a conftest has changed", rule="conftest-changed"),),
)  # fmt: skip
ALL = [Answer(PASSED, 1.5), Answer(FAILED, 0.25), Answer(BROKEN, gate="refinement")]


# -- SARIF


def essentials(log: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - JSON
    """What the schema of SARIF 2.1.0 demands of the parts that we write; the results."""
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-2.1.0.json")
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "sparc"
    names = [rule["id"] for rule in driver["rules"]]
    assert len(set(names)) == len(names)
    assert all(rule["shortDescription"]["text"] for rule in driver["rules"])
    for invocation in run["invocations"]:
        assert isinstance(invocation["executionSuccessful"], bool)
        assert all(note["message"]["text"] for note in invocation["toolExecutionNotifications"])
    for result in run["results"]:
        assert names[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in {"none", "note", "warning", "error"}
        assert result["message"]["text"]
        (location,) = result["locations"]
        place = location["physicalLocation"]
        assert re.fullmatch(r"[A-Za-z0-9._~/%+-]+", place["artifactLocation"]["uri"]), "a URI reference"
        assert place["artifactLocation"]["uriBaseId"] in run["originalUriBaseIds"]
        assert place.get("region", {"startLine": 1})["startLine"] >= 1
        assert all(isinstance(text, str) for text in result["partialFingerprints"].values())
        for suppression in result["suppressions"]:
            assert suppression["kind"] in {"inSource", "external"}
            assert suppression["status"] in {"accepted", "underReview", "rejected"}
    results: list[dict[str, Any]] = run["results"]
    return results


def test_sarif_has_its_form_and_tells_what_could_not_be_measured() -> None:
    text = sarif(ALL)
    log = json.loads(text.encode())
    results = essentials(log)
    assert [result["ruleId"] for result in results] == ["B602", "B602", "B105", "bandit", "bandit", "B101"]
    fingerprints = {result["partialFingerprints"]["sparc/v1"] for result in results}
    assert len(fingerprints) == len(results), "the second of its like is another one"
    assert results[-1]["suppressions"] == [
        {"kind": "external", "status": "accepted", "justification": "it is a test"}
    ]  # fmt: skip
    odd = results[3]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert unquote(odd, errors="surrogateescape") == PATHS[2]
    (invocation,) = log["runs"][0]["invocations"]
    assert invocation["executionSuccessful"] is False
    assert [note["message"]["text"] for note in invocation["toolExecutionNotifications"]] == [BROKEN.summary]
    assert json.loads(sarif([]))["runs"][0]["invocations"][0]["executionSuccessful"] is False


def test_a_failure_without_findings_is_a_result_in_sarif() -> None:
    bare = Verdict(check="lines", outcome=Outcome.FAILED, summary="lines 3 < 9")
    (result,) = essentials(json.loads(sarif([Answer(bare)])))
    assert (result["ruleId"], result["level"], result["message"]["text"]) == ("lines", "error", "lines: lines 3 < 9")


def test_what_is_only_noted_has_a_place_everywhere() -> None:
    (result,) = essentials(json.loads(sarif([Answer(NOTED)])))
    assert (result["ruleId"], result["level"], result["suppressions"]) == ("conftest-changed", "note", [])
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 3}
    root = ET.fromstring(junit([Answer(NOTED)]).encode())  # noqa: S314 - of our own making
    told = root.findtext("testsuite/testcase/system-out") or ""
    assert "noted: src/a.py:3: [conftest-changed] a conftest has changed" in told
    assert root.get("failures") == "0"
    assert "  noted: src/a.py:3 a conftest has changed" in answer_lines(NOTED)


def test_a_finding_that_moved_keeps_its_fingerprint() -> None:
    def prints(line: int) -> list[str]:
        moved = FAILED.model_copy(update={"findings": (Finding(path="src/a.py", line=line, message="m", rule="R"),)})
        return [result["partialFingerprints"]["sparc/v1"] for result in essentials(json.loads(sarif([Answer(moved)])))]

    assert prints(3) == prints(30)


def test_our_reader_of_sarif_reads_our_own() -> None:
    told = sarif_report.read("s", sarif([Answer(PASSED), Answer(FAILED)]).encode(), WHERE)
    assert [(found.rule, found.path, found.line, found.level) for found in told.results] == [
        ("B602", "src/a.py", 7, "error"), ("B602", "src/a.py", 9, "error"), ("B105", "src/ä b%.py", None, "error"),
        ("bandit", "src/\udcff.py", 1, "error"), ("bandit", None, None, "error"), ("B101", "src/a.py", 1, "warning"),
    ]  # fmt: skip
    with pytest.raises(Unmeasurable, match="sparc says that it did not succeed: command build: not found: make"):
        sarif_report.read("s", sarif(ALL).encode(), WHERE)


# -- JUnit


def test_our_reader_of_junit_reads_our_own() -> None:
    text = junit(ALL)
    cases = list(junit_report.read("j", text.encode(), WHERE))
    assert [(case.name, case.outcome) for case in cases] == [
        ("sparc.gate tests", "passed"), ("sparc.gate bandit", "failed"), ("sparc.refinement command build", "failed")
    ]  # fmt: skip
    assert (cases[1].path, cases[1].line) == ("src/a.py", 7), "the first place that it tells"
    root = ET.fromstring(text.encode())  # noqa: S314 - of our own making
    assert [(suite.get("name"), suite.get("tests"), suite.get("failures"), suite.get("errors")) for suite in root] == [
        ("gate", "2", "1", "0"), ("refinement", "1", "0", "1")
    ]  # fmt: skip
    body = root.findtext("testsuite/testcase/failure") or ""
    assert "src/a.py:7: [B602] shell & <co>" in body
    assert "waived: src/a.py:1: [B101] assert (it is a test)" in body
    assert root.get("time") == "1.750"


# -- Cobertura


def test_our_reader_of_cobertura_reads_our_own() -> None:
    files = (
        LineHits(path="src/a.py", hit=(1, 2, 5), missed=(3,)),
        LineHits(path="b.py", hit=(), missed=(1, 2), named=False),
    )
    text = cobertura([Answer(PASSED), Answer(FAILED, lines=files)], 1700000000.5)
    tallies, folders = cobertura_report.read("c", text.encode())
    assert {path: tally.of(path, 99, branch=False) for path, tally in tallies.items()} == {
        "src/a.py": files[0], "b.py": files[1].model_copy(update={"named": True})
    }  # fmt: skip
    assert folders == (".",)
    root = ET.fromstring(text.encode())  # noqa: S314 - of our own making
    assert {name: root.get(name) for name in ("lines-valid", "lines-covered", "line-rate", "timestamp")} == {
        "lines-valid": "6", "lines-covered": "3", "line-rate": "0.5000", "timestamp": "1700000000500"
    }  # fmt: skip
    assert [package.get("name") for package in root.iter("package")] == [".", "src"]


def test_without_coverage_there_is_no_cobertura_file() -> None:
    with pytest.raises(Blocked, match="no check of this gate has measured coverage"):
        cobertura(ALL, 0.0)


def test_nothing_that_a_target_writes_breaks_a_file() -> None:
    nasty = "]]>&lt;</failure>\"'\x00\x0b￾\ud800\U0001f600"
    verdict = Verdict(
        check="command x", outcome=Outcome.FAILED, summary=nasty,
        findings=(Finding(message=nasty, path=nasty.replace("\x00", ""), line=0, rule=nasty),),
    )  # fmt: skip
    assert len(list(junit_report.read("j", junit([Answer(verdict)]).encode(), WHERE))) == 1
    assert len(essentials(json.loads(sarif([Answer(verdict)]).encode()))) == 1


# -- a run


def test_a_run_exports_what_its_gates_said_last(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path, "r1")
    folder.path.mkdir(parents=True)
    about = {"phase": "refinement", "number": 2}
    started = {"plan": "p", "goal": "", "base": "main", "branch": "sparc/p", "start": "0" * 40, "resumed": False,
               "repository": "/x", "isolation": "none", "phases": ["specification", "refinement"]}  # fmt: skip
    events: list[dict[str, Any]] = [{"event": "run-started", "run": "r1", "at": 1.0, **started}]
    for at, (number, verdict) in enumerate(((1, BROKEN), (2, PASSED)), 2):
        ended = {"event": "check-ended", "round": number, "verdict": verdict.model_dump(mode="json"), "seconds": 1.0}
        events.append({**about, **ended, "at": float(at)})
    folder.journal.write_text("".join(f"{json.dumps(event)}\n" for event in events))
    (answer,) = answers_of(folder)
    assert (answer.verdict, answer.gate) == (PASSED, "2 refinement")
