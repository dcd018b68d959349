"""What a foreign program may take of the machine: real programs that take too much, and honest ones beside them."""

import os
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from tasks import bounds
from tasks.command import Command, Completed, run_foreign
from tasks.jail import Jail
from tasks.share import Share

MB = 1 << 20
HOLD = "import time; time.sleep(600)"
WRITE = f"\n    os.write(file, b'x' * {MB})\n{HOLD}"
TIGHT = Share(memory=200 * MB, disk=64 * MB, processes=20)


def run(script: str, place: Path, share: Share = TIGHT) -> Completed:
    env = {"PATH": os.environ["PATH"], "HOME": str(place)}
    argv = (sys.executable, "-I", "-c", script)
    return run_foreign(Command(argv, place, env, timeout=60, jail=Jail("none", (place,)), bounds=share))


def test_a_program_that_takes_little_is_left_alone(tmp_path: Path) -> None:
    done = run("open('file', 'wb').write(bytes(1 << 20)); print('done')", tmp_path)
    assert (done.code, done.failure, done.stdout) == (0, None, b"done\n")


GREEDY = {
    "memory at once": (f"held = b'x' * {400 * MB}; {HOLD}", "of memory, and may take 200 MB"),
    "memory of many processes together": (
        f"import os, time\nfor _ in range(5):\n    os.fork() or (b'', time.sleep(600))\n{HOLD}".replace(
            "(b'', time", f"(globals().update(held=b'x' * {80 * MB}), time"
        ),
        "of memory, and may take 200 MB",
    ),
    "many small files": (
        f"for n in range(500):\n    open(f'f{{n}}', 'wb').write(b'x' * {MB // 2})\n{HOLD}",
        "of disk, and may take 64 MB",
    ),
    "files that are deleted while they are open": (
        f"import os\nfor n in range(300):\n    file = os.open('f', 66)\n    os.unlink('f'){WRITE}",
        "of disk, and may take 64 MB",
    ),
    "a few hundred processes": (
        f"import os, time\nfor _ in range(200):\n    os.fork() or time.sleep(600)\n{HOLD}",
        "processes at once, and may have 20",
    ),
    "processes that fork for ever": (
        "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass",
        "processes at once, and may have 20",
    ),
}


@pytest.mark.parametrize(("script", "reason"), GREEDY.values(), ids=GREEDY.keys())
def test_a_program_that_takes_too_much_is_ended_with_the_reason(script: str, reason: str, tmp_path: Path) -> None:
    done = run(script, tmp_path)
    assert done.code is None
    assert reason in str(done.failure)


def test_one_file_is_bounded_by_the_kernel(tmp_path: Path) -> None:
    script = f"import os\nwith open('f', 'wb', 0) as file:\n    while True:\n        file.write(b'x' * {MB})"
    done = run(script, tmp_path)
    assert done.code != 0
    assert (tmp_path / "f").stat().st_size <= 64 * MB


def test_memory_that_processes_share_counts_once(tmp_path: Path) -> None:
    script = (
        f"import os, time\nheld = b'x' * {100 * MB}\n"
        "children = [os.fork() or (time.sleep(1.5), os._exit(0)) for _ in range(4)]\n"
        "for child in children: os.waitpid(child, 0)\nprint('done')"
    )
    done = run(script, tmp_path)
    assert (done.failure, done.stdout) == (None, b"done\n")


def test_what_others_write_is_not_held_against_a_program(tmp_path: Path) -> None:
    mine, theirs = tmp_path / "mine", tmp_path / "theirs"
    mine.mkdir()
    theirs.mkdir()
    # outside of what it may write: nothing keeps it from that here, and nothing counts it
    done = run(f"open({str(theirs / 'big')!r}, 'wb').write(b'x' * {60 * MB}); print('done')", mine)
    assert done.stdout == b"done\n"


def test_sizes_are_written_with_their_units() -> None:
    assert Share.model_validate({"memory": "1.5 GB", "disk": "500 MB"}).memory == 1536 * MB
    assert Share.model_validate({"disk": 1000}).disk == 1000


@pytest.mark.parametrize("bad", [{"memory": "lots"}, {"memory": 0}, {"disk": "-1 GB"}, {"processes": 0}, {"cpu": 1}])
def test_what_is_no_size_is_refused(bad: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Share.model_validate(bad)


def test_without_a_list_of_processes_the_disk_is_bounded_still(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "PROCESSES", str(tmp_path / "nothing"))
    watch = bounds.Bounds(memory=MB, disk=8 * MB, processes=1, folders=[str(tmp_path)])
    assert watch.exceeded() is None
    (tmp_path / "big").write_bytes(os.urandom(16 * MB))
    assert "of disk, and may take 8 MB" in str(watch.exceeded())
