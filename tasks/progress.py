"""What a person sees on standard error while a run goes on: one line an event, or a view that is kept up to date."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import partial

from rich.console import Console, Group
from rich.live import Live

from tasks.errors import SparcError
from tasks.events import Event, RunStarted
from tasks.journal import Journal
from tasks.progress_lines import line
from tasks.progress_view import view

_SCREEN: ContextVar["_Screen | None"] = ContextVar("_SCREEN", default=None)


@contextmanager
def watch(journal: Journal, terminal: bool, console: Console | None = None) -> Iterator[None]:  # noqa: FBT001
    """Tell on standard error what the journal gains until the block ends, and the rest of it then.

    Open it before the run writes its first event: plain lines leave out what was written earlier. A journal that
    cannot be read, or a standard error that is closed, ends the telling and never the run.
    """
    stop, console, since = threading.Event(), console or Console(stderr=True), time.time()
    screen = _Screen(console, stop) if terminal else None
    tell = partial(screen.keep, journal) if screen else partial(_tell_lines, journal, stop, console, since)
    thread = threading.Thread(target=_until_it_fails, args=(tell, console), name="progress", daemon=True)
    before = _SCREEN.set(screen)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        _SCREEN.reset(before)


@contextmanager
def aside() -> Iterator[None]:
    """The view that is being kept up to date, if any, leaves the terminal to a question until the block ends."""
    screen = _SCREEN.get()
    if screen is None:
        yield
        return
    screen.hide()
    try:
        yield
    finally:
        screen.show()


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


class _Screen:
    """The view on a terminal."""

    def __init__(self, console: Console, stop: threading.Event) -> None:
        self._console, self._stop = console, stop
        self._events: list[Event] = []
        self._live = self._new()

    def keep(self, journal: Journal) -> None:
        """Show the journal until it ends."""
        self.show()
        try:
            for event in journal.follow(self._stop):
                self._events.append(event)
        finally:
            self.hide()

    def show(self) -> None:
        """Begin to draw, below what is on the terminal."""
        self._live = self._new()
        self._live.start()

    def hide(self) -> None:
        """Draw for the last time, and leave the picture there."""
        self._live.stop()

    def _new(self) -> Live:
        # standard output stays as it is: it may be carrying the result
        return Live(get_renderable=self._picture, console=self._console, refresh_per_second=4, redirect_stdout=False)

    def _picture(self) -> Group:
        # a picture that is higher than the terminal cannot be drawn over; the last one may be as high as it likes
        height = None if self._stop.is_set() else self._console.height - 1
        return view(tuple(self._events), time.time(), height)
