"""The socket at which a run of tests is heard."""

import socket
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tasks import suite_log
from tasks.suite_log import listening


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder whose path is short enough for a socket."""
    with TemporaryDirectory() as folder:
        yield Path(folder)


def connected(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(str(path))
    return connection


def test_what_was_said_is_heard_of_all_who_spoke(short: Path) -> None:
    with listening(short / "s") as log:
        for text in (b"one\ntwo\n", b"three\n"):
            with connected(short / "s") as connection:
                connection.sendall(text)
        heard = log.close()
    assert heard.split() == ["one", "two", "three"]
    assert not (short / "s").exists()


def test_nothing_is_lost_of_what_was_under_way_and_nothing_can_be_taken_back(short: Path) -> None:
    with listening(short / "s") as log:
        connection = connected(short / "s")
        connection.sendall(b"x" * 200_000)
        (short / "s").unlink()
        connection.close()
        assert len(log.close().strip()) == 200_000


def test_who_is_still_connected_keeps_nobody_waiting(short: Path) -> None:
    with listening(short / "s") as log, connected(short / "s") as connection:
        connection.sendall(b"half a li")
        assert log.close() == "half a li"


def test_silence_is_no_error(short: Path) -> None:
    with listening(short / "s") as log:
        assert log.close() == ""


def test_an_error_meanwhile_ends_the_listening(short: Path) -> None:
    with pytest.raises(RuntimeError, match="meanwhile"), listening(short / "s"):
        raise RuntimeError("meanwhile")
    assert not (short / "s").exists()


def test_too_much_is_read_and_dropped(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suite_log, "MOST_BYTES", 100_000)
    with listening(short / "s") as log, connected(short / "s") as connection:
        connection.sendall(b"x" * 1_000_000)
        assert 100_000 <= len(log.close()) <= 100_000 + suite_log.CHUNK
