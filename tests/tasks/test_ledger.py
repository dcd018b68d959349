"""The hub's branches grow by merges that rest on evidence, and by nothing else, whoever goes through git."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tasks import evidence
from tasks.git import ZERO, Git, GitError
from tests.tasks.gits import Commit, RunGit
from tests.tasks.hubs import PHASE, PLAN, Forger, refused
from tests.tasks.stories import Story


def swapped(forger: Forger) -> str:
    return forger.merge(forger.work(f"{forger.tip}~"), forger.tip)


def evil(forger: Forger) -> str:
    """A merge with true evidence, into which a file was slipped."""
    work = forger.work(forger.tip)
    return forger.merge(forger.tip, work, tree=forger.tree(forger.work(work, "backdoor")))


def twice(forger: Forger) -> str:
    """A commit of which git itself would leave the second parent out."""
    tree, tip = forger.tree(forger.tip), forger.tip
    who = "sparc <sparc@localhost> 1700000000 +0000"
    head = f"tree {tree}\nparent {tip}\nparent {tip}\nauthor {who}\ncommitter {who}\n"
    text = f"{head}\nMerge\n\nSparc-Evidence: sha256:{forger.proof(tree, (tip, tip))}\n"
    return forger.git.line("hash-object", "-t", "commit", "-w", "--stdin", stdin=text.encode())


def unproven(forger: Forger) -> str:
    work = forger.work(forger.tip)
    return forger.git.write_commit(forger.tree(work), (forger.tip, work), "Merge\n\nSparc-Phase: refinement\n")


def by_other_evidence(forger: Forger, **fields: object) -> str:
    work = forger.work(forger.tip)
    return forger.merge(forger.tip, work, proof=forger.proof(forger.tree(work), (forger.tip, work), **fields))


def on_an_unproven_merge(forger: Forger) -> str:
    first = unproven(forger)
    return forger.merge(first, forger.work(first, "more"))


def resolved(forger: Forger, trailer: str, **fields: object) -> str:
    """A merge that takes our side's tree, and says that this resolves a conflict."""
    work = forger.work(forger.tip)
    tree = forger.tree(forger.tip)
    proof = forger.proof(tree, (forger.tip, work), **fields)
    return forger.merge(forger.tip, work, tree=tree, proof=proof, trailer=trailer)


ATTACKS: dict[str, tuple[Callable[[Forger], str], str]] = {
    "a direct commit": (lambda f: f.work(f.tip), "merges of two only: .* has 1 parents"),
    "a direct commit with true evidence": (lambda f: f.merge(f.tip, tree=f.tree(f.tip)), "merges of two only"),
    "the attempt itself, by fast-forward": (lambda f: f.work(f.work(f.tip), "more"), "merges of two only"),
    "backwards": (lambda f: f.git.line("rev-parse", f"{f.tip}~"), "forward only: .* does not contain the old tip"),
    "amended": (lambda f: f.merge(*f.git.commit(f.tip).parents), "forward only"),
    "elsewhere": (lambda f: f.hub.start, "forward only"),
    "parents swapped": (swapped, "first parents of .* do not lead to the old tip"),
    "three parents": (
        lambda f: f.merge(f.tip, f.work(f.tip), f.work(f.tip, "b")), "merges of two only: .* has 3 parents"
    ),
    "one parent twice": (twice, "both parents of .* are the same"),
    "what is contained already": (
        lambda f: f.merge(f.tip, f.hub.start), "merges what its first parent contains already"
    ),
    "no evidence": (unproven, "names no evidence"),
    "no evidence further down": (on_an_unproven_merge, "names no evidence"),
    "evidence that is not there": (
        lambda f: f.merge(f.tip, f.work(f.tip), proof="0" * 64), "the evidence .* names, 000000000000, is not here"
    ),
    "evidence about another tree": (
        lambda f: by_other_evidence(f, tree=f.tree(f.tip)), "about another tree or other parents"
    ),
    "evidence about other parents": (
        lambda f: by_other_evidence(f, parents=[f.tip, f.tip]), "about another tree or other parents"
    ),
    "evidence about a tree deeper down": (
        lambda f: by_other_evidence(f, tree=None, batch={"tree": f.tree(f.work(f.tip))}), "about another tree"
    ),
    "evidence that is no record": (
        lambda f: f.merge(f.tip, f.work(f.tip), proof=evidence.keep(f.git, ["a list"])[0]), "is no record"  # type: ignore[list-item]
    ),
    "a file slipped in": (evil, "is not what git makes of its parents"),
    "a resolution that evidence does not know": (
        lambda f: resolved(f, "Conflict-Resolution: architect\n"), "do not agree on who has resolved a conflict"
    ),
    "a resolution that the commit does not tell": (
        lambda f: resolved(f, "", resolution={"by": "architect"}), "do not agree on who has resolved a conflict"
    ),
    "a resolution without a gate": (
        lambda f: resolved(f, "Conflict-Resolution: a\n", resolution={"by": "a"}, gate="none"), "no gate has passed"
    ),
}  # fmt: skip


@pytest.mark.parametrize("branch", [PHASE, PLAN])
@pytest.mark.parametrize("attack", ATTACKS)
def test_a_branch_of_the_hub_grows_by_merges_that_rest_on_evidence_and_by_nothing_else(
    told: Story, attack: str, branch: str
) -> None:
    make, rule = ATTACKS[attack]
    forger = Forger(told, branch)
    commit = make(forger)
    with refused(forger.hub, rule):
        forger.git.move(branch, commit, forger.tip)
    with refused(forger.hub, rule):
        forger.git.run("update-ref", branch, commit)  # without saying what it was before


def test_what_the_rules_ask_for_is_let_through(forger: Forger) -> None:
    first = forger.merge(forger.tip, forger.work(forger.tip))
    second = forger.merge(first, forger.work(forger.tip, "older base"))
    assert forger.git.move(PHASE, second, forger.tip)  # two at once
    same = forger.git.write_commit(forger.tree(second), (second,), "Nothing to change\n")
    third = forger.merge(second, same)
    assert forger.git.move(PHASE, third, second)
    forger.tip = third
    ours = resolved(forger, "Conflict-Resolution: architect\n", resolution={"by": "architect"})
    assert forger.git.move(PHASE, ours, third)
    forger.git.run("update-ref", PHASE, ours, ours)


def test_evidence_may_come_in_the_transaction_that_names_it_and_must_come_at_all(forger: Forger) -> None:
    git, work = forger.git, forger.work(forger.tip)
    tree = forger.tree(work)
    record: evidence.Record = {"kind": "merge", "tree": tree, "parents": [forger.tip, work], "now": True}
    refs = evidence.written(git, [record])
    name = evidence.name_of(evidence.canonical(record))
    merge = git.write_commit(tree, (forger.tip, work), f"Merge\n\nSparc-Evidence: sha256:{name}\n")
    with refused(forger.hub, "is not here"):
        git.move(PHASE, merge, forger.tip)
    other = {ref: git.write_blob(b"{}") for ref in refs}
    with refused(forger.hub, "a blob that hashes to its name"):
        git.move(PHASE, merge, forger.tip, other)
    assert git.move(PHASE, merge, forger.tip, refs)
    assert evidence.fetch(git, name) == record
    later = forger.merge(merge, forger.work(merge, "later"))
    assert git.move(PHASE, later, merge, refs)  # which are there already
    lost = evidence.written(git, [{"kind": "lost"}])
    assert not git.move(PHASE, merge, ZERO, lost)
    assert not git.refs(*lost)


# -- everyone who goes through git


PUSHES = [
    ("push", "origin", "HEAD:refs/heads/sparc/ledger"),
    ("push", "--force", "origin", "HEAD~2:refs/heads/sparc/ledger"),
    ("push", "--no-verify", "origin", "HEAD:refs/heads/agent/1-specification/slos/9"),
    ("push", "origin", ":refs/heads/sparc/ledger"),
    ("push", "--mirror", "origin"),
    ("push", "--atomic", "origin", "HEAD:refs/tags/x"),
    ("-c", "core.hooksPath=/dev/null", "push", "origin", "HEAD:refs/heads/sparc/ledger"),
    ("push", "--receive-pack=git -c receive.denyNonFastForwards=false receive-pack", "origin", "+HEAD~2:{plan}"),
    ("push", "--receive-pack=git -c core.attributesFile=x receive-pack", "origin", "HEAD:{plan}"),
]


@pytest.mark.parametrize("words", PUSHES, ids=" ".join)
def test_a_push_is_refused_in_words(
    told: Story, tmp_path: Path, git: RunGit, commit: Commit, words: tuple[str, ...]
) -> None:
    git(tmp_path, "clone", "--quiet", "--shared", "--branch", "sparc/ledger", str(told.hub.directory), "clone")
    commit(tmp_path / "clone", {"mine": "mine"})
    before = told.hub.git.refs("refs/")
    said = git(tmp_path / "clone", *(word.replace("{plan}", PLAN) for word in words), fails=True)
    assert re.search("only sparc writes here|denying|deletion prohibited", said), said
    assert told.hub.git.refs("refs/") == before


def test_the_callers_environment_and_configuration_do_not_loosen_the_rules(
    told: Story, tmp_path: Path, git: RunGit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is said by variables that git hands on to its hooks, and by a configuration of the caller's."""
    forger, objects = Forger(told), tmp_path / "objects"
    hub = forger.hub
    objects.mkdir()
    (tmp_path / "grafts").write_text(f"{forger.hub.start} {forger.tip}\n")
    (tmp_path / "gitconfig").write_text("[core]\n\thooksPath = /dev/null\n[merge]\n\trenames = false\n")
    made = evil(forger)
    before = hub.git.refs("refs/")
    for name, value in {
        "GIT_OBJECT_DIRECTORY": str(objects), "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(hub.directory / "objects"),
        "GIT_GRAFT_FILE": str(tmp_path / "grafts"), "GIT_CONFIG_GLOBAL": str(tmp_path / "gitconfig"),
        "GIT_REPLACE_REF_BASE": "refs/heads/", "GIT_NAMESPACE": "x", "PYTHONPATH": str(tmp_path), "PYTHONSTARTUP": "/x",
        "ENV": "/x", "BASH_ENV": "/x",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    for target in (made, hub.start, forger.work(forger.tip)):
        said = git(tmp_path, f"--git-dir={hub.directory}", "update-ref", PHASE, target, fails=True)
        assert "the hub refuses" in said
    monkeypatch.undo()
    assert hub.git.refs("refs/") == before


def test_objects_that_lie_elsewhere_make_no_branch(forger: Forger, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    env = {
        "GIT_OBJECT_DIRECTORY": str(tmp_path / "elsewhere"),
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(forger.git.directory / "objects"),
    }
    aside = Git(forger.git.directory, env, ledger=forger.hub.ledger)
    work = aside.write_commit(forger.tree(forger.tip), (forger.tip,), "Elsewhere\n")
    with refused(forger.hub, "it is to be a commit"):
        aside.run("update-ref", "refs/heads/release/x", work)


def test_a_work_tree_of_the_hub_is_under_the_same_rules(forger: Forger, tmp_path: Path, git: RunGit) -> None:
    Git(forger.git.directory).run("worktree", "add", "--quiet", "--detach", str(tmp_path / "tree"), PLAN)
    (tmp_path / "tree/file").write_text("mine")
    git(tmp_path / "tree", "add", "file")
    before = forger.git.refs("refs/")
    for words in (("commit", "--no-verify", "-m", "x"), ("branch", "other"), ("update-ref", PLAN, "HEAD~")):
        assert "the hub refuses" in git(tmp_path / "tree", *words, fails=True)
    assert forger.git.refs("refs/") == before


def test_history_that_is_made_to_look_otherwise_makes_the_hook_refuse_everything(forger: Forger) -> None:
    """Grafts that a hook would be shown; by somebody whose git does not look first, as ours does."""
    others = Git(forger.git.directory, {"GIT_CONFIG_COUNT": "0"})
    (forger.git.directory / "info/grafts").write_text(f"{forger.hub.start} {forger.tip}\n")
    with pytest.raises(GitError, match="info/grafts is there, which makes history look other than it is"):
        others.run("update-ref", "refs/heads/release/x", forger.tip)
