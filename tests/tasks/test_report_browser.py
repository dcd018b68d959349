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
    source = escape(render(LEDGER, outcome_of(LEDGER), ()))
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


@pytest.mark.parametrize("width", ["desk", "phone"])
def test_the_page_never_scrolls_sideways_and_stays_legible(layout: Layout, width: str) -> None:
    told = layout[width]
    assert told["overflow"] == 0
    assert min(told["fonts"]) >= 13
    assert min(box[2] for box in told["cells"]) >= 100
