"""The verifier on the base branch: rollbacks and hotfixes; and lies of each."""

from typing import Any

import pytest

from tasks import evidence
from tasks.verify import verify
from tests.tasks.gits import Commit, RunGit
from tests.tasks.merges import blamed, gate_of, keep_gate, left, on_main
from tests.tasks.stories import Story


def back(story: Story, to: str, to_commit: str, tree: str | None = None, **changes: Any) -> str:  # noqa: ANN401
    """A rollback of the release."""
    git, tip = story.repository.git, story.repository.tip("main") or ""
    tree = tree or git.commit(to_commit).tree
    gates = changes.pop("gates", [])
    record = {
        "kind": "rollback",
        "to": to,
        "to_commit": to_commit,
        "reverts": changes.pop("reverts", [tip]),
        "gates": gates,
    }
    revert = git.write_commit(tree, changes.pop("on", (tip,)), "Revert\n")
    said = {"Sparc_Gate": "passed" if gates else "none", "Sparc_Rollback": changes.pop("said", to)}
    return on_main(story, revert, tree, record, **said)


def test_a_rollback_to_a_good_phase_holds(gone: tuple[Story, str, str]) -> None:
    story, first, _ = gone
    made = back(story, "good/ledger/1", first, gates=[gate_of(story, first)])
    report = verify(story.repository, "main", None)
    assert (report.findings, report.notes) == ((), ())
    assert report.verified[0] == made
    assert len(report.verified) == 7


def test_a_rollback_to_before_the_release_holds_without_a_gate(gone: tuple[Story, str, str]) -> None:
    story, *_ = gone
    made = back(story, "start", story.hub.start)
    assert verify(story.repository, "main", None).verified[0] == made


def test_a_rollback_below_what_others_did_meanwhile_holds_by_gates_of_its_own(
    gone: tuple[Story, str, str], commit: Commit, git: RunGit
) -> None:
    story, first, second = gone
    users = story.repository
    git(users.path, "reset", "--quiet", "--hard")
    # what came later stays: such a commit is told by itself
    theirs = commit(users.path, {"theirs.md": "theirs\n"}, "Theirs")
    older = users.git.merge(theirs, users.git.write_commit(users.git.commit(first).tree, (second,), "Before\n")).tree
    (gate,) = evidence.keep(users.git, [
        {"kind": "gate", "outcome": "passed", "tree": older, "verdicts": list(evidence.keep(users.git, [
            {"kind": "verdict", "tree": older, "verdict": {"check": "x", "outcome": "passed"}},
        ]))},
    ])  # fmt: skip
    back(story, "good/ledger/1", first, older, gates=[gate], reverts=[second])
    report = verify(users, "main", None)
    assert (report.ok, len(report.verified)) == (True, 7)
    assert report.notes == (f"{theirs[:12]} Theirs: not ours; a later merge of ours was gated with it",)
    (users.git.directory / "refs/heads/main").write_text(f"{theirs}\n")
    assert blamed(verify(users, "main", None)) == {theirs: "it is later than any release, and passed no gate of ours"}


@pytest.mark.parametrize(
    ("forged", "words"),
    [
        ({"tree": "evil"}, "its tree is neither that of"),
        ({"tree": "evil", "to": "start"}, "no gate passed on its tree, and it is not the one from before the release"),
        ({"gates": []}, "no gate passed on its tree, and it is not the one from before the release"),
        ({"said": "good/ledger/2"}, "its message and its evidence name different places to go back to"),
        ({"to_commit": "1" * 40}, "commit 111111111111 is missing"),
        ({"to_commit": "other"}, "which its branch never held"),
        ({"to_commit": "start"}, "which is no phase that passed: it names no evidence"),
        ({"on": ()}, "was not made on top of the branch"),
        ({"gates": ["1" * 64]}, "evidence 111111111111 is missing"),
    ],
    ids=str,
)
def test_a_rollback_that_is_none_is_found(gone: tuple[Story, str, str], forged: dict[str, Any], words: str) -> None:
    story, first, _ = gone
    git = story.repository.git
    evil = git.commit(left(git, first, {"backdoor.py": "evil"})).tree
    goals = {"other": left(git, first, {}), "start": story.hub.start}
    asked = {"to": "good/ledger/1", "to_commit": first, "gates": [gate_of(story, first)]} | forged
    if asked.get("tree") == "evil" and asked["to"] != "start":
        asked["gates"] = list(keep_gate(git, evil))
    if asked["to"] == "start":
        asked |= {"to_commit": story.hub.start, "gates": []}
    if asked.get("on") == ():
        asked["on"] = (story.repository.tip("main"), first)
    asked["to_commit"] = goals.get(asked["to_commit"], asked["to_commit"])
    asked["tree"] = evil if "tree" in asked else git.commit(first).tree
    made = back(story, **asked)
    report = verify(story.repository, "main", None)
    assert blamed(report).keys() == {made}
    assert words in blamed(report)[made]


def fixed(story: Story, start: str, *, gated: bool = True, **changes: Any) -> str:  # noqa: ANN401
    """A hotfix that begins at a commit."""
    git = story.repository.git
    fix = left(git, start, {"fix.md": "fixed\n"})
    tree = git.merge(story.repository.tip("main") or "", fix).tree
    record = {
        "kind": "hotfix",
        "name": "leak",
        "from": "good/ledger/2",
        "gates": list(keep_gate(git, tree)) if gated else [],
    }
    said = {"Sparc_Gate": "passed", "Sparc_Hotfix": changes.pop("said", "leak")}
    return on_main(story, fix, tree, record | changes, **said)


def test_a_hotfix_from_a_good_tag_holds_and_without_that_tag_it_is_told(
    gone: tuple[Story, str, str], git: RunGit
) -> None:
    story, _, second = gone
    made = fixed(story, second)
    report = verify(story.repository, "main", None)
    assert (report.verified[0], report.findings, report.notes) == (made, (), ())
    git(story.repository.path, "tag", "--delete", "good/ledger/2")
    report = verify(story.repository, "main", None)
    assert report.ok
    assert report.notes == (f"{made[:12]} A hotfix: it starts from good/ledger/2, a tag that is not here",)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"gated": False}, "it rests on no gate"),
        ({"said": "other"}, "its message and its evidence name different hotfixes"),
        ({"from": "main"}, "it starts from main, which is no good/<plan>/<n>"),
        ({"from": None}, "its evidence is not as sparc writes it"),
        ({"begin": True}, "it does not start from good/ledger/2, as its evidence says"),
    ],
    ids=str,
)
def test_a_hotfix_that_is_none_is_found(gone: tuple[Story, str, str], changes: dict[str, Any], words: str) -> None:
    story, _, second = gone
    made = fixed(story, story.hub.start if changes.pop("begin", False) else second, **changes)
    assert blamed(verify(story.repository, "main", None)) == {made: words}
