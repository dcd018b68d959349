"""Documents: their links, their anchors, their blocks of code."""

from collections.abc import Callable

import pytest
from pydantic import ValidationError

from gates.docs import Limits, judge
from gates.prose.markdown import read_page
from gates.subject import Subject
from gates.verdict import Verdict
from gates.waivers import Waiver

Tree = Callable[..., Subject]
Ask = Callable[[object, Subject], Verdict]

OTHERS = {
    "docs/other.md": "# Über mich\n",
    "img.png": "x",
    "src/a.py": "a\nb\n",
    "My File.md": "# x\n",
    "docs/sub/README.md": "# In it\n",
}
LINKS = {"LINK": "docs/other.md", "AWAY": "/etc/passwd", "UP": "../x", "LOOP": "LOOP", "docs/up": "../img.png"}


def told(verdict: Verdict) -> list[tuple[str | None, str]]:
    return [(finding.rule, finding.message) for finding in verdict.findings]


@pytest.mark.parametrize(
    "link",
    [
        "[a](docs/other.md)", "[a](/docs/other.md)", "[a](docs/other.md?raw=1)", "[a](docs)", "[a](docs/)", "[a](.)",
        "[a](My%20File.md)", "[a](<My File.md>)", "![a](img.png)", "<img src='img.png'>", "[![a](img.png)](src/a.py)",
        "[a](#own-title)", "[a](docs/other.md#über-mich)", "[a](docs/other.md#%C3%BCber-mich)", "[a](docs/sub#in-it)",
        "[a](src/a.py#L1-L2)", "[a](src/a.py#L2)", "[a](LINK#über-mich)", "[a](docs/up)", "[a][b]\n\n[b]: img.png",
        "[b]\n\n[b]: img.png", "<a id='here'></a>[a](#here)", "[a](./docs/../img.png)",
        "[a](#top)", "[a](docs/other.md#Top)",
    ],
)  # fmt: skip
def test_a_link_that_leads_somewhere_is_good(tree: Tree, ask: Ask, link: str) -> None:
    verdict = ask({"docs": {"paths": "README.md"}}, tree({"README.md": f"# Own title\n{link}\n", **OTHERS}, LINKS))
    assert (verdict.outcome, verdict.findings) == ("passed", ())


@pytest.mark.parametrize(
    ("link", "rule", "message"),
    [
        ("[a](gone.md)", "link-path", "gone.md leads to nothing that git knows"),
        ("[a](docs/Other.md)", "link-path", "docs/Other.md leads to nothing"),
        ("![a](no.png)", "link-path", "no.png leads to nothing"),
        ("<img src='no.png'>", "link-path", "no.png leads to nothing"),
        ("<p>\n<a href='no.png'>x</a></p>", "link-path", "no.png leads to nothing"),
        ("[a](img.png/)", "link-path", "img.png/ is a file, and no folder"),
        ("[a](..)", "link-outside", ".. leads out of the repository"),
        ("[a](../../etc/passwd)", "link-outside", "leads out of the repository"),
        ("[a](/../etc)", "link-outside", "leads out of the repository"),
        ("[a](docs/%2e%2e/%2e%2e/x)", "link-outside", "leads out of the repository"),
        ("[a](AWAY)", "link-outside", "leads out of the repository"),
        ("[a](UP)", "link-outside", "leads out of the repository"),
        ("[a](LOOP)", "link-path", "leads to nothing"),
        ("[a](file:///etc/passwd)", "link-path", "leads to nothing"),
        ("[a](docs\\other.md)", "link-path", "is no path: write it with /"),
        ("[a](#gone)", "link-anchor", "#gone is no heading of README.md"),
        ("[a](docs/other.md#uber-mich)", "link-anchor", "#uber-mich is no heading of docs/other.md"),
        ("[a](docs#x)", "link-anchor", "has no page that could have anchors"),
        ("[a](src/a.py#L3)", "link-anchor", "#L3: src/a.py has 2 lines"),
        ("[a](src/a.py#L2-L1)", "link-anchor", "src/a.py has 2 lines"),
        ("[a](src/a.py#main)", "link-anchor", "only Markdown files are known to have anchors"),
        ("[a][nowhere]", "link-label", "[nowhere] is defined nowhere in the document"),
        ("[a]\n\n[a]: gone.md", "link-path", "gone.md leads to nothing"),
        ("[a](todo:gone.md)", "link-path", "todo:gone.md leads to nothing"),
        ("[a](https:gone.md)", "link-path", "https:gone.md leads to nothing"),
        ("<img srcset='gone.png 2x, img.png 1x'>", "link-path", "gone.png leads to nothing"),
        ("<video poster='gone.png'></video>", "link-path", "gone.png leads to nothing"),
        ("<picture><source src='gone.png'></picture>", "link-path", "gone.png leads to nothing"),
    ],
)
def test_a_link_that_leads_nowhere_is_told(tree: Tree, ask: Ask, link: str, rule: str, message: str) -> None:
    text = f"# Own title\n[good](img.png)\n\n{link}\n"
    verdict = ask({"docs": {"paths": "README.md"}}, tree({"README.md": text, **OTHERS}, LINKS))
    assert verdict.outcome == "failed"
    ((told_rule, told_message),) = told(verdict)
    assert (told_rule, message in told_message) == (rule, True)


def test_a_text_between_two_rules_is_no_front_matter(tree: Tree, ask: Ask) -> None:
    hidden, front = "---\n[a](gone.md)\n---\n[b](#x)\n# x\n", "---\ntitle: '[a](gone.md)'\n---\n[b](#x)\n# x\n"
    assert told(ask("docs", tree({"a.md": hidden}))) == [("link-path", "gone.md leads to nothing that git knows")]
    assert ask("docs", tree({"a.md": front})).outcome == "passed"


@pytest.mark.parametrize(
    "text", ["<!-- [a](gone.md) -->", "<script>\n<a href='gone.md'>x</a>\n</script>", ">" * 200 + " [a](gone.md)"]
)
def test_what_no_reader_is_shown_as_a_link_is_none(tree: Tree, ask: Ask, text: str) -> None:
    assert ask("docs", tree({"a.md": f"# x\n[b](#x)\n\n{text}\n"})).outcome == "passed"


def test_links_to_other_machines_are_counted_and_never_asked(tree: Tree, ask: Ask) -> None:
    links = "[a](http://127.0.0.1:9/x) <https://x.example> [b](mailto:a@b) [c](//host/x) [d](img.png)"
    verdict = ask("docs", tree({"a.md": links, "img.png": "x"}))
    assert (verdict.outcome, verdict.measured) == (
        "passed",
        {"wrong": 0, "files": 1, "links": 1, "external": 4, "blocks": 0},
    )
    with pytest.raises(ValidationError, match="gates have no network"):
        Limits(external=True)


@pytest.mark.parametrize(
    ("heading", "slug"),
    [
        ("Hello, World!", "hello-world"),
        ("A  b_c - d [e](f)", "a--b_c---d-e"),
        ("1. `code()` & more", "1-code--more"),
        ("Größe: 5 µm", "größe-5-µm"),
        ("🚀 Start", "-start"),
    ],
)
def test_anchors_are_those_of_github(heading: str, slug: str) -> None:
    assert read_page(f"# {heading}\n").anchors == {slug}


def test_headings_of_one_name_are_numbered() -> None:
    page = read_page("---\ntitle: x\n---\n# A\n## *A*\n### A-1\n# [A](x)\nB\n===\n# ![pic](x) C\n")
    assert page.anchors == {"a", "a-1", "a-1-1", "a-2", "b", "-c"}


@pytest.mark.parametrize(
    ("language", "good", "bad", "line"),
    [
        ("python", "def f(): ...\nawait x\n", "x = 1\ndef f(:\n", 5),
        ("py", "    x = 1\n    y = 2\n", "x = (\n", 4),
        ("python", ">>> 1 +\\\n...  2\n3\n>>> print('x')\nx = = y\n", ">>> 1\n1\n>>> 2 +\n", 6),
        ("pycon", ">>> 1\n1\n", ">>>1\n", 4),
        ("json", '{"a": [1]}\n', '{"a": 1,}\n', 4),
        ("yaml", "a: !Ref b\n---\nb: 1\n", "a: 1\nb: c: d\n", 5),
        ("toml", "a = 1\n", "a = 1\nb =\n", 5),
        ("Python title='x.py'", "x = 1\n", "x = = 1\n", 4),
        ("{.python .numberLines}", "x = 1\n", "x = = 1\n", 4),
    ],
)
def test_code_of_the_stated_languages_must_parse(
    tree: Tree, ask: Ask, language: str, good: str, bad: str, line: int
) -> None:
    assert ask("docs", tree({"a.md": f"# A\n\n```{language}\n{good}```\n"})).passed
    verdict = ask("docs", tree({"a.md": f"# A\n\n```{language}\n{bad}```\n"}))
    assert verdict.outcome == "failed"
    assert str(verdict.findings[0].rule).startswith("code-")
    assert verdict.findings[0].line == line


def test_code_is_looked_at_where_its_language_is_asked_for(tree: Tree, ask: Ask) -> None:
    text = "```python\nx = = 1\n```\n```sh\nif [\n```\n```\nx = = 1\n```\n```json\n{}\n```\n"
    assert [finding.line for finding in ask("docs", tree({"a.md": text})).findings] == [2]
    assert ask({"docs": {"languages": ["json"]}}, tree({"a.md": text})).measured == {
        "wrong": 0, "files": 1, "links": 0, "external": 0, "blocks": 1,
    }  # fmt: skip


def test_code_is_never_run(tree: Tree, ask: Ask) -> None:
    subject = tree({"a.md": "```python\nopen('ran', 'w')\nimport os; os._exit(3)\n```\n"})
    assert ask("docs", subject).passed
    assert [path.name for path in subject.root.iterdir()] == ["a.md"]


def test_a_waived_finding_is_shown_and_does_not_count(tree: Tree, ask: Ask) -> None:
    waiver = Waiver(rule="link-*", paths=("a.md",), reason="written later")
    verdict = ask("docs", tree({"a.md": "[a](b.md)"}, waivers=(waiver,)))
    assert (verdict.outcome, [each.reason for each in verdict.waived]) == ("passed", ["written later"])


@pytest.mark.parametrize(
    ("limits", "files", "reason"),
    [
        ({}, {"a.py": ""}, "no Markdown file is tracked"),
        ({"paths": "b.md"}, {"a.md": "[a](a.md)"}, "b.md does not exist"),
        ({"paths": "a.rst"}, {"a.rst": "x"}, "a.rst is not Markdown"),
        ({}, {"a.md": ""}, "nothing to look at"),
        ({}, {"a.md": "[a](https://x.example)"}, "nothing to look at"),
        ({"links": False}, {"a.md": "[a](b.md)"}, "nothing to look at"),
        ({}, {"a.md": b"\xff"}, "a.md is not UTF-8"),
        ({}, {"a.md": "x" * (2 * 1024 * 1024 + 1)}, "a.md is too large"),
    ],
)
def test_what_cannot_be_looked_at_is_an_error(
    tree: Tree, ask: Ask, limits: dict[str, object], files: dict[str, str | bytes], reason: str
) -> None:
    verdict = ask({"docs": limits}, tree(files))
    assert (verdict.outcome, reason in verdict.summary) == ("error", True)


def test_text_that_was_made_to_exhaust_is_read(tree: Tree, ask: Ask) -> None:
    hostile = "[x](" + "(" * 5000 + "\n" + "[" * 5000 + "](" * 5000 + "\n" + "*" * 20_000 + "\n" + "> " * 500
    verdict = ask("docs", tree({"a.md": f"{hostile}\n\n[a](gone.md)\n"}))
    assert told(verdict) == [("link-path", "gone.md leads to nothing that git knows")]


def test_footnotes_and_code_are_no_links(tree: Tree, ask: Ask) -> None:
    text = "[^1]: foot\ntext[^1] `[a](gone.md)` a[i][j] [x] [a](a.md)\n\n    [b](gone.md)\n"
    assert ask("docs", tree({"a.md": text})).passed


def test_nothing_looked_at_never_passes() -> None:
    report = {"files": 1, "links": 0, "external": 0, "blocks": 0, "wrong": [], "waivers": []}
    assert not judge(Limits(), report).passed
