"""Figures of many files, by a process of its own: `python -I -m gates.metrics.figure_worker REPORT_FILE`.

Standard input is one JSON document, `{"contents": file, "needs": [[metric, path, parameters, begin, length], ...]}`:
each content is a piece of one file. REPORT_FILE gets a list in the same order, whole or not at all: `[figure]` for each
need, or `[null, reason, line]` for what cannot be measured.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from gates.bounded import limit_resources, within
from gates.metrics.figures import Unread, figure

MOST_CHARACTERS = 600


def main(report: str) -> None:
    """Answer the question on standard input, into the file `report`."""
    limit_resources()
    asked = json.load(sys.stdin)
    with Path(asked["contents"]).open("rb") as contents:
        answers = [_answer(contents, *need) for need in asked["needs"]]
    place = Path(report)
    partial = place.with_name(f"{place.name}.{os.getpid()}")
    # escaped, for a text with half a surrogate pair has no other form
    partial.write_text(json.dumps(answers, separators=(",", ":")), encoding="ascii")
    partial.replace(place)


def _answer(contents: Any, metric: str, path: str, parameters: list[str], begin: int, length: int) -> list[Any]:  # noqa: ANN401 - one need, and an open file
    contents.seek(begin)
    try:
        with within():
            return [figure(metric, path, contents.read(length), parameters)]
    except Unread as problem:
        return [None, problem.reason, problem.line]
    except (Exception, SystemExit) as problem:  # noqa: BLE001 - one file must not take the others with it
        reason = f"{type(problem).__name__}: {' '.join(str(problem).split())[:MOST_CHARACTERS]}"
        return [None, f"could not be measured: {reason.rstrip(': ')}", None]


if __name__ == "__main__":
    main(sys.argv[1])
