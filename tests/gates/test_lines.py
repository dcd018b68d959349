"""So many lines, all files together."""

from collections.abc import Callable

import pytest

from gates.subject import Subject
from gates.verdict import Verdict

Tree = Callable[..., Subject]
Ask = Callable[[object, Subject], Verdict]

FILES = {"docs/a.md": "1\n\n3\n", "docs/b.md": "4\r\n5", "docs/c.txt": "no\n"}


@pytest.mark.parametrize(("at_least", "outcome"), [(5, "passed"), (6, "failed")])
def test_the_sum_counts_to_the_line(tree: Tree, ask: Ask, at_least: int, outcome: str) -> None:
    verdict = ask({"lines": {"paths": "docs/*.md", "at_least": at_least}}, tree(FILES))
    assert (verdict.outcome, verdict.measured, verdict.limit) == (outcome, 5, at_least)


def test_each_file_that_is_short_is_named(tree: Tree, ask: Ask) -> None:
    verdict = ask({"lines": {"paths": ["docs/a.md", "docs/b.md"], "at_least": 100}}, tree(FILES))
    assert verdict.summary == "lines 5 < 100 in 2 files"
    assert [(finding.path, finding.message) for finding in verdict.findings] == [
        ("docs/a.md", "docs/a.md has 3 lines"),
        ("docs/b.md", "docs/b.md has 2 lines"),
    ]


def test_without_paths_the_deliverables_are_counted(tree: Tree, ask: Ask) -> None:
    assert ask({"lines": {"at_least": 1}}, tree(FILES, deliverables=["docs/c.txt"])).measured == 1
    assert ask({"lines": {"at_least": 1}}, tree(FILES)).outcome == "error"


def test_an_empty_file_has_no_lines(tree: Tree, ask: Ask) -> None:
    verdict = ask({"lines": {"paths": "a", "at_least": 1}}, tree({"a": ""}))
    assert (verdict.outcome, verdict.measured) == ("failed", 0)


@pytest.mark.parametrize(
    ("paths", "word"), [("x.md", "does not exist"), ("lib/*", "no file matches"), ("bin", "UTF-8")]
)
def test_what_cannot_be_counted_is_an_error(tree: Tree, ask: Ask, paths: str, word: str) -> None:
    subject = tree(FILES | {"bin": b"\xff\n"})
    verdict = ask({"lines": {"paths": ["docs/a.md", paths], "at_least": 1}}, subject)
    assert verdict.outcome == "error"
    assert word in verdict.summary
