"""The release of a plan into a base branch, whatever that branch has come to: nothing of anyone is lost."""

from typing import Any

import pytest

from tests.flows.releases import by_hand, plan
from tests.flows.scenes import MINE, Played, Scene, subjects, tree_of
from tests.support import Shop, commit, git, phase, sparc, trailers, work


async def unmoved(shop: Shop) -> dict[str, Any]:
    """Nothing happened meanwhile; then the same plan once more, on what it released."""
    plan(shop)
    first = await shop.arun(run=f"{shop.root.name}-1")
    plan(shop, by_hand("by-hand.md", "meanwhile"))
    (shop.plan_dir / "plan.yaml").write_text((shop.plan_dir / "plan.yaml").read_text().replace("echo mine", "echo two"))
    return {"first": first, "second": await shop.arun(run=f"{shop.root.name}-2")}


async def moved(shop: Shop) -> dict[str, Any]:
    """The base moved on with another file."""
    plan(shop, by_hand("theirs.md", "theirs"), gate=["deliverables", {"lines": {"paths": "**/*.md", "at_least": 2}}])
    return {"run": await shop.arun()}


async def hurried(shop: Shop) -> dict[str, Any]:
    """The base moves on again while the gates look at the merge with what it had moved to."""
    once = f"{shop.root}/once"
    move = f"touch {once}; cd {shop.repository}; {by_hand('second.md', 'second')}"
    look = ["sh", "-c", f"test ! -e theirs.md || test -e {once} || {{ {move}; }}"]
    plan(shop, by_hand("theirs.md", "theirs"), gate=[{"command": {"name": "look", "run": look}}])
    return {"run": await shop.arun()}


async def unfit(shop: Shop) -> dict[str, Any]:
    """The base moved to something on which a gate of the plan does not hold."""
    plan(shop, by_hand("theirs.md", "forbidden"), gate=[{"absent": {"paths": "*.md", "pattern": "forbidden"}}])
    first = await shop.arun()
    moved = shop.tip("main")
    (shop.repository / "theirs.md").write_text("fine\n")
    git(shop.repository, "commit", "--quiet", "--all", "--message=mended by hand")
    return {"run": first, "moved": moved, "resumed": await shop.arun(run=first.run)}


async def conflict(shop: Shop) -> dict[str, Any]:
    """The base gained the same file with other contents; the user takes it back."""
    plan(shop, by_hand(MINE, "theirs"))
    first = await shop.arun()
    before = (shop.tip("main"), shop.tip("sparc/conflict"))
    git(shop.repository, "revert", "--no-edit", "HEAD")
    return {"run": first, "before": before, "resumed": await shop.arun(run=first.run)}


async def gone(shop: Shop) -> dict[str, Any]:
    """The base branch is renamed under the run, and put back."""
    plan(shop, "git branch --move main away")
    first = await shop.arun()
    git(shop.repository, "branch", "--move", "away", "main")
    return {"run": first, "resumed": await shop.arun(run=first.run)}


async def by_hand_merge(shop: Shop) -> dict[str, Any]:
    """The release is blocked; somebody merges the plan's branch, with something of their own, and then undoes it."""
    plan(shop, f"echo edited > {shop.repository}/README.md")
    first = await shop.arun()
    git(shop.repository, "checkout", "--quiet", "README.md")
    git(shop.repository, "merge", "--quiet", "--no-ff", "--no-commit", "sparc/by-hand-merge")
    moved = commit(shop.repository, unmeasured__md="unmeasured\n")
    resumed = await shop.arun(run=first.run)
    kept = shop.tip("main")
    git(shop.repository, "reset", "--quiet", "--hard", f"{moved}^")
    return {"run": first, "moved": moved, "kept": kept, "resumed": resumed, "again": await shop.arun(run=first.run)}


async def repeated(shop: Shop) -> dict[str, Any]:
    """Two phases ask in the same words about their own files, one with a hook and a review; the base moves."""
    two, text = "docs/two.md", {"absent": {"pattern": "^two"}}
    move = f"cd {shop.repository}; {by_hand('forbidden.md', 'theirs')}"
    same = {"contains": {"pattern": "^# "}}
    hooks = {"gate": [["sh", "-c", "test ! -e forbidden.md"]]}
    shop.plan({
        "specification": phase(
            mine=work(f"mkdir -p docs; echo '# mine' > {MINE}", MINE), gate=["deliverables", text, same],
            hooks=hooks, review=["is mine right?"], review_timeout=1,
        ),
        "refinement": phase(
            two=work(f"mkdir -p docs; printf '# 2\\ntwo\\n' > {two}; {move}", two), gate=["deliverables", same]
        ),
    }, isolation="none")  # fmt: skip
    first = await shop.arun(yes=True)
    git(shop.repository, "mv", "forbidden.md", "allowed.md")
    commit(shop.repository)
    waited = await shop.arun(run=first.run)
    return {"run": first, "waited": waited, "resumed": await shop.arun(run=first.run, yes=True)}


SCENES: dict[str, Scene] = {
    "unmoved": unmoved, "moved": moved, "hurried": hurried, "unfit": unfit, "conflict": conflict, "gone": gone,
    "by-hand-merge": by_hand_merge, "repeated": repeated,
}  # fmt: skip


def test_an_unmoved_base_takes_the_very_tree_that_the_last_gate_passed(played: Played) -> None:
    shop, said = played("unmoved")
    first = said["first"]
    assert first.outcome == "released"
    assert git(shop.repository, "rev-parse", f"{first.commit}^{{tree}}") == git(
        shop.repository, "rev-parse", f"{first.phases[-1].commit}^{{tree}}"
    )
    (release,) = (record for record in shop.evidence("release") if record["run"] == "unmoved-1")
    phase_gate = trailers(shop.repository, first.phases[-1].commit)["Sparc-Evidence"].removeprefix("sha256:")
    assert release["gates"] == [phase_gate], "the gate that was measured serves, and no other is run"


def test_a_second_run_of_a_plan_starts_from_what_the_first_one_released(played: Played) -> None:
    shop, said = played("unmoved")
    assert said["second"].outcome == "released"
    assert shop.show(MINE) == "two\n"
    assert subjects(shop) == ["Release unmoved into main", "by hand by-hand.md", "Release unmoved into main",
                              "By hand: README__md"]  # fmt: skip
    assert git(shop.repository, "merge-base", "--is-ancestor", said["first"].commit, "sparc/unmoved") == ""


def test_a_moved_base_is_merged_and_every_gate_runs_again_on_the_merge(played: Played) -> None:
    shop, said = played("moved")
    outcome = said["run"]
    assert outcome.outcome == "released"
    assert subjects(shop) == ["Release moved into main", "by hand theirs.md", "By hand: README__md"]
    assert git(shop.repository, "ls-files").split() == ["README.md", MINE, "theirs.md"]
    assert git(shop.repository, "status", "--porcelain") == ""
    again = [event for event in shop.events(outcome.run, "check-ended") if event["round"] == 0]
    assert sorted(event["verdict"]["check"] for event in again) == ["deliverables", "lines"]
    lines = {event["round"]: event["verdict"]["measured"] for event in shop.events(outcome.run, "check-ended")
             if event["verdict"]["check"] == "lines"}  # fmt: skip
    assert lines == {1: 2, 0: 3}, "measured on the merge, not on the plan's own tree"
    assert any("main has moved: all gates run again" in notice for notice in outcome.notices)
    (release,) = shop.evidence("release")
    gates = {gate["tree"] for gate in shop.evidence("gate") if gate["outcome"] == "passed"}
    assert release["tree"] == git(shop.repository, "rev-parse", "main^{tree}")
    assert release["tree"] in gates


def test_a_base_that_moves_while_the_release_is_measured_has_it_measured_again(played: Played) -> None:
    shop, said = played("hurried")
    assert said["run"].outcome == "released"
    assert subjects(shop)[:3] == ["Release hurried into main", "by hand second.md", "by hand theirs.md"]
    assert git(shop.repository, "ls-files").split() == ["README.md", MINE, "second.md", "theirs.md"]
    (release,) = (record for record in shop.evidence("release") if record["tree"] == tree_of(shop, "main"))
    measured = [gate["tree"] for gate in shop.evidence("gate")]
    assert release["tree"] in measured
    assert len(set(measured)) == 3, "the plan's own tree, and both merges"


def test_a_moved_base_on_which_a_gate_fails_is_not_released_until_it_is_mended(played: Played) -> None:
    shop, said = played("unfit")
    assert said["run"].outcome == "blocked"
    assert "on the merge with it a gate fails: absent" in said["run"].reason
    assert git(shop.repository, "log", "-1", "--format=%s", said["moved"]) == "by hand theirs.md"
    assert said["resumed"].outcome == "released"
    assert subjects(shop)[:3] == ["Release unfit into main", "mended by hand", "by hand theirs.md"]
    assert shop.asked() == ["specification.mine.1"]


def test_a_conflict_with_the_base_keeps_the_result_until_the_user_has_solved_it(played: Played) -> None:
    shop, said = played("conflict")
    assert said["run"].outcome == "blocked"
    assert said["run"].reason == (
        f"main has moved, and conflicts with sparc/conflict in {MINE}: the result waits on sparc/conflict"
    )
    main, result = said["before"]
    assert git(shop.repository, "log", "-1", "--format=%s", main) == f"by hand {MINE}"
    assert shop.show(MINE, result) == "mine\n"
    assert said["resumed"].outcome == "released"
    assert shop.show(MINE) == "mine\n"
    assert shop.asked() == ["specification.mine.1"]


def test_a_base_branch_that_is_gone_blocks_until_it_is_back(played: Played) -> None:
    shop, said = played("gone")
    assert said["run"].outcome == "blocked"
    assert "branch main is gone" in said["run"].reason
    assert said["resumed"].outcome == "released"
    assert subjects(shop)[0] == "Release gone into main"


def test_a_merge_by_hand_is_no_release_for_nothing_was_measured_on_it(played: Played) -> None:
    shop, said = played("by-hand-merge")
    assert said["run"].outcome == said["resumed"].outcome == "blocked"
    assert said["resumed"].reason.startswith(
        "main already contains sparc/by-hand-merge by a merge that is not ours, so nothing was measured on it: "
    )
    assert said["kept"] == said["moved"]
    assert said["again"].outcome == "released"
    assert git(shop.repository, "ls-files").split() == ["README.md", MINE]


def test_the_gate_of_a_release_is_every_phases_own_with_its_hooks_and_reviews(played: Played) -> None:
    shop, said = played("repeated")
    first, resumed = said["run"], said["resumed"]
    assert (first.outcome, resumed.outcome) == ("blocked", "released")
    assert first.reason.startswith("main has moved, and on the merge with it hook gate: sh -c test ! -e forbidden.md: ")
    assert (said["waited"].outcome, said["waited"].reason) == (
        "blocked", "nobody answered the review of specification within 1 s"
    )  # fmt: skip
    again = [event for event in shop.events(resumed.run, "check-ended") if event["round"] == 0]
    again = again[len(again) // 2 :]  # those after the one that waited
    asked = [(event["phase"], event["verdict"]["check"]) for event in again]
    assert sorted(asked) == [
        ("refinement", "contains"), ("refinement", "deliverables"),
        ("specification", "absent"), ("specification", "contains"), ("specification", "deliverables"),
    ]  # fmt: skip
    (release,) = shop.evidence("release")
    (gate,) = (gate for gate in shop.evidence("gate") if gate["tree"] == release["tree"] and "reviews" in gate)
    assert gate["phases"] == ["specification", "refinement"]
    assert sorted(gate["verdicts"]) == sorted(event["evidence"] for event in again)
    (signed,) = gate["reviews"]
    assert (signed["phase"], signed["by"], signed["approved"]) == ("specification", "--yes", True)
    assert [review["tree"] for review in shop.evidence("review")].count(release["tree"]) == 1


@pytest.mark.parametrize("name", ["unmoved", "moved", "conflict", "by-hand-merge", "repeated"])
def test_what_was_released_is_verified(played: Played, name: str) -> None:
    shop, _ = played(name)
    done = sparc(shop.home, "verify", "--repository", shop.repository)
    assert done.returncode == 0, done.stdout
