"""A pattern is found nowhere."""

from collections.abc import Callable

import pytest
from pydantic import ValidationError

from gates.absent import Limits
from gates.subject import Subject
from gates.verdict import Verdict

Tree = Callable[..., Subject]
Ask = Callable[[object, Subject], Verdict]

BARE = {"absent": {"paths": "src/**/*.py", "pattern": "except:"}}


def test_nothing_found_passes(tree: Tree, ask: Ask) -> None:
    verdict = ask(BARE, tree({"src/a.py": "except ValueError:\n", "docs/a.md": "except:\n"}))
    assert (verdict.outcome, verdict.measured, verdict.findings) == ("passed", 0, ())


def test_every_match_is_told_with_its_line(tree: Tree, ask: Ask) -> None:
    verdict = ask(BARE, tree({"src/a.py": "try:\n    f()\nexcept:\n    g()\n", "src/b/c.py": "x\n  except: pass\n"}))
    assert (verdict.outcome, verdict.measured) == ("failed", 2)
    assert [(f.path, f.line, f.message) for f in verdict.findings] == [
        ("src/a.py", 3, "except:"),
        ("src/b/c.py", 2, "except: pass"),
    ]
    assert verdict.summary == "absent 'except:' found 2 times in 2 files: src/a.py:3 except:"


def test_no_file_or_an_unreadable_one_is_an_error(tree: Tree, ask: Ask) -> None:
    assert ask(BARE, tree({"docs/a.md": "a"})).outcome == "error"
    assert ask(BARE, tree({"src/a.py": b"\xff"})).outcome == "error"
    assert ask({"absent": {"pattern": "TODO"}}, tree({"a.md": "a"})).outcome == "error"


def test_without_paths_the_deliverables_are_searched(tree: Tree, ask: Ask) -> None:
    subject = tree({"a.md": "TODO\n", "b.md": "done\n"}, deliverables=["b.md"])
    assert ask({"absent": {"pattern": "TODO"}}, subject).passed
    assert not ask({"absent": {"pattern": "done"}}, subject).passed


def test_a_pattern_that_is_none_is_refused() -> None:
    with pytest.raises(ValidationError, match="no regular expression"):
        Limits(pattern="[")
