"""The verifier: a good history holds, and whatever was done to one is told with the commit and what is wrong."""

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tasks import evidence
from tasks.errors import Refused
from tasks.git import Git
from tasks.hub import Hub, create_hub
from tasks.release import release_candidate, release_now
from tasks.remember import evidence_name
from tasks.repository import Repository, open_repository
from tasks.verify import HOW_TO_FETCH, Finding, Report, lines, verify

RunGit = Callable[..., str]
Commit = Callable[..., str]
Story = Any  # see conftest.py


@pytest.fixture(scope="module")
def told(begin: Callable[[Path], Story], tmp_path_factory: pytest.TempPathFactory) -> Story:
    """A run of two phases and three assignments that was released; nobody changes it."""
    story = begin(tmp_path_factory.mktemp("told"))
    story.two_phases()
    assert story.release()
    return story


@pytest.fixture
def released(told: Story, tmp_path: Path) -> Repository:
    """A copy of its repository."""
    shutil.copytree(told.repository.path, tmp_path / "repository", symlinks=True)
    return open_repository(tmp_path / "repository")


def problems(report: Report) -> list[str]:
    return [finding.problem for finding in report.findings]


def blamed(report: Report) -> set[str]:
    return {finding.commit for finding in report.findings}


def outside(hub: Hub) -> Git:
    """The hub's repository for somebody whom its rules do not hold back."""
    return Git(hub.directory)


def trailer(git: Git, commit: str) -> str:
    return git.commit(commit).trailers["Sparc-Evidence"].removeprefix("sha256:")


def forge(git: Git, name: str, **changes: object) -> str:
    """Store a record like another one, under its own proper name."""
    (made,) = evidence.keep(git, [{**evidence.fetch(git, name), **changes}])
    return made


def remade(repository: Repository, message: str | None = None, **changes: Any) -> str:  # noqa: ANN401
    """Put another commit in the place of the release: other evidence, tree, parents or message."""
    git, tip = repository.git, repository.tip("main") or ""
    old = git.commit(tip)
    tree, parents = changes.pop("tree", old.tree), changes.pop("parents", old.parents)
    fields = {"tree": tree, "parents": list(parents)} | changes
    text = old.message.replace(trailer(git, tip), forge(git, trailer(git, tip), **fields))
    made = git.write_commit(tree, parents, message or text)
    assert git.move("refs/heads/main", made, tip)
    return made


def tree_with(git: Git, commit: str, files: Mapping[str, str]) -> str:
    listed = git.run("ls-tree", "-z", commit)
    for name, text in files.items():
        listed += f"100644 blob {git.write_blob(text.encode())}\t{name}\0".encode()
    return git.line("mktree", "-z", stdin=listed)


# -- what holds


def test_a_released_history_holds_down_to_every_assignment(told: Story) -> None:
    report = verify(told.repository, "HEAD", None)
    assert report == Report(
        ok=True, start=told.hub.start, verified=report.verified, findings=(), rests_on=report.rests_on
    )
    subjects = [told.repository.git.commit(commit).subject for commit in report.verified]
    assert subjects == [
        "Release ledger into main",
        "Merge phase 2 refinement of ledger",
        "Merge posting into 2 refinement",
        "Merge phase 1 specification of ledger",
        "Merge slos into 1 specification",
        "Merge requirements into 1 specification",
    ]
    assert list(lines(report)) == [f"verified: 6 merges since {told.hub.start[:12]}, each measured before it was made"]


def test_a_base_that_moved_before_the_release_holds_and_others_commits_are_named(story: Story, commit: Commit) -> None:
    story.two_phases()
    theirs = commit(story.repository.path, {"theirs.txt": "theirs"}, "Theirs")
    story.release()
    report = verify(story.repository, "main", None)
    assert report.ok
    assert len(report.verified) == 6
    assert report.notes == (f"{theirs[:12]} Theirs: not ours; it was on the base branch before the release",)


def test_since_overrides_where_to_stop(released: Repository, told: Story) -> None:
    older = released.git.resolve(f"{told.hub.start}~") or ""
    further = verify(released, "main", older)
    assert further.ok
    assert further.start == older
    assert [note.split()[1] for note in further.notes] == ["Files:"]
    tip = released.tip("main") or ""
    nothing = verify(released, "main", tip)
    assert not nothing.ok
    assert nothing.verified == ()


def test_a_plan_that_is_not_released_yet_can_be_verified_since_its_start(story: Story) -> None:
    story.two_phases()
    report = verify(story.repository, "sparc/ledger", story.hub.start)
    assert report.ok
    assert len(report.verified) == 5
    without = verify(story.repository, "sparc/ledger", None)
    assert not without.ok
    assert without.notes == ("no release of sparc was found in this history",)


def test_an_older_release_in_between_is_verified_as_well(story: Story) -> None:
    story.two_phases()
    git, start = story.repository.git, story.hub.start
    found = story.release()
    story.assignment(3, "completion", "docs", {"docs/end.md": "end\n"})
    story.phase(3, "completion")
    second = story.release()
    report = verify(story.repository, "main", None)
    assert report.ok
    assert report.start == start
    assert {found, second} <= set(report.verified)
    assert git.commit(second or "").parents[0] == found


def test_a_clone_without_evidence_says_how_to_fetch_it_and_holds_after_that(
    released: Repository, tmp_path: Path, git: RunGit
) -> None:
    git(tmp_path, "clone", "--quiet", str(released.path), "clone")
    clone = open_repository(tmp_path / "clone")
    report = verify(clone, "HEAD", None)
    assert not report.ok
    assert "is missing" in problems(report)[0]
    assert HOW_TO_FETCH in "\n".join(lines(report))
    git(clone.path, *HOW_TO_FETCH.replace("'", "").split()[1:])
    assert verify(clone, "HEAD", None).ok


def test_a_bare_mirror_holds(released: Repository, tmp_path: Path, git: RunGit) -> None:
    git(tmp_path, "clone", "--quiet", "--mirror", str(released.path), "mirror.git")
    assert len(verify(open_repository(tmp_path / "mirror.git"), "main", None).verified) == 6


def test_what_cannot_be_verified_at_all_is_refused(released: Repository, tmp_path: Path, git: RunGit) -> None:
    with pytest.raises(Refused, match="has no commit 'nothing'"):
        verify(released, "nothing", None)
    with pytest.raises(Refused, match="has no commit '--all'"):
        verify(released, "main", "--all")
    git(tmp_path, "clone", "--quiet", "--depth=1", released.path.as_uri(), "shallow")
    with pytest.raises(Refused, match="git fetch --unshallow"):
        verify(open_repository(tmp_path / "shallow"), "HEAD", None)


def test_evidence_of_which_only_some_is_there_says_how_to_fetch_the_rest(released: Repository, git: RunGit) -> None:
    for branch in ("main", "sparc/ledger"):
        git(released.path, "update-ref", "-d", f"refs/evidence/{trailer(released.git, f'refs/heads/{branch}')}")
    report = verify(released, "main", None)
    assert len(report.findings) > 1
    assert len(report.notes) == 1
    assert HOW_TO_FETCH in report.notes[0]


# -- what was done to the history


@pytest.mark.parametrize("since", [True, False])
def test_a_fast_forward_onto_a_plan_that_was_never_released_is_found(
    story: Story,
    git: RunGit,
    since: bool,  # noqa: FBT001
) -> None:
    story.two_phases()
    start, where = story.hub.start if since else None, story.repository.path
    git(where, "merge", "--quiet", "--ff-only", "sparc/ledger")
    report = verify(story.repository, "main", start)
    assert not report.ok
    assert set(problems(report)) == {"a phase of a plan that was never released"}
    assert blamed(report) == set(git(where, "rev-list", "--first-parent", f"{story.hub.start}..main").split())
    assert not verify(story.repository, "HEAD", start).ok
    git(where, "branch", "--quiet", "other", "main")
    assert not verify(story.repository, "other", start).ok
    assert verify(story.repository, "sparc/ledger", start).ok is since
    assert verify(story.repository, "refs/heads/sparc/ledger", start).findings == ()
    git(where, "checkout", "--quiet", "sparc/ledger")
    assert verify(story.repository, "HEAD", start).findings == ()


def test_a_fast_forward_onto_a_plan_that_began_at_a_release_is_found(story: Story, tmp_path: Path, git: RunGit) -> None:
    story.two_phases()
    hub = create_hub(tmp_path / "second.git", story.repository, "other-1", "other", story.release() or "")
    second = type(story)(story.folder, hub, story.repository)
    second.assignment(1, "specification", "docs", {"docs/end.md": "end\n"})
    phase = second.phase(1, "specification")
    assert verify(story.repository, "sparc/other", None).ok
    git(story.repository.path, "merge", "--quiet", "--ff-only", "sparc/other")
    report = verify(story.repository, "main", None)
    assert (blamed(report), problems(report)) == ({phase}, ["a phase of a plan that was never released"])
    assert len(report.verified) == 6


def test_a_repository_in_which_nothing_was_released_does_not_hold(users: Repository) -> None:
    report = verify(users, "main", None)
    assert (report.ok, report.verified, report.findings) == (False, (), ())
    assert report.notes[0] == "no release of sparc was found in this history"
    assert list(lines(report))[-1].startswith("NOT verified")


def test_a_commit_after_the_release_is_named(released: Repository, commit: Commit) -> None:
    later = commit(released.path, {"later.txt": "later"}, "Later")
    report = verify(released, "main", None)
    assert not report.ok
    assert blamed(report) == {later}
    assert report.findings[0].subject == "Later"
    assert "passed no gate of ours" in problems(report)[0]
    assert len(report.verified) == 6


def test_a_file_that_was_slipped_into_the_release_is_found(released: Repository) -> None:
    git = released.git
    evil = remade(released, tree=tree_with(git, "refs/heads/main", {"backdoor.py": "evil"}))
    report = verify(released, "main", None)
    assert blamed(report) == {evil}
    assert problems(report) == ["its tree is not what git makes of its parents: something was slipped into the merge"]


def test_a_file_that_was_slipped_into_a_phases_merge_is_found(story: Story) -> None:
    story.assignment(1, "specification", "requirements", {"docs/r.md": "# R\n"})
    git, hub = story.hub.git, story.hub
    theirs = hub.tip("refs/heads/phase/1-specification")
    tree = tree_with(git, theirs, {"backdoor.py": "evil"})
    (verdict,) = story.verdicts(tree)
    record = {"kind": "gate", "outcome": "passed", "verdicts": [verdict], "tree": tree, "parents": [hub.start, theirs]}
    (name,) = evidence.keep(git, [record])
    text = (
        f"Merge phase\n\nSparc-Run: r\nSparc-Phase: specification\nSparc-Gate: passed\nSparc-Evidence: sha256:{name}\n"
    )
    evil = git.write_commit(tree, (hub.start, theirs), text)
    assert outside(hub).move(hub.plan_branch, evil, hub.start)
    assert story.release()
    report = verify(story.repository, "main", None)
    assert blamed(report) == {evil}
    assert "something was slipped into the merge" in problems(report)[0]


def test_a_commit_on_the_plans_branch_that_is_no_merge_is_found(story: Story) -> None:
    story.two_phases()
    git, tip = story.hub.git, story.hub.plan_tip
    alone = git.write_commit(git.commit(tip).tree, (tip,), "Quick fix\n")
    assert outside(story.hub).move(story.hub.plan_branch, alone, tip)
    found = evidence.keep(git, [{"kind": "gate", "outcome": "passed", "tree": git.commit(tip).tree,
                                 "verdicts": list(story.verdicts(git.commit(tip).tree))}])  # fmt: skip
    candidate = release_candidate(story.hub, story.hub.start)
    assert release_now(story.folder, story.hub, story.repository, "main", candidate, found)
    report = verify(story.repository, "main", None)
    assert blamed(report) == {alone}
    assert problems(report) == ["a commit on the plan's branch that is not a merge of ours"]


def test_a_fast_forward_to_merges_that_passed_no_gate_is_found(story: Story, git: RunGit) -> None:
    story.assignment(1, "specification", "requirements", {"docs/r.md": "# R\n"})
    merged = story.hub.tip("refs/heads/phase/1-specification")
    where = story.repository.path
    git(where, "fetch", "--quiet", str(story.hub.directory), "phase/1-specification", "refs/evidence/*:refs/evidence/*")
    git(where, "merge", "--quiet", "--ff-only", merged)
    for since in (None, story.hub.start):
        assert not verify(story.repository, "main", since).ok
    report = verify(story.repository, "main", story.hub.start)
    assert blamed(report) == {merged}
    assert problems(report) == ["its evidence is of kind 'merge', and in this place 'gate' is needed"]


def test_an_assignments_merge_cannot_stand_for_a_release(released: Repository, told: Story) -> None:
    git, tip = released.git, released.tip("main") or ""
    inner = told.hub.tip("refs/heads/phase/2-refinement")
    tree = git.merge(tip, inner).tree
    record = {"kind": "merge", "gate": "none", "verdicts": [], "tree": tree, "parents": [tip, inner]}
    (name,) = evidence.keep(git, [record])
    text = f"Release\n\nSparc-Run: ledger-1\nSparc-Gate: none\nSparc-Evidence: sha256:{name}\n"
    fake = git.write_commit(tree, (tip, inner), text)
    assert git.move("refs/heads/main", fake, tip)
    report = verify(released, "main", None)
    assert not report.ok
    assert fake in blamed(report)


def test_a_release_with_three_parents_or_one_is_found(released: Repository, told: Story) -> None:
    parents = released.git.commit(released.tip("main") or "").parents
    for wrong in ((*parents, told.hub.git.resolve(f"{told.hub.start}~") or ""), parents[:1]):
        made = remade(released, parents=wrong)
        report = verify(released, "main", None)
        assert blamed(report) == {made}
        assert problems(report) == [f"it has {len(wrong)} parents; a merge of ours has two"]


# -- what was done to the evidence


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


# -- what was done around it


def test_replaced_objects_and_grafts_hide_nothing(
    released: Repository, git: RunGit, commit: Commit, told: Story
) -> None:
    good = released.tip("main") or ""
    later = commit(released.path, {"later.txt": "later"}, "Later")
    git(released.path, "replace", later, good)
    assert blamed(verify(released, "main", None)) == {later}
    git(released.path, "replace", "-d", later)
    (released.git.directory / "info").mkdir(exist_ok=True)
    newest = commit(released.path, {"newest.txt": "newest"}, "Newest")
    (released.git.directory / "info/grafts").write_text(f"{newest} {good}\n{good} {told.hub.start}\n")
    report = verify(released, "main", None)
    assert blamed(report) == {later, newest}
    assert len(report.verified) == 6


def test_a_commit_graph_that_lies_hides_nothing(released: Repository, git: RunGit, commit: Commit) -> None:
    good = released.tip("main") or ""
    later = commit(released.path, {"later.txt": "later"}, "Later")
    newest = commit(released.path, {"newest.txt": "newest"}, "Newest")
    git(released.path, "commit-graph", "write", "--reachable")
    graph = released.git.directory / "objects/info/commit-graph"
    data = bytearray(graph.read_bytes())
    chunks = {bytes(data[at : at + 4]): int.from_bytes(data[at + 4 : at + 12]) for at in range(8, 8 + 12 * data[6], 12)}
    names, facts = chunks[b"OIDL"], chunks[b"CDAT"]
    order = [data[at : at + 20].hex() for at in range(names, facts, 20)]
    parent = facts + 36 * order.index(newest) + 20
    data[parent : parent + 4] = order.index(good).to_bytes(4)
    graph.chmod(0o644)
    graph.write_bytes(data)
    assert later not in git(released.path, "rev-list", "--first-parent", "main").split()  # plain git believes it
    assert blamed(verify(released, "main", None)) == {later, newest}


def test_the_repositorys_settings_and_attributes_change_no_answer(released: Repository, git: RunGit) -> None:
    info = released.git.directory / "info"
    info.mkdir(exist_ok=True)
    (info / "attributes").write_text("* merge=ours text eol=crlf\n")
    settings = {
        "merge.ours.driver": "true", "merge.renames": "false", "core.attributesFile": str(info / "attributes"),
        "trailer.separators": "#", "trailer.sparc.key": "Sparc-Run", "log.showSignature": "true",
        "core.commentChar": "S", "i18n.logOutputEncoding": "UTF-16", "log.follow": "true",
    }  # fmt: skip
    for key, value in settings.items():
        git(released.path, "config", key, value)
    assert len(verify(released, "main", None).verified) == 6


def test_the_callers_git_variables_change_no_answer(
    released: Repository, tmp_path: Path, git: RunGit, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = verify(released, "main", None)
    git(tmp_path, "init", "--quiet", "other")
    other = tmp_path / "other/.git"
    (tmp_path / "grafts").write_text(f"{released.tip('main')}\n")
    for name, value in {
        "GIT_DIR": other, "GIT_COMMON_DIR": other, "GIT_OBJECT_DIRECTORY": other / "objects", "GIT_WORK_TREE": tmp_path,
        "GIT_INDEX_FILE": other / "index", "GIT_NAMESPACE": "x", "GIT_GRAFT_FILE": tmp_path / "grafts",
        "GIT_CONFIG_PARAMETERS": "'core.commentChar=S'", "GIT_CONFIG_COUNT": "x",
        "GIT_REPLACE_REF_BASE": "refs/heads/", "GIT_CEILING_DIRECTORIES": tmp_path, "GIT_LITERAL_PATHSPECS": "x",
        "GIT_SHALLOW_FILE": tmp_path / "grafts",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, str(value))
    assert verify(released, "main", None) == before
    assert before.ok


def test_verifying_changes_nothing(released: Repository) -> None:
    def everything() -> dict[str, bytes]:
        directory = released.git.directory
        return {str(path): path.read_bytes() for path in sorted(directory.rglob("*")) if path.is_file()}

    before = everything()
    verify(released, "main", None)
    assert everything() == before


def test_a_report_can_be_written_as_json(released: Repository, commit: Commit) -> None:
    commit(released.path, {}, "Later")
    report = json.loads(verify(released, "main", None).model_dump_json())
    assert (report["ok"], len(report["verified"]), report["findings"][0]["subject"]) == (False, 6, "Later")


def test_what_others_wrote_is_told_as_harmless_text() -> None:
    evil = Finding(commit="1" * 40, subject="\x1b[2J\u202eGood", problem="it is\nnot")
    told = list(lines(Report(ok=False, start=None, verified=(), findings=(evil,), notes=("\x1b]0;x\x07note",))))
    assert told == ["111111111111 \ufffdGood: it is not", "note", "NOT verified: 1 findings, 0 merges hold"]
