"""The process of a home's Prefect server: its record, whether it is that very process, in service, and its end."""

import contextlib
import json
import os
import signal
import time
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import NamedTuple

from tasks.atomic import write_atomically

HOST = "127.0.0.1"
RECORD = "server.json"
END_LIMIT = 10.0  # seconds between TERM and KILL; measured: 0.2
POLL = 0.05
LISTENING = "0A"  # the state in /proc/net/tcp


class Record(NamedTuple):
    """What `server.json` says."""

    port: int
    pid: int
    started: str | None
    """Boot and clock ticks since then; None: it was gone before it could be looked at."""

    @property
    def alive(self) -> bool:
        """Whether that very process lives, and no later one with its id."""
        return self.started is not None and self.started == started(self.pid)


def read_record(home: Path) -> Record | None:
    """What stands there; None if that is nothing of ours."""
    try:
        found = json.loads((home / RECORD).read_bytes())
        return Record(int(found["port"]), int(found["pid"]), str(found["started"]))
    except (OSError, ValueError, TypeError, KeyError):  # none, or none of ours: it names no process that we may touch
        return None


def write_record(home: Path, record: Record) -> None:
    """Atomically, in the place of the one before."""
    write_atomically(home / RECORD, json.dumps(record._asdict()).encode() + b"\n")


def started(pid: int) -> str | None:
    """What tells a process from a later one with its id; None if there is none."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    if fields[0] in "ZX":  # it has ended, and is only not collected yet
        return None
    return f"{Path('/proc/sys/kernel/random/boot_id').read_text().strip()} {fields[19]}"


def listens(record: Record) -> bool:
    """Whether the recorded process itself, and not another one, has the port open."""
    process = Path(f"/proc/{record.pid}")
    try:
        rows = [line.split() for line in (process / "net/tcp").read_text().splitlines()[1:]]
        sockets = {_target(link) for link in (process / "fd").iterdir()}
    except OSError:
        return False
    port = f":{record.port:04X}"
    return any(row[1].endswith(port) and row[3] == LISTENING and f"socket:[{row[9]}]" in sockets for row in rows)


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:  # a file that was closed while we looked
        return ""


def _healthy(record: Record) -> bool:
    # no proxy of the environment applies on the way to our own machine
    connection = HTTPConnection(HOST, record.port, timeout=5)
    try:
        connection.request("GET", "/api/health")
        return connection.getresponse().status == 200  # noqa: PLR2004 - the HTTP code
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def in_service(record: Record) -> bool:
    """Whether it is that very process, has the port open itself, and answers there."""
    return record.alive and listens(record) and _healthy(record)


def comes_up(record: Record, limit: float) -> bool:
    """Wait until the process is in service; False when it ends before, or takes longer than `limit` seconds."""
    deadline = time.monotonic() + limit
    while record.alive and time.monotonic() < deadline:
        if in_service(record):
            return True
        time.sleep(POLL)
    return False


def end(record: Record, grace: float = END_LIMIT) -> None:
    """End the process, gently first, and wait until it has ended."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + grace
        with contextlib.suppress(ProcessLookupError):
            if record.alive:
                os.killpg(record.pid, number)
                os.killpg(record.pid, signal.SIGCONT)  # one that was stopped cannot obey
        while record.alive and time.monotonic() < deadline:
            time.sleep(POLL)
