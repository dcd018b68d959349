"""Deployments: what is deployed is the release, with what its commands need; what fails is rolled back by itself."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.support import Shop, all_run, git, phase, sparc, work

Open = Callable[[str], Shop]
Scene = Callable[[Shop], Awaitable[dict[str, Any]]]
MINE = "docs/mine.md"
TOKEN = "token-of-the-shop"  # noqa: S105 - a word that must not be told


def plan(shop: Shop, script: str = "true", **release: object) -> None:
    """A plan of one assignment, whose agent writes a file, and of a release with these commands."""
    gate = ["deliverables", {"command": {"name": "look", "run": ["sh", "-c", f"env >> {shop.root}/gate-saw"]}}]
    text = f"mkdir -p docs; echo mine > {MINE}; {script}"
    phases = {"specification": phase(mine=work(text, MINE), gate=gate)}
    shop.plan(phases, release={"env": ["SHOP_TOKEN"]} | release, isolation="none")


def copy_to(site: object, word: str = "deployed") -> list[str]:
    """A command that deploys: it copies the checkout somewhere, and notes that it was here."""
    said = 'echo "$SPARC_RUN $SPARC_COMMIT $SHOP_TOKEN"'
    return ["sh", "-c", f"mkdir -p {site} && cp -r . {site} && {said} >> {site}/{word}; touch dropped"]


def origin(shop: Shop) -> None:
    """A bare repository that takes nothing by force."""
    git(shop.root, "clone", "--quiet", "--bare", "repository", "origin.git")
    git(shop.root / "origin.git", "config", "receive.denyNonFastForwards", "true")
    git(shop.repository, "remote", "add", "origin", str(shop.root / "origin.git"))


async def deployed(shop: Shop) -> dict[str, Any]:
    """All is well; then two kills are acted out, one after the release and one after a failure was noted."""
    site = shop.root / "site"
    plan(shop, deploy=[copy_to(site)], verify=[["sh", "-c", f"grep -q mine {site}/{MINE}"]])
    first = await shop.arun()
    folder = shop.run_folder(first.run)
    (folder / "released").unlink()
    again = await shop.arun(run=first.run)
    count = len((site / "deployed").read_text().splitlines())
    (folder / "released").unlink()
    note = {"commit": first.commit, "why": "deploy: scripts/go: exit code 7", "rollbacks": 0}
    (folder / "deployment.json").write_text(json.dumps(note))
    completed = await shop.arun(run=first.run)
    told = sparc(shop.home, "report", first.run).stdout
    return {"run": first, "again": again, "count": count, "completed": completed, "site": site, "told": told}


async def failing(shop: Shop) -> dict[str, Any]:
    """What was deployed does not work; somebody looks, brings the release back and has it deployed again."""
    origin(shop)
    looks = f'echo "it does not work: $SHOP_TOKEN"; test -e {shop.root}/mended'
    plan(shop, push="origin", deploy=[copy_to(shop.root / "site")], verify=[["sh", "-c", looks]])
    first = await shop.arun()
    state = {
        "main": shop.tip("main"), "there": git(shop.root / "origin.git", "rev-parse", "main"),
        "tree": git(shop.repository, "rev-parse", "main^{tree}"), "status": git(shop.repository, "status", "--short"),
        "verified": sparc(shop.home, "verify", "--repository", shop.repository),
    }  # fmt: skip
    warned = shop.sparc("resume", first.run, "--json")
    (shop.root / "mended").touch()
    undone = shop.sparc("rollback", first.run, "--undo")
    resumed = await shop.arun(run=first.run)
    return {"run": first, "state": state, "warned": warned, "undone": undone, "resumed": resumed}


async def stuck(shop: Shop) -> dict[str, Any]:
    """The deployment fails, and by then the user's work tree has changes, so that nothing can be rolled back yet."""
    plan(shop, deploy=[["sh", "-c", f"echo mine too >> {shop.repository}/README.md; exit 3"]])
    first = await shop.arun()
    before = shop.tip("main")
    git(shop.repository, "checkout", "--quiet", "README.md")
    return {"run": first, "before": before, "resumed": await shop.arun(run=first.run)}


SCENES: dict[str, Scene] = {"deployed": deployed, "failing": failing, "stuck": stuck}
Played = Callable[[str], tuple[Shop, dict[str, Any]]]


@pytest.fixture(scope="module")
def played(shop: Open) -> Played:
    shops = {name: shop(name) for name in SCENES}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHOP_TOKEN", TOKEN)
        results = all_run({name: scene(shops[name]) for name, scene in SCENES.items()})
    return lambda name: (shops[name], results[name])


def steps(outcome: Any) -> list[tuple[str, str]]:  # noqa: ANN401
    """What followed the last gate."""
    return [(step.step, step.outcome) for step in outcome.steps]


def test_a_release_is_deployed_from_a_throwaway_checkout_and_looked_at(played: Played) -> None:
    shop, said = played("deployed")
    assert said["run"].outcome == "released"
    assert steps(said["run"]) == [("deploy", "passed"), ("verify", "passed")]
    assert (said["site"] / MINE).read_text() == "mine\n"
    first = (said["site"] / "deployed").read_text().splitlines()[0]
    assert first == f"{said['run'].run} {said['run'].commit} {TOKEN}"
    assert not (shop.repository / "dropped").exists()
    (record, *_) = [one for one in shop.evidence("deployment") if one["commit"] == said["run"].commit]
    assert (record["outcome"], record["isolation"]) == ("passed", "none")
    assert [one["step"] for one in record["commands"]] == ["deploy", "verify"]


def test_what_a_deployment_may_see_reaches_no_gate_and_no_agent_and_no_report(played: Played) -> None:
    shop, _ = played("deployed")
    assert TOKEN not in (shop.root / "gate-saw").read_text()
    assert "SHOP_TOKEN" not in shop.page("specification.mine.1")["environment"]
    failing, said = played("failing")
    assert "it does not work: {SHOP_TOKEN}" in said["run"].reason
    texts = [(failing.run_folder(said["run"].run) / name).read_text() for name in ("journal.jsonl", "report.html")]
    assert TOKEN not in "".join(texts) + json.dumps(failing.evidence("deployment"))


def test_a_kill_before_the_end_means_that_the_commands_run_again(played: Played) -> None:
    _, said = played("deployed")
    assert (said["again"].outcome, said["again"].commit) == ("released", said["run"].commit)
    assert said["count"] == 2


def test_a_rollback_that_was_killed_is_completed_and_nothing_is_deployed(played: Played) -> None:
    shop, said = played("deployed")
    completed = said["completed"]
    assert completed.outcome == "blocked"
    assert completed.reason.startswith("the deployment failed, and the release was rolled back to the state before ")
    assert completed.reason.endswith("what failed: deploy: scripts/go: exit code 7")
    assert len((said["site"] / "deployed").read_text().splitlines()) == said["count"]
    assert not (shop.repository / MINE).exists()
    assert "rollback: main to the state before the release" in said["told"]


def test_a_deployment_that_fails_is_rolled_back_here_and_on_the_remote(played: Played) -> None:
    shop, said = played("failing")
    run, state = said["run"], said["state"]
    assert run.outcome == "blocked"
    assert steps(run)[1:4] == [("deploy", "passed"), ("verify", "failed"), ("rollback", "passed")]
    assert f"was rolled back to the state before the release by {state['main'][:10]}, on origin as well" in run.reason
    assert state["there"] == state["main"]
    assert state["tree"] == git(shop.repository, "rev-parse", f"{shop.begin}^{{tree}}")
    assert state["status"] == ""
    assert git(shop.repository, "log", "-1", "--format=%(trailers:key=Sparc-Rollback,valueonly)", state["main"]) == (
        "start\n"
    ).rstrip("\n")
    assert state["verified"].returncode == 0, state["verified"].stdout


def test_a_release_that_was_rolled_back_is_not_released_again_by_a_mere_resume(played: Played) -> None:
    _, said = played("failing")
    warned = json.loads(said["warned"].stdout)
    assert (said["warned"].returncode, warned["outcome"]) == (1, "blocked")
    run = said["run"].run
    assert f"`sparc rollback {run} --undo` brings it back, and then `sparc resume {run}` deploys it" in warned["reason"]


def test_a_release_that_was_brought_back_is_pushed_and_deployed_by_the_next_resume(played: Played) -> None:
    shop, said = played("failing")
    assert said["undone"].returncode == 0, said["undone"].stderr
    assert said["resumed"].outcome == "released"
    assert steps(said["resumed"])[-2:] == [("deploy", "passed"), ("verify", "passed")]
    assert shop.show(MINE) == "mine\n"
    assert git(shop.root / "origin.git", "rev-parse", "main") == shop.tip("main")
    done = sparc(shop.home, "verify", "--repository", shop.repository)
    assert done.returncode == 0, done.stdout


def test_a_rollback_that_cannot_be_made_is_told_and_made_by_a_resume(played: Played) -> None:
    shop, said = played("stuck")
    assert said["run"].outcome == "blocked"
    assert said["run"].reason.startswith("the deployment failed, and the release could NOT be rolled back (")
    assert "has local changes (M README.md)" in said["run"].reason
    assert shop.show(MINE, said["before"]) == "mine\n"
    assert said["resumed"].outcome == "blocked"
    assert "was rolled back to the state before the release" in said["resumed"].reason
    assert not (shop.repository / MINE).exists()
    assert shop.asked() == ["specification.mine.1"]
