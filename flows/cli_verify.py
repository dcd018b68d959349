"""The command that verifies: from a repository and its evidence alone, and again by measurement if that is wanted."""

import os
from pathlib import Path
from typing import Annotated

import typer

from flows.settings import Settings
from tasks.errors import Refused
from tasks.isolation import ANNOUNCED, best
from tasks.repository import Repository, open_repository
from tasks.verify_report import Report, lines

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]
Again = Annotated[bool, typer.Option("--rerun", help="Run every recorded check again, and compare: it runs its code.")]


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(verify)


def verify(  # noqa: PLR0913, PLR0917 - each of them an option
    ref: Annotated[str, typer.Argument(help="Where to begin.")] = "HEAD",
    repository: Annotated[Path, typer.Option("--repository", help="The repository.")] = Path(),
    since: Annotated[str | None, typer.Option(help="Where to end, instead of where the newest plan began.")] = None,
    signers: Annotated[
        Path | None, typer.Option(help="Who may have signed: a file of allowed signers, as ssh-keygen reads it.")
    ] = None,
    rerun: Again = False,  # noqa: FBT002
    plan_dir: Annotated[Path | None, typer.Option(help="The plan's folder, for commands that need it.")] = None,
    as_json: Json = False,  # noqa: FBT002
) -> int:
    """Verify from a repository alone that every merge was measured before it was made."""
    from tasks.verify import verify  # noqa: PLC0415 - every other command can do without

    if plan_dir is not None and not plan_dir.is_dir():
        raise Refused(f"--plan-dir: {plan_dir} is not a directory")
    opened = open_repository(repository)
    found = verify(opened, ref, since, signers)
    if rerun:
        found = _again(found, opened, plan_dir.resolve() if plan_dir else None)
    typer.echo(found.model_dump_json(indent=1) if as_json else "\n".join(lines(found)))
    return 0 if found.ok else 1


def _again(found: Report, repository: Repository, plan_dir: Path | None) -> Report:
    from flows.rerun import Place, rerun  # noqa: PLC0415 - bandit and others take their time

    if best() == "none":
        typer.echo(ANNOUNCED, err=True)
    place = Place(repository, Settings().root, os.environ, plan_dir)
    return rerun(found, place, lambda line: typer.echo(line, err=True))
