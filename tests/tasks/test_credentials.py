"""The password of the local server: nobody gets anything without it, and no other process can read it."""

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tasks.credentials import auth_of, renew_auth, secret_paths
from tasks.server import Server
from tests.support import Shop, phase, work

SHOWN = """
import os, pathlib, subprocess, sys
from tasks.credentials import hide_environment
hide_environment()
hide_environment()
child = subprocess.run([sys.executable, "-c", "import os; print(os.environ['TOKEN'])"], stdout=subprocess.PIPE)
seen = b"tell-tale" in pathlib.Path("/proc/self/environ").read_bytes()
print(os.environ["TOKEN"], child.stdout.decode().strip(), seen, flush=True)
os.environ["TOKEN"] = "later"
subprocess.run([sys.executable, "-c", "import os; print(os.environ['TOKEN'])"])
"""


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "flow_runs/00000000-0000-0000-0000-000000000000/set_state"),
        ("POST", "flow_runs/00000000-0000-0000-0000-000000000000/resume"),
        ("POST", "flow_runs/filter"),
        ("POST", "block_documents/filter"),
        ("PATCH", "block_documents/00000000-0000-0000-0000-000000000000"),
        ("POST", "variables/"),
        ("DELETE", "deployments/00000000-0000-0000-0000-000000000000"),
        ("GET", "admin/settings"),
    ],
)
def test_without_the_password_nothing_is_read_or_changed(server: Server, method: str, path: str) -> None:
    for auth in (None, ("sparc", "guessed"), ("", "")):
        answer = httpx.request(method, f"{server.url}/{path}", json={}, auth=auth, trust_env=False)
        assert answer.status_code == httpx.codes.UNAUTHORIZED


def test_with_the_password_the_server_answers(server: Server) -> None:
    user, _, password = server.auth.partition(":")
    answer = httpx.post(f"{server.url}/flow_runs/filter", json={}, auth=(user, password), trust_env=False)
    assert answer.status_code == httpx.codes.OK


def test_the_password_is_in_no_environment_and_in_a_file_of_its_owner(server: Server, server_home: Path) -> None:
    password = server.auth.partition(":")[2]
    assert len(password) >= 32
    shown = Path(f"/proc/{server.pid}/environ").read_bytes() + Path(f"/proc/{server.pid}/cmdline").read_bytes()
    assert password.encode() not in shown
    folder = secret_paths(server_home)[0]
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "profiles.toml").stat().st_mode & 0o777 == 0o600


def test_a_password_stays_while_it_can_be_read(tmp_path: Path) -> None:
    assert auth_of(tmp_path) is None
    first = renew_auth(tmp_path, "http://127.0.0.1:1/api")
    assert renew_auth(tmp_path, "http://127.0.0.1:2/api") == first == auth_of(tmp_path)
    (tmp_path / "prefect/profiles.toml").write_text("torn [")
    assert auth_of(tmp_path) is None
    assert renew_auth(tmp_path, "http://127.0.0.1:2/api") != first


def test_what_the_user_has_for_other_servers_is_secret_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "own"))
    monkeypatch.setenv("PREFECT_PROFILES_PATH", str(tmp_path / "cloud.toml"))
    assert secret_paths(tmp_path) == (tmp_path / "prefect",)
    (tmp_path / "own").mkdir()
    (tmp_path / "cloud.toml").touch()
    assert secret_paths(tmp_path) == (tmp_path / "prefect", tmp_path / "own", tmp_path / "cloud.toml")


def test_what_we_were_started_with_cannot_be_read_by_others_and_still_holds_for_us() -> None:
    env = {**os.environ, "TOKEN": "tell-tale", "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run((sys.executable, "-c", SHOWN), env=env, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["tell-tale tell-tale False", "later"]


def test_a_wrong_password_is_refused_before_anything_starts(tmp_path: Path, home: Path, server: Server) -> None:
    shop = Shop.open(tmp_path / "locked-out", home)
    plan = shop.plan({"specification": phase(note=work("echo note > note.md", "note.md"))})
    done = shop.sparc("run", plan, env={"PREFECT_API_URL": server.url, "PREFECT_API_AUTH_STRING": "sparc:wrong"})
    assert done.returncode == 2, done.stderr
    assert "that server asks for a password: set PREFECT_API_AUTH_STRING" in done.stderr
    assert not (home / "runs").exists()
