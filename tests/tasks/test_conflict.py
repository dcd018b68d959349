"""Conflicts in words, and what is asked of a resolution."""

import pytest

from tasks.conflict import LINES, Conflict, hunks, told
from tasks.hub import Hub
from tasks.integrate import Landing, candidate, merge_assignment
from tests.tasks.test_integrate import change


@pytest.fixture
def branch(hub: Hub) -> str:
    return hub.open_phase(2, "refinement")


def merged(hub: Hub, branch: str, name: str, files: dict[str, str]) -> str:
    landing = Landing(hub, 2, "refinement", name, 1, "writer", "a" * 64)
    done = merge_assignment(landing, candidate(hub.git, branch, change(hub, files)), ())
    assert done
    return done


def tree_with(hub: Hub, base: str, files: dict[str, str]) -> str:
    """Another tree with these files in place."""
    return hub.git.resolve(change(hub, files, base), "tree") or ""


@pytest.fixture
def conflict(hub: Hub, branch: str) -> Conflict:
    """The work of `late` against that of `early`, while `other` was merged as well."""
    merged(hub, branch, "early", {"README.md": "# One\nearly\nend\n", "early.txt": "1"})
    merged(hub, branch, "other", {"other.txt": "2"})
    theirs = change(hub, {"README.md": "# One\nlate\nend\n", "late.txt": "3"})
    return Conflict(hub.git, candidate(hub.git, branch, theirs), "late")


def test_a_conflict_is_told_with_both_sides_their_lines_and_who_was_merged_meanwhile(conflict: Conflict) -> None:
    assert conflict.rivals == ("early",)
    assert conflict.merged_meanwhile == ("early", "other")
    assert conflict.sentence == "the work of late conflicts with that of early in README.md"
    (finding,) = conflict.findings
    assert (finding.check, finding.path, finding.line) == ("merge", "README.md", None)
    first, *lines = finding.message.split("\n")
    assert first == (
        "conflicts with the work of early, which was merged meanwhile; your workspace now holds it: "
        "do your part on top of it (other merged as well)"
    )
    assert [line.strip() for line in lines] == ["<<<<<<< early", "early", "=======", "late", ">>>>>>> late"]


def test_a_resolution_may_change_what_either_side_changed_and_nothing_else(hub: Hub, conflict: Conflict) -> None:
    good = {"README.md": "# One\nearly and late\nend\n", "early.txt": "1a", "late.txt": "3a"}
    assert conflict.objections(tree_with(hub, conflict.begin(), good)) == ()
    wild = tree_with(hub, conflict.begin(), good | {"run.sh": "evil", "new.txt": "new"})
    assert {(finding.check, finding.path) for finding in conflict.objections(wild)} == {
        ("resolution", "new.txt"), ("resolution", "run.sh"),
    }  # fmt: skip


@pytest.mark.parametrize(
    "marker", ["<<<<<<< HEAD", "=======", "||||||| base", ">>>>>>> theirs", ">>>>>>>", "=======\r"]
)
def test_a_marker_that_is_left_is_told_with_its_line(hub: Hub, conflict: Conflict, marker: str) -> None:
    left = tree_with(hub, conflict.begin(), {"README.md": f"# One\nearly\n{marker}\nlate\n"})
    (finding,) = conflict.objections(left)
    assert (finding.path, finding.line, finding.message) == ("README.md", 3, "still holds a conflict marker")


def test_who_leaves_everything_as_it_is_has_resolved_nothing(hub: Hub, conflict: Conflict) -> None:
    tree = hub.git.resolve(conflict.begin(), "tree") or ""
    assert [finding.line for finding in conflict.objections(tree)] == [2]


def test_a_line_that_looks_like_a_marker_and_is_in_one_of_the_sides_is_theirs_to_keep(hub: Hub, branch: str) -> None:
    merged(hub, branch, "early", {"README.md": "Title\n=======\nearly\n"})
    found = candidate(hub.git, branch, change(hub, {"README.md": "Title\n=======\nlate\n"}))
    conflict = Conflict(hub.git, found, "late")
    assert conflict.objections(tree_with(hub, conflict.begin(), {"README.md": "Title\n=======\nboth\n"})) == ()


def test_what_one_changes_and_the_other_deletes_is_a_conflict_without_lines(hub: Hub, branch: str) -> None:
    merged(hub, branch, "early", {"run.sh": "#!/bin/sh\nexit 1\n"})
    kept = [line for line in hub.git.run("ls-tree", "-z", hub.start).split(b"\0") if line and b"run.sh" not in line]
    gone = hub.git.line("mktree", "-z", stdin=b"\0".join([*kept, b""]))
    found = candidate(hub.git, branch, hub.git.write_commit(gone, (hub.start,), "Remove\n"))
    (finding,) = Conflict(hub.git, found, "late").findings
    assert (finding.path, finding.line) == ("run.sh", None)
    assert "\n" not in finding.message


def test_where_the_other_side_has_a_folder_the_name_that_git_gives_a_file_must_go(hub: Hub, branch: str) -> None:
    merged(hub, branch, "early", {"docs.txt": "a file"})
    blob = hub.git.write_blob(b"inside")
    folder = hub.git.line("mktree", "-z", stdin=f"100644 blob {blob}\tinner\0".encode())
    kept = hub.git.run("ls-tree", "-z", hub.start)
    tree = hub.git.line("mktree", "-z", stdin=kept + f"040000 tree {folder}\tdocs.txt\0".encode())
    conflict = Conflict(hub.git, candidate(hub.git, branch, hub.git.write_commit(tree, (hub.start,), "Work\n")), "late")
    left = conflict.objections(hub.git.resolve(conflict.begin(), "tree") or "")
    assert [finding.path for finding in left] == [f"docs.txt~{conflict.found.ours}"]


def test_long_conflicts_are_told_in_part() -> None:
    text = b"a\n<<<<<<< x\n" + b"line\n" * 500 + b">>>>>>> y\n<<<<<<< x\n=======\n>>>>>>> y\n"
    found = list(hunks(text))
    assert [hunk.line for hunk in found] == [2, 504]
    lines = told(found).splitlines()
    assert (len(lines), lines[-1].strip()) == (LINES + 2, "... and 445 more lines")


def test_what_is_no_text_does_not_hurt(hub: Hub, branch: str) -> None:
    merged(hub, branch, "early", {"README.md": "\0one\udcff".encode("utf-8", "surrogateescape").decode("latin-1")})
    conflict = Conflict(hub.git, candidate(hub.git, branch, change(hub, {"README.md": "\0two"})), "late")
    assert [finding.path for finding in conflict.findings] == ["README.md"]


def test_names_that_are_no_text_and_have_line_breaks_are_told_all_the_same(hub: Hub, branch: str) -> None:
    odd = "caf\udce9\n[x].txt"
    merged(hub, branch, "early", {odd: "1\n"})
    conflict = Conflict(hub.git, candidate(hub.git, branch, change(hub, {odd: "2\n"})), "late")
    assert [finding.path for finding in conflict.findings] == [odd]
    assert conflict.objections(tree_with(hub, conflict.begin(), {odd: "3\n"})) == ()
    assert conflict.record == {"resolution": {
        "ours": conflict.found.ours, "theirs": conflict.found.theirs, "conflicts": [odd],
    }}  # fmt: skip
