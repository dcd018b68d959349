"""What was promised is there, and not empty."""

from collections.abc import Callable

import pytest

from gates.subject import Subject
from gates.verdict import Verdict

Tree = Callable[..., Subject]
Ask = Callable[[object, Subject], Verdict]


def test_files_and_globs_that_are_there_pass(tree: Tree, ask: Ask) -> None:
    files = {"docs/a.md": "a", "src/x/__init__.py": "", "src/x/a.py": "1", "app/[id]/p.md": "p"}
    verdict = ask("deliverables", tree(files, deliverables=["docs/a.md", "src/**", "app/[id]/p.md"]))
    assert verdict.passed
    assert (verdict.measured, verdict.limit, verdict.findings) == (3, 3, ())
    assert verdict.summary == "deliverables 3 of 3 present"


@pytest.mark.parametrize(
    ("promised", "fault"),
    [
        ("docs/missing.md", "docs/missing.md does not exist"),
        ("docs/empty.md", "docs/empty.md is empty"),
        ("docs/blank.md", "docs/blank.md is empty"),
        ("docs/bom.md", "docs/bom.md is empty"),
        ("docs/*.txt", "no file matches docs/*.txt"),
        ("void/*", "all files of void/* are empty"),
        ("docs", "docs is a directory: name its files, or write docs/**"),
        ("docs/link.md", "docs/link.md is a symbolic link, which is never read"),
    ],
)
def test_what_is_not_there_fails(tree: Tree, ask: Ask, promised: str, fault: str) -> None:
    files = {
        "docs/a.md": "a",
        "docs/empty.md": "",
        "docs/blank.md": " \n\t\r\n",
        "docs/bom.md": b"\xef\xbb\xbf\n",
        "void/a": "",
        "void/b": "",
    }
    verdict = ask("deliverables", tree(files, links={"docs/link.md": "a.md"}, deliverables=["docs/a.md", promised]))
    assert verdict.outcome == "failed"
    assert verdict.summary == f"deliverables 1 of 2 present: {fault}"
    assert [finding.message for finding in verdict.findings] == [fault]
    assert verdict.findings[0].path == (None if "*" in promised else promised)


def test_nothing_promised_is_nothing_measured(tree: Tree, ask: Ask) -> None:
    assert ask("deliverables", tree({"a": "a"})).outcome == "error"


def test_a_file_that_is_gone_from_disk_is_an_error(tree: Tree, ask: Ask) -> None:
    subject = tree({"a.md": "a"}, deliverables=["a.md"])
    (subject.root / "a.md").unlink()
    verdict = ask("deliverables", subject)
    assert (verdict.outcome, "a.md is listed by git" in verdict.summary) == ("error", True)
