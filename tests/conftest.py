"""What every test may use: one Prefect server for the whole run, homes that share it, real repositories.

Nothing of the person who runs the tests is read or changed: HOME is a temporary directory, git and Prefect know no
other configuration, and a flow that runs without a server fails instead of starting one of its own.
"""

import atexit
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.server import Server, ensure, stop
from tests.support import lend_server

FOREIGN = ("GIT_", "PREFECT_", "SPARC_", "XDG_")
HOME = Path(tempfile.mkdtemp(prefix="sparc-tests-home-"))
PREFECT_HOME = Path(tempfile.mkdtemp(prefix="sparc-tests-prefect-"))

for directory in (HOME, PREFECT_HOME):
    atexit.register(shutil.rmtree, directory, ignore_errors=True)

# Prefect reads its settings when it is imported, and test modules import it: this must stand before any of them.
for name in [name for name in os.environ if name.startswith(FOREIGN)]:
    del os.environ[name]
os.environ |= {
    "HOME": str(HOME),
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "PREFECT_HOME": str(PREFECT_HOME),
    "PREFECT_PROFILES_PATH": str(PREFECT_HOME / "profiles.toml"),
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
    "DO_NOT_TRACK": "1",
}


def _server_home() -> Path:
    """Where the run's one server is on record: the same for every worker of pytest-xdist, ended by the first."""
    if "TESTS_SERVER_HOME" not in os.environ:
        os.environ["TESTS_SERVER_HOME"] = tempfile.mkdtemp(prefix="sparc-tests-server-")
        home = Path(os.environ["TESTS_SERVER_HOME"])
        atexit.register(shutil.rmtree, home, ignore_errors=True)
        atexit.register(stop, home)  # runs first
    return Path(os.environ["TESTS_SERVER_HOME"])


SERVER_HOME = _server_home()


@pytest.hookimpl(tryfirst=True)  # before `-m` selects
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that use the server, through whatever fixture."""
    for item in items:
        if "server" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.server)


@pytest.fixture(scope="session", autouse=True)
def _untouched_home() -> Iterator[None]:
    """A loud error when something was written to HOME; what is found under .cache was fetched, not configured."""
    yield
    found = sorted(path.name for path in HOME.iterdir() if path.name != ".cache")
    assert not found, f"the tests wrote to the home directory: {found}"


@pytest.fixture(scope="session")
def server_home() -> Path:
    """The home of the one Prefect server of the run, which is started for the first test that uses it."""
    ensure(SERVER_HOME)
    return SERVER_HOME


@pytest.fixture(scope="session")
def server(server_home: Path) -> Server:
    """The one Prefect server of the run; whoever stops it stops it for all tests."""
    return ensure(server_home)


@pytest.fixture
def home(server: Server, server_home: Path, tmp_path: Path) -> Path:
    """A SPARC_HOME of its own in which the run's server is on record, as one that an earlier command has started."""
    assert server.pid
    directory = tmp_path / "sparc-home"
    directory.mkdir()
    lend_server(server_home, directory)
    return directory


@pytest.fixture
def prefect_api(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The server's API as the one that is configured, for what asks Prefect directly, and for child processes."""
    from prefect.settings import (  # noqa: PLC0415 - only once the environment is set
        PREFECT_API_AUTH_STRING,
        PREFECT_API_URL,
        temporary_settings,
    )

    monkeypatch.setenv("PREFECT_API_URL", server.url)
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", server.auth)
    with temporary_settings({PREFECT_API_URL: server.url, PREFECT_API_AUTH_STRING: server.auth}):
        yield server.url


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A git repository with one commit on main, which no other test's has; its identity stands in its own config."""
    directory = tmp_path / "repository"
    directory.mkdir()
    (directory / "README.md").write_text(f"# Made by the fixture `repository` for {tmp_path.name}\n")
    for arguments in (
        ("init", "--quiet", "--initial-branch=main"),
        ("config", "user.name", "Fixture"),
        ("config", "user.email", "fixture@localhost"),
        ("add", "README.md"),
        ("commit", "--quiet", "--message=Begin"),
    ):
        subprocess.run(("git", *arguments), cwd=directory, check=True)
    return directory
