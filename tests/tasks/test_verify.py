"""The verifier: a good history holds, and what was done around one hides nothing and changes no answer."""

import json
from pathlib import Path

import pytest

from tasks.errors import Refused
from tasks.repository import Repository, open_repository
from tasks.verify import HOW_TO_FETCH, Finding, Report, lines, verify
from tests.tasks.forgeries import blamed, problems, trailer
from tests.tasks.gits import Commit, RunGit
from tests.tasks.stories import Story


@pytest.fixture
def told(finished: Story) -> Story:
    """A released run; nobody changes it."""
    return finished


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
    assert told == ["111111111111 \ufffdGood: it is not", "note", "NOT verified: 1 finding, 0 merges hold"]
