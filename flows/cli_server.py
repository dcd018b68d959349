"""`sparc server`: the local Prefect server of SPARC_HOME."""

import typer

from flows.settings import Settings
from tasks import server

app = typer.Typer(help="The local Prefect server, whose UI shows every run.", no_args_is_help=True)


@app.command()
def start() -> int:
    """Start it unless it runs."""
    typer.echo(server.ensure(Settings().root).ui_url)
    return 0


@app.command()
def stop() -> int:
    """End it; runs stay recorded."""
    typer.echo("stopped" if server.stop(Settings().root) else "no server of this SPARC_HOME is running")
    return 0


@app.command()
def status() -> int:
    """Tell whether it runs, and where."""
    running = server.status(Settings().root)
    typer.echo(f"{running.ui_url} (pid {running.pid})" if running else "no server of this SPARC_HOME is running")
    return 0 if running else 1
