"""`docs`: the links of Markdown documents resolve, and their blocks of code can be parsed.

Links lead to files, folders, headings and lines of the same tree; those to other machines are counted and never asked,
for gates have no network. Blocks of code are those whose fence names a language; none is ever run. Documents of another
kind than Markdown (reStructuredText, AsciiDoc) are refused where they are named, for they are not read.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Annotated

from pydantic import AfterValidator, JsonValue

from gates.files import read_text, regular, select
from gates.model import Flag, Frozen
from gates.paths import Paths, shown
from gates.prose.docs_links import MARKDOWN, Map, Wrong, is_external
from gates.prose.pages import Page
from gates.prose.snippets import NAMES, Language, refuse
from gates.spec.documents import Unreadable
from gates.subject import Subject
from gates.verdict import Finding, Unmeasurable, Verdict, answer, counted, worst
from gates.waivers import Waiver, split

LARGEST = 2 * 1024 * 1024
"""Characters of one document."""


def _never(external: bool) -> bool:  # noqa: FBT001 - a value as the plan has it
    if external:
        raise ValueError("gates have no network: links to other machines are counted, and never asked")
    return external


class Limits(Frozen):
    """The documents, and what is looked at in them."""

    paths: Paths = ()
    """Files or globs of Markdown. Default: every tracked `.md` file."""
    languages: tuple[Language, ...] = ("python", "json", "yaml", "toml")
    """Blocks of code of these must be parseable."""
    links: Flag = True
    """Whether links must resolve."""
    external: Annotated[Flag, AfterValidator(_never)] = False
    """Whether links to other machines are asked, which they never are."""


class Report(Frozen):
    """What was looked at, and what is wrong."""

    files: int
    links: int
    """Within the repository."""
    external: int
    blocks: int
    """Of the languages asked for."""
    wrong: tuple[Finding, ...]
    waivers: tuple[Waiver, ...]


def measure(limits: Limits, subject: Subject) -> JsonValue:
    """Every link and every block of every document. Raises Unmeasurable without any."""
    paths = _paths(limits, subject)

    @cache
    def page(path: str) -> Page:
        return _read(subject, path)

    tree = Map(subject, page)
    pages = {path: page(path) for path in paths}
    targets = [(path, link) for path, each in pages.items() for link in each.links if limits.links]
    inner = [(path, link) for path, link in targets if not is_external(link.target)]
    blocks = [
        (path, block)
        for path, each in pages.items()
        for block in each.blocks
        if NAMES.get(block.language) in limits.languages
    ]
    if not inner and not blocks:
        told = counted(len(paths), "document")
        raise Unmeasurable(f"nothing to look at: {told} without code or a link within the repository")
    wrong = [
        *(_finding(path, link.line, found) for path, link in inner if (found := tree.wrong(path, link.target))),
        *(_undefined(pages) if limits.links else ()),
        *(finding for path, block in blocks for finding in _unparsable(path, block.language, block.text, block.line)),
    ]
    wrong.sort(key=lambda finding: (finding.path or "", finding.line or 0))
    return Report(
        files=len(paths), links=len(inner), external=len(targets) - len(inner), blocks=len(blocks),
        wrong=tuple(wrong), waivers=subject.waivers,
    ).model_dump(mode="json")  # fmt: skip


def _paths(limits: Limits, subject: Subject) -> tuple[str, ...]:
    if not limits.paths:
        paths = tuple(path for path in regular(subject) if path.lower().endswith(MARKDOWN))
        if not paths:
            raise Unmeasurable("no Markdown file is tracked: name documents by paths")
        return paths
    paths = select(subject, limits.paths)
    for path in paths:
        if not path.lower().endswith(MARKDOWN):
            raise Unmeasurable(
                f"{shown(path)} is not Markdown ({', '.join(MARKDOWN)}), and nothing else is read: name others"
            )
    return paths


def _read(subject: Subject, path: str) -> Page:
    from gates.prose.markdown import read_page  # noqa: PLC0415 - markdown-it costs time that other checks must not pay

    text = read_text(subject.root, path)
    if len(text) > LARGEST:
        raise Unmeasurable(f"{shown(path)} is too large: at most {LARGEST} characters are read")
    return read_page(text)


def _finding(path: str, line: int, wrong: Wrong) -> Finding:
    return Finding(path=path, line=line, rule=wrong.rule, message=wrong.reason)


def _undefined(pages: dict[str, Page]) -> Iterator[Finding]:
    for path, page in pages.items():
        for link in page.undefined:
            message = f"[{shown(link.target)}] is defined nowhere in the document"
            yield Finding(path=path, line=link.line, rule="link-label", message=message)


def _unparsable(path: str, language: str, text: str, line: int) -> Iterable[Finding]:
    try:
        refuse(NAMES[language], text)
    except Unreadable as problem:
        yield Finding(
            path=path, line=line + (problem.line or 1) - 1, rule=f"code-{NAMES[language]}", message=problem.reason
        )


def judge(limits: Limits, report: JsonValue) -> Verdict:
    """Passed when nothing is wrong, and something was looked at."""
    found = Report.model_validate(report)
    standing, waived = split(found.wrong, found.waivers)
    verdict = answer(
        "docs",
        f"{len(standing)} wrong of {counted(found.links, 'link')} and {counted(found.blocks, 'block')} of code in"
        f" {counted(found.files, 'document')} ({counted(found.external, 'link')} to other machines not asked)"
        f"{worst(standing)}",
        measured={"wrong": len(standing), **found.model_dump(include={"links", "blocks", "files", "external"})},
        limit={"wrong": 0, "links": limits.links, "languages": list(limits.languages)},
        findings=standing,
        passed=not standing and found.links + found.blocks > 0,
    )
    return verdict.model_copy(update={"waived": waived})
