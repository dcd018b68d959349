"""The verifier on more than plain merges: batches, resolutions, rollbacks, hotfixes, good tags; and lies of each."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tasks import evidence
from tasks.commits import Trailer
from tasks.git import Git
from tasks.hub import Hub
from tasks.integrate import Gated, Landing, Resolution, candidate_on, merge_assignments, provisional
from tasks.remember import evidence_name
from tasks.verify import Report, verify
from tasks.verify_merge import Judge
from tasks.verify_source import Source
from tasks.verify_tags import wrong_tags

Commit = Callable[..., str]
RunGit = Callable[..., str]
Story = Any  # see conftest.py

SLIPPED = "its tree is not what git makes of its parents: something was slipped into the merge"


def blamed(report: Report) -> dict[str, str]:
    return {finding.commit: finding.problem for finding in report.findings}


def problem(story: Story) -> str:
    """The one thing that is wrong with the history of a released run."""
    (found,) = verify(story.repository, "main", None).findings
    return found.problem


def left(git: Git, start: str, files: Mapping[str, str]) -> str:
    """What an attempt left: files of the top folder, on a commit of its own."""
    listed = {entry.partition(b"\t")[2]: entry for entry in git.run("ls-tree", "-z", start).split(b"\0") if entry}
    for name, text in files.items():
        listed[name.encode()] = f"100644 blob {git.write_blob(text.encode())}\t{name}".encode()
    tree = git.line("mktree", "-z", stdin=b"".join(entry + b"\0" for entry in listed.values()))
    return git.write_commit(tree, (start,), "Work\n")


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


# -- batches


def batch(story: Story, verdicts: Callable[[str], tuple[str, ...]], tree: str | None = None) -> tuple[str, ...]:
    """Three assignments, gated together on the tree that they come to, or on another one."""
    hub = outside(story.hub)
    branch, links = hub.open_phase(1, "specification"), []
    tip = hub.tip(branch)
    for name in ("a", "b", "c"):
        found = candidate_on(hub.git, branch, tip, left(hub.git, hub.start, {f"{name}.md": name}))
        links.append((landing(hub, name), found))
        tip = provisional(hub.git, found)
    made = merge_assignments(links, Gated(verdicts(tree or links[-1][1].tree), tip))
    assert made
    return made


def test_a_batch_holds_by_the_verdicts_on_the_tree_to_which_it_came(story: Story) -> None:
    made = batch(story, story.verdicts)
    report = verify(released(story).repository, "main", None)
    assert report.findings == ()
    assert set(made) <= set(report.verified)
    (rests,) = [each for each in report.rests_on if set(made) <= set(each.commits)]
    assert evidence.fetch(story.repository.git, rests.evidence)["tree"] == story.hub.git.commit(made[-1]).tree


def test_a_batch_whose_verdicts_are_about_another_tree_is_found(story: Story) -> None:
    made = batch(story, story.verdicts, tree=story.hub.git.commit(story.hub.start).tree)
    report = verify(released(story).repository, "main", None)
    assert blamed(report).keys() == set(made)
    assert all("did not pass on this tree" in words for words in blamed(report).values())


@pytest.mark.parametrize("outcome", ["failed", None])
def test_a_batch_without_a_verdict_that_passed_is_found(story: Story, outcome: str | None) -> None:
    made = batch(story, lambda tree: story.verdicts(tree, outcome) if outcome else ())
    assert blamed(verify(released(story).repository, "main", None)).keys() == set(made)


def test_a_batch_to_whose_tree_the_branch_never_came_is_found(story: Story) -> None:
    hub = outside(story.hub)
    branch = hub.open_phase(1, "specification")
    first = candidate_on(hub.git, branch, hub.start, left(hub.git, hub.start, {"a.md": "a"}))
    other = candidate_on(hub.git, branch, hub.start, left(hub.git, hub.start, {"b.md": "b"}))
    record = landing(hub, "a").record(first, "batch", story.verdicts(other.tree))
    batched = {"batch": {"commit": provisional(hub.git, other), "tree": other.tree}}
    (name,) = evidence.keep(hub.git, [record | batched])
    lines = "".join(f"{key}: {value}\n" for key, value in landing(hub, "a").trailers("batch", name).items())
    made = hub.git.write_commit(first.tree, (first.ours, first.theirs), f"Merge a\n\n{lines}")
    assert hub.git.move(branch, made, hub.start)
    assert "which its branch never came to" in problem(released(story))


# -- resolutions


def resolved(story: Story, *, declare: bool = True, gated: bool = True, **changes: Any) -> str:  # noqa: ANN401
    """Two assignments that wrote the same file, and the merge that an architect made of it."""
    hub = outside(story.hub)
    branch = hub.open_phase(1, "specification")
    mine, theirs = (left(hub.git, hub.start, {"same.md": text}) for text in ("mine\n", "theirs\n"))
    merge_assignments([(landing(hub, "a"), candidate_on(hub.git, branch, hub.start, mine))], Gated())
    ours = hub.tip(branch)
    done = hub.git.write_commit(
        hub.git.commit(left(hub.git, hub.start, {"same.md": "both\n"} | changes.pop("more", {}))).tree, (ours, theirs),
        "Both\n",
    )  # fmt: skip
    (made,) = evidence.keep(hub.git, [{"kind": "attempt", "agent": changes.pop("by", "architect")}])
    resolution = Resolution("architect", ("same.md",), made, done)
    found = candidate_on(hub.git, branch, ours, theirs, resolution)
    work = landing(hub, "b", resolution if declare else None)
    record = work.record(found, "passed" if gated else "none", story.verdicts(found.tree) if gated else ())
    record |= {"resolution": {**record["resolution"], **changes}} if changes else {}  # type: ignore[dict-item]
    (name,) = evidence.keep(hub.git, [record])
    lines = "".join(f"{key}: {value}\n" for key, value in work.trailers(str(record["gate"]), name).items())
    merge = hub.git.write_commit(found.tree, (found.ours, found.theirs), f"Merge b\n\n{lines}")
    assert hub.git.move(branch, merge, ours)
    return merge


def test_a_resolution_that_is_declared_and_was_gated_holds_and_is_told(story: Story) -> None:
    merge = resolved(story)
    report = verify(released(story).repository, "main", None)
    assert report.findings == ()
    assert report.notes == (f"{merge[:12]} Merge b: architect decided on same.md",)


def test_what_a_resolution_changed_besides_is_told(story: Story) -> None:
    resolved(story, more={"README.md": "other\n"})
    (note,) = verify(released(story).repository, "main", None).notes
    assert note.endswith("architect decided on same.md, and changed what git had merged by itself: README.md")


@pytest.mark.parametrize(
    ("forged", "words"),
    [
        ({"declare": False}, SLIPPED),
        ({"gated": False}, "its conflicts were resolved, and no gate passed on the tree that came of it"),
        ({"by": "somebody"}, "what it names as the origin of its resolution is no attempt of that agent"),
        ({"evidence": "1" * 64}, "evidence 111111111111 is missing"),
        ({"conflicts": ["other.md"]}, "it declares other conflicts than git finds: same.md"),
        ({"conflicts": None}, "its evidence is not as sparc writes it"),
    ],
    ids=str,
)
def test_a_resolution_that_is_forged_is_found(story: Story, forged: dict[str, Any], words: str) -> None:
    merge = resolved(story, **forged)
    assert blamed(verify(released(story).repository, "main", None)) == {merge: words}


def test_a_resolution_of_what_does_not_conflict_is_found(story: Story) -> None:
    hub = outside(story.hub)
    branch = hub.open_phase(1, "specification")
    theirs = left(hub.git, hub.start, {"a.md": "a"})
    evil = left(hub.git, hub.start, {"a.md": "a", "backdoor.py": "evil"})
    (made,) = evidence.keep(hub.git, [{"kind": "attempt", "agent": "architect"}])
    resolution = Resolution("architect", (), made, evil)
    found = candidate_on(hub.git, branch, hub.start, theirs, resolution)
    merge_assignments([(landing(hub, "a", resolution), found)], Gated(story.verdicts(found.tree)))
    assert problem(released(story)) == "it declares a resolution of conflicts, and git finds none between its parents"


# -- on the base branch: rollbacks and hotfixes


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


def gate_of(story: Story, commit: str) -> str:
    return story.repository.git.commit(commit).trailers[Trailer.EVIDENCE].removeprefix("sha256:")


@pytest.fixture(scope="module")
def _gone(begin: Callable[[Path], Story], tmp_path_factory: pytest.TempPathFactory) -> Story:
    """A released run of two phases; nobody changes it."""
    story = begin(tmp_path_factory.mktemp("gone"))
    story.two_phases()
    story.hub.tag_good(story.repository)
    assert story.release()
    return story


@pytest.fixture
def gone(_gone: Story, tmp_path: Path) -> tuple[Story, str, str]:
    """A copy of it, with the merges of its phases."""
    story = _gone.copied(tmp_path)
    second = story.repository.tip("sparc/ledger")
    return story, story.repository.git.commit(second).parents[0], second


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


def keep_gate(git: Git, tree: str) -> tuple[str, ...]:
    """Evidence of a gate that passed on a tree."""
    verdicts = evidence.keep(git, [{"kind": "verdict", "tree": tree, "verdict": {"check": "x", "outcome": "passed"}}])
    return evidence.keep(git, [{"kind": "gate", "outcome": "passed", "tree": tree, "verdicts": list(verdicts)}])


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


# -- good tags


@pytest.fixture
def tagged(gone: tuple[Story, str, str]) -> tuple[Story, str, str]:
    """The same; its tags are there."""
    assert set(gone[0].repository.git.refs("refs/tags/good/")) == {f"refs/tags/good/ledger/{n}" for n in (1, 2)}
    assert verify(gone[0].repository, "main", None).ok
    return gone


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("tag", "--force", "--annotate", "--message=x", "good/ledger/1", "main"), "is no phase of this history"),
        (("tag", "--force", "--annotate", "--message=x", "good/ledger/1", "sparc/ledger"), "it tells another phase"),
        (("tag", "--force", "good/ledger/1", "sparc/ledger~"), "it is no annotated tag"),
        (("update-ref", "refs/tags/good/ledger/1", "refs/tags/good/ledger/2"), "it was made as good/ledger/2"),
        (("tag", "--annotate", "--message=x", "good/ledger/9", "main~"), "is no phase of this history"),
    ],
    ids=["elsewhere", "another phase", "lightweight", "renamed", "new"],
)
def test_a_good_tag_that_was_moved_or_made_up_is_found(
    tagged: tuple[Story, str, str], git: RunGit, words: tuple[str, ...], problem: str
) -> None:
    where = tagged[0].repository.path
    git(where, *words)
    (found,) = verify(tagged[0].repository, "main", None).findings
    assert found.subject.startswith("tag good/ledger/")
    assert problem in found.problem


def test_tags_of_other_plans_are_their_own_affair(tagged: tuple[Story, str, str], git: RunGit) -> None:
    git(tagged[0].repository.path, "tag", "good/other/1", "main")
    git(tagged[0].repository.path, "tag", "v1", "main")
    assert verify(tagged[0].repository, "main", None).ok


def test_a_good_tag_of_an_earlier_run_stands_on_a_gate_that_passed(tagged: tuple[Story, str, str]) -> None:
    story, _, second = tagged
    git, start = story.repository.git, story.repository.tip("main") or ""
    judge = Judge(Source(git, git))
    assert list(wrong_tags(Source(git, git), judge, ["ledger"], {}, start)) == []
    phase = git.commit(second)
    record = evidence.fetch(git, evidence_name(git, second))
    (failed,) = evidence.keep(git, [{**record, "outcome": "failed"}])
    forged = git.write_commit(phase.tree, phase.parents, phase.message.replace(evidence_name(git, second), failed))
    tag = git.run("cat-file", "tag", "refs/tags/good/ledger/2").decode()
    made = git.line("mktag", stdin=tag.replace(second, forged).replace(evidence_name(git, second), failed).encode())
    git.run("update-ref", "refs/tags/good/ledger/2", made)
    later = git.write_commit(phase.tree, (start, forged), "Later\n")
    ((_, name, problem),) = wrong_tags(Source(git, git), Judge(Source(git, git)), ["ledger"], {}, later)
    assert (name, "is no phase of this history whose gate passed" in problem) == ("good/ledger/2", True)


# -- what a release says of itself


def test_a_start_by_which_phases_would_be_left_out_is_found(gone: tuple[Story, str, str]) -> None:
    story, _, second = gone
    git, tip = story.repository.git, story.repository.tip("main") or ""
    old = git.commit(tip)
    (name,) = evidence.keep(git, [{**evidence.fetch(git, gate_of(story, tip)), "start": second}])
    made = git.write_commit(old.tree, old.parents, old.message.replace(gate_of(story, tip), name))
    assert git.move("refs/heads/main", made, tip)
    report = verify(story.repository, "main", None)
    assert blamed(report) == {made: "its evidence names a start that its base branch did not hold"}


def test_a_merge_that_brings_nothing_is_found(gone: tuple[Story, str, str]) -> None:
    story, first, _ = gone
    git, tip = story.repository.git, story.repository.tip("main") or ""
    tree = git.commit(tip).tree
    record = {"kind": "hotfix", "name": "x", "from": "good/ledger/1", "gates": list(keep_gate(git, tree))}
    made = on_main(story, first, tree, record, Sparc_Gate="passed", Sparc_Hotfix="x")
    assert blamed(verify(story.repository, "main", None)) == {made: "it merges what its first parent holds already"}


def test_a_parent_that_git_does_not_see_makes_no_merge(gone: tuple[Story, str, str]) -> None:
    story, _, second = gone
    git, tip = story.repository.git, story.repository.tip("main") or ""
    body = git.run("cat-file", "commit", tip).decode()
    for fake in (f"parent {second}\n", ""):
        name = f"x\x0cparent {second}" if not fake else "x"
        forged = body.replace(f"parent {second}\n", "").replace("committer sparc", f"{fake}committer {name}")
        made = git.line("hash-object", "-t", "commit", "-w", "--literally", "--stdin", stdin=forged.encode())
        assert git.resolve(f"{made}^2") is None
        git.run("update-ref", "refs/heads/main", made)
        assert blamed(verify(story.repository, "main", None))[made] == "it has 1 parents; a merge of ours has two"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"review": {"approved": False}}, "its review did not approve it"),
        ({"reviews": [{"approved": True}, {"approved": "yes"}]}, "its review did not approve it"),
        (
            {"checks": [{"check": "x", "outcome": "passed", "measured": 99}]},
            "tells its verdicts otherwise than they are",
        ),
        ({"phase": "completion"}, "its evidence is about another phase, completion"),
        ({"run": "ledger-2"}, "its evidence is about another run, ledger-2"),
    ],
    ids=str,
)
def test_a_gate_that_contradicts_itself_is_found(story: Story, changes: dict[str, Any], words: str) -> None:
    story.assignment(1, "specification", "requirements", {"docs/r.md": "# R\n"})
    found = candidate_on(story.hub.git, story.hub.plan_branch, story.hub.start, story.hub.tip("phase/1-specification"))
    made = story.phase(1, "specification", story.gate(found, **changes))
    assert story.release()
    assert words in blamed(verify(story.repository, "main", None))[made]
