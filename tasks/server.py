"""The local Prefect server of a SPARC_HOME: started once and detached, found again by its record, never mistaken.

* `<home>/server.json` names the process by its id and its start, because ids are used again. It is ours, and may be
  ended, only while both are true; it is in service when it listens on its port itself and answers there.
* No server runs without a record: the new process waits until its record stands, and ends if its starter dies before.
* It asks for a password (`tasks/credentials.py`), for whoever reaches its port could approve, cancel and change.
* One `ensure` or `stop` at a time, by a lock that the kernel releases if its holder is killed.
"""

import contextlib
import fcntl
import os
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tasks.command import Command, start_detached
from tasks.credentials import FOLDER, PROFILES, auth_of, renew_auth
from tasks.errors import Blocked, Refused
from tasks.server_process import (
    END_LIMIT,
    HOST,
    Record,
    comes_up,
    end,
    in_service,
    listens,
    read_record,
    started,
    write_record,
)

START_LIMIT = 120.0  # seconds; measured: 7 with a new database, 2.5 later
PORTS = 3  # how many ports are tried
PORT_TAKEN = "already in use"  # Prefect's words
LOG_LINES = 8
# What a process needs of its surroundings; the caller's PREFECT_*, PYTHON* and secrets stay with the caller.
KEPT = ("HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "TMPDIR", "TZ")


class Server(NamedTuple):
    """A server in service."""

    url: str
    """Of the API, for PREFECT_API_URL."""
    ui_url: str
    pid: int
    auth: str
    """`<user>:<password>` without which it answers nothing; for PREFECT_API_AUTH_STRING."""


def _address(port: int) -> str:
    return f"http://{HOST}:{port}"


def _server(record: Record, auth: str) -> Server:
    ui_url = _address(record.port)
    return Server(f"{ui_url}/api", ui_url, record.pid, auth)


def ensure(home: Path, patience: float = 10.0) -> Server:
    """The home's server, started if it does not run; returns when it is in service.

    One that is up, but gives no answer for `patience` seconds, is replaced.
    Raises Refused if the home cannot be used, Blocked if no server comes up.
    """
    home = home.absolute()
    with _lock(home):
        record = read_record(home)
        auth = auth_of(home)
        if record and record.alive:
            # until it listens it is starting; then it is busy, or hangs; one without a password is an older version's
            if auth and comes_up(record, patience if listens(record) else START_LIMIT):
                return _server(record, auth)
            end(record)
        return _start(home)


def status(home: Path) -> Server | None:
    """The home's server, if it is in service."""
    record, auth = read_record(home), auth_of(home)
    return _server(record, auth) if record and auth and in_service(record) else None


def stop(home: Path, grace: float = END_LIMIT) -> bool:
    """End the home's server, after `grace` seconds by force, and wait until it has ended; False if none was running."""
    if not home.is_dir():
        return False
    with _lock(home):
        record = read_record(home)
        if record is None or not record.alive:
            return False
        end(record, grace)
        return True


def reachable(url: str, timeout: float = 5.0) -> None:
    """Refuse a configured PREFECT_API_URL at which no Prefect API answers within `timeout` seconds."""
    import httpx  # noqa: PLC0415 - takes longer to import than all else that `sparc server status` does

    try:
        # its proxies and redirects are taken as Prefect takes them
        answer = httpx.get(f"{url.rstrip('/')}/health", timeout=timeout, follow_redirects=True)
    except (httpx.HTTPError, httpx.InvalidURL) as problem:
        if "CERTIFICATE_VERIFY_FAILED" in str(problem):
            return  # it answers, with a certificate that Prefect's own client may know and will judge
        why = str(problem) or type(problem).__name__
    else:
        if answer.status_code in (401, 403) or (answer.is_success and answer.text == "true"):
            return
        why = f"{answer.url} says {answer.status_code}, {answer.headers.get('content-type', 'without a content type')}"
    raise Refused(
        f"PREFECT_API_URL={url}: no Prefect API answers there ({why}); "
        "start that server, correct the address, or unset PREFECT_API_URL to use the local server"
    )


def environment(home: Path, port: int) -> dict[str, str]:
    """The whole environment of the home's server, nothing of the caller's settings in it."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    directory = home / FOLDER
    return kept | {
        "PREFECT_HOME": str(directory),
        "PREFECT_PROFILES_PATH": str(directory / PROFILES),  # which has the password: no environment does
        # without it the UI asks 127.0.0.1:4200, which is somebody else's server or none
        "PREFECT_SERVER_UI_API_URL": f"{_address(port)}/api",
        "PREFECT_UI_URL": _address(port),  # for the links in notifications
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        # Prefect's default lets every web page that the user visits read the API
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": f"{_address(port)},http://localhost:{port}",
        # Each task run event is a transaction of its own by default, and one that commits while a request is between
        # its read and its write makes SQLite refuse that request; the client then waits two seconds and more.
        "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "200",
        "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
        "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_BATCH_SIZE": "500",
        "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_FLUSH_INTERVAL": "2",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }


@contextlib.contextmanager
def _lock(home: Path) -> Iterator[None]:
    try:
        home.mkdir(parents=True, exist_ok=True)
        with (home / "server.lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
    except OSError as problem:
        raise Refused(f"cannot use {home} as SPARC_HOME: {problem}") from None


# -- starting


@contextlib.contextmanager
def _free_port() -> Iterator[int]:
    """A port that the kernel gives to nobody else during the block, though a listener that asks for it may have it."""
    with socket.socket() as reserved:
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reserved.bind((HOST, 0))
        yield reserved.getsockname()[1]


def _start(home: Path) -> Server:
    log = home / "server.log"
    for _ in range(PORTS):
        with _free_port() as port:
            auth = renew_auth(home, f"{_address(port)}/api")
            record = _launch(home, port, log)
            if comes_up(record, START_LIMIT):
                return _server(record, auth)
        end(record)
        if PORT_TAKEN not in log.read_text(errors="replace"):
            break
    said = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    raise Blocked("\n".join((f"the Prefect server did not start; {log} ends with:", *said[-LOG_LINES:])))


def _launch(home: Path, port: int, log: Path) -> Record:
    """Start the process and put it on record; it begins its work when the record stands."""
    if log.exists():
        log.replace(log.with_suffix(".log.old"))
    argv = (sys.executable, "-m", "tasks.server", str(home), str(port), str(os.getpid()))
    pid = start_detached(Command(argv, Path(__file__).parents[1], environment(home, port)), log)
    record = Record(port, pid, started(pid))
    write_record(home, record)
    return record


def _become_server(home: Path, port: str, starter: int) -> None:
    """In the new process: become the Prefect server once that is on record."""
    while (record := read_record(home)) is None or record.pid != os.getpid() or not record.alive:
        if os.getppid() != starter:
            return
        time.sleep(0.01)
    os.chdir(home / FOLDER)  # Prefect reads settings from files of its working directory
    argv = (sys.executable, "-m", "prefect", "server", "start", "--host", HOST, "--port", port)
    os.execv(sys.executable, argv)  # noqa: S606 - it replaces this process, and so keeps its id and start


if __name__ == "__main__":
    _become_server(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
