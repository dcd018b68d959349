"""A pattern is found: in one file, or in each."""

from collections.abc import Callable

import pytest
from pydantic import ValidationError

from gates.contains import Limits
from gates.subject import Subject
from gates.verdict import Verdict

Tree = Callable[..., Subject]
Ask = Callable[[object, Subject], Verdict]

FILES = {"docs/a.md": "# A\r\n\r\n## Edge cases\r\n", "docs/b.md": "# B\nno ## Edge cases\n"}


def contains(**limits: object) -> dict[str, object]:
    return {"contains": {"pattern": "^## Edge cases$", **limits}}


def test_a_heading_is_found_at_the_start_of_a_line(tree: Tree, ask: Ask) -> None:
    assert ask(contains(paths="docs/a.md"), tree(FILES)).passed
    verdict = ask(contains(paths="docs/b.md"), tree(FILES))
    assert verdict.outcome == "failed"
    assert verdict.summary == "contains '^## Edge cases$' in 0 of 1 file: not in docs/b.md"
    assert [finding.path for finding in verdict.findings] == ["docs/b.md"]


def test_one_file_is_enough_unless_each_must(tree: Tree, ask: Ask) -> None:
    subject = tree(FILES)
    one = ask(contains(paths="docs/*.md"), subject)
    assert (one.outcome, one.measured, one.limit, one.findings) == ("passed", 1, 1, ())
    every = ask(contains(paths="docs/*.md", each=True), subject)
    assert (every.outcome, every.measured, every.limit) == ("failed", 1, 2)
    assert [finding.path for finding in every.findings] == ["docs/b.md"]
    assert ask({"contains": {"pattern": "Edge", "paths": "docs/*.md", "each": True}}, subject).passed


def test_without_paths_the_deliverables_are_searched(tree: Tree, ask: Ask) -> None:
    assert ask(contains(), tree(FILES, deliverables=["docs/a.md"])).passed
    assert ask(contains(), tree(FILES, deliverables=["docs/b.md"])).outcome == "failed"
    assert ask(contains(), tree(FILES)).outcome == "error"


def test_a_file_that_cannot_be_read_matters_when_it_might_decide(tree: Tree, ask: Ask) -> None:
    subject = tree(FILES | {"docs/plan.png": b"\x89PNG\xff"})
    assert ask(contains(paths=["docs/a.md", "docs/plan.png"]), subject).passed
    for undecided in (contains(paths=["docs/b.md", "docs/plan.png"]), contains(paths="docs/*", each=True)):
        verdict = ask(undecided, subject)
        assert (verdict.outcome, "docs/plan.png is not UTF-8" in verdict.summary) == ("error", True)


def test_every_path_must_match(tree: Tree, ask: Ask) -> None:
    assert ask(contains(paths=["docs/a.md", "doc/b.md"]), tree(FILES)).outcome == "error"


@pytest.mark.parametrize("pattern", ["(", "", "x*", "^", "(?=)"])
def test_a_pattern_that_is_none_or_says_nothing_is_refused(pattern: str) -> None:
    with pytest.raises(ValidationError, match="pattern"):
        Limits(pattern=pattern)
