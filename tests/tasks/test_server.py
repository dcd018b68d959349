"""The home's server: real processes, started, found again, mistaken for nobody else's, and survived."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from tasks.errors import Blocked, Refused
from tasks.server import Server, ensure, environment, reachable, status, stop

ENSURE = (
    sys.executable,
    "-c",
    "import sys, pathlib, tasks.server as s; print(s.ensure(pathlib.Path(sys.argv[1])).pid)",
)


def record(home: Path) -> dict[str, object]:
    found = json.loads((home / "server.json").read_bytes())
    assert isinstance(found, dict)
    return found


def write_record(home: Path, **fields: object) -> None:
    home.mkdir(exist_ok=True)
    (home / "server.json").write_text(json.dumps(fields))


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def gone(pid: int) -> bool:
    with suppress(OSError):
        return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()
    return True


def start_of(pid: int) -> str:
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return f"{boot} {Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[19]}"


@contextmanager
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A process that is none of sparc's."""
    with subprocess.Popen(("sleep", "600"), start_new_session=True) as process:
        yield process
        process.kill()


@contextmanager
def web(code: int, body: bytes = b"true") -> Iterator[int]:
    """Some web server; its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(code)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Keep the tests' output clean."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.fixture(scope="module")
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The home of a server that these tests may stop; its path has a space."""
    home = tmp_path_factory.mktemp("own server")
    yield home
    stop(home)


# -- one server's life; the tests build on each other, since every start costs seconds


@pytest.mark.server
def test_a_server_survives_the_death_of_its_starter_and_is_found_by_the_next(own_home: Path) -> None:
    with subprocess.Popen((*ENSURE, str(own_home)), stdout=subprocess.DEVNULL) as starter:
        wait_for((own_home / "server.json").exists)
        assert status(own_home) is None, "it cannot be up so soon"
        starter.kill()
    pid = record(own_home)["pid"]
    assert isinstance(pid, int)

    found = ensure(own_home)

    assert found.pid == pid
    assert status(own_home) == found
    assert os.getsid(pid) == pid, "in the starter's session, Ctrl-C would end it"


@pytest.mark.server
def test_every_caller_gets_the_same_server_and_the_answer_is_quick(own_home: Path) -> None:
    pid = ensure(own_home).pid
    callers = [subprocess.Popen((*ENSURE, str(own_home)), stdout=subprocess.PIPE) for _ in range(4)]
    assert {int(caller.communicate()[0]) for caller in callers} == {pid}

    started = time.monotonic()
    ensure(own_home)
    assert time.monotonic() - started < 1


@pytest.mark.server
def test_its_pages_ask_its_own_api_and_no_other_page_may(own_home: Path) -> None:
    server = ensure(own_home)
    answer = httpx.get(f"{server.ui_url}/ui-settings", headers={"Origin": "http://elsewhere.example"})
    assert answer.json()["api_url"] == server.url
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.server
def test_a_server_that_hangs_is_replaced_and_then_stopped(own_home: Path) -> None:
    hung = ensure(own_home).pid
    os.kill(hung, signal.SIGSTOP)

    replaced = ensure(own_home, patience=0.2)

    assert gone(hung)
    assert replaced.pid != hung
    assert (own_home / "server.log.old").exists()
    assert stop(own_home)
    assert gone(replaced.pid)
    assert status(own_home) is None
    assert not stop(own_home)


def test_a_process_that_does_not_obey_is_ended_by_force(tmp_path: Path) -> None:
    command = ("sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done")
    with subprocess.Popen(command, start_new_session=True, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        write_record(tmp_path, port=1, pid=process.pid, started=start_of(process.pid))
        assert stop(tmp_path, grace=0.2)
        assert process.wait(timeout=1) == -signal.SIGKILL


# -- what is not ours


def test_a_record_of_a_dead_process_counts_for_nothing(tmp_path: Path) -> None:
    with sleeper() as process:
        started = start_of(process.pid)
    write_record(tmp_path, port=1, pid=process.pid, started=started)
    assert status(tmp_path) is None
    assert not stop(tmp_path)


def test_a_process_that_got_the_recorded_id_later_is_left_alone(tmp_path: Path) -> None:
    with sleeper() as process, web(200) as port:
        write_record(tmp_path, port=port, pid=process.pid, started=start_of(process.pid)[:-1] + "x")
        assert status(tmp_path) is None
        assert not stop(tmp_path)
        assert process.poll() is None


def test_an_answer_from_another_process_on_the_recorded_port_is_not_taken_for_ours(tmp_path: Path) -> None:
    with sleeper() as process, web(200) as port:
        write_record(tmp_path, port=port, pid=process.pid, started=start_of(process.pid))
        assert status(tmp_path) is None
        assert stop(tmp_path), "the recorded process itself is ours"
        assert gone(process.pid)
        reachable(f"http://127.0.0.1:{port}")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}', '{"port": "x", "pid": 1, "started": "1"}'])
def test_a_record_that_is_none_names_no_process(tmp_path: Path, text: str) -> None:
    (tmp_path / "server.json").write_text(text)
    assert status(tmp_path) is None
    assert not stop(tmp_path)


def test_a_server_whose_starter_died_before_it_was_on_record_does_not_start(tmp_path: Path) -> None:
    command = (sys.executable, "-m", "tasks.server", str(tmp_path), "1", str(os.getpid()))
    # the shell in between is the parent, and not the starter that the process waits for
    done = subprocess.run(("sh", "-c", '"$@"; exit $?', "sh", *command), timeout=20, check=False)
    assert done.returncode == 0
    assert list(tmp_path.iterdir()) == []


# -- what cannot work


@pytest.mark.server
def test_a_server_that_cannot_start_is_told_with_its_own_words(tmp_path: Path) -> None:
    (tmp_path / "prefect").mkdir()
    (tmp_path / "prefect/prefect.db").write_text("no database\n" * 1000)
    with pytest.raises(Blocked, match=r"(?s)did not start.*server\.log ends with:.*not a database"):
        ensure(tmp_path)
    assert status(tmp_path) is None


def test_a_home_that_is_no_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Refused, match=r"cannot use .*/file/home as SPARC_HOME"):
        ensure(tmp_path / "file/home")
    assert not stop(tmp_path / "file/home")


def test_an_api_that_is_there_is_reachable(server: Server) -> None:
    reachable(server.url)
    reachable(f"{server.url}/")


@pytest.mark.parametrize(("code", "body"), [(401, b""), (403, b"")])
def test_an_api_that_wants_credentials_is_reachable(code: int, body: bytes) -> None:
    with web(code, body) as port:
        reachable(f"http://127.0.0.1:{port}/api")


@pytest.mark.parametrize(("code", "body"), [(404, b"no"), (500, b""), (200, b"<html>a router's page</html>")])
def test_what_is_no_prefect_api_is_refused(code: int, body: bytes) -> None:
    with web(code, body) as port, pytest.raises(Refused, match=f"no Prefect API answers there .*{code}"):
        reachable(f"http://127.0.0.1:{port}/api")


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/api", "http://nowhere.invalid/api", "127.0.0.1:4200", "http://[/"])
def test_an_address_without_a_server_is_refused(url: str) -> None:
    with pytest.raises(Refused, match="unset PREFECT_API_URL") as refusal:
        reachable(url)
    assert url in str(refusal.value)


def test_a_port_that_never_answers_is_refused_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        started = time.monotonic()
        with pytest.raises(Refused, match="timed out"):
            reachable(f"http://127.0.0.1:{silent.getsockname()[1]}/api", timeout=0.3)
    assert time.monotonic() - started < 3


def test_the_environment_is_the_homes_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "PREFECT_API_URL",
        "PREFECT_API_KEY",
        "PREFECT_SERVER_DATABASE_CONNECTION_URL",
        "SECRET",
        "PYTHONPATH",
    ):
        monkeypatch.setenv(name, "the caller's")
    found = environment(tmp_path, 4711)
    assert "the caller's" not in found.values()
    assert found["PREFECT_HOME"].startswith(str(tmp_path))
    assert found["PREFECT_PROFILES_PATH"].startswith(str(tmp_path))
