"""Which paths a pattern means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from gates.paths import Paths, is_glob, is_test, matcher, shown

NAMES = st.text("ab.c!#_- ", min_size=1, max_size=4).filter(
    lambda name: name.strip(". ") != "" and name == name.strip()
)
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)


@pytest.mark.parametrize(
    ("pattern", "path", "meant"),
    [
        ("docs/a.md", "docs/a.md", True),
        ("docs/a.md", "x/docs/a.md", False),
        ("docs/a.md", "docs/a.mdx", False),
        ("docs", "docs/deep/a.md", True),
        ("docs/", "docs/a.md", True),
        ("docs/", "docs", False),
        ("docs", "docsx/a.md", False),
        ("docs/*", "docs/a.md", True),
        ("docs/*", "docs/deep/a.md", False),
        ("docs/*.md", "docs/a.md/b", False),
        ("*.md", "docs/a.md", False),
        ("*/a.md", "docs/a.md", True),
        ("*/a.md", "a.md", False),
        ("d?cs/a.md", "docs/a.md", True),
        ("docs?a.md", "docs/a.md", False),
        ("[cd]ocs/a.md", "docs/a.md", True),
        ("[!d]ocs/a.md", "docs/a.md", False),
        ("docs/**", "docs/deep/a.md", True),
        ("docs/**", "docs", False),
        ("**", "a", True),
        ("**/a.md", "a.md", True),
        ("**/a.md", "x/y/a.md", True),
        ("**/x", "x/y/x", True),
        ("src/**/*.py", "src/a.py", True),
        ("src/**/*.py", "src/x/y/a.py", True),
        ("src/**/*.py", "lib/src/a.py", False),
        ("!a", "!a", True),
        ("!a", "a", False),
        ("#a", "#a", True),
        ("app/[id]/page.tsx", "app/[id]/page.tsx", True),
        ("app/[id]/page.tsx", "app/i/page.tsx", True),
        ("Docs/a.md", "docs/a.md", False),
        ("a\\b", "a\\b", True),
        ("caf\udce9/*", "caf\udce9/a", True),
    ],
)
def test_patterns(pattern: str, path: str, meant: bool) -> None:  # noqa: FBT001
    assert matcher([pattern])(path) is meant


@given(PATHS, PATHS)
def test_a_pattern_without_wildcards_is_that_path_or_what_lies_below(path: str, other: str) -> None:
    assert matcher([path])(other) == (other == path or other.startswith(path + "/"))


@given(PATHS, NAMES)
def test_a_star_takes_the_place_of_one_name(folder: str, name: str) -> None:
    means = matcher([f"{folder}/*"])
    assert means(f"{folder}/{name}")
    assert not means(f"{folder}/{name}/{name}")
    assert not means(folder)


@given(PATHS, st.lists(PATHS))
def test_one_of_several_patterns_is_enough(path: str, others: list[str]) -> None:
    assert matcher([*others, path])(path)
    assert not matcher([])(path)


def test_wildcards() -> None:
    assert not is_glob("docs/a.md")
    assert all(map(is_glob, ["*", "a?", "[a]b"]))


@pytest.mark.parametrize(
    ("path", "is_one"),
    [
        ("tests/helper.py", True),
        ("src/led/test/x.py", True),
        ("src/test_a.py", True),
        ("a_test.py", True),
        ("conftest.py", True),
        ("src/contest.py", False),
        ("tests.py", False),
        ("src/attest.py", False),
        ("latest/x.py", False),
    ],
)
def test_tests_are_known_by_name_or_place(path: str, is_one: bool) -> None:  # noqa: FBT001
    assert is_test(path) is is_one


@pytest.mark.parametrize("pattern", ["", "/a", "../a", "a/../b", "a//b", ".", "a/.", "/", "a\0"])
def test_a_pattern_that_leads_out_is_refused(pattern: str) -> None:
    with pytest.raises(ValidationError, match="no path inside the repository"):
        TypeAdapter(Paths).validate_python([pattern])


def test_a_single_pattern_needs_no_list() -> None:
    assert TypeAdapter(Paths).validate_python("./docs/*.md") == ("docs/*.md",)
    assert TypeAdapter(Paths).validate_python(["a", "b/"]) == ("a", "b/")
    with pytest.raises(ValidationError):
        TypeAdapter(Paths).validate_python(3)


def test_what_cannot_be_printed_is_escaped() -> None:
    assert shown("a b/é.py") == "a b/é.py"
    assert shown("a\n\udc80") == r"a\n\udc80"
