"""The hub keeps its rules against everyone who goes through git, even its own orchestrator; and notices the rest."""

import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tasks import evidence
from tasks.errors import Blocked
from tasks.git import ZERO, Git, GitError
from tasks.hub import Hub, create_hub
from tasks.integrate import candidate
from tasks.repository import Repository

RunGit = Callable[..., str]
Commit = Callable[..., str]
Story = Any  # see conftest.py
PHASE, PLAN = "refs/heads/phase/2-refinement", "refs/heads/sparc/ledger"


class Forger:
    """Makes commits as an attacker would, on a hub in which two phases have passed and one is under way."""

    def __init__(self, story: Story, branch: str = PHASE) -> None:
        self.hub: Hub = story.hub
        self.git: Git = story.hub.git
        self.tip = self.hub.tip(branch)

    def work(self, on: str, name: str = "work") -> str:
        """A commit that adds one file, as an attempt leaves it."""
        with TemporaryDirectory() as scratch:
            index = Git(self.git.directory, {"GIT_INDEX_FILE": f"{scratch}/index"})
            index.run("read-tree", on)
            index.run("update-index", "--add", "--cacheinfo", f"100644,{self.git.write_blob(name.encode())},{name}")
            return self.git.write_commit(index.line("write-tree"), (on,), "Work\n")

    def proof(self, tree: str, parents: tuple[str, ...], /, **fields: object) -> str:
        """Evidence that is as it has to be, unless the fields say otherwise."""
        record: dict[str, Any] = {"kind": "merge", "gate": "passed", "tree": tree, "parents": list(parents)}
        (name,) = evidence.keep(self.git, [record | fields])
        return name

    def merge(self, *parents: str, tree: str = "", proof: str = "", trailer: str = "") -> str:
        """A merge of these, with git's own tree and true evidence of it, unless others are given."""
        tree = tree or (self.git.merge(*parents[:2]).tree if len(parents) > 1 else self.tree(parents[0]))
        proof = proof or self.proof(tree, parents)
        return self.git.write_commit(tree, parents, f"Merge\n\nSparc-Evidence: sha256:{proof}\n{trailer}")

    def tree(self, commit: str) -> str:
        """The tree of a commit."""
        return self.git.resolve(commit, "tree") or ""


@pytest.fixture(scope="module")
def told(begin: Callable[[Path], Story], tmp_path_factory: pytest.TempPathFactory) -> Story:
    """For attacks that change nothing, and to be copied for all else."""
    story = begin(tmp_path_factory.mktemp("told"))
    story.two_phases()
    story.hub.tag_good(story.repository)
    return story


@pytest.fixture
def forger(told: Story, tmp_path: Path) -> Forger:
    return Forger(told.copied(tmp_path))


@contextmanager
def refused(hub: Hub, rule: str) -> Iterator[None]:
    """What is done in the block is refused in these words, and changes no reference."""
    before = hub.git.refs("refs/")
    with pytest.raises(GitError, match=rule):
        yield
    assert hub.git.refs("refs/") == before


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


# -- what is made once, what never is, and what never goes


@pytest.mark.parametrize(
    "ref",
    [
        "refs/heads/main", "refs/heads/other", "refs/heads/sparc/other", "refs/heads/sparc/ledger-2",
        "refs/heads/agents", "refs/notes/commits", "refs/replace/{start}", "refs/stash", "refs/tags/v1",
        "refs/tags/good/other/1", "HEAD", "ORIG_HEAD", "refs/remotes/origin/sparc/ledger",
    ],
)  # fmt: skip
def test_what_has_no_place_in_the_hub_is_refused(told: Story, ref: str) -> None:
    with refused(told.hub, "no such reference belongs here"):
        told.hub.git.run("update-ref", ref.format(start=told.hub.start), told.hub.plan_tip)


def test_what_has_its_place_is_made_once(forger: Forger) -> None:
    git, work, begin = forger.git, forger.work(forger.tip), forger.hub.plan_tip
    phase = "refs/heads/phase/3-completion"
    with refused(forger.hub, "it begins at the tip of the plan's branch"):
        git.create_refs({phase: work})
    kinds = ("agent/1-specification/slos/1", "resolution/1-specification/slos/1", "release/abc", "revert/abc")
    for ref in (phase, *(f"refs/heads/{kind}" for kind in kinds)):
        with refused(forger.hub, "begins at|to be a commit|non-commit object"):
            git.create_refs({ref: git.write_blob(b"x")})
        git.create_refs({ref: begin})
        git.create_refs({ref: begin})
        with refused(forger.hub, "made once and never moved|forward only"):
            git.run("update-ref", ref, work)
        with refused(forger.hub, "nothing is ever deleted here"):
            git.run("update-ref", "-d", ref)


def test_the_plans_branch_begins_where_the_run_did(hub: Hub, users: Repository, tmp_path: Path) -> None:
    create_hub(tmp_path / "new.git", users, "r", "plan", hub.start)
    (tmp_path / "new.git/refs/heads/sparc/plan").unlink()
    git = Hub(tmp_path / "new.git", "r", "plan", hub.start).git
    with pytest.raises(GitError, match="it begins at the commit that the run started from"):
        git.move("refs/heads/sparc/plan", git.line("rev-parse", f"{hub.start}~"), ZERO)
    assert git.move("refs/heads/sparc/plan", hub.start, ZERO)


def tag_of(git: Git, commit: str, name: str, kind: str = "commit") -> str:
    tagger = "tagger sparc <sparc@localhost> 1700000000 +0000"
    return git.line("mktag", stdin=f"object {commit}\ntype {kind}\ntag {name}\n{tagger}\n\nGood\n".encode())


def test_a_good_tag_is_an_annotated_one_of_a_merge_of_the_plan_and_never_moves(forger: Forger) -> None:
    git, hub, ref = forger.git, forger.hub, "refs/tags/good/ledger/3"
    for target, rule in (
        (hub.plan_tip, "an annotated tag"),
        (tag_of(git, hub.plan_tip, "good/ledger/4"), "a tag of that name"),
        (tag_of(git, forger.tree(hub.start), "good/ledger/3", "tree"), "a tag of that name, of a commit"),
        (tag_of(git, hub.start, "good/ledger/3"), "not one of the merges that the plan's branch consists of"),
        (tag_of(git, forger.tip, "good/ledger/3"), "not one of the merges that the plan's branch consists of"),
    ):
        with refused(hub, rule):
            git.create_refs({ref: target})
    good = tag_of(git, hub.plan_tip, "good/ledger/3")
    for name in ("good/ledger/x", "good/ledger/03", "good/ledger/a/3", "good/ledger/3a"):
        with refused(hub, "that ends with a number"):
            git.create_refs({f"refs/tags/{name}": good})
    git.create_refs({ref: good})
    with refused(hub, "made once and never moved"):
        git.run("update-ref", ref, tag_of(git, f"{git.line('rev-parse', f'{hub.plan_tip}~')}", "good/ledger/3"))
    with refused(hub, "nothing is ever deleted here"):
        git.run("tag", "--delete", "good/ledger/1")


def test_evidence_is_a_blob_that_hashes_to_its_name_and_never_changes(forger: Forger) -> None:
    git = forger.git
    document = b'{"kind":"x"}'
    ref = evidence.NAMESPACE + evidence.name_of(document)
    blob = git.write_blob(document)
    for oid in (git.write_blob(b"{}"), forger.tip, forger.tree(forger.tip)):
        with refused(forger.hub, "a blob that hashes to its name"):
            git.create_refs({ref: oid})
    with refused(forger.hub, "a blob that hashes to its name"):
        git.create_refs({f"{evidence.NAMESPACE}x": blob})
    git.create_refs({ref: blob})
    with refused(forger.hub, "made once and never moved"):
        git.run("update-ref", ref, git.write_blob(b"{}"))


def test_nothing_is_deleted_or_renamed_and_head_stays(forger: Forger) -> None:
    for words in (
        ("branch", "-D", "sparc/ledger"), ("branch", "-m", "sparc/ledger", "release/x"),
        ("update-ref", "-d", PHASE), ("branch", "-f", "sparc/ledger", forger.hub.start),
        ("replace", forger.tip, forger.hub.start), ("notes", "add", "-m", "x", forger.tip),
        ("update-ref", "--no-deref", "HEAD", forger.tip), ("tag", "-f", "good/ledger/1", forger.tip),
    ):  # fmt: skip
        with refused(forger.hub, "nothing is ever deleted|no such reference|forward only|made once|annotated"):
            forger.git.run(*words)
    Git(forger.git.directory).run("symbolic-ref", "HEAD", PLAN)  # which git asks no hook about
    with pytest.raises(Blocked, match="HEAD is not as sparc wrote it"):
        forger.git.create_refs({"refs/heads/release/x": forger.tip})


def test_a_transaction_of_which_one_part_breaks_a_rule_changes_nothing(forger: Forger) -> None:
    orders = f"create refs/heads/release/x\0{forger.tip}\0create refs/heads/x\0{forger.tip}\0".encode()
    with refused(forger.hub, "refuses refs/heads/x: no such reference"):
        forger.git.run("update-ref", "--stdin", "-z", stdin=orders)


@pytest.mark.parametrize("words", [("pack-refs", "--all"), ("gc", "--quiet"), ("gc", "--prune=now", "--quiet")])
def test_references_can_be_packed_and_the_rules_hold_for_packed_ones(forger: Forger, words: tuple[str, ...]) -> None:
    before, kept = forger.git.refs("refs/"), forger.git.line("rev-list", "--objects", "--all", "--count")
    forger.git.run(*words)
    assert forger.git.refs("refs/") == before
    assert forger.git.line("rev-list", "--objects", "--all", "--count") == kept
    assert not (forger.git.directory / PLAN).exists()  # packed it is
    for order in (("update-ref", "-d", PLAN), ("branch", "-D", "sparc/ledger"), ("update-ref", PLAN, forger.hub.start)):
        with refused(forger.hub, "nothing is ever deleted|forward only"):
            forger.git.run(*order)
    merge = forger.merge(forger.tip, forger.work(forger.tip))
    assert forger.git.move(PHASE, merge, forger.tip)
    with refused(forger.hub, "nothing is ever deleted"):  # loose and packed, with two values
        forger.git.run("update-ref", "-d", PHASE)


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


# -- what the rules rest on


def overwritten(path: str, text: str) -> Callable[[Path], None]:
    def overwrite(hub: Path) -> None:
        (hub / path).write_text(text)

    return overwrite


def added(path: str) -> Callable[[Path], None]:
    def add(hub: Path) -> None:
        (hub / path).parent.mkdir(exist_ok=True)
        (hub / path).write_text("x")

    return add


def linked(hub: Path) -> None:
    hook = hub / "hooks/reference-transaction"
    hook.rename(hub.parent / "hook")
    hook.symlink_to(hub.parent / "hook")


def piped(hub: Path) -> None:
    (hub / "config").unlink()
    os.mkfifo(hub / "config")


TAMPERED: dict[str, tuple[Callable[[Path], object], str]] = {
    "hook not executable": (lambda hub: (hub / "hooks/reference-transaction").chmod(0o644), "is not executable"),
    "push hook not executable": (lambda hub: (hub / "hooks/pre-receive").chmod(0o600), "is not executable"),
    "hook writable": (lambda hub: (hub / "hooks/reference-transaction").chmod(0o777), "needs mode 755"),
    "hook gone": (lambda hub: (hub / "hooks/reference-transaction").unlink(), "cannot be read"),
    "hooks gone": (lambda hub: (hub / "hooks").rename(hub / "hoox"), "cannot be read"),
    "hook changed": (overwritten("hooks/reference-transaction", "#!/bin/sh\nexit 0\n"), "is not as sparc wrote it"),
    "hook a link": (linked, "cannot be read"),
    "rules changed": (overwritten("hooks/rules.py", "def main():\n    pass\n"), "is not as sparc wrote it"),
    "compiled rules changed": (
        lambda hub: next((hub / "hooks/__pycache__").iterdir()).write_bytes(b"x"), "is not as sparc wrote it"
    ),
    "compiled rules added": (added("hooks/__pycache__/rules.cpython-399.pyc"), "sparc has put no such file there"),
    "another hook": (added("hooks/post-index-change"), "sparc has put no such file there"),
    "a module beside the rules": (added("hooks/_json.py"), "sparc has put no such file there"),
    "configuration": (
        lambda hub: (hub / "config").write_text((hub / "config").read_text() + "[gc]\n\tpruneExpire = now\n"),
        "config is not as sparc wrote it",
    ),
    "configuration a pipe": (piped, "config is not as sparc wrote it"),
    "configuration of a work tree": (added("config.worktree"), "no such file"),
    "grafts": (added("info/grafts"), "no such file"),
    "shallow": (added("shallow"), "no such file"),
    "another repository": (overwritten("commondir", ".\n"), "no such file"),
    "attributes": (overwritten("info/attributes", "* merge=union\n"), "is not as sparc wrote it"),
    "alternates": (
        lambda hub: (hub / "objects/info/alternates").write_text("/else\n"), "alternates is not as sparc wrote it"
    ),
    "head": (overwritten("HEAD", "ref: refs/heads/sparc/ledger\n"), "HEAD is not as sparc wrote it"),
    "seal gone": (lambda hub: (hub / "sparc.json").unlink(), "sparc.json is missing or no longer what it was"),
    "seal emptied": (overwritten("sparc.json", "{}"), "sparc.json is missing or no longer what it was"),
    "seal shortened": (
        overwritten("sparc.json", '{"directory": "/", "programs": ["/x", "/y"], "files": {}}'), "no longer what it was"
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", TAMPERED)
def test_no_reference_is_moved_while_what_the_rules_rest_on_is_not_as_it_was(story: Story, what: str) -> None:
    hub: Hub = story.hub
    hub.ledger.check()
    tamper, words = TAMPERED[what]
    before = (hub.directory / PLAN).read_text()
    tamper(hub.directory)
    for act in (
        lambda: hub.git.create_refs({"refs/heads/release/x": hub.start}),
        lambda: hub.git.move("refs/heads/release/x", hub.start, ZERO),
        lambda: evidence.keep(hub.git, [{"kind": "x"}]),
        lambda: hub.make_ready(story.repository),
    ):
        with pytest.raises(Blocked, match=words) as told:
            act()
        assert str(hub.directory) in str(told.value)
        assert "resume" in str(told.value)
    assert (hub.directory / PLAN).read_text() == before
    assert not (hub.directory / "refs/heads/release").exists()


def test_the_rules_of_a_run_stay_what_they_were_when_its_hub_is_moved_or_python_is(
    story: Story, tmp_path: Path, git: RunGit
) -> None:
    rules = story.hub.directory / "hooks/rules.py"
    moved = story.hub.directory.rename(tmp_path / 'it has moved, "really"')
    hub = Hub(moved, story.hub.run, story.hub.plan, story.hub.start)
    assert hub.ledger.moved
    (moved / "hooks/.rules.py.1-1.tmp").touch()  # a kill came when this was done before
    hub.make_ready(story.repository)
    hub.make_ready(story.repository)
    assert not hub.ledger.moved
    assert str(moved) in (moved / "sparc.json").read_text().replace("\\", "")
    assert git(moved, "config", "core.hooksPath") == str(moved / "hooks")
    with pytest.raises(GitError, match="no such reference"):
        hub.git.create_refs({"refs/heads/x": hub.start})
    assert not rules.exists()
    seal = moved / "sparc.json"
    python = os.path.realpath(sys.executable)
    seal.write_text(seal.read_text().replace(python, "/gone/python3"))
    assert hub.ledger.moved
    hub.make_ready(story.repository)
    assert "/gone" not in seal.read_text()


def test_a_merge_is_refused_by_git_itself_whatever_our_code_believes(story: Story) -> None:
    """The whole way that a run takes, with a candidate that is not what was measured."""
    story.assignment(1, "specification", "slos", {"docs/slos.md": "# SLOs\n"})
    hub: Hub = story.hub
    found = candidate(hub.git, hub.plan_branch, hub.tip(hub.phase_branch(1, "specification")))
    gate = story.gate(found, tree="0" * 40)
    with pytest.raises(GitError, match="about another tree or other parents"):
        story.phase(1, "specification", gate)
    assert hub.plan_tip == hub.start
