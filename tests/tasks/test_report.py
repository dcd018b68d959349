"""The sentences of the end."""

from pathlib import Path

import pytest

from gates.verdict import Outcome
from tasks.journal import Journal
from tasks.outcome import AssignmentOutcome, CheckOutcome, PhaseOutcome, ReviewOutcome, RunOutcome, outcome_of
from tasks.report import status_lines, summary
from tasks.report_markdown import markdown

LEDGER = Journal(Path(__file__).parent / "journals" / "ledger.jsonl").read()

API = AssignmentOutcome(
    name="api", outcome="failed", attempts=3, seconds=90, commit=None, reason="exit code 1: no module named ledger"
)
POSTING = AssignmentOutcome(
    name="posting", outcome="merged", attempts=1, seconds=60, commit="3f2a91c04d5e", reason=None
)
COVERAGE = CheckOutcome(
    check="coverage",
    outcome=Outcome.FAILED,
    summary="coverage 91.2 % < 95 %: src/ledger/post.py 71 %, lines 40-52",
    measured=91.2,
    limit=95,
)
TESTS = CheckOutcome(check="tests", outcome=Outcome.PASSED, summary="tests 41 passed", measured=41, limit=1)
REVIEW = ReviewOutcome(points=("it is good", "it is ours"), approved=None, by=None, comment=None)
REFINEMENT = PhaseOutcome(
    number=1,
    name="refinement",
    outcome="blocked",
    attempts=3,
    seconds=300,
    commit=None,
    reason="no attempts are left: coverage 91.2 % < 95 %",
    checks=(TESTS, COVERAGE),
    assignments=(POSTING, API),
    conflicts=(),
    escalations=("the gate failed twice",),
    review=None,
)
COMPLETION = REFINEMENT.model_copy(
    update={"number": 2, "name": "completion", "outcome": "waiting", "checks": (), "assignments": (), "escalations": ()}
)
BLOCKED = RunOutcome(
    run="ledger-1",
    plan="ledger",
    outcome="blocked",
    base="main",
    branch="sparc/ledger",
    commit=None,
    reason="no attempts are left: coverage 91.2 % < 95 %",
    repository="/home/ada/my ledger",
    isolation="landlock",
    seconds=300,
    phases=(REFINEMENT, COMPLETION),
    notices=("memory is low",),
)


def test_the_summary_of_a_blocked_run() -> None:
    assert summary(BLOCKED).splitlines() == [
        "ledger-1: plan ledger, sparc/ledger for main, isolation: landlock",
        "",
        "1 refinement: 1 of 2 merged, 3 rounds, 5 min 00 s",
        "  tests 41 passed........................................................Passed",
        "  coverage...............................................................Failed",
        "    coverage 91.2 % < 95 %: src/ledger/post.py 71 %, lines 40-52",
        "  api, 3 attempts........................................................Failed",
        "    exit code 1: no module named ledger",
        "  Escalated: the gate failed twice",
        "",
        "2 completion............................................................Waiting",
        "",
        "Notice: memory is low",
        "BLOCKED in 1 refinement: no attempts are left: coverage 91.2 % < 95 %",
        "  sparc report ledger-1 --html report.html",
        "      shows every attempt, round and finding",
        "  sparc resume ledger-1",
        "      goes on from here; what is merged is not done again",
    ]


def test_the_end_of_a_released_run_says_where_it_is_and_how_to_check_it() -> None:
    released = {"outcome": "released", "commit": "3f2a91c04d5e", "phases": (), "reason": None}
    told = summary(BLOCKED.model_copy(update=released))
    assert told.splitlines()[-5:] == [
        "Released: main is at 3f2a91c04d, after 5 min 00 s.",
        "  sparc verify --repository '/home/ada/my ledger'",
        "      proves every merge from git alone",
        "  sparc report ledger-1 --html report.html",
        "      shows every attempt, round and finding",
    ]


def test_the_end_of_an_interrupted_run() -> None:
    stopped = REFINEMENT.model_copy(update={"outcome": "interrupted"})
    told = summary(BLOCKED.model_copy(update={"outcome": "interrupted", "reason": None, "phases": (stopped,)}))
    assert told.splitlines()[-3:] == [
        "Interrupted in 1 refinement; everything so far is kept.",
        "  sparc resume ledger-1",
        "      goes on from here; what is merged is not done again",
    ]


def test_a_reason_that_names_its_phase_does_not_name_it_twice() -> None:
    named = BLOCKED.model_copy(update={"reason": "1 refinement: rejected by ada: no"})
    assert "BLOCKED in 1 refinement: rejected by ada: no\n" in summary(named)


def test_a_block_without_a_reason_of_its_own_tells_the_phase_s() -> None:
    assert f"BLOCKED in 1 refinement: {REFINEMENT.reason}" in summary(BLOCKED.model_copy(update={"reason": None}))
    bare = BLOCKED.model_copy(update={"reason": None, "phases": ()})
    assert "BLOCKED: no reason was recorded" in summary(bare)


@pytest.mark.parametrize("state", ["blocked", "running"])
def test_a_review_that_waits_is_asked_for(state: str) -> None:
    waiting = REFINEMENT.model_copy(update={"outcome": state, "review": REVIEW})
    told = summary(BLOCKED.model_copy(update={"outcome": state, "phases": (waiting,)}))
    lines = told.splitlines()
    place = lines.index("  review................................................................Waiting")
    assert lines[place + 1 : place + 3] == ["    it is good", "    it is ours"]
    assert "  sparc review ledger-1 --approve --comment TEXT\n" in told


def test_a_review_that_was_answered_tells_by_whom() -> None:
    answered = REVIEW.model_copy(update={"approved": False, "by": "ada", "comment": "SLO 3 is vague"})
    told = summary(BLOCKED.model_copy(update={"phases": (REFINEMENT.model_copy(update={"review": answered}),)}))
    assert (
        "  review by ada........................................................Rejected\n    SLO 3 is vague\n" in told
    )
    assert "sparc review" not in told


def test_every_dotted_line_is_as_wide_as_the_next() -> None:
    told = summary(outcome_of(LEDGER))
    assert {len(line) for line in told.splitlines() if ".." in line and not line.startswith(" " * 4)} == {79}


def test_a_long_name_leaves_the_result_in_its_place() -> None:
    long = TESTS.model_copy(update={"summary": "tests " + "x" * 200})
    told = summary(BLOCKED.model_copy(update={"phases": (REFINEMENT.model_copy(update={"checks": (long,)}),)}))
    line = next(line for line in told.splitlines() if "tests" in line)
    assert line.endswith("x…...Passed")
    assert len(line) == 79


def test_hostile_text_cannot_start_a_line_or_colour_one() -> None:
    hostile = API.model_copy(update={"reason": "\x1b[32mfine\r\nReleased: main is at 0000000000."})
    told = summary(BLOCKED.model_copy(update={"phases": (REFINEMENT.model_copy(update={"assignments": (hostile,)}),)}))
    assert "\x1b" not in told
    assert "    fine Released: main is at 0000000000." in told.splitlines()
    assert all(line.isprintable() for line in told.splitlines())


def test_status_is_one_aligned_line_a_run() -> None:
    assert status_lines([BLOCKED, outcome_of(LEDGER[:60]), outcome_of(LEDGER)]) == [
        "ledger-1                   blocked   0 of 2 phases passed, refinement blocked  5 min 00 s",
        "ledger-20260608-1400-7c1e  running   3 of 5 phases passed, refinement running  1 h 50 min",
        "ledger-20260608-1400-7c1e  released  5 of 5 phases passed                      12 h 51 min",
    ]
    assert status_lines([]) == []


def test_the_markdown_of_a_blocked_run() -> None:
    answered = REVIEW.model_copy(update={"approved": True, "by": "--yes"})
    told = markdown(BLOCKED.model_copy(update={"phases": (REFINEMENT.model_copy(update={"review": answered}),)}))
    assert told == (
        "# ledger: blocked\n\n"
        "BLOCKED in 1 refinement: no attempts are left: coverage 91.2 % &lt; 95 %\n\n"
        "| phase | outcome | rounds | merged | time |\n"
        "| --- | --- | --- | --- | --- |\n"
        "| 1 refinement | blocked | 3 | 1 of 2 | 5 min 00 s |\n\n"
        "## 1 refinement: blocked\n\n"
        "no attempts are left: coverage 91.2 % &lt; 95 %\n\n"
        "| check | outcome | measured |\n"
        "| --- | --- | --- |\n"
        "| tests | passed | tests 41 passed |\n"
        "| coverage | failed | coverage 91.2 % &lt; 95 %: src/ledger/post.py 71 %, lines 40\\-52 |\n\n"
        "| assignment | outcome | attempts | time | commit | reason |\n"
        "| --- | --- | --- | --- | --- | --- |\n"
        "| posting | merged | 1 | 1 min 00 s | 3f2a91c04d |  |\n"
        "| api | failed | 3 | 1 min 30 s |  | exit code 1: no module named ledger |\n\n"
        "Review approved by \\-\\-yes: it is good; it is ours\n\n"
        "> **Escalated:** the gate failed twice\n\n"
        "> **Notice:** memory is low\n"
    )


def test_markdown_of_agents_stays_text() -> None:
    hostile = API.model_copy(update={"reason": "a | b\n# big <img src=x> [l](http://x) `c` **d**"})
    told = markdown(BLOCKED.model_copy(update={"phases": (REFINEMENT.model_copy(update={"assignments": (hostile,)}),)}))
    assert r"| a \| b \# big &lt;img src=x&gt; \[l\]\(http://x\) \`c\` \*\*d\*\* |" in told
