"""Asks a worker of ours what a probe is to do: it reads the trees, and this process none of their code."""

import json
import sys
from collections.abc import Iterable, Mapping

from pydantic import JsonValue

from gates.subject import Subject
from tasks.command import Command, run_foreign
from tasks.errors import SparcError
from tasks.probing import Probing
from tasks.suite_run import Left
from tasks.uv import basics, last_words

READING = 1200.0
"""Seconds; the worker bounds its processor time itself, below that."""

UNCOMPARED = "there is nothing to compare with: name the commit to compare with (sparc gate --base REF)"


class Unplanned(SparcError):
    """What a probe is to do cannot be told; says why."""


def asked(
    probing: Probing, left: Left, name: str, notes: JsonValue, paths: Iterable[str] = ()
) -> Mapping[str, JsonValue]:
    """The plan of a name for what the runs have left so far. Raises Unplanned."""
    answer = _answer(probing, name, list(paths), _subject(probing, left, notes))
    if "plan" not in answer:
        raise Unplanned(str(answer.get("refused")))
    return answer


def _subject(probing: Probing, left: Left, notes: JsonValue) -> Subject:
    ground = probing.ground
    told = {"reports": left.reports, "ran": left.ran, "runs": left.runs, "notes": notes}
    return ground.compared(ground.subject()).model_copy(update=told)


def _answer(probing: Probing, name: str, paths: list[str], subject: Subject) -> Mapping[str, JsonValue]:
    exam = probing.ground.exam
    jail = exam.confinement.jail(probing.ground.new_folder())
    folder = jail.writable[0]
    report = folder / "plan.json"
    question = {"plan": name, "paths": paths, "subject": subject.model_dump(mode="json")}
    argv = (sys.executable, "-I", "-m", "gates.proof.plan_worker", str(report))
    env = {**basics(exam.env), "HOME": str(folder), "TMPDIR": str(folder)}
    done = run_foreign(Command(argv, folder, env, json.dumps(question).encode(), READING, jail))
    try:
        answer: Mapping[str, JsonValue] = json.loads(report.read_bytes())
    except (OSError, ValueError):
        reason = last_words(done.failure or f"exit code {done.code}", done.output)
        raise Unplanned(f"its worker left no plan: {reason}") from None
    return answer
