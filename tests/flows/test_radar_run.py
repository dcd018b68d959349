"""Two agents at work on one line: everybody learns of it before either is merged, and the later one is asked again."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tasks.server import Server
from tests.support import Shop, phase, told, wait_for, work

RUN = "radar-1"


@pytest.fixture(scope="module")
def api(server: Server) -> Iterator[httpx.Client]:
    user, _, password = server.auth.partition(":")
    with httpx.Client(base_url=server.url, auth=(user, password), trust_env=False, timeout=30) as client:
        yield client


def remembered(shop: Shop) -> list[dict[str, Any]]:
    """How the phase's conflicts stand, as memory has it."""
    done = shop.sparc("memory", "get", f"{shop.root.name}/conflicts/specification.json")
    conflicts: list[dict[str, Any]] = json.loads(done.stdout)["conflicts"] if done.returncode == 0 else []
    return conflicts


def newest(api: httpx.Client, key: str) -> list[dict[str, Any]]:
    """The rows of the newest table with this key; none if there is no table."""
    answer = api.get(f"artifacts/{key}/latest")
    rows: list[dict[str, Any]] = json.loads(answer.json()["data"]) if answer.is_success else []
    return rows


def test_a_conflict_is_known_everywhere_before_anything_is_merged(
    shop: Callable[[str], Shop], api: httpx.Client
) -> None:
    story = shop("radar")
    go = story.root / "go"
    wait = {"command": {"name": "wait", "run": ["sh", "-c", f"while ! test -e {go}; do sleep 0.1; done"]}}
    first = "mkdir -p docs; echo {0} > docs/{0}.md; echo 'from {0}' > shared.md"
    later = "mkdir -p docs; echo more >> docs/{0}.md; echo 'from {0}' >> shared.md"
    scripts = {name: f"if test -e shared.md; then {later.format(name)}; else {first.format(name)}; fi" for name in "ab"}
    own = {"writes": ["docs/**", "shared.md"], "gate": [wait]}
    works = {name: work(script, f"docs/{name}.md", **own) for name, script in scripts.items()}
    plan = story.plan({"specification": phase(**works, c=work("echo c > c.md", "c.md"))})
    with story.start("run", plan, "--run", RUN, "--json") as process:
        try:
            _check_what_is_known(story, api)
        finally:
            go.touch()  # or the run would wait for ever
        stdout, stderr = process.communicate(timeout=120)
    outcome = json.loads(stdout)
    assert outcome["outcome"] == "released", stderr
    _check_the_end(story, outcome, stderr)
    (row,) = newest(api, "conflicts-radar-1-specification")
    assert row["resolved"] != "no"


def _check_what_is_known(story: Shop, api: httpx.Client) -> None:
    wait_for(lambda: newest(api, "conflicts-radar-1-specification"), why="there is no table")
    (row,) = newest(api, "conflicts-radar-1-specification")
    assert (row["who"], row["whom"], row["level"], row["where"], row["resolved"]) == (
        "a", "b", "text", "shared.md (text)", "no",
    )  # fmt: skip
    (conflict,) = remembered(story)
    assert (conflict["ours"], conflict["theirs"], conflict["resolved"]) == ("a", "b", None)
    assert "conflict (text) a x b" in story.sparc("status", RUN).stdout
    assert {event["assignment"] for event in story.events(RUN, "merged")} <= {"c"}


def _check_the_end(story: Shop, outcome: dict[str, Any], stderr: str) -> None:
    lines = [line.split("  ", 2)[-1] for line in stderr.splitlines()]
    said = [number for number, line in enumerate(lines) if line == "conflict ahead: a x b in shared.md (text)"]
    merged = [number for number, line in enumerate(lines) if "merged" in line and line.startswith(("a  ", "b  "))]
    assert len(said) == 1
    assert said[0] < merged[0]
    asked = {assignment["name"]: assignment["attempts"] for assignment in outcome["phases"][0]["assignments"]}
    assert (asked["c"], sorted((asked["a"], asked["b"]))) == (1, [1, 2])
    assert sorted(story.show("shared.md").split()) == ["a", "b", "from", "from"]
    seen = story.events(RUN, "conflict-seen")
    assert [event["overlap"]["places"] == [] for event in seen] == [False, True]
    (conflict,) = outcome["phases"][0]["conflicts"]
    assert conflict["resolved"] == seen[-1]["at"]
    assert [len(record["pairs"]) for record in story.evidence("conflicts")].count(1) == 1
    assert [one["resolved"] for one in remembered(story)] == [seen[-1]["at"]]
    page = (story.run_folder(RUN) / "report.html").read_text()
    assert "<h3>Conflicts</h3>" in page
    assert told(story.sparc("verify", "--repository", story.repository, "--json"))["ok"]
