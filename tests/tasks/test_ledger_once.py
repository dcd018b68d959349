"""What is made once in the hub, what never is, and what never goes."""

from pathlib import Path

import pytest

from tasks import evidence
from tasks.errors import Blocked
from tasks.git import ZERO, Git, GitError
from tasks.hub import Hub, create_hub
from tasks.repository import Repository
from tests.tasks.hubs import PHASE, PLAN, Forger, refused
from tests.tasks.stories import Story


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
