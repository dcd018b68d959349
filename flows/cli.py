"""The command line: `sparc`. Every error with a sentence ends here, and becomes an exit code.

0 done · 1 blocked · 2 refused: nothing was started · 3 a bug of ours, with a report to attach · 130 interrupted
"""

import asyncio
import gc
import json
import os
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import gettempdir

import typer
from pydantic import ValidationError

from flows import cli_gate, cli_history, cli_look, cli_memory, cli_run, cli_server, cli_verify
from flows.settings import Settings
from tasks.credentials import hide_environment
from tasks.errors import Interrupted, PlanInvalid, Refused, SparcError

DONE, BLOCKED, REFUSED, BUG, INTERRUPTED = 0, 1, 2, 3, 130

app = typer.Typer(
    name="sparc",
    help="Run SPARC plans: phases of concurrent agents, closed by gates that block on what was measured.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for part in (cli_look, cli_gate, cli_run, cli_verify, cli_history):
    part.register(app)
app.add_typer(cli_memory.app, name="memory")
app.add_typer(cli_server.app, name="server")


def main() -> None:
    """Run the command line of this process and exit with its code."""
    # what Prefect logs belongs into its UI; set before anything imports it
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")
    os.environ.setdefault("PREFECT_INTERNAL_LOGGING_LEVEL", "CRITICAL")
    os.environ.setdefault("DO_NOT_TRACK", "1")
    hide_environment()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends like a Ctrl-C, in order
    # what imports leave is there to stay: collecting it over and over costs half a second of a run
    gc.disable()
    code = _code()
    gc.freeze()
    sys.exit(code)


def _code() -> int:
    try:
        result = app(standalone_mode=False)
    except typer.TyperException as problem:
        return _tell_usage(problem)
    except (typer.Abort, KeyboardInterrupt, asyncio.CancelledError):
        return _tell(Interrupted("interrupted"), INTERRUPTED)
    except SparcError as told:
        return _tell(told, _code_of(told))
    except ValidationError as invalid:
        # Prefect reads its settings when it is imported, and ours are read in many places
        return _tell(_bad_settings(invalid), REFUSED) if invalid.title.endswith("Settings") else _tell_bug()
    except Exception:  # noqa: BLE001 - the one place that turns a bug into a report
        return _tell_bug()
    return result if isinstance(result, int) else DONE


def _bad_settings(invalid: ValidationError) -> Refused:
    wrong = invalid.errors()[0]
    place = ".".join(str(part) for part in wrong["loc"])
    return Refused(f"a setting in the environment is wrong: {place}: {wrong['msg']}")


def _code_of(error: SparcError) -> int:
    if isinstance(error, Refused):
        return REFUSED
    return INTERRUPTED if isinstance(error, Interrupted) else BLOCKED


def _tell(error: SparcError, code: int) -> int:
    if _wants_json():
        problems = error.problems if isinstance(error, PlanInvalid) else ()
        told = [problem._asdict() for problem in problems] or [{"where": "", "line": None, "problem": str(error)}]
        typer.echo(json.dumps({"ok": False, "problems": told}))
    typer.echo(str(error), err=True)
    return code


def _tell_usage(problem: typer.TyperException) -> int:
    context = getattr(problem, "ctx", None)
    if sentence := problem.format_message():  # empty where the help was wanted, and has been shown
        command = context.command_path if context else "sparc"
        typer.echo(f"{sentence.rstrip('.')}: `{command} --help` tells more", err=True)
    if _wants_json():
        typer.echo(json.dumps({"ok": False, "problems": [{"where": "", "line": None, "problem": sentence}]}))
    return REFUSED


def _wants_json() -> bool:
    return "--json" in sys.argv[1:]


def _tell_bug() -> int:
    """Write what is needed to mend it, and say where."""
    text = f"sparc {' '.join(sys.argv[1:])}\nPython {sys.version}\n\n{traceback.format_exc()}"
    name = f"sparc-crash-{datetime.now(UTC):%Y%m%d-%H%M%S}-{os.getpid()}.txt"
    for folder in _for_reports():
        place = folder / name
        try:
            place.write_text(text, encoding="utf-8")
        except OSError:
            continue
        typer.echo(f"This is a bug in sparc. Please attach {place} when you report it.", err=True)
        break
    else:
        typer.echo(f"This is a bug in sparc. Please report this:\n{text}", err=True)
    if _wants_json():
        typer.echo(json.dumps({"ok": False, "problems": [{"where": "", "line": None, "problem": "a bug in sparc"}]}))
    return BUG


def _for_reports() -> Iterator[Path]:
    with suppress(SparcError):
        yield Settings().root
    yield Path(gettempdir())
