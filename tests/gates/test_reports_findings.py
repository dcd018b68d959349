"""SARIF and the messages of clippy: what counts, what is new, and what is no report."""

import json
import time
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from gates.waivers import Waiver
from tests.gates.reporting import CHECKOUT, Ask, Tree, command, left, reported

ESLINT: dict[str, Any] = {
    "version": "2.1.0",
    "$schema": "http://json.schemastore.org/sarif-2.1.0-rtm.5",
    "runs": [
        {
            "tool": {
                "driver": {
                    "name": "ESLint",
                    "rules": [
                        {"id": "no-eval", "helpUri": "https://example.invalid/"},
                        {"id": "style", "defaultConfiguration": {"level": "note"}},
                    ],
                }
            },
            "artifacts": [{"location": {"uri": f"file://{CHECKOUT}/src/a%20b.js"}}],
            "results": [
                {
                    "level": "error",
                    "message": {"text": "eval can be harmful."},
                    "locations": [
                        {
                            "physicalLocation": {
                                "artifactLocation": {"uri": f"file://{CHECKOUT}/src/a%20b.js", "index": 0},
                                "region": {"startLine": 2, "startColumn": 1},
                            }
                        }
                    ],
                    "ruleId": "no-eval",
                    "ruleIndex": 0,
                },
                {"message": {"text": "Two spaces."}, "ruleId": "style", "ruleIndex": 1},
            ],
        }
    ],
}
FILES = {"src/a b.js": "one\neval(x)\n"}


def sarif(**changes: Any) -> str:  # noqa: ANN401 - whatever a tool may write
    """The log with other keys in its first result; `run` are those of the run."""
    log = deepcopy(ESLINT)
    log["runs"][0] |= changes.pop("run", {})
    if changes:
        log["runs"][0]["results"][0] |= changes
    return json.dumps(log)


def test_results_of_a_level_count(tree: Tree, ask: Ask, tmp_path: Path) -> None:
    subject = reported(tree(FILES), left(tmp_path / "r", {"s": sarif()}), code=1)
    verdict = ask(command(sarif="s"), subject)
    assert (verdict.outcome, verdict.measured, verdict.limit) == ("failed", 1, 0)
    (finding,) = verdict.findings
    assert (finding.rule, finding.path, finding.line) == ("no-eval", "src/a b.js", 2)
    assert finding.message == "error: eval can be harmful."
    assert ask(command(sarif="s", at_most=1), subject).passed
    notes = ask(command(sarif="s", level="note", at_most=1), subject)
    assert (notes.outcome, notes.measured) == ("failed", 2)


def test_a_waiver_allows_a_rule_in_some_files_and_shows(tree: Tree, ask: Ask, tmp_path: Path) -> None:
    reports = left(tmp_path / "r", {"s": sarif()})
    waivers = (Waiver(rule="no-*", paths=("src/*.js",), reason="a sandbox"),)
    verdict = ask(command(sarif="s"), reported(tree(FILES, waivers=waivers), reports, code=1))
    assert (verdict.outcome, [each.reason for each in verdict.waived]) == ("passed", ["a sandbox"])
    assert verdict.summary == "command it 0 findings of level warning or above, of 2, 1 waived"


@pytest.mark.parametrize(
    ("changes", "path", "words"),
    [
        ({"level": None, "kind": "open"}, "src/a b.js", "warning: eval"),
        ({"kind": "review", "level": "none"}, "src/a b.js", "warning: eval"),
        ({"suppressions": [{"kind": "inSource"}]}, "src/a b.js", "(suppressed inSource, which counts for nothing)"),
        ({"baselineState": "unchanged"}, "src/a b.js", "error: eval"),
        ({"locations": []}, None, "error: eval"),
        ({"ruleId": None, "ruleIndex": -1}, "src/a b.js", "error: eval"),
        ({"locations": [{"physicalLocation": {"artifactLocation": {"index": 0}}}]}, "src/a b.js", "error: eval"),
        (
            {"locations": [{"physicalLocation": {"artifactLocation": {"uri": "/usr/include/x.h"}}}]},
            None,
            "(at /usr/include/x.h, outside of the tree)",
        ),
        (
            {"locations": [{"physicalLocation": {"artifactLocation": {"uri": "b.js", "uriBaseId": "SRC"}}}]},
            "src/b.js",
            "error: eval",
        ),
    ],
)
def test_what_a_result_may_be(
    tree: Tree, ask: Ask, tmp_path: Path, changes: dict[str, Any], path: str | None, words: str
) -> None:
    bases = {"SRC": {"uri": "src/", "uriBaseId": "ROOT"}, "ROOT": {"uri": f"file://{CHECKOUT}/"}}
    text = sarif(**changes, run={"originalUriBaseIds": bases})
    verdict = ask(command(sarif="s"), reported(tree(FILES), left(tmp_path / "r", {"s": text})))
    assert verdict.outcome == "failed", verdict
    assert (verdict.findings[0].path, words in verdict.findings[0].message) == (path, True)


PACK = {"name": "pack", "rules": [{"id": "py/eval", "defaultConfiguration": {"level": "error"}}]}
OF_PACK = {"ruleId": None, "ruleIndex": 0, "level": None, "rule": {"index": 0, "toolComponent": {"index": 0}}}
OVERRIDE = {"configuration": {"level": "error"}, "descriptor": {"id": "style"}}


@pytest.mark.parametrize(
    ("changes", "run", "rule"),
    [
        (OF_PACK, {"tool": {"driver": {"name": "CodeQL"}, "extensions": [PACK]}}, "py/eval"),
        (OF_PACK | {"ruleId": "py/eval", "rule": {}, "ruleIndex": -1},
         {"tool": {"driver": {"name": "CodeQL"}, "extensions": [PACK]}}, "py/eval"),
        ({"ruleId": "style", "ruleIndex": 1, "level": None},
         {"invocations": [{"executionSuccessful": True, "ruleConfigurationOverrides": [OVERRIDE]}]}, "style"),
    ],
)  # fmt: skip
def test_a_level_may_stand_in_a_pack_of_rules_or_in_an_override(
    tree: Tree, ask: Ask, tmp_path: Path, changes: dict[str, Any], run: dict[str, Any], rule: str
) -> None:
    text = sarif(**changes, run=run)
    verdict = ask(command(sarif="s", level="error"), reported(tree(FILES), left(tmp_path / "r", {"s": text})))
    assert (verdict.outcome, verdict.findings[0].rule) == ("failed", rule)
    assert verdict.findings[0].message.startswith("error: ")


def test_many_rules_are_looked_through_once_and_not_for_each_result(tree: Tree, ask: Ask, tmp_path: Path) -> None:
    rules = [{"id": f"r{number}"} for number in range(3000)]
    results = [{"message": {"text": "x"}, "ruleId": rule["id"]} for rule in rules]
    text = sarif(run={"tool": {"driver": {"name": "many", "rules": rules}}, "results": results})
    subject = reported(tree({}), left(tmp_path / "r", {"s": text}))
    before = time.process_time()
    assert ask(command(sarif="s"), subject).measured == 3000
    assert time.process_time() - before < 1.5


def test_results_in_other_files_are_an_error(tree: Tree, ask: Ask, tmp_path: Path) -> None:
    external = {"results": [], "externalPropertyFileReferences": {"results": [{"location": {"uri": "x"}}]}}
    verdict = ask(command(sarif="s"), reported(tree(FILES), left(tmp_path / "r", {"s": sarif(run=external)})))
    assert (verdict.outcome, "results of ESLint stand in other files" in verdict.summary) == ("error", True)


@pytest.mark.parametrize("changes", [{"kind": "pass"}, {"level": "none"}, {"baselineState": "absent"}])
def test_what_is_no_problem_does_not_count(tree: Tree, ask: Ask, tmp_path: Path, changes: dict[str, Any]) -> None:
    text = sarif(**changes)
    assert ask(command(sarif="s"), reported(tree(FILES), left(tmp_path / "r", {"s": text}))).passed


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("", 0, "s is empty"),
        ("[]", 0, "is no SARIF 2.1.0"),
        (sarif().replace('"2.1.0"', '"2.0.0"'), 0, "is no SARIF 2.1.0: version"),
        (json.dumps({"version": "2.1.0", "runs": []}), 0, "is no SARIF 2.1.0: runs"),
        (json.dumps({"version": "2.1.0"}), 0, "is no SARIF 2.1.0: runs: Field required"),
        (sarif(run={"results": None}), 0, "is no SARIF 2.1.0: runs.0.results"),
        (sarif().replace('"results"', '"result"'), 0, "runs.0.results: Field required"),
        (sarif(run={"tool": {"driver": {}}}), 0, "runs.0.tool.driver.name: Field required"),
        (sarif(message=None), 0, "runs.0.results.0.message"),
        (sarif(level="grave"), 0, "runs.0.results.0.level"),
        (sarif(run={"invocations": [{"executionSuccessful": False}]}), 0, "ESLint says that it did not succeed"),
        (sarif(run={"invocations": [{}]}), 0, "executionSuccessful: Field required"),
        (
            sarif(run={"invocations": [{"executionSuccessful": True, "toolExecutionNotifications": [
                {"level": "error", "message": {"text": "a.js cannot be parsed"}}]}]}),
            0, "did not succeed: a.js cannot be parsed",
        ),
        (sarif(run={"results": []}), 2, "ended with code 2, but its report tells of no finding"),
        (sarif()[:-20], 1, "is no SARIF 2.1.0"),
    ],
)  # fmt: skip
def test_a_file_with_a_field_missing_is_an_error_and_never_zero(
    tree: Tree, ask: Ask, tmp_path: Path, text: str, code: int, words: str
) -> None:
    verdict = ask(command(sarif="s"), reported(tree(FILES), left(tmp_path / "r", {"s": text}), code))
    assert verdict.outcome == "error", verdict
    assert words in verdict.summary


def test_one_result_of_the_base_absorbs_one_of_the_candidate(tree: Tree, ask: Ask, tmp_path: Path) -> None:
    base = tree(FILES)
    base = base.model_copy(update={"root": base.root.rename(tmp_path / "base")})
    log = json.loads(sarif())
    (moved,) = [deepcopy(each) for each in log["runs"][0]["results"] if each["ruleId"] == "no-eval"]
    moved["locations"][0]["physicalLocation"]["region"]["startLine"] = 3
    log["runs"][0]["results"].append(moved)
    before = sarif().replace(CHECKOUT, "/build/base")
    reports, was = left(tmp_path / "r", {"s": json.dumps(log)}), left(tmp_path / "b", {"s": before})
    twice = reported(tree({"src/a b.js": "eval(x)\n  eval(x)\neval(x)\n"}), reports, 1, (base, was))
    verdict = ask(command(sarif="s", new_only=True), twice)
    assert (verdict.outcome, verdict.measured) == ("failed", 1)
    assert verdict.summary.startswith("command it 1 new findings of level warning or above > 0, of 3: ")
    none = reported(tree(FILES), left(tmp_path / "r", {"s": sarif()}), 1, (base, was))
    assert ask(command(sarif="s", new_only=True), none).passed
    silent = left(tmp_path / "silent", {"s": sarif(run={"results": None})})
    assert (
        "on the base commit: s is no SARIF"
        in ask(command(sarif="s", new_only=True), reported(tree(FILES), reports, 1, (base, silent))).summary
    )


def test_lines_are_counted_as_tools_count_them(tree: Tree, ask: Ask, tmp_path: Path) -> None:
    base = tree({"src/a b.js": "// \u2028\feval(x)\neval(x)\n"})
    base = base.model_copy(update={"root": base.root.rename(tmp_path / "base")})
    was = left(tmp_path / "b", {"s": sarif().replace(CHECKOUT, "/build/base")})
    own = left(tmp_path / "r", {"s": sarif()})
    other = reported(tree({"src/a b.js": "// \u2028\feval(x)\neval(y)\n"}), own, 1, (base, was))
    assert ask(command(sarif="s", new_only=True), other).outcome == "failed", "another line than that of the base"


# -- clippy

LINT: dict[str, Any] = {
    "reason": "compiler-message",
    "package_id": "path+file:///x#ledger@0.1.0",
    "message": {
        "message": "unneeded `return` statement",
        "code": {"code": "clippy::needless_return", "explanation": None},
        "level": "warning",
        "spans": [{"file_name": "src/lib.rs", "line_start": 2, "line_end": 2, "is_primary": True}],
        "children": [],
        "rendered": "...",
    },
}
SUMMARY = {
    "reason": "compiler-message",
    "message": {"message": "1 warning emitted", "code": None, "level": "warning", "spans": []},
}
ARTIFACT = {"reason": "compiler-artifact", "target": {"name": "ledger"}}


def cargo(*messages: dict[str, Any], success: bool | None = True) -> str:
    """What cargo prints, a line a message."""
    end = [] if success is None else [{"reason": "build-finished", "success": success}]
    return "".join(f"{json.dumps(message)}\n" for message in (*messages, *end))


def test_a_lint_counts_once_however_often_it_is_told(tree: Tree, ask: Ask, tmp_path: Path) -> None:
    reports = left(tmp_path / "r", {"stdout": "Checking ledger\n" + cargo(LINT, ARTIFACT, LINT, SUMMARY)})
    verdict = ask(command(clippy="stdout"), reported(tree({"src/lib.rs": "x\ny\n"}), reports))
    assert (verdict.outcome, verdict.measured) == ("failed", 1)
    assert (verdict.findings[0].rule, verdict.findings[0].line) == ("clippy::needless_return", 2)
    assert ask(command(clippy="stdout", level="error"), reported(tree({}), reports)).passed


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        (cargo(LINT, success=None), 0, "does not tell of the end of the build"),
        ("Checking ledger\n", 0, "does not tell of the end of the build"),
        (cargo(LINT, success=False), 0, "ended with code 0, but its report says that it failed"),
        (cargo(LINT), 101, "ended with code 101, but its report says that it succeeded"),
        (cargo(LINT, success=False), 101, "says that it failed, and tells of no error"),
        (cargo(success=False), 101, "ended with code 101, but its report tells of no finding"),
        (cargo(LINT, success=False) + cargo(), 0, "ended with code 0, but its report says that it failed"),
        (cargo({"reason": "compiler-message", "message": {}}), 0, "stdout:1 is no message of cargo: message.message"),
        (cargo({"why": "x"}), 0, "stdout:1 is no message of cargo: reason"),
        (cargo({**LINT, "message": {**LINT["message"], "level": "grave"}}), 0, "there is no level 'grave'"),
        ('{"reason": "build-finished", "success": "yes"}\n', 0, "is no message of cargo: success"),
    ],
)
def test_messages_that_are_not_whole_are_an_error(
    tree: Tree, ask: Ask, tmp_path: Path, text: str, code: int, words: str
) -> None:
    verdict = ask(command(clippy="stdout"), reported(tree({}), left(tmp_path / "r", {"stdout": text}), code))
    assert verdict.outcome == "error", verdict
    assert words in verdict.summary
