"""One SPARC_HOME for the runs of a module, and shops beside it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.server import Server
from tests.flows.scenes import Open, Played, Scene
from tests.support import Shop, all_run, lend_server


@pytest.fixture(scope="module")
def runs_home(server: Server, server_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A SPARC_HOME in which the run's server is on record; set for this process as well."""
    assert server.pid
    directory = tmp_path_factory.mktemp("runs") / "sparc-home"
    directory.mkdir()
    lend_server(server_home, directory)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARC_HOME", str(directory))
        yield directory
    _hand_over()


def _hand_over() -> None:
    """Let Prefect send what this process still has for the server, while there is one; later it would wait for it."""
    from prefect.events.worker import EventsWorker  # noqa: PLC0415 - reads its settings when imported
    from prefect.logging.handlers import APILogWorker  # noqa: PLC0415

    for worker in (APILogWorker, EventsWorker):
        worker.drain_all(timeout=10)


@pytest.fixture(scope="module")
def shop(runs_home: Path) -> Open:
    """Opens shops by name; a shop's plan has its name."""
    return lambda name: Shop.open(runs_home.parent / name, runs_home)


@pytest.fixture(scope="module")
def played(request: pytest.FixtureRequest, shop: Open) -> Played:
    """Plays the module's `SCENES` at once, each in a shop of its name; that shop and what was said, by name."""
    scenes: dict[str, Scene] = request.module.SCENES
    shops = {name: shop(name) for name in scenes}
    results = all_run({name: scene(shops[name]) for name, scene in scenes.items()})
    return lambda name: (shops[name], results[name])
