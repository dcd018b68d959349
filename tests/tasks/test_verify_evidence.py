"""The verifier on evidence that is gone, was altered, or does not allow what rests on it."""

from typing import Any

import pytest

from tasks import evidence
from tasks.release import release_candidate, release_now
from tasks.remember import evidence_name
from tasks.repository import Repository
from tasks.verify import verify
from tests.tasks.forgeries import blamed, forge, problems, remade, trailer
from tests.tasks.gits import Commit, RunGit
from tests.tasks.stories import Story


def test_evidence_that_is_gone_is_told(released: Repository, git: RunGit) -> None:
    for commit in (released.tip("main") or "", "sparc/ledger"):
        name = trailer(released.git, commit)
        git(released.path, "update-ref", "-d", f"refs/evidence/{name}")
        report = verify(released, "main", None)
        assert released.git.resolve(commit) in blamed(report)
        assert f"evidence {name[:12]} is missing" in " ".join(problems(report))


def test_evidence_that_was_altered_is_told(released: Repository) -> None:
    git = released.git
    name = trailer(git, "refs/heads/sparc/ledger")
    record = {**evidence.fetch(git, name), "outcome": "passed", "checks": []}
    git.run("update-ref", f"refs/evidence/{name}", git.write_blob(evidence.canonical(record)))
    report = verify(released, "main", None)
    assert not report.ok
    assert all(f"evidence {name[:12]} does not hash to its name" in problem for problem in problems(report))
    assert released.tip("sparc/ledger") in blamed(report)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"tree": "4b825dc642cb6eb9a060e54bf8d69288fbee4904"}, "its evidence is about another tree"),
        ({"parents": ["0" * 40, "1" * 40]}, "its evidence is about other parents"),
        ({"parents": None}, "its evidence is about other parents"),
        ({"kind": "gate"}, "its evidence is of kind 'gate', and in this place 'release' is needed"),
        ({"kind": "review"}, "its evidence is of kind 'review', and in this place 'release' is needed"),
        ({"gates": []}, "it rests on no gate"),
        ({"gates": None}, "its evidence is not as sparc writes it"),
        ({"gates": [1]}, "its evidence is not as sparc writes it"),
        ({"gates": ["0" * 64]}, "evidence 000000000000 is missing"),
        ({"start": None}, "its evidence names no commit of this repository as its start"),
        ({"start": "1" * 40}, "its evidence names no commit of this repository as its start"),
        ({"start": "--output=/tmp/x"}, "its evidence names no commit of this repository as its start"),
    ],
    ids=str,
)
def test_evidence_that_does_not_allow_the_release_is_told(
    released: Repository, changes: dict[str, Any], problem: str
) -> None:
    git, tip = released.git, released.tip("main") or ""
    text = git.commit(tip).message.replace(trailer(git, tip), forge(git, trailer(git, tip), **changes))
    made = git.write_commit(git.commit(tip).tree, git.commit(tip).parents, text)
    assert git.move("refs/heads/main", made, tip)
    report = verify(released, "main", None)
    assert blamed(report) == {made}
    assert problems(report) == [problem]
    assert made not in report.verified


def test_a_record_without_its_fields_is_told_and_no_crash(released: Repository) -> None:
    git, tip = released.git, released.tip("main") or ""
    old = git.commit(tip)
    (name,) = evidence.keep(git, [{"kind": "release", "tree": old.tree, "parents": list(old.parents)}])
    made = git.write_commit(old.tree, old.parents, old.message.replace(trailer(git, tip), name))
    assert git.move("refs/heads/main", made, tip)
    assert problems(verify(released, "main", None)) == ["its evidence is not as sparc writes it"]


@pytest.mark.parametrize("outcome", ["failed", "error", "unknown"])
def test_a_gate_that_did_not_pass_is_told(released: Repository, outcome: str) -> None:
    gate = forge(released.git, trailer(released.git, "refs/heads/sparc/ledger"), outcome=outcome)
    remade(released, gates=[gate])
    report = verify(released, "main", None)
    assert not report.ok
    assert f"rests on gate {gate[:12]}" in problems(report)[0]
    assert outcome in problems(report)[0]


@pytest.mark.parametrize("outcome", ["failed", "error", "unknown", None])
def test_a_gate_that_rests_on_a_verdict_that_did_not_pass_is_told(released: Repository, outcome: str | None) -> None:
    git = released.git
    name = trailer(git, "refs/heads/sparc/ledger")
    gate = evidence.fetch(git, name)
    (first, *_) = [str(verdict) for verdict in gate["verdicts"]]  # type: ignore[union-attr]
    verdicts = [forge(git, first, verdict={"check": "x", "outcome": outcome})] if outcome else []
    remade(released, gates=[forge(git, name, verdicts=verdicts)])
    report = verify(released, "main", None)
    expected = f"verdict {verdicts[0][:12]} did not pass" if verdicts else "its gate rests on no verdict"
    assert expected in problems(report)[0]


def test_a_gate_that_another_state_of_the_plan_asked_is_told(released: Repository) -> None:
    gate = evidence.fetch(released.git, trailer(released.git, "main"))["gates"]
    assert isinstance(gate, list)
    remade(released, gates=[forge(released.git, str(gate[0]), fingerprint="milder")])
    report = verify(released, "main", None)
    assert set(problems(report)) == {"its gate was asked by another state of the plan than later gates of that run"}


def test_a_gate_about_another_tree_is_told(released: Repository, told: Story) -> None:
    first = released.git.commit("refs/heads/sparc/ledger").parents[0]
    assert released.git.commit(first).subject == "Merge phase 1 specification of ledger"
    remade(released, gates=[trailer(released.git, first)])  # passed, but on the tree of an earlier phase
    report = verify(released, "main", None)
    assert not report.ok
    assert released.git.commit(first).tree[:12] in problems(report)[0]
    assert told.hub.start == report.start or report.start is None


def test_a_release_onto_a_base_that_moved_does_not_hold_by_the_gate_from_before(story: Story, commit: Commit) -> None:
    story.two_phases()
    theirs = commit(story.repository.path, {"theirs.txt": "theirs"})
    found = release_candidate(story.hub, theirs)
    gates = [evidence_name(story.hub.git, story.hub.plan_tip)]
    made = release_now(story.folder, story.hub, story.repository, "main", found, gates)
    report = verify(story.repository, "main", None)
    assert blamed(report) == {made}
    assert "it rests on gate" in problems(report)[0]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("Sparc-Gate: passed", "Sparc-Gate: none", "its gate is 'none', not passed"),
        ("Sparc-Gate: passed\n", "", "its gate is None, not passed"),
        ("Sparc-Evidence: sha256:", "Sparc-Evidence: ", "it names no evidence"),
        ("Sparc-Evidence: sha256:", "Sparc-Evidence: sha256:0", "is missing"),
        ("Sparc-Evidence: sha256:", "Sparc-Evidence: sha256:../heads/", "is missing"),
    ],
)
def test_trailers_that_say_something_else_are_told(released: Repository, old: str, new: str, problem: str) -> None:
    message = released.git.commit("refs/heads/main").message
    assert old in message
    made = remade(released, message=message.replace(old, new))
    report = verify(released, "main", None)
    assert blamed(report) == {made}
    assert problem in problems(report)[0]


def test_trailers_in_the_middle_of_a_message_make_no_release(released: Repository) -> None:
    message = released.git.commit("refs/heads/main").message
    made = remade(released, message=f"{message}\nand a last paragraph\n")
    report = verify(released, "main", None)
    assert not report.ok
    assert report.notes[0] == "no release of sparc was found in this history"
    assert made not in report.verified
