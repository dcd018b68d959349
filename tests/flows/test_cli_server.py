"""`sparc server`, as a program: its sentences and exit codes; its life is tested in tests/tasks/test_server.py."""

import json
import subprocess
from pathlib import Path

from tasks.server import Server
from tests.support import sparc


def test_without_a_server_that_is_said(tmp_path: Path) -> None:
    for command, code in (("status", 1), ("stop", 0)):
        done = sparc(tmp_path / "home", "server", command)
        assert (done.returncode, done.stdout) == (code, "no server of this SPARC_HOME is running\n")
    assert not (tmp_path / "home").exists()


def test_one_that_runs_is_found_and_not_started_again(home: Path, server: Server) -> None:
    status, start = sparc(home, "server", "status"), sparc(home, "server", "start")
    assert (status.returncode, status.stdout.splitlines()) == (
        0,
        [
            f"{server.ui_url} (pid {server.pid})",
            f"password: {server.auth}",
            f"for prefect: export PREFECT_PROFILES_PATH={home}/prefect/profiles.toml",
        ],
    )
    assert (start.returncode, start.stdout) == (0, f"{server.ui_url}\n")


def test_stopping_ends_the_process_that_is_on_record(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with subprocess.Popen(("sleep", "600"), start_new_session=True) as process:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        started = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[19]
        record = {"port": 1, "pid": process.pid, "started": f"{boot} {started}"}
        (home / "server.json").write_text(json.dumps(record))
        done = sparc(home, "server", "stop")
        assert (done.returncode, done.stdout) == (0, "stopped\n")
        assert process.wait(10) == -15


def test_a_home_that_cannot_be_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = sparc(tmp_path / "file", "server", "start")
    assert done.returncode == 2
    assert done.stderr.startswith(f"cannot use {tmp_path / 'file'} as SPARC_HOME: ")
    nobody = sparc(tmp_path / "home", "status", env={"SPARC_HOME": "~no-such-user/x"})
    assert nobody.returncode == 2
    assert nobody.stderr.startswith("SPARC_HOME=~no-such-user/x: ")
    empty = sparc(tmp_path / "home", "status", env={"SPARC_HOME": "", "HOME": str(tmp_path)})
    assert empty.stdout == f"no runs under {tmp_path / '.sparc'}\n"
