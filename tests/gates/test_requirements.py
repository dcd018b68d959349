"""Where requirements are defined: in text, in Turtle, in data."""

from collections.abc import Callable

import pytest
from pydantic import ValidationError

from gates.requirements import Requirements, defined, names_in
from gates.subject import Subject
from gates.verdict import Unmeasurable

Tree = Callable[..., Subject]

TEXT = """\
# Requirements of REQ-90

- [REQ-1](#req-1)
- [REQ-2][two]

## REQ-1 Adds
As REQ-91 says, REQ-92: no.
## `REQ-2`: Subtracts
<!--
## REQ-93
-->
```md
## REQ-94
```
| id | text |
|----|------|
| REQ-3 | see REQ-95 |
| `REQ-1` | again |

**REQ-4**: the fourth
REQ-5: the fifth
REQ-96 is mentioned
- [ ] REQ-6 to do
1. (REQ-7) first
> - REQ-8 quoted
- REQ-100x is none
"""


def names(wanted: Requirements, subject: Subject) -> list[tuple[str, int | None]]:
    return [(each.name, each.line) for each in defined(wanted, subject)]


def test_in_text_a_requirement_is_defined_where_its_name_begins_something(tree: Tree) -> None:
    found = names(Requirements(paths=("*.md",), pattern="REQ-[0-9]+"), tree({"r.md": TEXT}))
    assert found == [
        ("REQ-1", 6), ("REQ-2", 8), ("REQ-3", 17), ("REQ-4", 20), ("REQ-5", 21), ("REQ-6", 23), ("REQ-7", 24),
        ("REQ-8", 25),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "REQ-9 Adds\n----------",
        "REQ-9 Adds\n==",
        "REQ-9 | adds\n--- | ---",
        "```x``` is code within a line\n\n# REQ-9 Adds",
        "```\n```python\n# REQ-8\n```\n# REQ-9 Adds",
        "```\nnever closed\n\n# REQ-9 Adds",
        "`<!--` begins a comment\n\n# REQ-9 Adds\n<!-- -->",
        "```\n<!--\n```\n# REQ-9 Adds\n<!-- -->",
        "<!-- never closed\n\n# REQ-9 Adds",
        "<!--\n```\n-->\n# REQ-9 Adds\n<!--\n```\n-->",
        "a <!-- b --> c <!-- d\n# REQ-8\n-->\n# REQ-9 Adds",
    ],
)
def test_nothing_hides_a_requirement_that_readers_see(tree: Tree, text: str) -> None:
    wanted = Requirements(paths=("r.md",), pattern="REQ-[0-9]+")
    assert [name for name, _ in names(wanted, tree({"r.md": text + "\n"}))] == ["REQ-9"]


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("REQ-[0-9]", "REQ-12 REQ-1", ["REQ-1"]),
        ("REQ-[0-9]+", "REQ-12, XREQ-1 (REQ-2)", ["REQ-12", "REQ-2"]),
        ("(?i)req-[0-9]+", "Req-1", ["Req-1"]),
        ("x*", "a", []),
    ],
)
def test_a_name_is_a_whole_word(pattern: str, text: str, found: list[str]) -> None:
    assert [match[0] for match in names_in(pattern, text)] == found


def test_in_turtle_it_is_a_node_of_a_class(tree: Tree) -> None:
    text = "@prefix s: <https://x/spec#> .\ns:b a s:R .\ns:A1 a s:R ; s:t 'x' .\ns:c a s:Other .\n"
    wanted = Requirements.model_validate({"paths": "*.ttl", "class": "https://x/spec#R"})
    assert names(wanted, tree({"a.ttl": text})) == [("A1", 3), ("b", 2)]
    with pytest.raises(Unmeasurable, match="without an address"):
        names(wanted, tree({"a.ttl": text + "[] a s:R ."}))


def test_in_data_it_stands_at_a_pointer(tree: Tree) -> None:
    text = "r:\n - id: A1\n - id: 7\nmore:\n  B1: {text: x}\n"
    wanted = Requirements(paths=("*.yaml",), pointers=("/r/*/id", "/more/*~"))
    assert names(wanted, tree({"a.yaml": text})) == [("A1", 2), ("7", 3), ("B1", 5)]
    assert names(Requirements(paths=("a.json",), pointers=("/0",)), tree({"a.json": '["A"]'})) == [("A", 1)]
    with pytest.raises(Unmeasurable, match="is no name of a requirement"):
        names(Requirements(paths=("*.yaml",), pointers=("/r/*",)), tree({"a.yaml": text}))
    with pytest.raises(Unmeasurable, match=r"a\.yaml:1 is no YAML"):
        names(wanted, tree({"a.yaml": "a: [\n"[:3] + "b: c: d"}))


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"paths": "a.md"}, "say how requirements are told"),
        ({"paths": "a.md", "pattern": "x*"}, "matches the empty text"),
        ({"paths": "a.md", "pattern": "("}, "no regular expression"),
        ({"paths": "a.md", "class": "c", "pointers": ["/a"]}, "either class"),
        ({"paths": "a.md", "pointers": ["a"]}, "pattern"),
        ({"paths": [], "pattern": "x"}, "at least 1 item"),
    ],
)
def test_limits_that_say_too_little_are_refused(limits: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Requirements.model_validate(limits)
