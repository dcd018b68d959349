"""One check in a process of its own: `python -I -m gates.worker REPORT_FILE CHECK`.

It prepares for that check, and then waits for its question on standard input, which is one JSON document,
`{"check": name, "limits": {...}, "subject": {...}}`. The verdict is written as JSON to REPORT_FILE, whole or not at
all; before it, where a check measures coverage, the lines to `lines.json` beside it. Whatever goes wrong becomes a
verdict `error`; without a report the process has crashed, or was ended.
"""

import json
import os
import sys
from contextlib import suppress
from pathlib import Path

from gates.bounded import limit_resources
from gates.checks import Check, kind_named
from gates.line_hits import LINES, LineHits
from gates.subject import Subject
from gates.verdict import Unmeasurable, Verdict, error

MOST_CHARACTERS = 600
LINES_FILE = "lines.json"
"""Beside the report: which lines were executed, of a check that measures that."""


def main(report: str, name: str) -> None:
    """Answer the question on standard input, which is about the check of this name, into the file `report`."""
    limit_resources()
    with suppress(Exception):  # it is told with the answer
        kind_named(name)
    lines: list[LineHits] = []
    verdict = answer_to(sys.stdin.read(), lines)
    if lines:
        _write(Path(report).with_name(LINES_FILE), LINES.dump_python(tuple(lines), mode="json"))
    _write(Path(report), verdict.model_dump(mode="json"))


def answer_to(question: str, lines: list[LineHits] | None = None) -> Verdict:
    """The verdict on a question, and never an exception; `lines` takes those that were seen executed or not."""
    label = "check"
    try:
        asked = json.loads(question)
        check = Check.model_validate({"name": asked["check"], "limits": asked["limits"]})
        label = check.label
        subject = Subject.model_validate(asked["subject"])
        measured = check.kind.measure(check.limits, subject)
        if lines is not None and check.kind.executed:
            lines += check.kind.executed(check.limits, measured)
        return check.kind.judge(check.limits, measured)
    except Unmeasurable as problem:
        return error(label, str(problem), *problem.findings)
    except (Exception, SystemExit) as problem:  # noqa: BLE001 - one check must not take the gate with it
        reason = f"{type(problem).__name__}: {' '.join(str(problem).split())[:MOST_CHARACTERS]}"
        return error(label, f"could not be measured: {reason.rstrip(': ')}")


def _write(report: Path, data: object) -> None:
    # escaped, for a path that is no UTF-8 cannot be written otherwise
    text = json.dumps(data)
    partial = report.with_name(f"{report.name}.{os.getpid()}")
    partial.write_text(text, encoding="ascii")
    partial.replace(report)


if __name__ == "__main__":
    main(*sys.argv[1:])
