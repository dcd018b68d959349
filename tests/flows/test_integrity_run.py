"""A run whose agents take tests away: blocked and told, restored and released, or allowed by the plan and shown."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support import Shop, commit, git, phase, told, work

KEPT = "def test_kept():\n    assert sum([1, 1]) == 2\n"
OLD = "def test_old():\n    assert max(2, 4) == 4\n"
REASON = "the old ledger is gone"
WAIVERS = [
    {"rule": "test-deleted", "paths": ["tests/test_old.py"], "reason": REASON},
    {"rule": "test-skipped", "paths": ["docs/**"], "reason": "never needed"},
]
PLAN = "sparc: 1\nname: guarded\nphases: {}\n"
MINE = f"{PLAN}waivers: [{{rule: '*', paths: ['**'], reason: mine}}]\n"
NEW = "printf 'def test_new():\\n    assert 3\\n' > tests/test_new.py"


def _plan(shop: Shop) -> None:
    """Three that work beside each other, the last of them on what the second has made."""
    tests = shop.repository / "tests"
    tests.mkdir()
    (tests / "test_kept.py").write_text(KEPT)
    (tests / "test_old.py").write_text(OLD)
    commit(shop.repository, plan__yaml=PLAN)
    cheat = f'rm tests/test_kept.py; printf "{MINE}" > plan.yaml'
    honest = "rm tests/test_old.py"
    writes = ["docs/a.md", "tests/test_kept.py", "tests/test_old.py", "plan.yaml"]
    shop.plan({
        "refinement": phase(
            first=work(f"mkdir docs; date +%N > docs/a.md; if [ $SPARC_ATTEMPT = 1 ]; then {cheat}; else {honest}; fi",
                       "docs/a.md", writes=writes, gate=["integrity"]),
            second=work(NEW, "tests/test_new.py"),
            third=work("mkdir -p docs; date +%N > docs/c.md; if [ $SPARC_ATTEMPT = 1 ]; then rm tests/test_new.py; fi",
                       "docs/c.md", writes=["docs/c.md", "tests/test_new.py"], needs=["second"]),
            gate=["integrity"],
        ),
    }, waivers=WAIVERS)  # fmt: skip


@pytest.fixture(scope="module")
def guarded(shop: Callable[[str], Shop]) -> tuple[Shop, dict[str, Any]]:
    """The run, to its end."""
    here = shop("guarded")
    _plan(here)
    done = here.sparc("run", here.plan_dir / "plan.yaml", "--json")
    assert done.returncode == 0, done.stderr
    return here, told(done)


def test_a_deleted_test_blocks_and_its_waiver_in_the_candidate_counts_for_nothing(
    guarded: tuple[Shop, dict[str, Any]],
) -> None:
    shop, outcome = guarded
    first = next(event for event in shop.events(outcome["run"], "check-ended") if event["assignment"] == "first")
    assert first["verdict"]["outcome"] == "failed"
    broken = {(finding["rule"], finding["path"]) for finding in first["verdict"]["findings"]}
    assert broken == {("test-deleted", "tests/test_kept.py"), ("plan-changed", "plan.yaml")}
    findings = shop.page("refinement.first.2")["context"]["findings"]
    assert any("no longer there: test_kept" in finding["message"] for finding in findings)
    again = [event for event in shop.events(outcome["run"], "check-ended") if event["assignment"] == "first"][-1]
    assert again["verdict"]["measured"]["notes"] == [
        "tests/test_old.py test-dropped: an attempt before had more: no longer there: test_old"
    ]
    assert shop.show("tests/test_kept.py") == KEPT
    assert shop.show("plan.yaml") == PLAN


def test_what_the_plan_waives_is_released_and_shown_everywhere(guarded: tuple[Shop, dict[str, Any]]) -> None:
    shop, outcome = guarded
    assert "tests/test_old.py" not in git(shop.repository, "ls-tree", "-r", "--name-only", "main")
    (check,) = outcome["phases"][0]["checks"]
    assert [(each["rule"], each["path"], each["reason"]) for each in check["waived"]] == [
        ("test-deleted", "tests/test_old.py", REASON)
    ]
    page = shop.root / "report.html"
    report = shop.sparc("report", outcome["run"], "--html", page)
    assert f"waived: tests/test_old.py test-deleted: no longer there: test_old ({REASON})" in report.stdout
    assert REASON in page.read_text()
    (gate,) = [record for record in shop.evidence("gate") if record["outcome"] == "passed"]
    assert [each["reason"] for each in gate["checks"][0]["waived"]] == [REASON]
    assert [one for one in outcome["notices"] if "allowed nothing" in one] == [
        "the waiver of test-skipped in docs/** allowed nothing in this run: the plan can do without it"
    ]


def test_a_test_that_the_phase_has_made_is_not_lost_in_it(guarded: tuple[Shop, dict[str, Any]]) -> None:
    shop, outcome = guarded
    gates = [event for event in shop.events(outcome["run"], "check-ended") if event["assignment"] is None]
    assert [event["verdict"]["outcome"] for event in gates] == ["failed", "passed"]
    assert [finding["path"] for finding in gates[0]["verdict"]["findings"]] == ["tests/test_new.py"]
    assert "test_new" in shop.show("tests/test_new.py")
