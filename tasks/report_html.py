"""The run as one self-contained page: no script, no outside resource, every text escaped.

Two things keep a text a text, whatever an agent or a target wrote. Every value that the template puts out first passes
through `prose`, which leaves only printable characters, and then through Jinja's escaping, in elements, attributes and
the picture alike. The page's own policy forbids scripts and every load.
"""

import json
from collections.abc import Sequence
from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup
from pydantic import JsonValue

from gates.verdict import Verdict
from tasks import matrix
from tasks.account import account_of
from tasks.before import HEADS
from tasks.events import Event
from tasks.outcome import Merge, RunOutcome
from tasks.report import verdict_line
from tasks.report_speed import speed_rows
from tasks.timeline import WIDTH, timeline
from tasks.wording import moment, prose, round_name, short, span


def render(events: Sequence[Event], outcome: RunOutcome, merges: Sequence[Merge]) -> str:
    """The page; `merges` in the order in which they are to be listed."""
    account = account_of(events)
    return (
        _environment()
        .get_template("report.html.jinja")
        .render(
            run=outcome,
            account=account,
            verdict=verdict_line(outcome),
            phases=list(zip(outcome.phases, account.phases, strict=True)),
            picture=timeline(account, outcome.phases),
            width=WIDTH,
            merges=merges,
            speed_heads=HEADS,
            speeds=speed_rows(outcome),
            matrix=matrix.matrix_of(outcome),
        )
    )


def _environment() -> Environment:
    environment = Environment(
        loader=FunctionLoader(_template),
        autoescape=True,
        finalize=_harmless,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "clock": moment,
        "figure": _figure,
        "figures": _figures,
        "lists": _lists,
        "round_name": round_name,
        "short": short,
        "span": span,
        "why": _why,
    }
    return environment


def _template(name: str) -> str:
    return files("tasks").joinpath("templates", name).read_text(encoding="utf-8")


def _harmless(value: object) -> object:
    """What is put out in place of `value`; `Markup` is what the template itself has made and escaped."""
    return prose(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _why(verdict: Verdict) -> str:
    """The summary beside the check's name, which it need not repeat."""
    return verdict.summary.removeprefix(verdict.check).lstrip(": ")


def _lists(measured: JsonValue) -> dict[str, list[str]]:
    """What a column of figures has no room for, by its name; but for the matrix, which has a table of its own."""
    parts = measured.items() if isinstance(measured, dict) else ()
    told = {_spoken(key): part for key, part in parts if key != matrix.KEY}
    return {name: list(map(_figure, _rows(part))) for name, part in told.items() if _rows(part)}


def _rows(part: JsonValue) -> list[JsonValue]:
    return (
        part if isinstance(part, list) else [{key: one} for key, one in part.items()] if isinstance(part, dict) else []
    )


def _spoken(key: str) -> str:
    return key.replace("_", " ")


def _figures(value: JsonValue) -> str:
    """What was measured, as short as it can be told: what is not there is left out, lists have a place of their own."""
    if not isinstance(value, dict):
        return _figure(value)
    return _figure({key: part for key, part in value.items() if not isinstance(part, list | dict)})


def _figure(value: JsonValue) -> str:
    """A limit, or a part of what was measured."""
    match value:
        case None:
            return "none"
        case dict():
            return ", ".join(f"{_spoken(key)} {_figure(part)}" for key, part in value.items() if part is not None)
        case list():
            return ", ".join(map(_figure, value))
        case str():
            return value
    return json.dumps(value)
