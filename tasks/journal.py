"""The run's journal: what happened, in order, one JSON line an event.

The journal tells and never decides: what is done is read from git. It is only ever appended to, from any number of
threads and processes: every event is one `write` on a descriptor opened for appending, and the kernel keeps two apart.

A process that is killed, or a disk that is full, may leave the last line without its end. Such a line is no event. The
next writer marks it as torn and starts a line of its own, so any other unreadable line is somebody else's.
"""

import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from tasks.errors import Blocked
from tasks.events import Event

_TORN = b" #torn"  # an event ends with a brace, so no event ends like this
_EVENT: TypeAdapter[Event] = TypeAdapter(Event)


class Journal:
    """The journal of one run, at `path`; the file is made by the first event."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, event: Event) -> None:
        """Append `event`, stamped with the time. Raises `Blocked` when the machine cannot take it."""
        stamped = event.model_copy(update={"at": time.time()}).model_dump(mode="json")
        # file names may hold bytes that are no UTF-8; they are told with question marks
        line = json.dumps(stamped, ensure_ascii=False).encode(errors="replace") + b"\n"
        try:
            self._append(line)
        except OSError as fault:
            raise Blocked(f"{self.path}: cannot be written ({fault.strerror}); mend that, then resume") from fault

    def _append(self, line: bytes) -> None:
        file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            whole = _mark_if_torn(file) + line
            if os.write(file, whole) < len(whole):
                raise OSError(0, "only a part of a line could be written, the disk may be full")
        finally:
            os.close(file)

    def read(self) -> tuple[Event, ...]:
        """Every event so far; none when there is no journal. Raises `Blocked` for a line that is no event."""
        return tuple(self._events(self._lines(0), first=1))

    def follow(self, stop: threading.Event, poll: float = 0.1) -> Iterator[Event]:
        """Every event from the first on, as they come, until `stop` is set and all that was written before is told."""
        position, number = 0, 1
        while True:
            last = stop.is_set()  # asked before reading, so that nothing written before it was set is missed
            lines = self._lines(position)
            yield from self._events(lines, first=number)
            position, number = position + sum(map(len, lines)), number + len(lines)
            if last:
                return
            stop.wait(poll)

    def _lines(self, position: int) -> list[bytes]:
        """The lines from `position` on that have their end."""
        try:
            with self.path.open("rb") as file:
                file.seek(position)
                data = file.read()
        except FileNotFoundError:
            return []
        except OSError as fault:
            raise Blocked(f"{self.path}: cannot be read ({fault.strerror})") from fault
        return data[: data.rfind(b"\n") + 1].splitlines(keepends=True)

    def _events(self, lines: list[bytes], first: int) -> Iterator[Event]:
        for number, line in enumerate(lines, first):
            if line.endswith(_TORN + b"\n"):
                continue
            try:
                yield _EVENT.validate_json(line)
            except ValidationError as wrong:
                what = wrong.errors(include_url=False)[0]["msg"]
                raise Blocked(
                    f"{self.path}:{number}: not an event of this version of sparc ({what}); "
                    "another program or another version wrote it, and without that line the journal can be read again"
                ) from wrong


def _mark_if_torn(file: int) -> bytes:
    """What to write before an event: nothing, or the end of a line that never got one.

    A line that somebody is writing at this moment may look torn as well. It is whole by the time our own write gets
    its turn, and then the mark stands on a line of its own, which is left out too.
    """
    size = os.fstat(file).st_size
    torn = size > 0 and os.pread(file, 1, size - 1) != b"\n"
    return _TORN + b"\n" if torn else b""
