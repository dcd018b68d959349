"""`sparc memory`: what phases leave for later ones, and what people add."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.settings import Settings
from tasks.errors import Refused
from tasks.repository import open_repository

if TYPE_CHECKING:
    from tasks.memory import Entry, Memory

app = typer.Typer(help="Read and write what phases leave for later ones.", no_args_is_help=True)
Where = Annotated[Path, typer.Option("--repository", help="The repository whose memory it is.")]
Key = Annotated[str, typer.Argument(help="plan/phase/path")]
BY_HAND = "by-hand"


@app.command()
def get(key: Key, repository: Where = Path()) -> int:
    """Print the newest value of a key."""
    entry = _memory(repository).get(key)
    if entry is None:
        raise Refused(f"memory holds nothing under {key!r}: `sparc memory list` shows the keys")
    text = _text(entry)
    typer.echo(text, nl=not text.endswith("\n"))
    return 0


@app.command()
def put(
    key: Key,
    value: Annotated[str, typer.Argument(help="The value; - reads it from standard input.")],
    repository: Where = Path(),
) -> int:
    """Add a version of a key's value."""
    entry = _memory(repository).put(key, sys.stdin.read() if value == "-" else value, run=BY_HAND)
    typer.echo(f"{entry.key} sha256:{entry.sha256}")
    return 0


@app.command("list")
def list_keys(
    glob: Annotated[str, typer.Argument(help="Which keys; * crosses /.")] = "*", repository: Where = Path()
) -> int:
    """List keys."""
    for key in _memory(repository).list(glob):
        typer.echo(key)
    return 0


@app.command()
def history(key: Key, repository: Where = Path()) -> int:
    """List every version of a key, oldest first."""
    entries = _memory(repository).history(key)
    for entry in entries:
        typer.echo(f"{entry.written}  {entry.run}  {(entry.commit or '-')[:12]}  sha256:{entry.sha256}")
    if not entries:
        raise Refused(f"memory holds nothing under {key!r}: `sparc memory list` shows the keys")
    return 0


def _memory(repository: Path) -> "Memory":
    opened = open_repository(repository)
    root = opened.root_commit(opened.head())
    from flows.running import connected  # noqa: PLC0415 - Prefect takes a second to import
    from tasks.memory import open_memory  # noqa: PLC0415 - likewise

    settings = Settings()
    with connected(settings.root):
        return open_memory(settings.memory, settings.root, root)


def _text(entry: "Entry") -> str:
    if isinstance(entry.value, bytes):
        return entry.value.decode(errors="replace")
    return entry.value if isinstance(entry.value, str) else json.dumps(entry.value, indent=1)
