"""`sparc gate`: checks on any repository, without a plan, for a person, a hook or a pipeline."""

import json
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import ValidationError

from flows.outputs import Outputs
from flows.settings import Settings
from gates.waivers import Waiver
from tasks.errors import Refused
from tasks.export import Answer
from tasks.isolation import ANNOUNCED
from tasks.report import answer_lines
from tasks.target import Environment
from tasks.waivers_told import idle_of, told_idle
from tasks.wording import moment, plain

if TYPE_CHECKING:  # these take their time to import
    from flows.plain_gate import Prepared
    from tasks.measuring import Answered


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(gate)


def gate(  # noqa: PLR0913, PLR0917 - options
    checks: Annotated[
        list[str] | None, typer.Argument(metavar="CHECK...", help="A check: tests, or 'coverage: {at_least: 90}'.")
    ] = None,
    repository: Annotated[Path, typer.Option("--repository", help="The repository.")] = Path(),
    ref: Annotated[str | None, typer.Option(help="What to measure; HEAD by default.")] = None,
    staged: Annotated[bool, typer.Option("--staged", help="Measure what is staged.")] = False,  # noqa: FBT002
    base: Annotated[
        str | None, typer.Option(metavar="REF", help="Compare with the newest commit in common with this.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help="A file with gate: [...], and waivers, environment, base. Read from the base.")
    ] = None,
    group: Annotated[list[str] | None, typer.Option(help="Dependency group or extra to install.")] = None,
    requirements: Annotated[list[str] | None, typer.Option(help="Requirements file of the repository.")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Measure anew what is known from before.")] = False,  # noqa: FBT002
    junit: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the answers as JUnit XML.")] = None,
    sarif: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the findings as SARIF 2.1.0.")] = None,
    cobertura: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write what was covered as Cobertura XML.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")] = False,  # noqa: FBT002
) -> int:
    """Run checks on any repository, without a plan: on a commit, or on what is staged."""
    from flows.plain_gate import Wanted, prepare  # noqa: PLC0415 - bandit and others take their time
    from tasks.measuring import Memory, measure_all, measures_lines  # noqa: PLC0415

    outputs = Outputs(junit, sarif, cobertura)
    outputs.make_room()
    wanted = Wanted(tuple(checks or ()), repository, ref, staged, base, file, environment_of(group, requirements))
    prepared = prepare(wanted)
    if cobertura and not any(map(measures_lines, prepared.checks)):
        raise Refused("--cobertura: none of these checks measures coverage; ask for coverage as well")
    with prepared.exam(Settings().root, os.environ) as exam:
        for note in (*prepared.notes, *((ANNOUNCED,) if exam.isolation == "none" else ())):
            typer.echo(plain(note, 1000), err=True)
        answers = measure_all(prepared.checks, exam, Memory(fresh=fresh, lines=cobertura is not None))
    problems = outputs.write([Answer(each.verdict, each.seconds, lines=each.lines) for each in answers])
    passed = bool(answers) and all(answered.verdict.passed for answered in answers) and not problems
    document = {"ok": passed, "ref": None if staged else ref or "HEAD", **_document(prepared, answers)}
    typer.echo(json.dumps(document, indent=1) if as_json else "\n".join(_lines(prepared, answers)))
    for problem in problems:
        typer.echo(problem, err=True)
    return 0 if passed else 1


def _document(prepared: "Prepared", answers: Sequence["Answered"]) -> dict[str, Any]:
    told = [
        {**answered.verdict.model_dump(mode="json"), "seconds": round(answered.seconds, 3), "kept": _when(answered)}
        for answered in answers
    ]
    asked = prepared.asked
    about = {"commit": asked.commit, "staged": prepared.staged, "base": asked.base, "notes": list(prepared.notes)}
    idle = [waiver.model_dump(mode="json") for waiver in _idle(prepared, answers)]
    return {**about, "checks": told, "idle_waivers": idle}


def _when(answered: "Answered") -> str | None:
    return datetime.fromtimestamp(answered.kept, UTC).isoformat() if answered.kept is not None else None


def _idle(prepared: "Prepared", answers: Sequence["Answered"]) -> tuple[Waiver, ...]:
    return idle_of(prepared.asked.waivers, (answered.verdict for answered in answers))


def _lines(prepared: "Prepared", answers: Sequence["Answered"]) -> Iterator[str]:
    for answered in answers:
        yield from answer_lines(answered.verdict)
        if answered.kept is not None:
            yield f"  (kept from {moment(answered.kept)}; --fresh measures anew)"
    for waiver in _idle(prepared, answers):
        yield plain(told_idle(waiver, "here: this gate"), 1000)


def environment_of(groups: list[str] | None, requirements: list[str] | None) -> Environment | None:
    """The target's environment as options describe it; None without any. Raises Refused as for a plan."""
    if not groups and not requirements:
        return None
    try:
        return Environment(groups=tuple(groups) if groups else None, requirements=tuple(requirements or ()))
    except ValidationError as invalid:
        raise Refused(f"--requirements: {invalid.errors()[0]['msg'].removeprefix('Value error, ')}") from invalid
