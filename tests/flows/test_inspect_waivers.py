"""What `sparc check` says of waivers before a run, and the run of those that nothing needed."""

import json
from pathlib import Path
from typing import Any

from flows.check_plan import Inspection, check_plan
from flows.inspect_waivers import idle_waivers
from flows.plan import Plan
from gates.verdict import Outcome, Verdict, Waived
from tasks.events import CheckEnded
from tasks.journal import Journal

DELETED = {"rule": "test-deleted", "paths": ["tests/**"], "reason": "moved"}


def _data(*waivers: object, gate: object = ("integrity",)) -> dict[str, Any]:
    work = {"role": "r", "prompt": "p", "deliverables": ["x.md"]}
    phase = {"assignments": {"work": work}, "gate": list(gate)}  # type: ignore[call-overload]
    agents = {"writer": {"command": ["true"]}}
    return {"sparc": 1, "name": "p", "agents": agents, "phases": {"specification": phase}, "waivers": list(waivers)}


def _checked(folder: Path, *waivers: object, gate: object = ("integrity",)) -> Inspection:
    file = folder / "plan.json"
    file.write_text(json.dumps(_data(*waivers, gate=gate), indent=1))
    return check_plan(file)


def test_a_rule_that_no_check_knows_is_a_warning_with_what_was_meant(tmp_path: Path) -> None:
    found = _checked(tmp_path, DELETED, DELETED | {"rule": "test-delted"}, DELETED | {"rule": "B324"})
    assert found.ok
    (warning,) = found.warnings
    assert (warning.where, bool(warning.line)) == ("waivers[1].rule", True)
    assert warning.problem.startswith(
        "no check has a rule 'test-delted', so that this allows nothing; did you mean test-deleted"
    )


def test_what_a_command_reports_may_have_any_rule(tmp_path: Path) -> None:
    odd = DELETED | {"rule": "acme/no-secrets"}
    command = {"command": {"name": "lint", "run": ["true"]}}
    assert [warning.where for warning in _checked(tmp_path, odd).warnings] == ["waivers[0].rule"]
    assert _checked(tmp_path, odd, gate=[command]).warnings == ()


def test_a_waiver_that_nothing_needed_is_told(tmp_path: Path) -> None:
    plan = Plan.model_validate(_data(DELETED, DELETED | {"paths": ["docs/**"]}))
    journal = Journal(tmp_path / "journal.jsonl")
    waived = (Waived(message="gone", path="tests/test_a.py", rule="test-deleted", reason="moved"),)
    verdict = Verdict(check="integrity", outcome=Outcome.PASSED, summary="integrity", waived=waived)
    journal.write(CheckEnded(number=1, phase="specification", round=1, verdict=verdict, seconds=1))
    assert list(idle_waivers(plan, journal)) == [
        "the waiver of test-deleted in docs/** allowed nothing in this run: the plan can do without it"
    ]
    assert list(idle_waivers(Plan.model_validate(_data()), journal)) == []
