"""Commands that look and change nothing: check, schema, status, report."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from flows.check_plan import Inspection, check_plan
from flows.outputs import Outputs
from flows.plan_schema import broken_checks, plan_schema
from flows.settings import Settings
from tasks.context import Context
from tasks.errors import Blocked, Refused, SparcError
from tasks.journal import Journal
from tasks.outcome import RunOutcome, outcome_of
from tasks.report import status_lines, summary
from tasks.run_folder import RunFolder, runs
from tasks.wording import count

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    for command in (check, schema, status, report):
        app.command()(command)


def check(plan: Annotated[Path, typer.Argument(help="The plan's file.")], as_json: Json = False) -> int:  # noqa: FBT002
    """Check a plan whole, and show the shape of its work. Runs nothing."""
    found = check_plan(plan)
    for line in _remarks(plan, found):
        typer.echo(line, err=True)
    typer.echo(found.model_dump_json(indent=1) if as_json else "\n".join(_shape(plan, found)))
    return 0 if found.ok else 2


def _remarks(plan: Path, found: Inspection) -> Iterator[str]:
    for kind, remarks in (("", found.problems), ("warning: ", found.warnings)):
        for remark in remarks:
            place = f"{plan}:{remark.line}" if remark.line else str(plan)
            yield ": ".join(part for part in (place, remark.where, kind + remark.problem) if part)


def _shape(plan: Path, found: Inspection) -> Iterator[str]:
    if not found.ok:
        yield f"{plan}: {count(len(found.problems), 'problem')}, nothing would be started"
        return
    size = f"{count(found.assignments, 'assignment')} in {count(len(found.phases), 'phase')}"
    yield f"{plan}: {size}, at most {found.parallelism} at once"
    for number, phase in enumerate(found.phases, 1):
        yield f"\n{number} {phase.name}: {count(phase.assignments, 'assignment')}"
        yield from (f"    {' '.join(layer)}" for layer in phase.layers)
        yield f"  longest chain: {' -> '.join(phase.critical_path)}"
        yield from (f"  gate: {stated}" for stated in phase.gate)


def schema(of: Annotated[str, typer.Argument(help="plan or context")] = "plan") -> int:
    """Print the JSON Schema of a plan, or of the context that an agent gets."""
    schemas = {"plan": plan_schema, "context": Context.model_json_schema}
    if of not in schemas:
        raise Refused(f"there is no schema {of!r}: plan or context")
    for problem in broken_checks() if of == "plan" else ():
        typer.echo(f"warning: {problem}", err=True)
    typer.echo(json.dumps(schemas[of](), indent=1))
    return 0


def status(run: Annotated[str | None, typer.Argument(help="One run, in detail.")] = None) -> int:
    """Tell where runs stand."""
    home = Settings().root
    if run is not None:
        typer.echo(summary(_outcome(RunFolder(home, run))).rstrip("\n"))
        return 0
    typer.echo("\n".join(_all_lines(runs(home))) or f"no runs under {home}")
    return 0


def _all_lines(known: Sequence[RunFolder]) -> list[str]:
    """A line a run; one of which nothing can be told says so below the others, and keeps none of them back."""
    told, untold = [], []
    for folder in known:
        try:
            told.append(_outcome(folder))
        except SparcError as problem:
            untold.append(str(problem))
    return [*status_lines(told), *untold]


def _outcome(folder: RunFolder) -> RunOutcome:
    """What a run's journal tells; a run whose process is gone is not running, whatever it wrote last."""
    record = folder.record
    outcome = outcome_of(Journal(folder.journal).read()) if folder.journal.exists() else None
    if outcome is None:
        raise Refused(f"run {record.run} was prepared and never started: `sparc resume {record.run}` starts it")
    if outcome.outcome == "running" and not folder.live:
        gone = {"outcome": "interrupted", "reason": "its process is gone"}
        return outcome.model_copy(update=gone)
    return outcome


def report(
    run: Annotated[str, typer.Argument(help="The run.")],
    html: Annotated[Path | None, typer.Option(help="Write the page to this file.")] = None,
    junit: Annotated[Path | None, typer.Option(help="Write what its gates said last as JUnit XML.")] = None,
    sarif: Annotated[Path | None, typer.Option(help="Write their findings as SARIF 2.1.0.")] = None,
) -> int:
    """Tell what a run came to; with --html, write its page."""
    from tasks.export_run import answers_of  # noqa: PLC0415 - seldom wanted
    from tasks.page import page_of  # noqa: PLC0415 - reads history, which GitPython takes its time to import for

    folder, outputs = RunFolder(Settings().root, run), Outputs(junit, sarif)
    outputs.make_room()
    typer.echo(summary(_outcome(folder)).rstrip("\n"))
    if html is not None:
        try:
            html.write_text(page_of(folder), encoding="utf-8")
        except OSError as problem:
            raise Refused(f"cannot write {html}: {problem.strerror}") from problem
        typer.echo(f"written: {html}", err=True)
    problems = outputs.write(answers_of(folder)) if junit or sarif else []
    for path in outputs.written:
        typer.echo(f"written: {path}", err=True)
    if problems:
        raise Blocked("\n".join(problems))
    return 0
