"""The verifier on good tags, and on what a release and its gates say of themselves."""

from typing import Any

import pytest

from tasks import evidence
from tasks.integrate import candidate_on
from tasks.remember import evidence_name
from tasks.verify import verify
from tasks.verify_merge import Judge
from tasks.verify_source import Source
from tasks.verify_tags import wrong_tags
from tests.tasks.gits import RunGit
from tests.tasks.merges import blamed, gate_of, keep_gate, on_main
from tests.tasks.stories import Story

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
