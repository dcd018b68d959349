"""The page: all of the run, and nothing that an agent wrote as anything but text."""

import re
from collections.abc import Callable, Sequence
from html import escape
from html.parser import HTMLParser
from pathlib import Path

from pydantic import JsonValue, TypeAdapter

from gates.verdict import Outcome
from tasks.events import BatchEnded, CheckEnded, Event, GateEnded
from tasks.journal import Journal
from tasks.outcome import Merge, outcome_of
from tasks.report_html import render

LEDGER = Journal(Path(__file__).parent / "journals" / "ledger.jsonl").read()
MERGES = (
    Merge(
        commit="aa11" * 10,
        parents=("bb22" * 10, "cc33" * 10),
        subject="merge posting",
        trailers={"Sparc-Gate": "passed", "Sparc-Evidence": "sha256:" + "dd" * 32},
    ),
)
HOSTILE = (
    "</title></style></svg><script>alert(1)</script><img src=//x onerror=alert(1)>\"' onload='x' style=x"
    "<!-- --> ]]> {{ 7*7 }} {% raw %} &lt; javascript:x \u202egnp.exe \x1b[31m\x00 url(//x) @import"
)
SHOWN = (
    "</title></style></svg><script>alert(1)</script><img src=//x onerror=alert(1)>\"' onload='x' style=x"
    "<!-- --> ]]> {{ 7*7 }} {% raw %} &lt; javascript:x \ufffdgnp.exe \ufffd url(//x) @import"
)
VOID = {"meta", "link", "img", "br", "hr", "input"}


class _Page(HTMLParser):
    """The page as a browser without any script reads it."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.source = source
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open and data.strip():
            self.texts.append(data.strip())

    @property
    def shape(self) -> list[tuple[str, list[str]]]:
        return [(tag, sorted(attributes)) for tag, attributes in self.tags]

    def find(self, tag: str, kind: str = "") -> list[dict[str, str | None]]:
        return [
            found
            for name, found in self.tags
            if name == tag and (not kind or kind in (found.get("class") or "").split())
        ]


def page(events: Sequence[Event] = LEDGER, merges: Sequence[Merge] = MERGES) -> _Page:
    return _Page(render(events, outcome_of(events), merges))


def rewritten(change: Callable[[str], str]) -> tuple[tuple[Event, ...], tuple[Merge, ...]]:
    """The ledger's events and merges with every free text changed; the words that have one of few meanings stay."""
    fixed = {"event", "outcome"}

    def walk(value: JsonValue) -> JsonValue:
        if isinstance(value, dict):
            return {
                change(key) if key == "complexity" else key: part if key in fixed else walk(part)
                for key, part in value.items()
            }
        if isinstance(value, list):
            return [walk(part) for part in value]
        return change(value) if isinstance(value, str) else value

    events = TypeAdapter(tuple[Event, ...]).validate_python(
        tuple(walk(event.model_dump(mode="json")) for event in LEDGER)
    )
    merges = (
        Merge.model_validate(
            {**_dict(walk(MERGES[0].model_dump(mode="json"))), "trailers": {change("a"): change("b")}}
        ),
    )
    return events, merges


def _dict(value: JsonValue) -> dict[str, JsonValue]:
    assert isinstance(value, dict)
    return value


def test_every_text_stays_text() -> None:
    hostile = page(*rewritten(lambda text: HOSTILE + text))
    tame = page(*rewritten(lambda text: "tame" + text))
    assert hostile.shape == tame.shape
    assert {tag for tag, _ in hostile.shape}.isdisjoint({"script", "img", "link", "iframe", "object", "base", "form"})
    assert not [
        name for _, names in hostile.shape for name in names if name.startswith("on") or name in ("src", "style")
    ]
    assert sum(SHOWN[:60] in text for text in hostile.texts) > 100
    assert SHOWN in max(hostile.texts, key=len)


def test_no_hostile_character_is_left() -> None:
    source = page(*rewritten(lambda text: HOSTILE + text)).source
    assert all(character.isprintable() or character == "\n" for character in source)
    assert escape(SHOWN.partition("{{")[0].strip()).replace("&#x27;", "&#39;").replace("&quot;", "&#34;") in source


def test_nothing_is_loaded_from_anywhere() -> None:
    for told in (page(), page(*rewritten(lambda text: HOSTILE + text))):
        policies = [found["content"] for found in told.find("meta") if found.get("http-equiv")]
        assert policies == ["default-src 'none'; style-src 'unsafe-inline'; img-src data:"]
        style = told.source.split("<style>")[1].split("</style>")[0]
        assert not re.search(r"url\(|@import|//", style)
        assert all((found["href"] or "").startswith("#") for found in told.find("a"))
        assert {found["fill"] for found in told.find("rect", "pattern")} == {"url(#failed)", "url(#interrupted)"}


def test_ids_are_unique_and_every_reference_has_its_target() -> None:
    told = page()
    ids = [found["id"] for _, found in told.tags if found.get("id")]
    assert len(ids) == len(set(ids))
    named = [found["aria-labelledby"] or "" for _, found in told.tags if "aria-labelledby" in found]
    links = [(found["href"] or "")[1:] for found in told.find("a")]
    assert {one for names in named for one in names.split()} | set(links) <= set(ids)
    assert len(links) == 5


def test_a_failed_round_stays_in_sight_before_the_one_that_passed() -> None:
    texts = page().texts
    refinement = texts[len(texts) - texts[::-1].index("4 refinement") :]
    rounds = [(text, refinement[place + 1]) for place, text in enumerate(refinement) if re.fullmatch(r"Round \d", text)]
    assert rounds[:3] == [("Round 1", "failed"), ("Round 2", "failed"), ("Round 3", "passed")]
    place = refinement.index(
        "88.4 % < 95 %: src/ledger/post.py 71 %, lines 40-52; src/ledger/close.py 80 %, lines 12, 19-24"
    )
    assert refinement[place - 1] == "coverage"
    assert refinement[place + 1 : place + 3] == ["src/ledger/post.py:40", "71 % covered, lines 40-52 are not"]
    assert refinement.index("93.7") < refinement.index("96.2")
    assert "complexity C, maintainability B" in refinement


def test_who_approved_is_told_and_nobody_is_told_as_nobody() -> None:
    texts = page().texts
    assert texts[texts.index("ada") - 2 : texts.index("ada")] == ["approved", "by"]
    assert "Edge cases of refunds are all there. Go on." in texts
    place = texts.index("--yes")
    assert texts[place - 2 : place + 2] == ["approved", "by", "--yes", ": nobody was asked,"]


def test_attempts_merges_notices_and_escalations_are_told() -> None:
    texts = page().texts
    joined = "\n".join(texts)
    assert "exit code 1: Traceback (most recent call last): ModuleNotFoundError: No module named 'ledger'" in texts
    assert "own gate: tests 41 passed" in texts
    assert "gate failed twice: coverage 93.7 % < 95 %" in texts
    assert "memory is at 91 % of the machine: 2 agents at once from now on, 4 were asked for" in texts
    assert "aa11aa11aa\nbb22bb22bb\ncc33cc33cc\nmerge posting\nSparc-Gate: passed · Sparc-Evidence: sha256:" in joined
    assert "Released: main is at 01f561ac4a, after 12 h 51 min." in texts


def test_a_run_that_has_only_begun_has_a_page() -> None:
    told = page(LEDGER[:1], ())
    assert "Running: 0 of 5 phases passed." in told.texts
    assert told.find("svg") == []
    assert "Merges" not in told.texts


def test_a_gate_that_has_not_answered_is_told_as_open() -> None:
    place = next(place for place, event in enumerate(LEDGER) if isinstance(event, GateEnded))
    assert page(LEDGER[:place]).find("span", "open") != []
    assert page(LEDGER[: place + 1]).find("span", "open") == []


def test_the_release_s_gate_is_told_as_such() -> None:
    rounds = [event for event in LEDGER if event.event in ("check-ended", "gate-ended") and event.number == 5]
    last = [event.model_copy(update={"at": LEDGER[-2].at + 9, "round": 0}) for event in rounds]
    texts = page((*LEDGER[:-1], *last, LEDGER[-1])).texts
    assert texts[texts.index("Release") + 1] == "passed"
    assert texts.index("Release") > max(place for place, text in enumerate(texts) if text == "Round 1")


def test_many_findings_are_cut_and_counted() -> None:
    place = next(place for place, event in enumerate(LEDGER) if event.event == "attempt-ended" and event.findings)
    ended = LEDGER[place]
    assert ended.event == "attempt-ended"
    many = ended.model_copy(
        update={
            "findings": tuple(one.model_copy(update={"line": line}) for one in ended.findings for line in range(75))
        }
    )
    assert "and 45 more, in the evidence" in page((*LEDGER[:place], many, *LEDGER[place + 1 :])).texts


def test_the_picture_has_a_name_a_description_and_titles() -> None:
    told = page()
    picture = told.find("svg")[0]
    assert (picture["role"], picture["aria-labelledby"]) == ("img", "picture-title picture-desc")
    assert any(text.startswith("1 specification: passed. 2 pseudocode: passed.") for text in told.texts)
    assert "api, attempt 1 by writer: failed, 1 min 04 s. exit code 1" in told.source
    assert len(told.find("g", "bar")) - 6 == told.source.count('data-from="')  # six more in the legend


def test_work_that_was_measured_together_is_told_and_so_is_what_was_measured_before() -> None:
    place = next(at for at, event in enumerate(LEDGER) if isinstance(event, GateEnded))
    check = next(event for event in reversed(LEDGER[:place]) if isinstance(event, CheckEnded))
    together = BatchEnded(
        at=check.at, number=check.number, phase=check.phase, assignments=("api", "<b>cli"), tree="0" * 40, checks=3,
        outcome=Outcome.FAILED, seconds=75,
    )  # fmt: skip
    again = check.model_copy(update={"kept": "1 specification, <i>api"})
    events = [*LEDGER[: place - 1], again, together, *LEDGER[place:]]
    page = " ".join(_Page(render(events, outcome_of(events), MERGES)).texts)
    assert "measured together: api, <b>cli" in page
    assert "kept from 1 specification, <i>api" in page


def test_a_column_of_figures_has_figures_and_lists_are_told_apart() -> None:
    place = next(at for at, event in enumerate(LEDGER) if isinstance(event, CheckEnded))
    check = LEDGER[place]
    assert isinstance(check, CheckEnded)
    measured = {
        "red": 1, "on_stubs": 0, "unit": None, "tests": ["tests/test_a.py:3 test_a: <i>red", "b"],
        "intervals": {"at_most": [1.5, 2.5]}, "empty": [], "matrix": [{"requirement": "R-1"}],
    }  # fmt: skip
    verdict = check.verdict.model_copy(update={"measured": measured, "limit": {"weak": None, "languages": ["c", "d"]}})
    events = [*LEDGER[:place], check.model_copy(update={"verdict": verdict}), *LEDGER[place + 1 :]]
    texts = page(events).texts
    place = texts.index("tests: 2")
    assert texts[place : place + 8] == [
        "tests: 2", "tests/test_a.py:3 test_a: <i>red", "b", "intervals: 1", "at most 1.5, 2.5",
        "passed", "red 1, on stubs 0", "languages c, d",
    ]  # fmt: skip
    assert not {"empty: 0", "matrix: 1"} & set(texts)
