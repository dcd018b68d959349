"""What the tests of the verifier share on merges of each kind: making them, and what is found wrong."""

from collections.abc import Mapping
from typing import Any

from tasks import evidence
from tasks.commits import Trailer
from tasks.git import Git
from tasks.hub import Hub
from tasks.integrate import Landing, Resolution
from tasks.verify import Report, verify
from tests.tasks.stories import Story
from tests.trees import commit

SLIPPED = "its tree is not what git makes of its parents: something was slipped into the merge"


def blamed(report: Report) -> dict[str, str]:
    return {finding.commit: finding.problem for finding in report.findings}


def problem(story: Story) -> str:
    """The one thing that is wrong with the history of a released run."""
    (found,) = verify(story.repository, "main", None).findings
    return found.problem


def left(git: Git, start: str, files: Mapping[str, str]) -> str:
    """What an attempt left: files of the top folder, on a commit of its own."""
    return commit(git, files, start, message="Work\n")


def landing(hub: Hub, name: str, resolution: Resolution | None = None) -> Landing:
    return Landing(hub, 1, "specification", name, 1, "writer", "0" * 64, resolution)


def outside(hub: Hub) -> Hub:
    """The hub for somebody whom its rules do not hold back."""
    free = Hub(hub.directory, hub.run, hub.plan, hub.start)
    free.__dict__["git"] = Git(hub.directory)
    return free


def released(story: Story) -> Story:
    story.phase(1, "specification")
    assert story.release()
    return story


def on_main(story: Story, theirs: str, tree: str, record: Mapping[str, Any], **said: str) -> str:
    """A merge of ours into main, by evidence and trailers."""
    git, tip = story.repository.git, story.repository.tip("main") or ""
    whole = {
        "run": story.hub.run,
        "plan": story.hub.plan,
        "base": "main",
        **record,
        "tree": tree,
        "parents": [tip, theirs],
    }
    (name,) = evidence.keep(git, [whole])
    trailers = {"Sparc-Run": story.hub.run, **said, "Sparc-Evidence": f"sha256:{name}"}
    lines = "".join(f"{key.replace('_', '-')}: {value}\n" for key, value in trailers.items())
    made = git.write_commit(tree, (tip, theirs), f"A {record['kind']}\n\n{lines}")
    assert git.move("refs/heads/main", made, tip)
    return made


def gate_of(story: Story, commit: str) -> str:
    return story.repository.git.commit(commit).trailers[Trailer.EVIDENCE].removeprefix("sha256:")


def keep_gate(git: Git, tree: str) -> tuple[str, ...]:
    """Evidence of a gate that passed on a tree."""
    verdicts = evidence.keep(git, [{"kind": "verdict", "tree": tree, "verdict": {"check": "x", "outcome": "passed"}}])
    return evidence.keep(git, [{"kind": "gate", "outcome": "passed", "tree": tree, "verdicts": list(verdicts)}])
