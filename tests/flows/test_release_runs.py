"""The end of a plan of which there is a result already, of another run or of the one that a kill has ended."""

from typing import Any

from tests.flows.releases import plan
from tests.flows.scenes import MINE, Played, Scene, subjects
from tests.support import Shop, commit, git, phase, told, work


async def stays(shop: Shop) -> dict[str, Any]:
    """The plan wants no release."""
    plan(shop, release={"into_base": False})
    return {"run": await shop.arun(run="stays-1")}


async def unnoted(shop: Shop) -> dict[str, Any]:
    """A kill comes after the release and before its note; by the resume, the base has gone on."""
    plan(shop)
    first = await shop.arun()
    (shop.run_folder(first.run) / "released").unlink()
    commit(shop.repository, later__md="later\n")
    return {"run": first, "resumed": await shop.arun(run=first.run)}


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


SCENES: dict[str, Scene] = {"stays": stays, "unnoted": unnoted, "overtaken": overtaken}


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


def test_a_release_that_was_made_before_a_kill_is_told_and_not_made_again(played: Played) -> None:
    shop, said = played("unnoted")
    assert said["resumed"].outcome == "released"
    assert said["resumed"].commit == said["run"].commit
    assert subjects(shop)[:2] == ["By hand: later__md", "Release unnoted into main"]


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
