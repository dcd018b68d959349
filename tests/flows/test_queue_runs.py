"""Runs whose work meets: batches and their culprits, conflicts and who settles them, and what is not measured twice."""

import signal
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests.flows.test_rounds import findings, per_attempt, states, write
from tests.support import Shop, all_run, git, phase, trailers, wait_for, work

ARCHITECT = """\
import json, os
from pathlib import Path

context = json.loads(Path(os.environ["SPARC_CONTEXT"]).read_text())
for path in context["merging"]["conflicts"]:
    lines = Path(path).read_text().splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(("<<<<<<<", "=======", ">>>>>>>"))]
    Path(path).write_text("".join(kept))
"""
SHARED = {"writes": ["docs/**", "shared.md"]}


def after_first(shop: Shop, script: str) -> str:
    """A script that goes on when the work of `first` has come to be measured."""
    return f"while ! test -e {shop.diary}/specification.first.1.done; do sleep 0.05; done; sleep 2; {script}"


def gathered(shop: Shop, asks: int) -> list[dict[str, Any]]:
    """A gate that holds up the queue until so many asks have ended, and their work has had time to come to wait."""
    pages = f"ls {shop.diary} | grep -c done"
    script = f"while test $({pages}) -lt {asks}; do sleep 0.05; done; sleep 2"
    return [{"command": {"name": "gathered", "run": ["sh", "-c", script]}}]


def batch(shop: Shop) -> None:
    """Four wait while another one is measured; one of them is bad."""
    fine = {name: [{"contains": {"paths": f"docs/{name}.md", "pattern": "^good$"}}] for name in "abcd"}
    first = work(write("docs/first.md"), "docs/first.md", gate=gathered(shop, 5))
    works = {
        name: work(after_first(shop, write(f"docs/{name}.md", "good")), f"docs/{name}.md", gate=fine[name])
        for name in "abd"
    }
    bad = per_attempt(after_first(shop, write("docs/c.md", "bad")), write("docs/c.md", "good"))
    works["c"] = work(bad, "docs/c.md", gate=["deliverables", *fine["c"]])
    shop.plan({"specification": phase(first=first, **works)})


def together(shop: Shop) -> None:
    """Two that are green by themselves and red together, until one of them makes peace."""
    test = "test -e docs/peace.md || ! { test -e docs/a.md && test -e docs/b.md; }"
    peace = {"command": {"name": "peace", "run": ["sh", "-c", test]}}
    first = work(write("docs/first.md"), "docs/first.md", gate=gathered(shop, 3))
    own = {"writes": ["docs/**"], "gate": [peace]}
    again = write("docs/peace.md")
    works = {
        name: work(
            f"{write(f'docs/{name}.md')}; {per_attempt(after_first(shop, 'true'), again)}", f"docs/{name}.md", **own
        )
        for name in "ab"
    }
    shop.plan({"specification": phase(first=first, **works, gate=["deliverables", peace])})


def meeting(shop: Shop, late: str, policy: object, **agents: object) -> None:
    """`b` is done after `a` was merged, and changes the same file."""
    wait = f"while ! test -e {shop.diary}/specification.after.1.done; do sleep 0.05; done"
    said = write("shared.md", "from b")
    agents_of = {"writer": shop.agent, **agents}
    planned = phase(
        a=work(f"{write('docs/a.md')}; {write('shared.md', 'from a')}", "docs/a.md", acceptance=["A is"], **SHARED),
        after=work(write("docs/after.md"), "docs/after.md", needs=["a"]),
        b=work(f"{write('docs/b.md')}; {per_attempt(f'{wait}; ' + said, late)}", "docs/b.md", **SHARED),
        gate=["deliverables", {"contains": {"paths": "shared.md", "pattern": "^from a$"}},
              {"contains": {"paths": "shared.md", "pattern": "^from b$"}}],
    )  # fmt: skip
    default = {"agent": "writer", "conflicts": policy}
    shop.plan({"specification": planned}, agents=agents_of, defaults=default)


def resolved(shop: Shop) -> None:
    """An architect merges both."""
    (shop.plan_dir / "architect.py").write_text(ARCHITECT)
    architect = {"command": [sys.executable, "-I", "-S", "{plan_dir}/architect.py"]}
    meeting(shop, "exit 9", {"architect": "wise"}, wise=architect)


def marked(shop: Shop) -> None:
    """An architect leaves everything as it found it."""
    idle = {"command": [sys.executable, "-c", "pass"]}
    meeting(shop, "echo from b >> shared.md", {"architect": "idle"}, idle=idle)


def for_a_person(shop: Shop) -> None:
    """A person is to decide."""
    meeting(shop, "echo from b >> shared.md", "escalate")


def kept(shop: Shop) -> None:
    """The gate asks what the assignment's own gate has asked, and something that is mended from outside."""
    flag = {"command": {"name": "flag", "run": ["test", "-e", str(shop.root / "flag")]}}
    long = {"lines": {"paths": "docs/a.md", "at_least": 1}}
    shop.plan({
        "specification": phase(
            a=work(write("docs/a.md"), "docs/a.md", gate=[long]), gate=[long, "deliverables", flag], attempts=1
        ),
    })  # fmt: skip


PLANS: dict[str, Callable[[Shop], None]] = {
    "batch": batch, "together": together, "resolved": resolved, "marked": marked, "for-a-person": for_a_person,
    "kept": kept,
}  # fmt: skip
Ran = dict[str, tuple[Shop, Any]]


@pytest.fixture(scope="module")
def ran(shop: Callable[[str], Shop]) -> Ran:
    """All of these plans, carried side by side, each in a repository of its own."""
    shops = {name: shop(name) for name in PLANS}
    for name, write_plan in PLANS.items():
        write_plan(shops[name])
    outcomes = all_run({name: one.arun() for name, one in shops.items()})
    return {name: (shops[name], outcomes[name]) for name in PLANS}


def merges(shop: Shop, outcome: Any) -> dict[str, list[str]]:  # noqa: ANN401 - a RunOutcome
    """Assignment -> the commits that merged it, the oldest first."""
    span = f"{outcome.phases[0].commit}^1..{outcome.phases[0].commit}^2"
    found: dict[str, list[str]] = {}
    for commit in git(shop.repository, "rev-list", "--first-parent", "--reverse", span).split():
        found.setdefault(trailers(shop.repository, commit)["Sparc-Assignment"], []).append(commit)
    return found


def record_of(shop: Shop, commit: str) -> dict[str, Any]:
    """The evidence that a merge names, bound to it."""
    name = trailers(shop.repository, commit)["Sparc-Evidence"].removeprefix("sha256:")
    (record,) = (each for each in shop.evidence("merge") if each["tree"] == tree_of(shop, commit)
                 and each["parents"] == git(shop.repository, "rev-parse", f"{commit}^@").split())  # fmt: skip
    assert git(shop.repository, "rev-parse", "--verify", f"refs/evidence/{name}")
    return record


def tree_of(shop: Shop, commit: str) -> str:
    return git(shop.repository, "rev-parse", f"{commit}^{{tree}}")


def test_those_that_wait_are_measured_together_and_only_the_culprit_is_asked_again(ran: Ran) -> None:
    shop, outcome = ran["batch"]
    assert outcome.outcome == "released", outcome.reason
    asked = dict.fromkeys(("first", "a", "b", "d"), ("merged", 1)) | {"c": ("merged", 2)}
    assert states(outcome) == asked
    assert findings(shop, "specification.c.2") == [("contains", "docs/c.md")]
    batches = shop.events(outcome.run, "batch-ended")
    assert set(batches[0]["assignments"]) == set("abcd")
    assert (batches[0]["outcome"], batches[0]["checks"]) == ("failed", 5)
    kinds = [event["event"] for event in shop.journal(outcome.run)]
    assert kinds.count("merged") == 5
    assert shop.show("docs/c.md") == "good\n"


def test_each_of_a_batch_has_its_own_merge_that_names_the_tree_that_was_measured(ran: Ran) -> None:
    shop, outcome = ran["batch"]
    verdicts = {record["tree"] for record in shop.evidence("verdict") if record["verdict"]["outcome"] == "passed"}
    gates = []
    for name, (commit,) in merges(shop, outcome).items():
        record, said = record_of(shop, commit), trailers(shop.repository, commit)
        gates.append(record["gate"])
        assert (record["assignment"], said["Sparc-Gate"]) == (name, record["gate"])
        measured = record["batch"]["tree"] if record["gate"] == "batch" else record["tree"]
        assert measured in verdicts
        assert record["verdicts"]
        assert (record["gate"] == "batch") is ("batch" in record)
    assert gates.count("batch") in (2, 3), "how many are green together depends on where the culprit stood"


def test_of_two_that_are_green_alone_and_red_together_one_is_told_before_both_are_merged(ran: Ran) -> None:
    shop, outcome = ran["together"]
    assert outcome.outcome == "released", outcome.reason
    counts = {name: attempts for name, (_, attempts) in states(outcome).items()}
    assert sorted(counts.values()) == [1, 1, 2]
    later = next(name for name, count in counts.items() if count == 2)
    assert findings(shop, f"specification.{later}.2") == [("command peace", None)]
    (first,) = (event for event in shop.events(outcome.run, "batch-ended"))
    assert (set(first["assignments"]), first["assignments"][-1], first["outcome"]) == ({"a", "b"}, later, "failed")
    for commit in git(shop.repository, "rev-list", "--first-parent", f"{outcome.phases[0].commit}^2").split():
        files = git(shop.repository, "ls-tree", "-r", "--name-only", commit).split()
        assert not {"docs/a.md", "docs/b.md"} <= {*files} or "docs/peace.md" in files


def test_an_architect_merges_both_sides_and_the_merge_says_so(ran: Ran) -> None:
    shop, outcome = ran["resolved"]
    assert outcome.outcome == "released", outcome.reason
    assert shop.show("shared.md") == "from a\nfrom b\n"
    assert states(outcome)["b"] == ("merged", 2), "the architect's ask is one of the assignment's"
    (commit,) = merges(shop, outcome)["b"]
    record = record_of(shop, commit)
    assert trailers(shop.repository, commit)["Conflict-Resolution"] == "wise"
    assert (record["resolution"]["by"], record["resolution"]["conflicts"]) == ("wise", ["shared.md"])
    assert (record["gate"], record["attempt"], len(record["verdicts"])) == ("passed", 1, 3)
    hub = shop.run_folder(outcome.run) / "hub.git"
    left = git(hub, "rev-parse", "resolution/1-specification/b/2")
    work_of_b = git(hub, "rev-parse", "agent/1-specification/b/1")
    assert git(hub, "rev-parse", f"{commit}^2", f"{left}^2").split() == [work_of_b] * 2
    attempt = next(each for each in shop.evidence("attempt") if "resolution" in each)
    assert (attempt["agent"], attempt["resolution"]["conflicts"]) == ("wise", ["shared.md"])


def test_an_architect_is_told_who_wanted_what(ran: Ran) -> None:
    shop, outcome = ran["resolved"]
    papers = shop.run_folder(outcome.run) / "attempts/1-specification/b/2"
    prompt = (papers / "prompt.md").read_text()
    lines = "<<<<<<< a\n    from a\n    =======\n    from b\n    >>>>>>> b"
    sides = ("## a, the Scripted Agent (merged already)", "A is", "## b, the Scripted Agent (to be merged now)")
    for words in ("You are the Architect", *sides, "## In conflict: shared.md", lines):
        assert words in prompt


def test_markers_that_an_architect_leaves_are_refused_and_the_writer_is_asked_instead(ran: Ran) -> None:
    shop, outcome = ran["marked"]
    assert outcome.outcome == "released", outcome.reason
    assert states(outcome)["b"] == ("merged", 3)
    told = shop.page("specification.b.3")["context"]["findings"]
    assert [(one["check"], one["path"]) for one in told] == [("merge", "shared.md"), ("resolution", None)]
    assert (
        "idle was asked to merge both sides, and did not succeed: shared.md:1 still holds a conflict marker"
        in (told[1]["message"])
    )
    (commit,) = merges(shop, outcome)["b"]
    assert "Conflict-Resolution" not in trailers(shop.repository, commit)
    assert shop.show("shared.md") == "from a\nfrom b\n"


def test_a_conflict_for_a_person_stops_that_assignment_and_a_resume_asks_it_again(ran: Ran) -> None:
    shop, outcome = ran["for-a-person"]
    assert outcome.outcome == "blocked"
    assert states(outcome) == {"a": ("merged", 1), "after": ("merged", 1), "b": ("failed", 1)}
    for words in ("the work of b conflicts with that of a in shared.md", "agent/1-specification/b/1", "sparc resume"):
        assert words in outcome.reason
        assert words in outcome.phases[0].escalations[0]
    again = shop.sparc("resume", outcome.run)
    assert again.returncode == 0, again.stderr
    assert shop.show("shared.md") == "from a\nfrom b\n"


def test_what_passed_is_not_measured_again_and_what_failed_is(ran: Ran) -> None:
    shop, outcome = ran["kept"]
    assert outcome.outcome == "blocked"
    (shop.root / "flag").touch()
    again = shop.sparc("resume", outcome.run)
    assert again.returncode == 0, again.stderr
    ends = shop.events(outcome.run, "check-ended")
    checks = [(event["verdict"]["check"], event["verdict"]["outcome"], event["kept"] or "") for event in ends]
    own, there = "1 specification, a", "1 specification"
    assert sorted(checks) == sorted([
        ("lines", "passed", ""), ("lines", "passed", own), ("deliverables", "passed", ""),
        ("command flag", "failed", ""), ("lines", "passed", own), ("deliverables", "passed", there),
        ("command flag", "passed", ""),
    ])  # fmt: skip
    assert len(shop.evidence("verdict")) == 4, "what was kept names its earlier record"
    assert "(kept from 1 specification, a)" in again.stderr
    report = shop.sparc("report", outcome.run, "--html", shop.root / "report.html")
    assert "(kept from 1 specification)" in report.stdout + report.stderr
    assert "kept from 1 specification, a" in (shop.root / "report.html").read_text()


@pytest.mark.parametrize("name", ["batch", "together", "resolved"])
def test_what_was_merged_in_batches_and_by_architects_can_be_verified(ran: Ran, name: str) -> None:
    shop, _ = ran[name]
    done = shop.sparc("verify")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_kill_while_work_waits_in_the_queue_leaves_nothing_that_a_resume_cannot_do_again(
    shop: Callable[[str], Shop],
) -> None:
    here, run = shop("killed-in-queue"), "killed-in-queue"
    held = {"command": {"name": "held", "run": ["sh", "-c", f"while ! test -e {here.root}/go; do sleep 0.05; done"]}}
    gates = {name: [{"contains": {"paths": f"docs/{name}.md", "pattern": "text"}}] for name in "ab"} | {"first": [held]}
    works = {name: work(write(f"docs/{name}.md"), f"docs/{name}.md", gate=gate) for name, gate in gates.items()}
    here.plan({"specification": phase(**works)})
    with here.start("run", here.plan_dir / "plan.yaml", "--run", run) as process:
        wait_for(lambda: here.run_folder(run).exists() and (here.run_folder(run) / "journal.jsonl").exists())
        wait_for(lambda: len(here.events(run, "attempt-ended")) == 3)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
    (here.root / "go").touch()
    again = here.sparc("resume", run)
    assert again.returncode == 0, again.stderr
    assert here.events(run, "run-ended")[-1]["outcome"] == "released"
    merged = [event["assignment"] for event in here.events(run, "merged")]
    assert sorted(merged) == ["a", "b", "first"], "each once, whichever of them were merged before the kill"
    verified = here.sparc("verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
