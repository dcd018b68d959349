"""What people see of conflicts: the line, the view, the summary, the page, the artifact's rows."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from tasks.conflict_history import conflicts_of
from tasks.events import ConflictSeen, Event, PhaseEnded, PhaseStarted, RunStarted
from tasks.journal import Journal
from tasks.outcome import outcome_of
from tasks.overlap import MOST_PLACES, Level, Overlap, Place, overlap_of
from tasks.progress_lines import line
from tasks.progress_view import view
from tasks.report import summary
from tasks.report_html import render
from tasks.report_markdown import CONFLICT_HEADS, conflict_row, markdown

LEDGER = Journal(Path(__file__).parent / "journals" / "ledger.jsonl").read()
NOON = 1780920000.0
TEXT = Place(path="src/ledger/post.py", level=Level.TEXT, kinds=("contents",), names=("Post.amount",))
KEY = Place(path="pyproject.toml", level=Level.KEY, names=("project.version", "tool.x"))
FILE = Place(path="README.md", level=Level.PATH)
RENAMED = Place(path="new/a", level=Level.TEXT, kinds=("directory rename suggested",))
UNREAD = Place(path="c.json", level=Level.PATH, unread="larger than 512 KiB")
UNKNOWN = Overlap(unknown="git merge-tree timed out after 30 s")
HOSTILE = "<b>\x1b[31m`x`|\u202e" + "y" * 900


def seen(*places: Place, ours: str = "parser", theirs: str = "printer", at: float = NOON, **more: str) -> ConflictSeen:
    overlap = overlap_of(places).model_copy(update=more)
    return ConflictSeen(number=1, phase="specification", at=at, ours=ours, theirs=theirs, overlap=overlap)


def run_with(*events: Event) -> tuple[Event, ...]:
    start = next(event for event in LEDGER if isinstance(event, RunStarted)).model_copy(update={"at": NOON - 9})
    names = ("parser", "printer")
    return (start, PhaseStarted(number=1, phase="specification", at=NOON - 8, assignments=names, gate=()), *events)


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (seen(TEXT), "conflict ahead: parser x printer in src/ledger/post.py (text: keys Post.amount)"),
        (seen(TEXT.model_copy(update={"names": ()})), "conflict ahead: parser x printer in src/ledger/post.py (text)"),
        (seen(KEY), "conflict ahead: parser x printer in pyproject.toml (same key: project.version, tool.x)"),
        (seen(RENAMED), "conflict ahead: parser x printer in new/a (text, directory rename suggested)"),
        (seen(FILE), "overlap: parser x printer in README.md (same file)"),
        (seen(UNREAD), "overlap: parser x printer in c.json (same file: keys unknown, larger than 512 KiB)"),
        (seen(), "no conflict any more: parser x printer"),
        (seen(**dict(UNKNOWN)), "conflict unknown: parser x printer: git merge-tree timed out after 30 s"),
        (
            seen(*(Place(path=f"{n}.md", level=Level.TEXT) for n in range(MOST_PLACES + 20))),
            "conflict ahead: parser x printer in 0.md (text); 1.md (text); 10.md (text); and 117 more",
        ),
    ],
)
def test_a_conflict_is_one_line(event: ConflictSeen, words: str) -> None:
    assert line(event, "r").split("  ", 1)[1] == f"1 specification  {words}"


def test_the_worst_place_comes_first() -> None:
    assert overlap_of([FILE, KEY, TEXT]).places == (TEXT, KEY, FILE)
    assert [overlap_of(places).word for places in ([], [FILE], [FILE, KEY], [TEXT])] == [
        "disjoint", "same file", "same key", "text",
    ]  # fmt: skip
    assert UNKNOWN.word == "unknown"


def pictured(*events: Event) -> list[str]:
    console = Console(file=io.StringIO(), record=True, width=100, force_terminal=True)
    console.print(view(run_with(*events), NOON + 60))
    return [told.strip() for told in console.export_text().splitlines()]


def test_the_view_shows_what_is_ahead_until_it_is_over_and_no_mere_overlap() -> None:
    ahead = "! conflict ahead: parser x printer in pyproject.toml (same key: project.version, tool.x)"
    assert ahead in pictured(seen(KEY))
    assert not any("x printer" in told for told in [*pictured(seen(KEY), seen()), *pictured(seen(FILE))])
    many = pictured(*(seen(KEY, ours=f"a{number}") for number in range(9)))
    assert sum("conflict ahead" in told for told in many) == 5
    assert "! and 4 more conflicts ahead" in many


def test_the_summary_tells_open_and_resolved_ones_and_where() -> None:
    told = summary(outcome_of(run_with(seen(TEXT, KEY), seen(KEY, ours="a"), seen(ours="a", at=NOON + 5))))
    assert [one for one in told.splitlines() if "conflict" in one or "toml" in one or "post.py" in one] == [
        "  conflict (text) parser x printer.........................................Open",
        "    src/ledger/post.py (text: keys Post.amount)",
        "    pyproject.toml (same key: project.version, tool.x)",
        "  conflict (same key) a x printer......................................Resolved",
        "    pyproject.toml (same key: project.version, tool.x)",
    ]
    over = summary(outcome_of(run_with(seen(FILE), seen(at=NOON + 5))))
    assert "x printer" not in over


def test_a_row_has_who_whom_level_where_since_and_whether_it_is_over() -> None:
    (conflict,) = conflicts_of([seen(TEXT), seen(KEY, at=NOON + 1), seen(at=NOON + 60)])
    assert dict(zip(CONFLICT_HEADS, conflict_row(conflict), strict=True)) == {
        "who": "parser", "whom": "printer", "level": "same key",
        "where": "pyproject.toml (same key: project.version, tool.x)",
        "since": "2026-06-08 12:00:00", "resolved": "2026-06-08 12:01:00",
    }  # fmt: skip
    (still,) = conflicts_of([seen(TEXT)])
    assert conflict_row(still)[-1] == "no"


def test_two_that_meet_again_are_told_again() -> None:
    first, second = conflicts_of([seen(TEXT), seen(at=NOON + 1), seen(KEY, at=NOON + 2), seen(TEXT, ours="a")])[:2]
    assert (first.level, first.resolved, second.level, second.since, second.resolved) == (
        "text", NOON + 1, "same key", NOON + 2, None,
    )  # fmt: skip
    assert conflicts_of([seen()]) == ()


def test_the_page_and_the_markdown_have_a_table_of_them_in_which_every_text_stays_text() -> None:
    hostile = Place(path=HOSTILE, level=Level.TEXT, kinds=(HOSTILE,), names=(HOSTILE,))
    passed = PhaseEnded(number=1, phase="specification", outcome="passed", commit="c", at=NOON + 60)
    events = run_with(seen(KEY), passed, seen(hostile, ours=HOSTILE, at=NOON + 61))
    page = render(events, outcome_of(events), ())
    table = page[page.index("<h3>Conflicts</h3>") :]
    table = table[: table.index("</table>")]
    assert "<code>pyproject.toml (same key: project.version, tool.x)</code>" in table
    assert "<time>2026-06-08 12:00:00</time>" in table
    assert "<time>2026-06-08 12:01:00</time>" in table
    assert '<span class="state open">open</span>' in table
    assert "<b>" not in table
    assert "\x1b" not in page
    assert "\u202e" not in page
    told = markdown(outcome_of(events))
    assert "| who | whom | level | where | since | resolved |" in told
    assert "<b>" not in told
    assert line(events[-1], "r").isprintable()
