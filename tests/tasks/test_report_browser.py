"""The page in a real browser: where things really lie, at the width of a desk and of a phone."""

import json
import os
import shutil
import subprocess
from html import escape, unescape
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from pydantic import JsonValue

from tasks.events import CheckEnded, Event
from tasks.journal import Journal
from tasks.outcome import outcome_of
from tasks.report_html import render

LEDGER = Journal(Path(__file__).parent / "journals" / "ledger.jsonl").read()

pytestmark = pytest.mark.browser
Layout = dict[str, dict[str, Any]]
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
MEASURE = """
const told = {};
for (const frame of document.querySelectorAll("iframe")) {
  const page = frame.contentDocument, all = (selector) => [...page.querySelectorAll(selector)];
  const box = (one) => { const r = one.getBoundingClientRect(); return [r.left, r.top, r.width, r.height]; };
  told[frame.id] = {
    overflow: page.documentElement.scrollWidth - page.documentElement.clientWidth,
    background: frame.contentWindow.getComputedStyle(page.body).backgroundColor,
    fonts: all("p, td, th, dd, li").map((one) => parseFloat(frame.contentWindow.getComputedStyle(one).fontSize)),
    bars: all("rect[data-from]").map((one) => ({box: box(one), from: +one.dataset.from, to: +one.dataset.to,
      kind: one.parentNode.getAttribute("class"), fill: frame.contentWindow.getComputedStyle(one).fill})),
    marks: all("g[data-at]").map((one) => ({box: box(one), at: +one.dataset.at, kind: one.getAttribute("class")})),
    lanes: all("text.lane").map(box),
    ticks: all(".axis > text:not(.day)").map(box),
    cells: all("tbody th[scope=row]").map(box),
    tables: all(".wide:has(> table)").map((one) => one.scrollWidth - one.clientWidth),
    states: all("#requirements ~ div .state, #speed ~ div .state").map((one) => one.getBoundingClientRect().right),
  };
}
document.body.innerHTML = "<pre></pre>";
document.querySelector("pre").textContent = JSON.stringify(told);
"""


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    """What a real browser makes of the page, at the width of a desk and of a phone."""
    if CHROMIUM is None:
        pytest.skip("there is no chromium")
    folder = tmp_path_factory.mktemp("browser")
    events = _with_long_names()
    source = escape(render(events, outcome_of(events), ()))
    frames = "".join(
        f'<iframe id="{name}" width="{width}" height="900" srcdoc="{source}"></iframe>'
        for name, width in (("desk", 1200), ("phone", 390))
    )
    harness = folder / "harness.html"
    harness.write_text(f"<body>{frames}<script>onload = () => {{ {MEASURE} }}</script></body>", encoding="utf-8")
    quiet = [
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
    ]
    command = [
        CHROMIUM,
        "--headless",
        "--no-sandbox",
        *quiet,
        f"--user-data-dir={folder / 'profile'}",
        "--dump-dom",
        harness.as_uri(),
    ]
    private = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    dumped = subprocess.run(command, env=private, capture_output=True, text=True, check=True, timeout=60).stdout
    told: Layout = json.loads(unescape(dumped.partition("<pre>")[2].partition("</pre>")[0]))
    return told


def _with_long_names() -> list[Event]:
    """The ledger's, with a matrix, figures and lists in its newest gate, kept from before, and long names."""
    name = "tests/test_posting.py::test_that_an_entry_which_does_not_balance_is_refused_with_a_reason"
    entry: JsonValue = {
        "requirement": "R-001",
        "defined": "docs/requirements.md:3",
        "tests": [{"test": name, "outcome": "passed"}],
    }
    told: dict[str, JsonValue] = {
        "traceability": {"requirements": 1, "traced": 1, "matrix": [entry]},
        "slo posting": {"measure": "cpu", "candidate": 0.0267135, "base": 0.181392, "runs": 10},
        "red_green": {"red": 1, "tests": [f"{name}: red on stubs, assertion"] * 3},
    }
    last = max(place for place, event in enumerate(LEDGER) if isinstance(event, CheckEnded))
    like = LEDGER[last]
    assert isinstance(like, CheckEnded)
    more = [
        like.model_copy(
            update={
                "verdict": like.verdict.model_copy(update={"check": check, "measured": measured, "summary": check}),
                "place": like.place + 1 + place,
                "kept": "4 refinement of ledger-20260608",
            }
        )
        for place, (check, measured) in enumerate(told.items())
    ]
    return [*LEDGER[: last + 1], *more, *LEDGER[last + 1 :]]


def test_bars_lie_where_their_times_are(layout: Layout) -> None:
    bars = [bar for bar in layout["desk"]["bars"] if bar["kind"] in ("bar merged", "bar failed")]
    assert len(bars) == 20
    rates = [bar["box"][2] / (bar["to"] - bar["from"]) for bar in bars]
    assert max(rates) / min(rates) < 1.02
    refinement = [bar for bar in bars if 1780933000 < bar["from"] < 1780934300]
    assert len(refinement) > 5
    for one, other in pairwise(refinement):
        assert other["box"][0] - one["box"][0] == pytest.approx(rates[0] * (other["from"] - one["from"]), abs=0.5)


def test_gates_stand_behind_the_work_they_measured(layout: Layout) -> None:
    marks = layout["desk"]["marks"]
    bars = [bar for bar in layout["desk"]["bars"] if bar["kind"] == "bar merged"]
    middle = [box[0] + box[2] / 2 for box in (mark["box"] for mark in marks)]
    assert [mark["kind"] for mark in marks].count("mark failed") == 2
    for mark, x in zip(marks, middle, strict=True):
        done = [bar["box"][0] + bar["box"][2] for bar in bars if bar["to"] <= mark["at"]]
        assert max(done) <= x + 1


def test_rows_are_apart_and_names_do_not_reach_into_the_bars(layout: Layout) -> None:
    desk = layout["desk"]
    tops = [box[1] for box in desk["lanes"]]
    assert len(tops) == 23
    assert all(after - one >= 19 for one, after in pairwise(tops))
    assert max(box[0] + box[2] for box in desk["lanes"]) < min(bar["box"][0] for bar in desk["bars"])
    assert all(after[0] > one[0] + one[2] for one, after in pairwise(desk["ticks"]))


def test_failure_success_and_interruption_differ_in_the_picture(layout: Layout) -> None:
    fills = {bar["kind"]: bar["fill"] for bar in layout["desk"]["bars"]}
    assert len({fills["bar merged"], fills["bar failed"], fills["bar interrupted"], fills["bar measuring"]}) == 4


def test_on_a_desk_no_table_is_cut_off(layout: Layout) -> None:
    assert len(layout["desk"]["tables"]) > 10
    assert max(layout["desk"]["tables"]) == 0


def test_on_a_phone_the_answers_are_seen_without_scrolling(layout: Layout) -> None:
    assert len(layout["phone"]["states"]) == 2
    assert max(layout["phone"]["states"]) <= 390


@pytest.mark.parametrize("width", ["desk", "phone"])
def test_the_page_never_scrolls_sideways_and_stays_legible(layout: Layout, width: str) -> None:
    told = layout[width]
    assert told["overflow"] == 0
    assert min(told["fonts"]) >= 13
    assert min(box[2] for box in told["cells"]) >= 100
