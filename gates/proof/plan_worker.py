"""Reads trees for a probe, in a process of its own: `python -I -m gates.proof.plan_worker REPORT_FILE`.

A parser can be made to take its process along. Standard input is one JSON document, `{"plan": name, "paths": [...],
"subject": {...}}`; to REPORT_FILE goes one as well, `{"plan": {...}}` or `{"refused": sentence}`, whole or not at all.
"""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from pydantic import JsonValue

from gates.bounded import limit_resources
from gates.proof import red_green_told, red_plan, stub_plan
from gates.subject import Subject
from gates.verdict import Unmeasurable

MOST_CHARACTERS = 600


def main(report: str) -> None:
    """Answer the question on standard input, into the file `report`."""
    limit_resources()
    answer = json.dumps(answer_to(sys.stdin.read()))
    partial = Path(f"{report}.{os.getpid()}")
    partial.write_text(answer, encoding="ascii")
    partial.replace(report)


def answer_to(question: str) -> JsonValue:
    """The plan, or why there is none; never an exception."""
    try:
        asked = json.loads(question)
        return {"plan": _plan(asked["plan"], asked["paths"], Subject.model_validate(asked["subject"]))}
    except Unmeasurable as problem:
        return {"refused": str(problem)}
    except Exception as problem:  # noqa: BLE001 - one check must not take the gate with it
        reason = " ".join(str(problem).split())[:MOST_CHARACTERS]
        return {"refused": f"could not be measured: {type(problem).__name__}: {reason}"}


def _plan(name: str, paths: list[str], subject: Subject) -> JsonValue:
    plans: dict[str, Callable[[], JsonValue]] = {
        "stub_probe": lambda: stub_plan.planned(tuple(paths), subject),
        "stub_probe_failing": lambda: stub_plan.failing(subject),
        "red_green": lambda: red_plan.planned(subject),
        "red_green_reds": lambda: [*red_green_told.reds(subject)],
        "red_green_weak": lambda: [*red_green_told.weak(subject)],
    }
    return plans[name]()


if __name__ == "__main__":
    main(sys.argv[1])
