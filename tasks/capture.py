"""What is kept of a program's output: the head and the tail, however much it prints."""

from typing import IO

HEAD, TAIL = 64 * 1024, 192 * 1024  # bytes kept of each stream


class Capture:
    """The head and the tail of a stream, and a file that holds as much as `spool_limit` allows."""

    def __init__(self, spool: IO[bytes] | None = None, spool_limit: int = 8 * 1024 * 1024) -> None:
        self._head, self._tail = bytearray(), bytearray()
        self._dropped = 0
        self._spool, self._room = spool, spool_limit

    def add(self, data: bytes) -> None:
        """Take the next bytes of the stream."""
        if self._spool is not None and self._room > 0:
            self._spool.write(data[: self._room])
            self._room -= len(data)
        room = HEAD - len(self._head)
        self._head += data[:room]
        self._tail += data[max(room, 0) :]
        if (surplus := len(self._tail) - TAIL) > 0:
            self._dropped += surplus
            del self._tail[:surplus]

    def value(self) -> bytes:
        """What was kept, with a line that tells how much was not."""
        gap = f"\n[... {self._dropped} bytes left out ...]\n".encode() if self._dropped else b""
        return bytes(self._head + gap + self._tail)
