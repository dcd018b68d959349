"""Rounds: who is asked again and with what, what a spent attempt costs, and what never starts."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.support import Shop, all_run, git, phase, processes_with, trailers, work

NEVER = {"contains": {"paths": "docs/a.md", "pattern": "^never$"}}


def write(path: str, text: str = "text") -> str:
    """The script of an agent that writes one file."""
    return f"mkdir -p {Path(path).parent}; echo '{text}' > {path}"


def per_attempt(*scripts: str) -> str:
    """A script an attempt; the last one for all later ones."""
    cases = "".join(f"{number}) {script};; " for number, script in enumerate(scripts[:-1], 1))
    return f'case "$SPARC_ATTEMPT" in {cases}*) {scripts[-1]};; esac'


def again(shop: Shop) -> None:
    """The gate speaks against one of two in the first round."""
    shop.plan({
        "specification": phase(
            a=work(write("docs/a.md"), "docs/a.md"),
            b=work(per_attempt(write("docs/b.md", "draft"), "echo final >> docs/b.md"), "docs/b.md"),
            gate=["deliverables", {"contains": {"paths": "docs/b.md", "pattern": "^final$"}}],
        ),
    })  # fmt: skip


def nowhere(shop: Shop) -> None:
    """The gate's finding has no path, so that nobody can be told."""
    flag = shop.root / "flag"
    check = {"name": "flag", "run": ["sh", "-c", f"test -e {flag} || {{ touch {flag}; exit 1; }}"]}
    shop.plan({
        "specification": phase(
            a=work(write("docs/a.md"), "docs/a.md"), b=work(write("docs/b.md"), "docs/b.md"), gate=[{"command": check}]
        ),
    }, isolation="none")  # fmt: skip


def spent(shop: Shop) -> None:
    """The gate never passes."""
    mark = ["sh", "-c", f"echo $SPARC_PHASE $SPARC_RUN >> {shop.root}/escalated; touch docs/by-hook.md"]
    shop.plan({
        "specification": phase(
            a=work(per_attempt(write("docs/a.md"), "echo more >> docs/a.md"), "docs/a.md"), gate=[NEVER], attempts=3,
            hooks={"escalate": [mark]},
        ),
        "pseudocode": phase(later=work(write("docs/later.md"), "docs/later.md")),
    }, isolation="none")  # fmt: skip


def failing(shop: Shop) -> None:
    """One of four fails all its asks."""
    slow = f"sleep 1; {write('docs/other.md')}"
    shop.plan({
        "specification": phase(
            good=work(write("docs/good.md"), "docs/good.md"),
            bad=work(f"{write('docs/bad.md')}; exit 3", "docs/bad.md"),
            child=work(write("docs/child.md"), "docs/child.md", needs=["bad"]),
            grandchild=work(write("docs/grandchild.md"), "docs/grandchild.md", needs=["child"]),
            other=work(slow, "docs/other.md", needs=["good"]), attempts=2,
        ),
        "pseudocode": phase(later=work(write("docs/later.md"), "docs/later.md")),
    })  # fmt: skip


def conflict(shop: Shop) -> None:
    """Two begin at the same commit and change the same file."""
    own = {"writes": ["docs/**", "shared.md"]}
    merged = f"{shop.diary}/specification.after.1"
    late = f"while ! test -e {merged}; do sleep 0.05; done; {write('shared.md', 'from b')}"
    shop.plan({
        "specification": phase(
            a=work(f"{write('docs/a.md')}; {write('shared.md', 'from a')}", "docs/a.md", **own),
            after=work(write("docs/after.md"), "docs/after.md", needs=["a"]),
            b=work(f"{write('docs/b.md')}; {per_attempt(late, 'echo from b >> shared.md')}", "docs/b.md", **own),
        ),
    })  # fmt: skip


def outside(shop: Shop) -> None:
    """An agent changes, deletes and adds files that are not its own."""
    wild = f"{write('docs/a.md')}; rm README.md; {write('src/x.py')}"
    shop.plan({"specification": phase(a=work(per_attempt(wild, write("docs/a.md")), "docs/a.md"))})


def missing(shop: Shop) -> None:
    """An agent does not deliver, then leaves a repository, then does its work."""
    nested = f"{write('docs/a.md')}; git init --quiet docs/inner"
    shop.plan({"specification": phase(a=work(per_attempt("true", nested, write("docs/a.md")), "docs/a.md"))})


def own_gate(shop: Shop) -> None:
    """An assignment's own gate fails first; what needs it waits."""
    long = [{"lines": {"paths": "docs/a.md", "at_least": 2}}]
    shop.plan({
        "specification": phase(
            a=work(per_attempt(write("docs/a.md"), "mkdir -p docs; seq 3 > docs/a.md"), "docs/a.md", gate=long),
            b=work("wc -l < docs/a.md > docs/b.md", "docs/b.md", needs=["a"]),
        ),
    })  # fmt: skip


def traced(shop: Shop) -> None:
    """Requirements that the phase's own checks are named after; one of them fails in the first round."""
    told = "mkdir -p docs; printf '# R-1\\n# R-2\\n' > docs/a.md"
    build = {"command": {"name": "r-1", "run": ["true"]}}
    done = {"command": {"name": "r-2-done", "run": ["grep", "-q", "done", "docs/a.md"]}}
    asked = {"traceability": {"requirements": {"paths": "docs/a.md", "pattern": "R-[0-9]+"}, "executed": False}}
    shop.plan({
        "specification": phase(
            a=work(per_attempt(told, "echo done >> docs/a.md"), "docs/a.md"), gate=[asked, build, done], attempts=2
        ),
    })  # fmt: skip


def hooked(shop: Shop) -> None:
    """Hooks at all moments, which write into their checkout; the last one fails."""

    def mark(when: str, more: str = "true") -> list[str]:
        line = f"{when} $SPARC_RUN $SPARC_PHASE $(ls docs 2>/dev/null | tr '\\n' ' ')"
        return ["sh", "-c", f'echo "{line}" >> {shop.root}/hooks; mkdir -p docs; touch docs/by-hook.md; {more}']

    shop.plan({
        "specification": phase(
            a=work(write("docs/a.md"), "docs/a.md"),
            hooks={
                "before": [mark("before"), mark("again")], "gate": [mark("gate")], "after": [mark("after", "exit 7")]
            },
        ),
    }, isolation="none")  # fmt: skip


def blocked_by(shop: Shop, when: str) -> None:
    """A hook that fails."""
    hooks = {when: [["sh", "-c", "echo the shop is closed; exit 9"]]}
    shop.plan({"specification": phase(a=work(write("docs/a.md"), "docs/a.md"), hooks=hooks)})


def hanging(shop: Shop) -> None:
    """One hangs past its time with children that hold on to their life; its sibling does its work."""
    hang = "trap '' TERM; setsid sh -c \"trap '' TERM; sleep 611\" & sleep 612"
    shop.plan({
        "specification": phase(
            hanging=work(hang, "docs/never.md", timeout="1s"), good=work(write("docs/good.md"), "docs/good.md"),
            attempts=1,
        ),
    })  # fmt: skip


def one_by_one(shop: Shop) -> None:
    """Three that need nothing, and one agent at a time."""
    works = {name: work(f"sleep 0.2; {write(f'docs/{name}.md')}", f"docs/{name}.md") for name in "abc"}
    shop.plan({"specification": phase(**works)}, resources={"agents": 1})


PLANS: dict[str, Callable[[Shop], None]] = {
    "again": again, "nowhere": nowhere, "spent": spent, "failing": failing, "conflict": conflict, "outside": outside,
    "missing": missing, "own-gate": own_gate, "hooked": hooked, "before": lambda shop: blocked_by(shop, "before"),
    "gate": lambda shop: blocked_by(shop, "gate"), "hanging": hanging, "one-by-one": one_by_one,
    "traced": traced,
}  # fmt: skip


class Ran:
    """All of these plans, carried side by side, each in a repository of its own."""

    def __init__(self, shop: Callable[[str], Shop]) -> None:
        self.shops = {name: shop(name) for name in PLANS}
        for name, write_plan in PLANS.items():
            write_plan(self.shops[name])
        self.outcomes = all_run({name: shop.arun() for name, shop in self.shops.items()})

    def __getitem__(self, name: str) -> tuple[Shop, Any]:
        return self.shops[name], self.outcomes[name]


@pytest.fixture(scope="module")
def ran(shop: Callable[[str], Shop]) -> Ran:
    return Ran(shop)


def findings(shop: Shop, page: str) -> list[tuple[str, str | None]]:
    """What an ask was told of earlier ones: which check, which path."""
    return [(finding["check"], finding["path"]) for finding in shop.page(page)["context"]["findings"]]


def states(outcome: Any) -> dict[str, tuple[str, int]]:  # noqa: ANN401 - a RunOutcome
    """State and asks of each assignment of the first phase."""
    return {one.name: (one.outcome, one.attempts) for one in outcome.phases[0].assignments}


def test_only_the_owner_of_what_failed_is_asked_again_with_the_findings(ran: Ran) -> None:
    shop, outcome = ran["again"]
    assert outcome.outcome == "released"
    assert sorted(shop.asked()) == ["specification.a.1", "specification.b.1", "specification.b.2"]
    assert findings(shop, "specification.b.1") == []
    assert findings(shop, "specification.b.2") == [("contains", "docs/b.md")]
    page = shop.page("specification.b.2")
    assert "contains: docs/b.md: " in page["prompt"]
    assert page["files"] == ["README.md", "docs/a.md", "docs/b.md"]
    assert shop.show("docs/b.md") == "draft\nfinal\n"
    assert (outcome.phases[0].attempts, outcome.phases[0].outcome) == (2, "passed")


def test_earlier_work_stays_and_a_fix_is_a_merge_of_its_own(ran: Ran) -> None:
    shop, outcome = ran["again"]
    merges = git(shop.repository, "rev-list", "--first-parent", "--reverse", f"{outcome.phases[0].commit}^2").split()[
        1:
    ]
    found = [trailers(shop.repository, merge) for merge in merges]
    asks = [(one["Sparc-Assignment"], one["Sparc-Attempt"]) for one in found]
    assert asks[-1] == ("b", "2")
    assert sorted(asks) == [("a", "1"), ("b", "1"), ("b", "2")]


def test_both_verdicts_of_a_gate_that_failed_first_are_kept_as_evidence(ran: Ran) -> None:
    shop, _ = ran["again"]
    gates = {(gate["round"], gate["outcome"]) for gate in shop.evidence("gate")}
    assert gates == {(1, "failed"), (2, "passed")}
    verdicts = [record["verdict"] for record in shop.evidence("verdict")]
    assert sorted(verdict["outcome"] for verdict in verdicts if verdict["check"] == "contains") == ["failed", "passed"]


def test_a_finding_without_a_place_is_told_to_all(ran: Ran) -> None:
    shop, outcome = ran["nowhere"]
    assert outcome.outcome == "released"
    assert states(outcome) == {"a": ("merged", 2), "b": ("merged", 2)}
    assert findings(shop, "specification.a.2") == findings(shop, "specification.b.2")
    assert findings(shop, "specification.a.2")[0][0] == "command flag"


def test_spent_rounds_block_the_run_and_nothing_later_starts(ran: Ran) -> None:
    shop, outcome = ran["spent"]
    assert outcome.outcome == "blocked"
    assert outcome.reason.startswith("1 specification: contains ")
    assert shop.asked() == [f"specification.a.{attempt}" for attempt in (1, 2, 3)]
    assert [(one.name, one.outcome, one.attempts) for one in outcome.phases] == [
        ("specification", "blocked", 3), ("pseudocode", "waiting", 0)
    ]  # fmt: skip
    assert [(check.check, check.outcome) for check in outcome.phases[0].checks] == [("contains", "failed")]
    assert (shop.tip("main"), shop.tip("sparc/spent")) == (shop.begin, None)
    assert git(shop.repository, "status", "--porcelain") == ""


def test_the_second_failure_escalates_once(ran: Ran) -> None:
    shop, outcome = ran["spent"]
    kinds = [event["event"] for event in shop.journal(outcome.run)]
    gates = [place for place, kind in enumerate(kinds) if kind == "gate-ended"]
    assert len(gates) == 3
    assert [place for place, kind in enumerate(kinds) if kind == "escalated"] == [gates[1] + 1]
    assert (shop.root / "escalated").read_text() == f"specification {outcome.run}\n"
    assert outcome.phases[0].escalations[0].startswith("its gate has failed twice: contains")
    assert "docs/by-hook.md" not in shop.page("specification.a.3")["files"]


def test_an_assignment_without_asks_left_holds_back_only_what_needs_it_and_no_gate_is_run(ran: Ran) -> None:
    shop, outcome = ran["failing"]
    assert states(outcome) == {
        "good": ("merged", 1), "bad": ("failed", 2), "child": ("skipped", 0), "grandchild": ("skipped", 0),
        "other": ("merged", 1),
    }  # fmt: skip
    assert outcome.outcome == "blocked"
    assert "bad: no attempt left: the agent ended with exit code 3" in outcome.reason
    assert shop.events(outcome.run, "gate-ended") == shop.events(outcome.run, "check-ended") == []
    assert outcome.phases[1].outcome == "waiting"
    hub = shop.run_folder(outcome.run) / "hub.git"
    assert git(hub, "ls-tree", "-r", "--name-only", "phase/1-specification").split() == [
        "README.md", "docs/good.md", "docs/other.md"
    ]  # fmt: skip
    assert findings(shop, "specification.bad.2") == [("attempt", None)]


def test_a_conflict_is_asked_again_on_the_tip_that_it_must_agree_with(ran: Ran) -> None:
    shop, outcome = ran["conflict"]
    assert outcome.outcome == "released"
    assert states(outcome)["b"] == ("merged", 2)
    assert findings(shop, "specification.b.2") == [("merge", "shared.md")]
    assert "shared.md" not in shop.page("specification.b.1")["files"]
    assert shop.show("shared.md") == "from a\nfrom b\n"


def test_a_change_outside_of_what_is_owned_is_refused_by_its_path(ran: Ran) -> None:
    shop, outcome = ran["outside"]
    assert outcome.outcome == "released"
    assert findings(shop, "specification.a.2") == [("attempt", "README.md"), ("attempt", "src/x.py")]
    assert shop.page("specification.a.2")["files"] == ["README.md"]
    left = git(shop.run_folder(outcome.run) / "hub.git", "ls-tree", "-r", "--name-only", "agent/1-specification/a/1")
    assert left.split() == ["docs/a.md", "src/x.py"], "what an attempt left is kept, whatever speaks against it"
    assert git(shop.repository, "ls-files").split() == ["README.md", "docs/a.md"]


def test_what_is_not_delivered_and_what_is_a_repository_fail_the_ask(ran: Ran) -> None:
    shop, outcome = ran["missing"]
    assert outcome.outcome == "released"
    assert findings(shop, "specification.a.2") == [("attempt", "docs/a.md")]
    assert findings(shop, "specification.a.3") == [("attempt", "docs/inner/.git")]
    assert "was to be delivered, and is not there" in shop.page("specification.a.2")["prompt"]


def test_an_assignments_own_gate_comes_before_its_merge(ran: Ran) -> None:
    shop, outcome = ran["own-gate"]
    assert outcome.outcome == "released"
    assert states(outcome) == {"a": ("merged", 2), "b": ("merged", 1)}
    assert findings(shop, "specification.a.2") == [("lines", "docs/a.md")]
    assert shop.show("docs/b.md") == "3\n"
    merged = {one.name: trailers(shop.repository, one.commit) for one in outcome.phases[0].assignments}
    assert (merged["a"]["Sparc-Gate"], merged["b"]["Sparc-Gate"]) == ("passed", "none")
    assert shop.page("specification.a.2")["files"] == ["README.md"], "what did not pass was not merged"


def test_the_checks_of_a_gate_stand_for_the_requirements_that_they_are_named_after(ran: Ran) -> None:
    shop, outcome = ran["traced"]
    assert outcome.outcome == "released"
    assert findings(shop, "specification.a.2") == [("traceability", "docs/a.md"), ("command r-2-done", None)]
    (told,) = (check for check in outcome.phases[0].checks if check.check == "traceability")
    assert [(row["requirement"], row["tests"]) for row in told.measured["matrix"]] == [
        ("R-1", [{"test": "check command r-1", "outcome": "passed"}]),
        ("R-2", [{"test": "check command r-2-done", "outcome": "passed"}]),
    ]


def test_hooks_see_the_tree_of_their_moment_and_what_they_change_is_discarded(ran: Ran) -> None:
    shop, outcome = ran["hooked"]
    run = f"{outcome.run} specification"
    assert (shop.root / "hooks").read_text().splitlines() == [
        f"before {run} ", f"again {run} ", f"gate {run} a.md ", f"after {run} a.md ",
    ]  # fmt: skip
    assert git(shop.repository, "ls-files").split() == ["README.md", "docs/a.md"]


def test_a_failing_hook_is_a_notice_after_the_merge(ran: Ran) -> None:
    _, outcome = ran["hooked"]
    assert outcome.outcome == "released"
    announced, notice = outcome.notices
    assert announced.startswith("isolation: none")
    assert notice.startswith("hook after: ")
    assert "exit code 7" in notice


@pytest.mark.parametrize(("when", "asked"), [("before", []), ("gate", ["specification.a.1"])])
def test_a_failing_hook_blocks_before_the_first_ask_and_before_the_gate(ran: Ran, when: str, asked: list[str]) -> None:
    shop, outcome = ran[when]
    assert outcome.outcome == "blocked"
    assert f"hook {when}: " in outcome.reason
    assert "the shop is closed" in outcome.reason
    assert shop.asked() == asked
    assert shop.events(outcome.run, "check-ended") == []


def test_a_hanging_agent_harms_only_itself_and_nothing_of_it_survives(ran: Ran) -> None:
    shop, outcome = ran["hanging"]
    assert states(outcome) == {"hanging": ("failed", 1), "good": ("merged", 1)}
    assert "timed out after 1 s" in outcome.reason
    (end,) = (event for event in shop.events(outcome.run, "attempt-ended") if event["assignment"] == "hanging")
    assert end["seconds"] < 15
    assert processes_with(f"SPARC_RUN={outcome.run}") == []


def test_one_agent_at_a_time_is_one_at_a_time(ran: Ran) -> None:
    shop, outcome = ran["one-by-one"]
    pages = [shop.page(name) for name in shop.asked()]
    assert (outcome.outcome, len(pages)) == ("released", 3)
    assert all(before["ended"] <= after["began"] for before, after in pairwise(pages))


def test_prefect_shows_a_blocked_run_as_failed_with_its_reason(ran: Ran, prefect_api: str) -> None:
    from prefect import get_client  # noqa: PLC0415 - reads its settings when imported
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterName, TaskRunFilter  # noqa: PLC0415
    from prefect.client.schemas.filters import TaskRunFilterName as TaskName  # noqa: PLC0415

    _, outcome = ran["spent"]
    names = [outcome.run, "spent · 1 specification", "spent · 2 pseudocode"]
    assert prefect_api
    with get_client(sync_client=True) as client:
        runs = client.read_flow_runs(flow_run_filter=FlowRunFilter(name=FlowRunFilterName(any_=names)))
        one = FlowRunFilter(name=FlowRunFilterName(any_=[names[1]]))
        checks = client.read_task_runs(
            flow_run_filter=one, task_run_filter=TaskRunFilter(name=TaskName(any_=["contains"]))
        )
    told = {run.name: (run.state_name, run.state_type.value, run.state.message) for run in runs}
    assert told == {
        names[0]: ("Blocked", "FAILED", outcome.reason),
        names[1]: ("Blocked", "FAILED", outcome.phases[0].reason),
    }
    assert [check.state_name for check in checks] == ["Failed"] * 3
