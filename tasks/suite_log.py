"""Hears what the witness in a run of tests tells: by a socket, so that nothing which was said can be taken back."""

import selectors
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MOST_BYTES = 64 * 1024 * 1024
"""Kept; what comes after that is read, and dropped, so that nobody waits for us."""
MOST_CONNECTIONS = 256
CHUNK = 1 << 16
PATIENCE = 10.0
"""Seconds for what is still under way when all programs have ended."""


class SuiteLog:
    """What was heard so far."""

    def __init__(self, path: Path) -> None:
        """`path` is where the socket is made: at most about 100 bytes long, as the system has it."""
        self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self._listening.bind(str(path))
        self._listening.listen(MOST_CONNECTIONS)
        self._ended, self._end = socket.socketpair()
        self._heard: dict[socket.socket, bytearray] = {}
        self._size = 0
        self._thread = threading.Thread(target=self._listen, name="suite-log", daemon=True)
        self._thread.start()

    def close(self) -> str:
        """Hear what is still under way, and give all of it: lines, those of one connection in order."""
        self._end.close()
        self._thread.join()
        return "\n".join(bytes(heard).decode(errors="replace") for heard in self._heard.values())

    def _listen(self) -> None:
        with selectors.DefaultSelector() as selector, self._ended, self._listening:
            selector.register(self._listening, selectors.EVENT_READ)
            selector.register(self._ended, selectors.EVENT_READ)
            until: float | None = None
            while until is None or time.monotonic() < until:
                ready = [key.fileobj for key, _ in selector.select(None if until is None else 0)]
                if self._ended in ready and until is None:
                    until = time.monotonic() + PATIENCE
                waiting = [each for each in ready if each is not self._ended]
                if until is not None and not waiting:
                    break
                for each in waiting:
                    self._hear(selector, each)
            for connection in self._heard:
                connection.close()

    def _hear(self, selector: selectors.BaseSelector, ready: object) -> None:
        if ready is self._listening:
            connection, _ = self._listening.accept()
            if len(self._heard) >= MOST_CONNECTIONS:
                connection.close()
                return
            connection.setblocking(False)  # noqa: FBT003 - the library's own signature
            self._heard[connection] = bytearray()
            selector.register(connection, selectors.EVENT_READ)
        elif isinstance(ready, socket.socket):
            self._read(selector, ready)

    def _read(self, selector: selectors.BaseSelector, connection: socket.socket) -> None:
        try:
            data = connection.recv(CHUNK)
        except OSError:
            data = b""
        if not data:
            selector.unregister(connection)
        elif self._size < MOST_BYTES:
            self._size += len(data)
            self._heard[connection] += data


@contextmanager
def listening(path: Path) -> Iterator[SuiteLog]:
    """Listen while the block runs; `close` may be called in it, to have what was heard."""
    log = SuiteLog(path)
    try:
        yield log
    finally:
        path.unlink(missing_ok=True)
        if log._thread.is_alive():  # noqa: SLF001 - its own module
            log.close()
