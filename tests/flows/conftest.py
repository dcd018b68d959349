"""One SPARC_HOME for the runs of a module, and shops beside it."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tasks.server import Server
from tests.support import Shop


@pytest.fixture(scope="module")
def runs_home(server: Server, server_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A SPARC_HOME in which the run's server is on record; set for this process as well."""
    assert server.pid
    directory = tmp_path_factory.mktemp("runs") / "sparc-home"
    directory.mkdir()
    shutil.copy(server_home / "server.json", directory)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARC_HOME", str(directory))
        yield directory


@pytest.fixture(scope="module")
def shop(runs_home: Path) -> Callable[[str], Shop]:
    """Opens shops by name; a shop's plan has its name."""
    return lambda name: Shop.open(runs_home.parent / name, runs_home)
