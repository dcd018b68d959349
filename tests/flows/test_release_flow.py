"""The end of a plan: whatever state the base branch and its work tree are in, nothing of anyone is lost."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.support import Shop, all_run, commit, git, phase, sparc, told, trailers, work

Open = Callable[[str], Shop]
MINE = "docs/mine.md"


def plan(shop: Shop, script: str = "true", *, gate: object = ("deliverables",), **more: object) -> None:
    """A plan of one assignment, whose agent writes a file and then does something to the user's repository."""
    text = f"mkdir -p docs; echo mine > {MINE}; cd {shop.repository}; {script}"
    shop.plan({"specification": phase(mine=work(text, MINE), gate=gate)}, isolation="none", **more)


def by_hand(name: str, text: str) -> str:
    """Somebody commits to the branch that is checked out."""
    return f"mkdir -p docs; echo {text} > {name}; git add --all; git commit --quiet --message='by hand {name}'"


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


async def dirty(shop: Shop) -> dict[str, Any]:
    """The work tree has changes of its own, staged and not."""
    plan(shop, "echo changed >> README.md; echo new > staged.md; git add staged.md")
    first = await shop.arun()
    before = (shop.tip("main"), git(shop.repository, "status", "--porcelain"))
    git(shop.repository, "stash", "--quiet")
    return {"run": first, "before": before, "resumed": await shop.arun(run=first.run)}


async def in_the_way(shop: Shop) -> dict[str, Any]:
    """The work tree has a file of its own, untracked, where the release would put one."""
    plan(shop, f"mkdir -p docs; echo precious > {MINE}")
    first = await shop.arun()
    kept = (shop.repository / MINE).read_text()
    (shop.repository / MINE).unlink()
    return {"run": first, "kept": kept, "resumed": await shop.arun(run=first.run)}


async def stays(shop: Shop) -> dict[str, Any]:
    """The plan wants no release."""
    plan(shop, release={"into_base": False})
    return {"run": await shop.arun(run="stays-1")}


async def elsewhere(shop: Shop) -> dict[str, Any]:
    """Another branch than the base is checked out."""
    git(shop.repository, "checkout", "--quiet", "-b", "topic")
    commit(shop.repository, topic__md="topic\n")
    plan(shop, base="main")
    return {"run": await shop.arun()}


async def detached(shop: Shop) -> dict[str, Any]:
    """HEAD is detached, and the plan names its base."""
    git(shop.repository, "checkout", "--quiet", "--detach")
    plan(shop, base="main")
    return {"run": await shop.arun()}


async def worktree(shop: Shop) -> dict[str, Any]:
    """The base is checked out in a linked work tree, and the user stands in a folder of another one."""
    git(shop.repository, "checkout", "--quiet", "-b", "topic")
    git(shop.repository, "worktree", "add", "--quiet", str(shop.root / "linked"), "main")
    plan(shop, base="main")
    return {"run": await shop.arun()}


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


async def unnoted(shop: Shop) -> dict[str, Any]:
    """A kill comes after the release and before its note; by the resume, the base has gone on."""
    plan(shop)
    first = await shop.arun()
    (shop.run_folder(first.run) / "released").unlink()
    commit(shop.repository, later__md="later\n")
    return {"run": first, "resumed": await shop.arun(run=first.run)}


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


async def overtaken(shop: Shop) -> dict[str, Any]:
    """A run is blocked in its first phase; another one of the same plan comes further, and is released in the end."""
    script = f"test -e {shop.root}/ready || exit 1; mkdir docs; echo mine > {MINE}"
    shop.plan({"specification": phase(mine=work(f"{script}; echo edited > {shop.repository}/README.md", MINE))},
              isolation="none")  # fmt: skip
    older = await shop.arun(run="overtaken-1")
    (shop.root / "ready").touch()
    for page in shop.diary.iterdir():
        page.unlink()
    newer = await shop.arun(run="overtaken-2")
    before = git(shop.repository, "for-each-ref")
    refused = shop.sparc("resume", "overtaken-1", "--json")
    same = git(shop.repository, "for-each-ref") == before
    git(shop.repository, "checkout", "--quiet", "README.md")
    released = await shop.arun(run="overtaken-2")
    later = shop.sparc("resume", "overtaken-1", "--json")
    return {"runs": [older, newer, released], "refused": refused, "same": same, "later": later}


SCENES: dict[str, Callable[[Shop], Awaitable[dict[str, Any]]]] = {
    "unmoved": unmoved, "moved": moved, "hurried": hurried, "unfit": unfit, "conflict": conflict, "dirty": dirty,
    "in-the-way": in_the_way, "stays": stays, "elsewhere": elsewhere, "detached": detached, "worktree": worktree,
    "gone": gone, "by-hand-merge": by_hand_merge, "unnoted": unnoted, "repeated": repeated, "overtaken": overtaken,
}  # fmt: skip
Played = Callable[[str], tuple[Shop, dict[str, Any]]]


@pytest.fixture(scope="module")
def played(shop: Open) -> Played:
    shops = {name: shop(name) for name in SCENES}
    results = all_run({name: scene(shops[name]) for name, scene in SCENES.items()})
    return lambda name: (shops[name], results[name])


def subjects(shop: Shop, tip: str = "main") -> list[str]:
    """What a branch gained, newest first."""
    return git(shop.repository, "log", "--first-parent", "--format=%s", tip).splitlines()


def tree_of(shop: Shop, commit: str) -> str:
    """The tree of a commit."""
    return git(shop.repository, "rev-parse", f"{commit}^{{tree}}")


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


def test_a_dirty_work_tree_blocks_and_nothing_moves(played: Played) -> None:
    shop, said = played("dirty")
    assert said["run"].outcome == "blocked"
    assert "has local changes (M README.md)" in said["run"].reason
    assert said["before"] == (shop.begin, " M README.md\nA  staged.md")
    assert said["resumed"].outcome == "released"
    assert git(shop.repository, "stash", "pop", "--quiet") == ""
    assert git(shop.repository, "status", "--porcelain").splitlines() == [" M README.md", "A  staged.md"]
    assert git(shop.repository, "ls-files").split() == ["README.md", MINE, "staged.md"]


def test_a_file_that_git_does_not_know_is_not_overwritten(played: Played) -> None:
    shop, said = played("in-the-way")
    assert said["run"].outcome == "blocked"
    assert MINE in said["run"].reason
    assert said["kept"] == "precious\n"
    assert said["resumed"].outcome == "released"
    assert (shop.repository / MINE).read_text() == "mine\n"


def test_a_plan_that_wants_no_release_ends_on_its_own_branch(played: Played) -> None:
    shop, said = played("stays")
    outcome = said["run"]
    assert (outcome.outcome, outcome.commit) == ("released", shop.tip("sparc/stays"))
    assert (shop.tip("main"), git(shop.repository, "status", "--porcelain")) == (shop.begin, "")
    assert shop.show(MINE, "sparc/stays") == "mine\n"


def test_work_of_another_run_that_the_base_does_not_contain_is_refused_by_name(played: Played) -> None:
    shop, _ = played("stays")
    before = git(shop.repository, "for-each-ref")
    done = shop.sparc("run", shop.plan_dir / "plan.yaml", "--run", "stays-2", "--json")
    assert done.returncode == 2
    (problem,) = told(done)["problems"]
    assert problem["problem"].startswith("branch sparc/stays holds work of run stays-1 that main does not contain: ")
    assert git(shop.repository, "for-each-ref") == before
    assert not shop.run_folder("stays-2").exists()


@pytest.mark.parametrize(("name", "head", "files"), [("elsewhere", "topic", "topic.md"), ("detached", "HEAD", "")])
def test_a_base_that_is_not_checked_out_moves_alone(played: Played, name: str, head: str, files: str) -> None:
    shop, said = played(name)
    assert said["run"].outcome == "released"
    assert shop.tip("main") == said["run"].commit
    assert git(shop.repository, "rev-parse", "--abbrev-ref", "HEAD") == head
    assert git(shop.repository, "ls-files").split() == ["README.md", *files.split()]
    assert git(shop.repository, "status", "--porcelain") == ""
    assert shop.show(MINE) == "mine\n"


def test_a_base_that_is_checked_out_in_a_linked_work_tree_takes_that_along(played: Played) -> None:
    shop, said = played("worktree")
    assert said["run"].outcome == "released"
    assert (shop.root / "linked" / MINE).read_text() == "mine\n"
    assert git(shop.root / "linked", "status", "--porcelain") == ""
    assert not (shop.repository / MINE).exists()


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


def test_a_release_that_was_made_before_a_kill_is_told_and_not_made_again(played: Played) -> None:
    shop, said = played("unnoted")
    assert said["resumed"].outcome == "released"
    assert said["resumed"].commit == said["run"].commit
    assert subjects(shop)[:2] == ["By hand: later__md", "Release unnoted into main"]


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


def test_an_older_run_is_not_resumed_over_the_work_of_a_newer_one(played: Played) -> None:
    _, said = played("overtaken")
    assert [run.outcome for run in said["runs"]] == ["blocked", "blocked", "released"]
    for name, words in (
        ("refused", "branch sparc/overtaken holds work of run overtaken-2 that main does not contain: "),
        ("later", "branch sparc/overtaken holds work of run overtaken-2, which main contains by now and run "),
    ):
        assert said[name].returncode == 2, said[name].stderr
        (problem,) = told(said[name])["problems"]
        assert problem["problem"].startswith(words)
    assert said["same"]


@pytest.mark.parametrize("name", ["unmoved", "moved", "conflict", "by-hand-merge", "repeated"])
def test_what_was_released_is_verified(played: Played, name: str) -> None:
    shop, _ = played(name)
    done = sparc(shop.home, "verify", "--repository", shop.repository)
    assert done.returncode == 0, done.stdout
