"""Whether globs can mean the same file: against the matcher of the gates, and by example."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.globs import Claim, overlap, overlapping
from gates.paths import matcher

GLOBS = st.lists(st.sampled_from(["**", "*", "a", "b", "a*", "*b", "?", "[ab]", "ab", "a**b"]), min_size=1, max_size=4)
PATHS = st.lists(st.sampled_from(["a", "b", "ab", "aab"]), min_size=1, max_size=4).map("/".join)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("docs/a.md", "docs/a.md"),
        ("docs/*.md", "docs/a.md"),
        ("docs/*.md", "docs/a*"),
        ("docs/**", "docs/x/y.md"),
        ("**/*.py", "src/a/b.py"),
        ("**", "anything"),
        ("src/**/test_*.py", "src/*/test_a.py"),
        ("docs", "docs/a.md"),
        ("docs", "docs/**"),
        ("a?c", "abc"),
        ("app/[id]/x", "app/[id]/x"),
        ("a*b*c", "ab*bc"),
        ("*", "?"),
    ],
)
def test_globs_that_meet(one: str, other: str) -> None:
    assert overlap(one, other)
    assert overlap(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("docs/a.md", "docs/b.md"),
        ("docs/*.md", "docs/x/a.md"),
        ("docs/**", "src/**"),
        ("*.md", "*.py"),
        ("a?c", "ac"),
        ("docs", "docs2/a.md"),
        ("src/**/a.py", "src/**/b.py"),
        ("*", "a/b"),
    ],
)
def test_globs_that_never_meet(one: str, other: str) -> None:
    assert not overlap(one, other)
    assert not overlap(other, one)


@settings(max_examples=1000, deadline=None)
@given(GLOBS.map("/".join), GLOBS.map("/".join), PATHS)
def test_a_file_that_both_mean_is_never_missed(one: str, other: str, path: str) -> None:
    if matcher([one])(path) and matcher([other])(path):
        assert overlap(one, other)
        pairs = list(overlapping([Claim("one", one, "1"), Claim("other", other, "2")]))
        assert len(pairs) == 1


def test_claims_meet_across_owners_only() -> None:
    claims = [
        Claim(*parts)
        for parts in (("a", "docs/**", "1"), ("a", "docs/x", "2"), ("b", "docs/x", "3"), ("b", "doc", "4"))
    ]
    assert {(one.where, other.where) for one, other in overlapping(claims)} == {("1", "3"), ("2", "3")}


def test_many_claims_that_start_differently_are_told_apart_at_once() -> None:
    assert list(overlapping(Claim(str(index), f"part-{index}x/**", "") for index in range(20_000))) == []
