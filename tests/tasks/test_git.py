"""Git as the orchestrator speaks it: every byte of a name, git's own merges, and no lost update."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tasks.git import ZERO, Git, GitError, listing, paths
from tasks.repository import Repository
from tests.tasks.gits import ROOT, STRANGE, Commit, RunGit, commit_of
from tests.trees import tree_of

# -- names


def test_every_name_comes_through_whole(bare: Git, tmp_path: Path) -> None:
    names = [os.fsdecode(name) for name in STRANGE]
    old = tree_of(bare, {})
    tree = tree_of(bare, dict.fromkeys(names, b"text"))
    assert sorted(file.path for file in bare.tree_files(tree)) == sorted(names)
    assert sorted(bare.changed(old, tree)) == sorted(names)
    assert [bare.read(tree, name) for name in names] == [b"text"] * len(names)
    bare.checkout(tree, tmp_path / "tree")
    assert sorted(os.fsencode(file.name) for file in (tmp_path / "tree").iterdir()) == sorted(STRANGE)
    assert paths(listing(names)) == names
    assert paths(b"") == []
    left = commit_of(bare, dict.fromkeys(names, b"left"), base := commit_of(bare, dict.fromkeys(names, b"base")))
    right = commit_of(bare, dict.fromkeys(names, b"right"), base)
    assert sorted(bare.merge(left, right).conflicts) == sorted(names)


def test_files_are_listed_with_mode_and_size(users: Repository, git: RunGit, commit: Commit) -> None:
    (users.path / "link").symlink_to("../../outside")
    (users.path / "run.sh").chmod(0o755)
    tip = commit(users.path, {})
    found = {file.path: file for file in users.git.tree_files(tip)}
    listed = {path: (file.mode, file.size) for path, file in found.items()}
    assert (listed["link"], listed["run.sh"]) == (("120000", len("../../outside")), ("100755", 10))
    assert found["run.sh"].blob == git(users.path, "rev-parse", f"{tip}:run.sh")
    assert found["src/app.py"].size == 13
    assert git(users.path, "ls-files").splitlines() == sorted(found)


def test_only_regular_files_are_read(users: Repository, commit: Commit) -> None:
    (users.path / "link").symlink_to("src/app.py")
    tip = commit(users.path, {})
    assert users.git.read(tip, "src/app.py") == b"print('app')\n"
    assert [users.git.read(tip, path) for path in ("link", "src", "nothing", "src/app.py/x")] == [None] * 4


def test_a_change_is_named_on_both_sides(users: Repository, commit: Commit) -> None:
    old = users.tip("main") or ""
    (users.path / "run.sh").chmod(0o755)
    new = commit(
        users.path, {"src/lib.py": None, "src/moved.py": "LIB = 1\n", "docs/guide.md": None, "docs/a/b.md": "b"}
    )
    assert users.git.changed(old, new) == ("docs/a/b.md", "docs/guide.md", "run.sh", "src/lib.py", "src/moved.py")
    assert users.git.changed(old, old) == ()


@pytest.mark.parametrize("name", ["--help", "-n", "no-such", "main..main", "", "main:src/app.py", "HEAD@{99}", "x\ny"])
def test_a_name_that_means_no_commit_resolves_to_none(users: Repository, name: str) -> None:
    assert users.git.resolve(name) is None
    tip = users.git.resolve("main")
    assert tip == users.git.resolve("HEAD")
    assert tip is not None
    assert users.git.resolve(tip, "tree") == users.git.commit(tip).tree


def test_a_message_tells_its_last_trailers(bare: Git) -> None:
    tree = tree_of(bare, {})
    text = "Subject: no trailer\n\nSparc-Run: body\n\nSparc-Run: first\nSparc-Run: last\nnot a trailer: x\nKey:no\n"
    commit = bare.commit(bare.write_commit(tree, (), text))
    assert commit.trailers == {"Sparc-Run": "last"}
    assert commit.subject == "Subject: no trailer"
    assert (commit.tree, commit.parents) == (tree, ())


def test_objects_are_read_in_order_and_a_missing_one_is_an_error(bare: Git) -> None:
    contents = [b"", b"\n", b"a\nblob 3\n", b"\0" * 70_000, b"last"]
    names = [bare.write_blob(data) for data in contents]
    assert list(bare.objects(names)) == list(zip(names, contents, strict=True))
    assert list(bare.objects([])) == []
    with pytest.raises(GitError, match=f"{'1' * 40} missing"):
        list(bare.objects([names[0], "1" * 40]))


def test_an_error_carries_the_command_and_gits_own_words(bare: Git) -> None:
    with pytest.raises(GitError, match=r"git cat-file commit .*bare\.git: fatal: Not a valid object name nonsense"):
        bare.run("cat-file", "commit", "nonsense")


# -- merging


def test_a_tree_that_cannot_be_read_is_no_empty_one(bare: Git) -> None:
    contents = ({"x": b"1", "y": b"1"}, {"x": b"2", "y": b"1"}, {"x": b"1", "y": b"2"})
    folders = [tree_of(bare, files) for files in contents]
    roots = [bare.line("mktree", stdin=f"040000 tree {folder}\td\n".encode()) for folder in folders]
    base = bare.write_commit(roots[0], (), "Base\n")
    ours, theirs = (bare.write_commit(root, (base,), "Work\n") for root in roots[1:])
    assert bare.merge(ours, theirs).conflicts == ()
    (bare.directory / "objects" / folders[1][:2] / folders[1][2:]).unlink()
    with pytest.raises(GitError, match="merge-tree"):
        bare.merge(ours, theirs)


def test_a_clean_merge_holds_both_sides(bare: Git) -> None:
    base = commit_of(bare, {"a": b"1\n2\n3\n4\n5\n", "b": b"b\n"})
    left = commit_of(bare, {"a": b"L\n2\n3\n4\n5\n", "b": b"b\n"}, base)
    right = commit_of(bare, {"a": b"1\n2\n3\n4\nR\n", "c": b"c\n"}, base)
    merge = bare.merge(left, right)
    assert merge.conflicts == ()
    assert {file.path: bare.read(merge.tree, file.path) for file in bare.tree_files(merge.tree)} == {
        "a": b"L\n2\n3\n4\nR\n",
        "c": b"c\n",
    }


@pytest.mark.parametrize(
    ("left", "right", "path"),
    [
        ({"a": b"left\n", "b": b"b\n"}, {"a": b"right\n", "b": b"b\n"}, "a"),
        ({"b": b"b\n"}, {"a": b"edited\n", "b": b"b\n"}, "a"),
        ({"a": b"a\n", "b": b"b\n", "new": b"left\n"}, {"a": b"a\n", "b": b"b\n", "new": b"right\n"}, "new"),
        ({"a": b"\0left", "b": b"b\n"}, {"a": b"\0right", "b": b"b\n"}, "a"),
    ],
    ids=["content", "modify and delete", "both add", "binary"],
)
def test_a_conflict_is_named_by_its_path(bare: Git, left: dict[str, bytes], right: dict[str, bytes], path: str) -> None:
    base = commit_of(bare, {"a": b"a\n", "b": b"b\n"})
    sides = commit_of(bare, left, base), commit_of(bare, right, base)
    assert bare.merge(*sides).conflicts == (path,)
    assert bare.merge(*reversed(sides)).conflicts == (path,)


def test_a_file_where_the_other_side_has_a_folder_is_a_conflict(users: Repository, git: RunGit, commit: Commit) -> None:
    file = commit(users.path, {"new": "file"})
    git(users.path, "checkout", "--quiet", "-b", "folder", "HEAD~")
    folder = commit(users.path, {"new/inside": "folder"})
    assert any(path.startswith("new") for path in users.git.merge(file, folder).conflicts)


def test_a_merge_driver_or_union_in_the_trees_attributes_decides_nothing(bare: Git) -> None:
    rules = {".gitattributes": b"* merge=union\n"}
    base = commit_of(bare, rules | {"a": b"a\n"})
    sides = commit_of(bare, rules | {"a": b"l\n"}, base), commit_of(bare, rules | {"a": b"r\n"}, base)
    assert bare.merge(*sides).conflicts == ("a",)


def test_merging_what_is_no_commit_is_an_error(bare: Git) -> None:
    with pytest.raises(GitError, match="merge-tree"):
        bare.merge(commit_of(bare, {}), "1" * 40)


def test_containment(bare: Git) -> None:
    old = commit_of(bare, {})
    new = commit_of(bare, {"a": b"a"}, old)
    assert bare.ancestor(old, new)
    assert bare.ancestor(old, old)
    assert not bare.ancestor(new, old)
    with pytest.raises(GitError, match="merge-base"):
        bare.ancestor(old, "1" * 40)


# -- moving references


def test_a_branch_moves_only_from_the_value_that_was_named(bare: Git) -> None:
    branch = "refs/heads/main"
    first, second, third = (commit_of(bare, {"n": number}) for number in (b"1", b"2", b"3"))
    assert bare.move(branch, first, ZERO)
    assert not bare.move(branch, second, ZERO)
    assert not bare.move(branch, second, third)
    assert not bare.move(branch, second, "")  # to git that says: must not exist
    assert bare.refs("refs/heads/") == {branch: first}
    assert bare.move(branch, second, first)
    assert bare.refs("refs/heads/") == {branch: second}


def test_a_branch_never_moves_to_what_is_not_there(bare: Git) -> None:
    with pytest.raises(GitError, match="update-ref refs/heads/main"):
        bare.move("refs/heads/main", "1" * 40, ZERO)
    with pytest.raises(GitError, match=r"refs/heads/a\.lock"):
        bare.move("refs/heads/a.lock", commit_of(bare, {}), ZERO)
    assert bare.refs("refs/") == {}


def test_a_lock_that_a_kill_has_left_is_an_error_with_its_path(bare: Git) -> None:
    first = commit_of(bare, {})
    assert bare.move("refs/heads/main", first, ZERO)
    (bare.directory / "refs/heads/main.lock").touch()
    with pytest.raises(GitError, match=r"main\.lock': File exists"):
        bare.move("refs/heads/main", commit_of(bare, {"a": b"a"}, first), first)


def test_references_are_created_once_and_never_changed(bare: Git) -> None:
    first, second = commit_of(bare, {"n": b"1"}), commit_of(bare, {"n": b"2"})
    bare.create_refs({"refs/x/a": first, "refs/x/b": first})
    bare.create_refs({"refs/x/a": first, "refs/x/c": second})
    with pytest.raises(GitError, match="refs/x/a"):
        bare.create_refs({"refs/x/a": second})
    assert bare.refs("refs/x/") == {"refs/x/a": first, "refs/x/b": first, "refs/x/c": second}
    bare.create_refs({})


def test_many_who_create_the_same_references_at_once_all_succeed(bare: Git) -> None:
    wanted = {f"refs/x/{number}": bare.write_blob(b"%d" % number) for number in range(5)}
    problems: list[Exception] = []
    ready = threading.Barrier(6)

    def create() -> None:
        ready.wait()
        try:
            bare.create_refs(wanted)
        except GitError as problem:
            problems.append(problem)

    threads = [threading.Thread(target=create) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert bare.refs("refs/x/") == wanted


MERGER = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from tasks.git import Git
git, who, branch = Git(Path(sys.argv[2])), sys.argv[3], "refs/heads/main"
base = git.resolve("refs/heads/base")
for number in range(25):
    blob = git.write_blob(f"{who} {number}".encode())
    tree = git.line("mktree", stdin=f"100644 blob {blob}\\t{who}-{number}\\n".encode())
    change = git.write_commit(tree, (base,), "Change")
    while True:
        tip = git.resolve(branch)
        merge = git.merge(tip, change)
        if git.move(branch, git.write_commit(merge.tree, (tip, change), "Merge"), tip):
            break
"""


def test_of_a_hundred_merges_by_four_processes_none_is_lost(bare: Git) -> None:
    base = commit_of(bare, {})
    bare.create_refs({"refs/heads/base": base, "refs/heads/main": base})
    command = (sys.executable, "-c", MERGER, str(ROOT), str(bare.directory))
    workers = [subprocess.Popen((*command, who)) for who in "abcd"]
    assert [worker.wait(120) for worker in workers] == [0] * 4
    merges = list(bare.first_parents(base, "refs/heads/main"))
    assert [len(merge.parents) for merge in merges] == [2] * 100
    names = {file.path for file in bare.tree_files("refs/heads/main")}
    assert names == {f"{who}-{number}" for who in "abcd" for number in range(25)}
