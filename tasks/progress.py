"""What a person sees on standard error while a run goes on: one line an event, or a view that is kept up to date."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial

from rich.console import Console, Group
from rich.live import Live

from tasks.errors import SparcError
from tasks.journal import Event, Journal, RunStarted
from tasks.progress_lines import line
from tasks.progress_view import view


@contextmanager
def watch(journal: Journal, terminal: bool, console: Console | None = None) -> Iterator[None]:  # noqa: FBT001
    """Tell on standard error what the journal gains until the block ends, and the rest of it then.

    Open it before the run writes its first event: plain lines leave out what was written earlier. A journal that
    cannot be read, or a standard error that is closed, ends the telling and never the run.
    """
    stop, console, since = threading.Event(), console or Console(stderr=True), time.time()
    tell = (
        partial(_keep_in_view, journal, stop, console)
        if terminal
        else partial(_tell_lines, journal, stop, console, since)
    )
    thread = threading.Thread(target=_until_it_fails, args=(tell, console), name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _until_it_fails(tell: Callable[[], None], console: Console) -> None:
    with suppress(OSError):
        try:
            tell()
        except SparcError as fault:
            _write(console, f"progress is not shown any more: {fault}")


def _tell_lines(journal: Journal, stop: threading.Event, console: Console, since: float) -> None:
    run = ""
    for event in journal.follow(stop):
        run = event.run if isinstance(event, RunStarted) else run
        if event.at >= since:
            _write(console, line(event, run))


def _write(console: Console, text: str) -> None:
    """One line, past rich: where a pipe has been closed, it would close standard output as well."""
    console.file.write(text + "\n")
    console.file.flush()


def _keep_in_view(journal: Journal, stop: threading.Event, console: Console) -> None:
    events: list[Event] = []

    def picture() -> Group:
        # a picture that is higher than the terminal cannot be drawn over; the last one may be as high as it likes
        return view(tuple(events), time.time(), None if stop.is_set() else console.height - 1)

    # standard output stays as it is: it may be carrying the result
    with Live(
        get_renderable=picture,
        console=console,
        refresh_per_second=4,
        redirect_stdout=False,
    ):
        for event in journal.follow(stop):
            events.append(event)  # noqa: PERF402 - the view reads the list while it grows
