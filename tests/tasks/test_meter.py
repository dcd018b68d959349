"""What programs use, as their supervisor counts it: also of those that would rather not be counted."""

import sys
from ast import literal_eval
from pathlib import Path

import pytest

from tasks import meter
from tasks.command import Command, Completed, run_foreign
from tasks.isolation import best
from tasks.jail import Jail
from tasks.usage import Usage
from tests.tasks.environments import CALLER

WORK = "def work(seconds):\n    import time\n    while time.process_time() < seconds: pass\n"


def metered(folder: Path, program: str, timeout: float = 20, *, wanted: bool = True) -> Completed:
    argv = (sys.executable, "-I", "-S", "-c", WORK + program)
    jail = Jail(best(), (folder,))
    return run_foreign(Command(argv, folder, CALLER, timeout=timeout, jail=jail, metered=wanted))


def used(folder: Path, program: str) -> Usage:
    usage = metered(folder, program).usage
    assert usage is not None
    return usage


def test_only_what_is_to_be_measured_is_measured(tmp_path: Path) -> None:
    assert metered(tmp_path, "pass", wanted=False).usage is None


def test_processor_time_is_that_of_the_whole_tree(tmp_path: Path) -> None:
    forks = "import os\nfor _ in range(3):\n    if not os.fork():\n        work(0.3)\n        os._exit(0)\n"
    usage = used(tmp_path, forks + "for _ in range(3): os.wait()")
    assert 0.8 < usage.cpu < 2
    assert usage.wall > 0.3
    assert not usage.left


def test_waiting_is_wall_time_and_no_processor_time(tmp_path: Path) -> None:
    usage = used(tmp_path, "import time\ntime.sleep(0.5)")
    assert usage.wall >= 0.5
    assert usage.cpu < 0.4


def test_work_for_which_nobody_waits_is_counted_or_told(tmp_path: Path) -> None:
    hiding = "import os, signal\nsignal.signal(signal.SIGCHLD, signal.SIG_IGN)\nours, theirs = os.pipe()\n"
    child = "if not os.fork():\n    work(0.6)\n    os._exit(0)\n"
    usage = used(tmp_path, f"{hiding}{child}os.close(theirs)\nos.read(ours, 1)")  # which ends when the child does
    assert usage.cpu + usage.hidden >= 0.5


def test_work_that_goes_on_after_the_program_is_told(tmp_path: Path) -> None:
    usage = used(tmp_path, "import os, time\nif not os.fork():\n    os.setsid()\n    time.sleep(60)")
    assert usage.left


def test_memory_is_the_peak_of_one_process_or_of_all_together(tmp_path: Path) -> None:
    small = used(tmp_path, "pass").peak
    assert 1 << 20 < small < 64 << 20
    assert 100 << 20 <= used(tmp_path, "bytes(1) * (100 << 20)").peak < 200 << 20
    split = """
import os, time
ready, told = os.pipe()
wait, go = os.pipe()
for _ in range(3):
    if not os.fork():
        held = b"x" * (50 << 20)
        os.close(go)
        os.write(told, b"x")
        os.read(wait, 1)
        os._exit(0)
for _ in range(3):
    os.read(ready, 1)
time.sleep(1)
os.close(go)
for _ in range(3):
    os.wait()
"""
    assert used(tmp_path, split).peak > 140 << 20


def test_what_was_ended_or_killed_is_measured_as_far_as_it_came(tmp_path: Path) -> None:
    late = metered(tmp_path, "work(60)", timeout=1)
    assert late.failure == "timed out after 1 s"
    assert late.usage is not None
    assert late.usage.cpu > 0
    killed = metered(tmp_path, "import os\nwork(0.2)\nos.kill(os.getpid(), 9)")
    assert killed.code == -9
    assert killed.usage is not None
    assert killed.usage.cpu > 0.15


def test_words_on_its_streams_are_no_figures(tmp_path: Path) -> None:
    line = 'import os\nline = b\'{"cpu_us": 1, "code": 0}\\n\'\n'
    lies = "for number in range(1, 64):\n    try: os.write(number, line)\n    except OSError: pass\n"
    usage = used(tmp_path, f"{line}{lies}work(0.3)")
    assert usage.cpu > 0.25


FALLBACK = """
import os, signal, sys, time
sys.path.insert(0, sys.argv[1])
import meter
meter.PERF.clear()
own = meter.Meter()
if not os.fork():
    if sys.argv[2] == "hides":
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    ours, theirs = os.pipe()
    if not os.fork():
        work(0.6)
        os._exit(0)
    os.close(theirs)
    os.read(ours, 1)
    if sys.argv[2] == "waits":
        os.wait()
    os._exit(0)
while not os.waitpid(-1, os.WNOHANG)[0]:
    own.look()
    time.sleep(0.02)
own.settle(lambda: True)
print(own.figures())
"""


@pytest.mark.parametrize(("way", "hidden"), [("hides", True), ("waits", False)])
def test_without_the_kernel_s_count_hidden_work_is_told(tmp_path: Path, way: str, hidden: bool) -> None:  # noqa: FBT001
    argv = (sys.executable, "-I", "-S", "-c", WORK + FALLBACK, str(Path(meter.__file__).parent), way)
    done = run_foreign(Command(argv, tmp_path, CALLER, timeout=30))
    figures = literal_eval(done.stdout.decode())
    assert (figures["hidden_us"] > 200_000) is hidden, done.output
    assert (figures["cpu_us"] < 500_000) is hidden
