"""Pull requests: their text is written, their branch is pushed, and nothing is merged."""

from typing import Any

from tests.flows.remotes import at_remote, elsewhere, origin, plan, remote_refs
from tests.flows.scenes import MINE, Played, Scene, subjects
from tests.support import Shop, git, sparc


async def request(shop: Shop) -> dict[str, Any]:
    """A pull request is wanted, and the remote has moved."""
    origin(shop)
    plan(shop, elsewhere(shop, "theirs.md", "theirs"), pull_request=True)
    return {"run": await shop.arun()}


async def request_in_vain(shop: Shop) -> dict[str, Any]:
    """A pull request is wanted, without any remote, and conflicts with what the base gained."""
    hand = f"mkdir -p docs; echo theirs > {MINE}; git add --all; git commit --quiet --message=theirs"
    plan(shop, f"cd {shop.repository}; {hand}", pull_request=True, push=None)
    first = await shop.arun()
    git(shop.repository, "revert", "--no-edit", "HEAD")
    return {"run": first, "resumed": await shop.arun(run=first.run)}


SCENES: dict[str, Scene] = {"request": request, "request-in-vain": request_in_vain}


def test_a_pull_request_is_written_and_pushed_and_merges_nothing(played: Played) -> None:
    shop, said = played("request")
    run, file = said["run"], shop.run_folder(said["run"].run) / "pull_request.md"
    assert run.outcome == "released"
    assert run.reason == f"it stays there, and on origin; the text of its pull request is in {file}"
    assert shop.tip("main") == shop.begin
    assert at_remote(shop, "sparc/request") == shop.tip("sparc/request") == run.commit
    assert git(shop.root / "origin.git", "log", "-1", "--format=%s", "main") == "elsewhere theirs.md"
    text = file.read_text()
    assert text.splitlines()[:2] == ["request: 1 phase, every gate passed", ""]
    for part in (
        "## 1 specification: passed after 1 round", "| deliverables | passed |", "| mine | 1 |",
        f"| Merge phase 1 specification of request | {run.commit[:12]} | ",
        f"The base branch has moved: all gates ran again on the merge with main at {at_remote(shop)[:12]}, and passed",
    ):  # fmt: skip
        assert part in text
    (name,) = (line.rpartition("(")[2].rstrip(").") for line in text.splitlines() if line.startswith("The base branch"))
    assert f"refs/evidence/{name}" in remote_refs(shop)


def test_what_the_text_of_a_pull_request_says_about_verifying_it_holds(played: Played) -> None:
    shop, said = played("request")
    text = (shop.run_folder(said["run"].run) / "pull_request.md").read_text()
    fetch, verify = text.split("```\n")[1].splitlines()
    git(shop.root, "clone", "--quiet", "origin.git", "reviewer")
    git(shop.root / "reviewer", *[word.strip("'") for word in fetch.split()[1:]])
    done = sparc(shop.home, *verify.split()[1:], cwd=shop.root / "reviewer")
    assert done.returncode == 0, done.stdout
    assert "verified: 2 merges" in done.stdout


def test_a_pull_request_that_conflicts_is_not_written(played: Played) -> None:
    shop, said = played("request-in-vain")
    assert said["run"].outcome == "blocked"
    assert said["run"].reason.startswith(f"main has moved, and conflicts with sparc/request-in-vain in {MINE}: ")
    assert said["resumed"].outcome == "released"
    text = (shop.run_folder(said["run"].run) / "pull_request.md").read_text()
    assert "Merged with main at " in text or "The base branch has moved" in text
    assert subjects(shop)[0].startswith("Revert")
