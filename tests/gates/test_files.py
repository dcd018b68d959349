"""What is read of a tree, and what never is."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gates.files import absence, python_files, read, read_text, select
from gates.subject import Subject, TreeFile
from gates.verdict import Unmeasurable

Tree = Callable[..., Subject]


def test_only_what_git_lists_is_selected(tree: Tree) -> None:
    subject = tree({"docs/a.md": "a", "docs/b.md": "b"}, links={"docs/c.md": "a.md"})
    (subject.root / "docs/untracked.md").write_text("x")
    assert select(subject, ["docs/*.md"]) == ("docs/a.md", "docs/b.md")
    assert select(subject, ["docs/b.md", "docs"]) == ("docs/a.md", "docs/b.md")


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("docs/x.md", "docs/x.md does not exist"),
        ("lib/**", "no file matches lib/**"),
        ("docs/link.md", "docs/link.md is a symbolic link, which is never read"),
        ("vendor/lib", "vendor/lib is a submodule, which is never read"),
    ],
)
def test_a_pattern_that_means_nothing_is_unmeasurable(tree: Tree, pattern: str, reason: str) -> None:
    subject = tree({"docs/a.md": "a"}, links={"docs/link.md": "a.md"})
    submodule = TreeFile(path="vendor/lib", mode="160000", size=0)
    subject = subject.model_copy(update={"files": (*subject.files, submodule)})
    with pytest.raises(Unmeasurable) as problem:
        select(subject, ["docs/a.md", pattern])
    assert str(problem.value) == reason


def test_a_directory_is_told_from_nothing(tree: Tree) -> None:
    assert absence(tree({"docs/a.md": "a"}), "docs") == "docs is a directory: name its files, or write docs/**"


def test_links_on_disk_are_not_followed(tree: Tree, tmp_path: Path) -> None:
    subject = tree({"docs/a.md": "a", "b.md": "b"})
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.md").write_text("secret")
    (subject.root / "docs/a.md").unlink()
    (subject.root / "docs").rmdir()
    (subject.root / "docs").symlink_to(outside)
    with pytest.raises(Unmeasurable, match=r"docs/a\.md lies behind a symbolic link"):
        read(subject.root, "docs/a.md")
    (subject.root / "b.md").unlink()
    (subject.root / "b.md").symlink_to(outside / "a.md")
    with pytest.raises(Unmeasurable, match="symbolic link"):
        read(subject.root, "b.md")


def test_what_is_missing_or_no_file_on_disk_is_unmeasurable(tree: Tree) -> None:
    subject = tree({"a.md": "a", "b.md": "b"})
    (subject.root / "a.md").unlink()
    with pytest.raises(Unmeasurable, match=r"a\.md is listed by git but cannot be read: No such file"):
        read(subject.root, "a.md")
    (subject.root / "a.md").mkdir()
    with pytest.raises(Unmeasurable, match="none on disk"):
        read(subject.root, "a.md")


def test_text_is_utf8_with_plain_ends_of_lines(tree: Tree) -> None:
    subject = tree({"a.md": b"\xef\xbb\xbfa\r\nb\rc\n", "b.md": b"a\xff"})
    assert read_text(subject.root, "a.md") == "a\nb\nc\n"
    with pytest.raises(Unmeasurable, match=r"b\.md is not UTF-8 text: byte 1"):
        read_text(subject.root, "b.md")


def test_a_name_that_is_no_utf8_is_read_all_the_same(tree: Tree) -> None:
    subject = tree({"caf\udce9.md": "x"})
    assert read_text(subject.root, "caf\udce9.md") == "x"


def test_python_is_known_by_suffix_or_first_line(tree: Tree) -> None:
    files = {
        "a.py": "",
        "bin/tool": "#!/usr/bin/env python3\n",
        "bin/plain": "#!/usr/bin/python -I\n",
        "bin/shell": "#!/bin/sh\n# python\n",
        "bin/perl.pl": "#!/usr/bin/python\n",
        "README": "python",
        "a.pyi": "",
    }
    assert python_files(tree(files)) == ("a.py", "bin/tool", "bin/plain")


def test_python_that_can_be_executed_is_python_whatever_its_suffix(tree: Tree) -> None:
    script = "#!/usr/bin/env python3\nprint(1)\n"
    subject = tree({"bin/run-1.0": script, "bin/run.sh": "#!/bin/sh\n", "docs/a.txt": script, "app.pyw": "X = 1\n"})
    modes = {"bin/run-1.0": "100755", "bin/run.sh": "100755"}
    files = tuple(file.model_copy(update={"mode": modes.get(file.path, file.mode)}) for file in subject.files)
    assert python_files(subject.model_copy(update={"files": files})) == ("bin/run-1.0", "app.pyw")
