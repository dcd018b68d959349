"""Git as the orchestrator speaks it: nobody else's configuration, every byte of a name, and no lost update."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.git import ZERO, Git, GitError, listing, paths
from tasks.git_directories import clone, create_bare, discover, scratch_repository, users_git
from tasks.repository import Repository

RunGit = Callable[..., str]
Commit = Callable[..., str]

ROOT = Path(__file__).parents[2]
STRANGE = (
    b"new\nline",
    b'quo"te',
    b"\xff\xfe",
    b"-rf",
    b"--",
    b" space ",
    b"tab\t",
    b"back\\slash",
    b":(top)x",
    b"*",
    b"\xc3\xa9",
)
ATTRIBUTES = "* text eol=crlf ident working-tree-encoding=UTF-16LE filter=evil diff=evil merge=evil\n"


@pytest.fixture
def bare(tmp_path: Path) -> Git:
    """An empty repository of ours."""
    return create_bare(tmp_path / "bare.git")


def tree_of(git: Git, files: dict[str, bytes]) -> str:
    """Store files as a flat tree."""
    entries = [(f"100644 blob {git.write_blob(data)}\t{name}") for name, data in files.items()]
    return git.line("mktree", "-z", stdin=listing(entries))


def commit_of(git: Git, files: dict[str, bytes], *parents: str) -> str:
    return git.write_commit(tree_of(git, files), parents, "Work\n")


# -- nobody else's configuration


@pytest.fixture
def trap(tmp_path: Path, users: Repository, git: RunGit, commit: Commit) -> Path:
    """A file that appears as soon as anything runs that the user's repository has configured or installed."""
    sprung = tmp_path / "sprung"
    program = tmp_path / "trap"
    program.write_text(f"#!/bin/sh\necho $0 $* >> {sprung}\ncat\n")
    program.chmod(0o755)
    attributes = ATTRIBUTES.replace("working-tree-encoding=UTF-16LE ", "")
    commit(users.path, {".gitattributes": attributes, "text.txt": "one\n$Id$\n"})
    for key in (
        "core.fsmonitor", "filter.evil.smudge", "filter.evil.clean", "diff.evil.textconv", "diff.evil.command",
        "diff.external", "merge.evil.driver", "core.sshCommand", "core.pager", "core.editor", "credential.helper",
        "uploadpack.packObjectsHook", "core.alternateRefsCommand",
    ):  # fmt: skip
        git(users.path, "config", key, str(program))
    git(users.path, "config", "filter.evil.required", "true")
    for hook in (
        "reference-transaction",
        "post-checkout",
        "post-index-change",
        "pre-commit",
        "post-update",
        "pre-push",
    ):
        (users.git.directory / "hooks").mkdir(exist_ok=True)
        (users.git.directory / "hooks" / hook).symlink_to(program)
    sprung.unlink(missing_ok=True)
    return sprung


def test_nothing_that_a_repository_configures_is_run(trap: Path, users: Repository, tmp_path: Path) -> None:
    git, tip = users.git, users.tip("main") or ""
    other = git.write_commit(git.resolve(tip, "tree") or "", (tip,), "Other\n")
    assert git.move("refs/heads/other", other, ZERO)
    assert git.merge(tip, other).conflicts == ()
    git.changed(f"{tip}~", tip)
    git.create_refs({"refs/sparc/x": tip})
    clone(git.directory, "refs/heads/main", tmp_path / "clone", tmp_path)
    discover(users.path)
    with scratch_repository(git) as scratch:
        scratch.checkout(tip, tmp_path / "again")
    assert not trap.exists()


def test_in_the_users_own_work_tree_filters_run_and_programs_that_only_watch_do_not(
    trap: Path, users: Repository
) -> None:
    mine = users_git(users.path)
    (users.path / "text.txt").unlink()
    mine.run("status")
    mine.run("checkout-index", "--all")
    mine.run("update-ref", "refs/heads/other", "HEAD")
    # a filter is called without arguments; git gives some to fsmonitor, and these hooks have other names
    assert {line.rpartition("/")[2] for line in trap.read_text().splitlines()} == {"trap"}


def test_a_checkout_has_the_stored_bytes_whatever_the_attributes_say(bare: Git, tmp_path: Path) -> None:
    files = {
        ".gitattributes": ATTRIBUTES.encode(), "unix.txt": b"a\nb\n", "dos.txt": b"a\r\nb\r\n", "id.c": b"/* $Id$ */\n",
        "utf16.txt": "é\n".encode("utf-16"), "latin.txt": b"\xe9\n", "nul.bin": b"\0\r\n\0",
    }  # fmt: skip
    tree = tree_of(bare, files)
    bare.checkout(tree, tmp_path / "tree")
    with scratch_repository(bare) as scratch:
        scratch.checkout(tree, tmp_path / "scratch")
    for place in (tmp_path / "tree", tmp_path / "scratch"):
        assert {file.name: file.read_bytes() for file in place.iterdir()} == files


def test_the_callers_git_variables_have_no_influence(
    users: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, git: RunGit
) -> None:
    def everything(place: str) -> list[object]:
        mine = Git(users.git.directory)
        tip = mine.resolve("refs/heads/main") or ""
        made = mine.write_commit(mine.resolve(tip, "tree") or "", (tip,), "Made\n")
        mine.checkout(tip, tmp_path / place)
        found = sorted(path.relative_to(tmp_path / place).as_posix() for path in (tmp_path / place).rglob("*"))
        raw = mine.run("cat-file", "commit", made).decode()
        who = [line.rsplit(" ", 2)[0] for line in raw.splitlines() if line.startswith(("author", "committer"))]
        return [tip, found, who, mine.merge(tip, made), discover(users.path), mine.line("config", "--get-all", "x.y")]

    git(users.path, "config", "x.y", "own")
    before = everything("before")
    other = tmp_path / "other"
    git(tmp_path, "init", "--quiet", str(other))
    home = tmp_path / "hostile"
    (home / ".config/git").mkdir(parents=True)
    for file in (".gitconfig", ".config/git/config"):
        (home / file).write_text("[x]\n y = stranger\n[core]\n autocrlf = true\n[user]\n name = stranger\n")
    hostile = {
        "GIT_DIR": str(other / ".git"), "GIT_WORK_TREE": str(other), "GIT_INDEX_FILE": str(other / "index"),
        "GIT_OBJECT_DIRECTORY": str(other / "objects"), "GIT_COMMON_DIR": str(other), "GIT_NAMESPACE": "elsewhere",
        "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "x.y", "GIT_CONFIG_VALUE_0": "stranger",
        "GIT_CONFIG_PARAMETERS": "'x.y=stranger'", "GIT_CONFIG_GLOBAL": str(home / ".gitconfig"),
        "GIT_AUTHOR_NAME": "stranger", "GIT_COMMITTER_EMAIL": "stranger@x", "GIT_AUTHOR_DATE": "2001-01-01T00:00:00Z",
        "GIT_CEILING_DIRECTORIES": str(users.path.parent), "GIT_EXTERNAL_DIFF": "false", "GIT_PREFIX": "src/",
        "GIT_EXEC_PATH": str(tmp_path), "GIT_TEMPLATE_DIR": str(tmp_path), "GIT_ATTR_SOURCE": "HEAD",
        "GIT_DEFAULT_HASH": "sha256", "HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config"), "LC_ALL": "xx_YY",
    }  # fmt: skip
    for name, value in hostile.items():
        monkeypatch.setenv(name, value)
    assert everything("after") == before
    assert create_bare(tmp_path / "fresh.git").line("rev-parse", "--show-object-format") == "sha1"
    assert users_git(users.path).line("rev-parse", "--absolute-git-dir") == str(users.git.directory)
    assert users_git(users.path).line("config", "--get", "x.y") == "own"
    assert users_git(users.path).line("config", "--get", "user.name") == "Fixture"
    assert users_git(users.path).line("config", "--get", "core.autocrlf") == "true"  # the global file is the user's


def test_replaced_objects_are_read_as_they_are(users: Repository, git: RunGit, commit: Commit) -> None:
    old = users.tip("main") or ""
    new = commit(users.path, {"src/app.py": "print('new')\n"})
    git(users.path, "replace", old, git(users.path, "commit-tree", f"{new}^{{tree}}", "-m", "Forged"))
    assert users.git.commit(old).subject == "Files"
    assert users.git.read(old, "src/app.py") == b"print('app')\n"
    assert users.git.changed(old, new) == ("src/app.py",)


def test_the_users_own_settings_hold_where_their_work_tree_is_meant(users: Repository, git: RunGit) -> None:
    git(users.path, "config", "core.autocrlf", "true")
    (users.path / "src/app.py").unlink()
    users_git(users.path).run("checkout-index", "--all")
    assert (users.path / "src/app.py").read_bytes() == b"print('app')\r\n"


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


# -- repositories


def test_a_scratch_repository_borrows_objects_and_nothing_else(users: Repository, git: RunGit) -> None:
    git(users.path, "config", "merge.renames", "false")
    tip = users.tip("main") or ""
    with scratch_repository(users.git) as scratch:
        place = scratch.directory
        assert scratch.read(tip, "src/app.py") == b"print('app')\n"
        assert scratch.refs("refs/") == {}
        assert scratch.try_run("config", "merge.renames").code == 1
        scratch.write_blob(b"only here")
    assert not place.exists()
    assert users.git.try_run("cat-file", "-e", "0" * 40).code != 0


def test_a_clone_borrows_objects_and_has_no_files_yet(users: Repository, tmp_path: Path, git: RunGit) -> None:
    git(users.path, "branch", "other")
    git(users.path, "tag", "marked")
    (tmp_path / "template/info").mkdir(parents=True)
    (tmp_path / "template/info/attributes").write_text("* -text\n")
    clone(users.git.directory, "refs/heads/main", tmp_path / "clone", tmp_path / "template")
    made = tmp_path / "clone/.git"
    assert (made / "objects/info/alternates").read_text().strip() == str(users.git.directory / "objects")
    assert (made / "info/attributes").read_text() == "* -text\n"
    assert list(Git(made).refs("refs/")) == [
        "refs/heads/main",
        "refs/remotes/origin/HEAD",
        "refs/remotes/origin/main",
    ]
    assert [file.name for file in (tmp_path / "clone").iterdir()] == [".git"]
    with pytest.raises(GitError, match="no-such-branch"):
        clone(users.git.directory, "refs/heads/no-such-branch", tmp_path / "again", tmp_path / "template")


def test_the_repository_of_a_folder_is_found_from_inside(users: Repository, tmp_path: Path) -> None:
    assert discover(users.path / "src") == users.git.directory
    assert discover(users.git.directory) == users.git.directory
    assert discover(tmp_path) is None
