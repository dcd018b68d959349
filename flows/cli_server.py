"""`sparc server`: the local Prefect server of SPARC_HOME."""

import typer

from flows.settings import Settings
from tasks import server
from tasks.credentials import FOLDER, PROFILES

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
    """Tell whether it runs, and where; its password, and how `prefect` commands reach it."""
    home = Settings().root
    running = server.status(home)
    if running is None:
        typer.echo("no server of this SPARC_HOME is running")
        return 1
    typer.echo(f"{running.ui_url} (pid {running.pid})")
    typer.echo(f"password: {running.auth}")
    typer.echo(f"for prefect: export PREFECT_PROFILES_PATH={home / FOLDER / PROFILES}")
    return 0
