"""Candidates and merges: what is measured is what is merged, by compare-and-swap, with its evidence first."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from tasks import evidence
from tasks.git import Git, listing
from tasks.hub import Hub
from tasks.integrate import (
    Gated,
    Landing,
    Resolution,
    candidate,
    candidate_on,
    commit,
    merge_assignment,
    merge_assignments,
    merge_phase,
    provisional,
)


def change(hub: Hub, files: dict[str, str], parent: str | None = None) -> str:
    """What an attempt left: a commit whose tree is the start's with these files."""
    git, start = hub.git, parent or hub.start
    kept = [os.fsdecode(entry) for entry in git.run("ls-tree", "-z", start).split(b"\0") if entry]
    kept = [entry for entry in kept if entry.partition("\t")[2] not in files]
    fresh = [f"100644 blob {git.write_blob(text.encode())}\t{name}" for name, text in files.items()]
    return git.write_commit(git.line("mktree", "-z", stdin=listing([*kept, *fresh])), (start,), "Change\n")


@pytest.fixture
def branch(hub: Hub) -> str:
    return hub.open_phase(2, "refinement")


def landing(hub: Hub, name: str = "posting", attempt: int = 3) -> Landing:
    return Landing(hub, 2, "refinement", name, attempt, "writer", "a" * 64)


def test_a_candidate_is_known_before_any_branch_moves(hub: Hub, branch: str) -> None:
    theirs = change(hub, {"new.txt": "new"})
    found = candidate(hub.git, branch, theirs)
    assert (found.branch, found.ours, found.theirs, found.conflicts) == (branch, hub.start, theirs, ())
    assert hub.git.changed(hub.start, found.tree) == ("new.txt",)
    assert found.binding == {"tree": found.tree, "parents": [hub.start, theirs]}
    assert hub.tip(branch) == hub.start


def test_a_conflict_is_told_by_its_paths_and_is_never_committed(hub: Hub, branch: str) -> None:
    first = candidate(hub.git, branch, change(hub, {"README.md": "one"}))
    done = merge_assignment(landing(hub), first, ())
    found = candidate(hub.git, branch, change(hub, {"README.md": "two"}))
    assert found.conflicts == ("README.md",)
    with pytest.raises(ValueError, match="conflicted"):
        commit(hub.git, found, "Merge", {})
    assert hub.tip(branch) == done


def test_an_assignments_merge_has_the_old_tip_first_and_the_trailers_of_the_design(hub: Hub, branch: str) -> None:
    merged = merge_assignment(landing(hub), candidate(hub.git, branch, theirs := change(hub, {"a": "a"})), ())
    assert merged
    assert hub.tip(branch) == merged
    made = hub.git.commit(merged)
    assert made.parents == (hub.start, theirs)
    assert made.subject == "Merge posting into 2 refinement"
    name = made.trailers["Sparc-Evidence"].removeprefix("sha256:")
    assert made.trailers == {
        "Sparc-Run": "ledger-1", "Sparc-Phase": "refinement", "Sparc-Assignment": "posting", "Sparc-Attempt": "3",
        "Sparc-Gate": "none", "Sparc-Evidence": f"sha256:{name}", "Sparc-Agent": "writer",
    }  # fmt: skip
    assert evidence.fetch(hub.git, name) == {
        "kind": "merge", "run": "ledger-1", "plan": "ledger", "phase": "refinement", "number": 2,
        "assignment": "posting", "attempt": 3, "attempt_evidence": "a" * 64, "gate": "none", "verdicts": [],
        "tree": made.tree, "parents": [hub.start, theirs],
    }  # fmt: skip
    raw = hub.git.run("cat-file", "commit", merged).decode()
    assert raw.count("sparc <sparc@localhost>") == 2


def test_an_assignment_with_a_gate_of_its_own_names_what_passed(hub: Hub, branch: str) -> None:
    verdicts = evidence.keep(hub.git, [{"kind": "verdict", "verdict": {"outcome": "passed"}}])
    merged = merge_assignment(landing(hub), candidate(hub.git, branch, change(hub, {"a": "a"})), verdicts)
    trailers = hub.git.commit(merged or "").trailers
    assert trailers["Sparc-Gate"] == "passed"
    record = evidence.fetch(hub.git, trailers["Sparc-Evidence"].removeprefix("sha256:"))
    assert (record["gate"], record["verdicts"]) == ("passed", list(verdicts))


def test_several_are_merged_one_by_one_in_one_move_and_name_the_tip_that_was_measured(hub: Hub, branch: str) -> None:
    links, tip = [], hub.start
    for name in "abc":
        found = candidate_on(hub.git, branch, tip, change(hub, {name: name}))
        tip = provisional(hub.git, found)
        links.append((landing(hub, name), found))
    verdicts = evidence.keep(hub.git, [{"kind": "verdict", "tree": links[-1][1].tree, "verdict": {}}])
    assert hub.tip(branch) == hub.start
    merged = merge_assignments(links, Gated(verdicts, tip))
    assert merged
    commits = list(hub.git.first_parents(hub.start, branch))[::-1]
    assert [made.oid for made in commits] == list(merged)
    assert [made.parents for made in commits] == [
        (before, found.theirs) for before, (_, found) in zip([hub.start, *merged], links, strict=False)
    ]
    assert [made.tree for made in commits] == [found.tree for _, found in links]
    assert [made.trailers["Sparc-Gate"] for made in commits] == ["batch"] * 3
    for made in commits:
        record = evidence.fetch(hub.git, made.trailers["Sparc-Evidence"].removeprefix("sha256:"))
        assert record["batch"] == {"commit": tip, "tree": commits[-1].tree}
        assert (record["tree"], record["parents"], record["gate"]) == (made.tree, list(made.parents), "batch")
        assert record["verdicts"] == list(verdicts)
        again = hub.git.merge(*made.parents)
        assert (again.tree, again.conflicts) == (made.tree, ())
    assert merge_assignments(links, Gated(verdicts, tip)) is None, "the branch is elsewhere by now"


def test_a_resolution_is_merged_in_place_of_what_it_resolves_wherever_the_branch_is_by_then(
    hub: Hub, branch: str
) -> None:
    merge_assignment(landing(hub, "one"), candidate(hub.git, branch, change(hub, {"README.md": "one"})), ())
    found = candidate(hub.git, branch, theirs := change(hub, {"README.md": "two"}))
    assert found.conflicts == ("README.md",)
    resolved = change(hub, {"README.md": "one and two"}, found.ours)
    both = hub.git.write_commit(hub.git.resolve(resolved, "tree") or "", (found.ours, theirs), "Both\n")
    made = Resolution("architect", found.conflicts, "b" * 64, both)
    at_once = candidate(hub.git, branch, theirs, made)
    assert (at_once.tree, at_once.conflicts) == (hub.git.resolve(both, "tree"), ())
    merge_assignment(landing(hub, "three"), candidate(hub.git, branch, change(hub, {"other": "3"})), ())
    later = candidate(hub.git, branch, theirs, made)
    assert (later.ours, later.theirs, later.conflicts) == (hub.tip(branch), theirs, ())
    merged = merge_assignment(replace(landing(hub, "two"), resolution=made), later, ["c" * 64])
    commit = hub.git.commit(merged or "")
    assert commit.parents == (later.ours, theirs)
    assert commit.trailers["Conflict-Resolution"] == "architect"
    record = evidence.fetch(hub.git, commit.trailers["Sparc-Evidence"].removeprefix("sha256:"))
    assert record["resolution"] == {"by": "architect", "conflicts": ["README.md"], "evidence": "b" * 64}
    assert hub.git.read(merged or "", "README.md") == b"one and two"
    assert hub.git.read(merged or "", "other") == b"3"


def test_a_phases_merge_names_the_gate_that_passed_on_it(hub: Hub, branch: str) -> None:
    merge_assignment(landing(hub), candidate(hub.git, branch, change(hub, {"a": "a"})), ())
    found = candidate(hub.git, hub.plan_branch, hub.tip(branch))
    (gate,) = evidence.keep(hub.git, [{"kind": "gate", **found.binding}])
    merged = merge_phase(hub, "refinement", 2, found, gate)
    assert merged
    made = hub.git.commit(merged)
    assert hub.plan_tip == merged
    assert made.parents == (hub.start, hub.tip(branch))
    assert made.subject == "Merge phase 2 refinement of ledger"
    assert made.trailers == {
        "Sparc-Run": "ledger-1", "Sparc-Phase": "refinement", "Sparc-Gate": "passed",
        "Sparc-Evidence": f"sha256:{gate}",
    }  # fmt: skip
    assert [phase.oid for phase in hub.passed()] == [merged]
    assert merge_phase(hub, "refinement", 2, found, gate) is None


def test_of_two_candidates_for_one_tip_the_second_is_made_anew(hub: Hub, branch: str) -> None:
    one = candidate(hub.git, branch, change(hub, {"one": "1"}))
    two = candidate(hub.git, branch, theirs := change(hub, {"two": "2"}))
    first = merge_assignment(landing(hub, "one"), one, ())
    assert merge_assignment(landing(hub, "two"), two, ()) is None
    assert hub.tip(branch) == first
    again = candidate(hub.git, branch, theirs)
    assert again.ours == first
    assert again.tree != two.tree
    assert merge_assignment(landing(hub, "two"), again, ())
    assert {file.path for file in hub.git.tree_files(hub.tip(branch))} >= {"one", "two"}
    assert set(hub.merged(branch)) == {"one", "two"}


def test_the_evidence_is_there_before_the_branch_moves(hub: Hub, branch: str) -> None:
    (hub.directory / f"{branch}.lock").touch()  # so that it cannot
    found = candidate(hub.git, branch, change(hub, {"a": "a"}))
    with pytest.raises(Exception, match=r"refinement\.lock"):
        merge_assignment(landing(hub), found, ())
    assert hub.tip(branch) == hub.start
    ((_, record),) = evidence.all_of(hub.git, "merge")
    assert record["tree"] == found.tree


def test_a_merge_that_a_kill_has_cut_short_is_made_again_with_the_same_evidence(hub: Hub, branch: str) -> None:
    found = candidate(hub.git, branch, change(hub, {"a": "a"}))
    (before,) = evidence.keep(hub.git, [landing(hub).record(found, "none", ())])
    merged = merge_assignment(landing(hub), candidate(hub.git, branch, found.theirs), ())
    assert hub.git.commit(merged or "").trailers["Sparc-Evidence"] == f"sha256:{before}"
    assert len(hub.git.refs(evidence.NAMESPACE)) == 1


def test_what_was_merged_is_there_for_a_later_process_that_only_has_the_folder(hub: Hub, branch: str) -> None:
    merged = merge_assignment(landing(hub), candidate(hub.git, branch, change(hub, {"a": "a"})), ())
    later = Hub(Path(str(hub.directory)), hub.run, hub.plan, hub.start)
    (found,) = later.merged(later.open_phase(2, "refinement")).items()
    assert (found[0], found[1].oid) == ("posting", merged)


def test_merging_what_is_merged_already_adds_no_file(hub: Hub, branch: str) -> None:
    theirs = change(hub, {"a": "a"})
    merge_assignment(landing(hub), candidate(hub.git, branch, theirs), ())
    again = candidate(hub.git, branch, theirs)
    assert again.tree == hub.git.resolve(branch, "tree")
    assert again.conflicts == ()


def test_a_candidate_of_a_branch_that_does_not_exist_is_an_error(hub: Hub) -> None:
    with pytest.raises(Exception, match="rev-parse"):
        candidate(Git(hub.directory), "refs/heads/phase/9-nothing", hub.start)
