"""Running programs: what comes back, and that nothing of a foreign program outlives it."""

import asyncio
import contextlib
import hashlib
import os
import resource
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextvars import copy_context
from pathlib import Path
from typing import TypeVar

import pytest

from tasks.capture import HEAD, TAIL
from tasks.command import SUPERVISOR_KILLED, Command, Completed, Processes, processes, run, run_foreign, start_detached
from tasks.errors import Interrupted
from tasks.threads import in_thread

T = TypeVar("T")

ENV = {"PATH": os.environ["PATH"]}
ROOT = Path(__file__).parents[2]
# what leaves a process behind; each gets a number of seconds that no other process on this machine sleeps
LEAVERS = {
    "child": "sleep {n} &",
    "session": "setsid sleep {n} &",
    "daemon": "(setsid sh -c 'sleep {n} & exec sleep {n}' >/dev/null 2>&1 </dev/null &)",
    "deaf": "sh -c 'trap \"\" TERM HUP INT; sleep {n}; sleep {n}' &",
}
HEADLESS = """
import ctypes, os, sys, threading, time
if os.fork() == 0:
    os.setsid()
    threading.Thread(target=time.sleep, args=(int(sys.argv[1]),)).start()
    ctypes.CDLL(None).pthread_exit(None)  # the process lives on, and looks like a zombie
"""


def shell(script: str, **options: object) -> Command:
    return Command(("sh", "-c", script), Path("/"), ENV, **options)  # type: ignore[arg-type]


def python(script: str, *arguments: str, **options: object) -> Command:
    return Command((sys.executable, "-c", script, *arguments), Path("/"), ENV, **options)  # type: ignore[arg-type]


def seconds() -> str:
    """So many that no other process sleeps as long."""
    return str(10**8 + secrets.randbelow(10**9))


def living(mark: str) -> list[str]:
    """Command lines of the living that have `mark` among their arguments; by threads, for the first may have ended."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            for thread in (process / "task").iterdir():
                with contextlib.suppress(OSError):  # one that has just ended says nothing of the others
                    line = (thread / "cmdline").read_text(errors="replace")
                    found += [line.replace("\0", " ")] if mark in line.split("\0") else []
    return found


def until(condition: Callable[[], object], patience: float = 40) -> bool:
    end = time.monotonic() + patience
    while not (is_met := bool(condition())) and time.monotonic() < end:
        time.sleep(0.01)
    return is_met


def within(scope: Processes, function: Callable[[], T]) -> T:
    """Call a function as a run does whose processes these are."""

    def call() -> T:
        processes.set(scope)
        return function()

    return copy_context().run(call)


# -- what comes back


@pytest.mark.parametrize(
    ("script", "code"), [("exit 0", 0), ("exit 3", 3), ("kill -9 $$", -9), ("kill -15 $$", -15), ("kill -11 $$", -11)]
)
@pytest.mark.parametrize("runner", [run, run_foreign])
def test_the_exit_code_is_the_programs_own(runner: Callable[[Command], Completed], script: str, code: int) -> None:
    done = runner(shell(f"echo out; echo err >&2; {script}"))
    assert (done.code, done.stdout, done.stderr, done.failure) == (code, b"out\n", b"err\n", None)
    assert done.output == "out\nerr\n"


@pytest.mark.parametrize("runner", [run, run_foreign])
def test_a_program_that_cannot_start_is_a_failure_with_its_name(
    runner: Callable[[Command], Completed], tmp_path: Path
) -> None:
    plain = tmp_path / "plain"
    plain.write_text("no program")
    missing = runner(Command(("no-such-program", "x"), tmp_path, ENV))
    forbidden = runner(Command((str(plain),), tmp_path, ENV))
    homeless = runner(Command(("true",), tmp_path / "nowhere", ENV))
    endless = runner(Command(("true", "x" * 3_000_000), tmp_path, ENV))
    assert [done.code for done in (missing, forbidden, homeless, endless)] == [None] * 4
    assert missing.failure == "cannot start no-such-program: No such file or directory"
    assert forbidden.failure == f"cannot start {plain}: Permission denied"
    assert homeless.failure == "cannot start true: No such file or directory"
    assert endless.failure == "cannot start true: Argument list too long"


@pytest.mark.parametrize("env", [{}, {"A": "1"}, {"LC_ALL": "C"}, {"LC_CTYPE": "POSIX", "B": "é\n="}])
def test_the_environment_is_exactly_what_was_given(env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "hidden")
    for runner in (run, run_foreign):
        done = runner(Command(("/usr/bin/env", "-0"), Path("/"), env))
        assert done.stdout == b"".join(f"{name}={value}\0".encode() for name, value in env.items())


def test_a_foreign_program_starts_with_every_signal_as_it_is_by_default() -> None:
    lines = run_foreign(Command(("/bin/grep", "-E", "Sig(Ign|Blk)", "/proc/self/status"), Path("/"), ENV)).stdout
    masks = [int(line.split(":")[1], 16) for line in lines.decode().splitlines()]
    # signals 32 and 33 are the C library's own: its posix_spawn, by which make starts us, leaves them ignored
    assert [mask & ~(0b11 << 31) for mask in masks] == [0, 0]


@pytest.mark.parametrize(("behind", "nice"), [(True, 10), (False, 0)])
def test_a_foreign_program_may_stand_back(behind: bool, nice: int) -> None:  # noqa: FBT001
    told = "import os; print(os.nice(0)); print(open('/proc/self/autogroup').read())"
    done = run_foreign(python(told, behind=behind))
    own, _, session = done.output.partition("\n")
    assert int(own) == min(os.nice(0) + nice, 19)
    if Path("/proc/self/autogroup").exists():
        assert session.split()[-2:] == ["nice", str(nice)]


def test_a_foreign_program_has_no_descriptor_but_its_three_streams() -> None:
    done = run_foreign(python("import os; print(sorted(int(n) for n in os.listdir('/proc/self/fd')))"))
    assert done.stdout == b"[0, 1, 2, 3]\n"  # 3 is the listing's own


@pytest.mark.parametrize("runner", [run, run_foreign])
def test_input_larger_than_a_pipe_arrives_whole(runner: Callable[[Command], Completed]) -> None:
    data = b"\0\n\xff7" * 2_500_000
    done = runner(shell("sha256sum", stdin=data))
    assert done.stdout.split()[0].decode() == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("script", ["exit 5", "sleep 0.3; exit 5", "exec <&-; sleep 0.3; exit 5"])
def test_a_program_that_never_reads_its_input_is_let_be(script: str) -> None:
    done = run_foreign(shell(script, stdin=b"x" * 10_000_000, timeout=30))
    assert (done.code, done.failure) == (5, None)


@pytest.mark.parametrize("runner", [run, run_foreign])
def test_input_may_be_made_while_the_program_runs(runner: Callable[[Command], Completed]) -> None:
    assert runner(shell("cat", stdin=lambda: b"late")).stdout == b"late"


def test_a_program_is_started_before_its_input_is_made(tmp_path: Path) -> None:
    started = tmp_path / "started"

    def question() -> bytes:
        deadline = time.monotonic() + 20
        while not started.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.6)
        return b"asked"

    done = run_foreign(shell(f"touch '{started}'; cat", stdin=question, timeout=0.5))
    assert (done.failure, done.stdout) == (None, b"asked")  # what went by before its input is not its time


def test_input_that_cannot_be_made_ends_the_program(tmp_path: Path) -> None:
    number = tmp_path / "pid"

    def question() -> bytes:
        while not (number.exists() and number.read_text().strip()):
            time.sleep(0.01)
        raise ValueError("no question")

    with pytest.raises(ValueError, match="no question"):
        run_foreign(shell(f"echo $$ > '{number}'; exec sleep 600", stdin=question))
    assert not Path("/proc", number.read_text().strip()).exists()


def test_a_program_that_closes_its_output_early_is_waited_for() -> None:
    done = run_foreign(shell("echo begun; exec >&- 2>&-; sleep 0.6; exit 7"))
    assert (done.code, done.stdout) == (7, b"begun\n")
    assert done.seconds >= 0.6


def test_output_is_kept_at_both_ends_and_what_is_left_out_is_counted(tmp_path: Path) -> None:
    script = "import sys\nfor n in range(1_000_000): sys.stdout.write(f'{n:07d}\\n')\nsys.stderr.write('e' * 300)"
    done = run_foreign(python(script), tmp_path / "log")
    gap = f"\n[... {8_000_000 - HEAD - TAIL} bytes left out ...]\n".encode()
    assert done.stdout.startswith(b"0000000\n0000001\n")
    assert done.stdout.endswith(b"0999998\n0999999\n")
    assert done.stdout[HEAD : HEAD + len(gap)] == gap
    assert len(done.stdout) == HEAD + len(gap) + TAIL
    assert done.stderr == b"e" * 300
    assert (tmp_path / "log").stat().st_size == 8_000_300


def test_a_hundred_megabytes_fill_neither_memory_nor_disk(tmp_path: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    done = run_foreign(shell("head -c 100000000 /dev/zero; head -c 100000000 /dev/zero >&2"), tmp_path / "log")
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert done.code == 0
    assert f"{100_000_000 - HEAD - TAIL} bytes left out".encode() in done.stdout
    assert (tmp_path / "log").stat().st_size == 2 * 8 * 1024 * 1024
    assert grown < 32 * 1024  # KiB


def test_what_a_program_writes_into_its_supervisors_pipe_is_not_its_exit_code() -> None:
    done = run_foreign(
        python("""
import os, sys
status = open(f"/proc/{os.getppid()}/cmdline").read().split("\\0")[5]
with open(f"/proc/{os.getppid()}/fd/{status}", "w") as pipe:
    pipe.write('junk\\n1\\n{"code": 0, "pid": 1}\\n')
sys.exit(3)
""")
    )
    assert (done.code, done.failure) == (3, None)


def test_a_full_disk_under_the_log_is_told_at_once_and_ends_the_program() -> None:
    mark = seconds()
    began = time.monotonic()
    with pytest.raises(OSError, match="No space left"):
        run_foreign(shell(f"head -c 1000000 /dev/zero; sleep {mark}"), Path("/dev/full"))
    assert time.monotonic() - began < 10
    assert living(mark) == []


# -- nothing outlives it


@pytest.fixture(params=[*LEAVERS, "headless"])
def leaver(request: pytest.FixtureRequest) -> tuple[str, str]:
    """(a line of shell that leaves a process behind, what marks that process)."""
    mark = seconds()
    if request.param == "headless":
        return f"{sys.executable} -c '{HEADLESS}' {mark}", mark
    return LEAVERS[request.param].format(n=mark), mark


def test_a_timeout_ends_the_whole_tree(leaver: tuple[str, str]) -> None:
    script, mark = leaver
    began = time.monotonic()
    done = run_foreign(shell(f"echo kept; {script}\nexec sleep {mark}", timeout=1.0))
    assert (done.code, done.stdout, done.failure) == (None, b"kept\n", "timed out after 1 s")
    assert time.monotonic() - began < 8
    assert living(mark) == []


def test_a_normal_end_ends_the_whole_tree(leaver: tuple[str, str], tmp_path: Path) -> None:
    script, mark = leaver
    go, done = tmp_path / "go", []
    program = shell(f"{script}\nuntil [ -e {go} ]; do sleep 0.01; done; exit 4", timeout=60)
    thread = threading.Thread(target=lambda: done.append(run_foreign(program)))
    thread.start()
    assert until(lambda: living(mark))
    go.touch()
    thread.join(40)
    assert [(each.code, each.failure) for each in done] == [(4, None)]
    assert living(mark) == []


def test_a_timeout_comes_although_a_program_never_stops_printing() -> None:
    done = run_foreign(shell("yes & yes >&2 & yes", timeout=1.0))
    assert done.failure == "timed out after 1 s"
    assert done.seconds < 8


def test_a_program_that_ignores_the_request_to_end_is_killed() -> None:
    mark = seconds()
    done = run_foreign(shell(f"trap '' TERM; sleep {mark}; sleep {mark}", timeout=0.3))
    assert done.failure == "timed out after 0.3 s"
    assert living(mark) == []


def test_a_program_has_a_moment_to_put_things_in_order(tmp_path: Path) -> None:
    script = f"trap 'echo saved > {tmp_path}/state; exit' TERM; sleep 100 & wait"
    assert run_foreign(shell(script, timeout=0.5)).failure == "timed out after 0.5 s"
    assert (tmp_path / "state").read_text() == "saved\n"


def test_a_killed_orchestrator_takes_every_tree_with_it(tmp_path: Path) -> None:
    marks = {name: seconds() for name in LEAVERS}
    script = "\n".join(LEAVERS[name].format(n=mark) for name, mark in marks.items())
    (tmp_path / "leave.sh").write_text(f"{script}\nsleep {marks['child']}")
    program = f"""
import sys; sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from tasks.command import Command, run_foreign
run_foreign(Command(("sh", "leave.sh"), Path({str(tmp_path)!r}), {ENV!r}))
"""
    with subprocess.Popen((sys.executable, "-c", program)) as orchestrator:
        assert until(lambda: all(living(mark) for mark in marks.values()))
        orchestrator.send_signal(signal.SIGKILL)
    assert until(lambda: not any(living(mark) for mark in marks.values()))


def test_a_killed_supervisor_is_told_and_its_program_ended() -> None:
    mark, elsewhere = seconds(), seconds()
    began = time.monotonic()
    # what made a session of its own cannot be found any more, but must hold nobody up: not by silence, not by noise
    script = f"setsid sh -c 'yes & sleep 3; kill $!' {elsewhere} & kill -9 $PPID; sleep {mark}"
    done = run_foreign(shell(script, timeout=60))
    assert (done.code, done.failure) == (None, SUPERVISOR_KILLED)
    assert time.monotonic() - began < 10
    assert until(lambda: not living(mark))


def test_a_stopped_supervisor_still_ends_the_tree_in_time() -> None:
    mark = seconds()
    done = run_foreign(shell(f"setsid sleep {mark} & kill -STOP $PPID; sleep {mark}", timeout=0.5))
    assert done.failure == "timed out after 0.5 s"
    assert living(mark) == []


# -- the run's handle


def test_stopping_from_another_thread_ends_everything_and_lets_nothing_start(tmp_path: Path) -> None:
    scope, marks, told = Processes(), [seconds(), seconds()], []

    def carry(mark: str) -> None:
        try:
            within(scope, lambda: run_foreign(shell(f"setsid sleep {mark} & sleep {mark}")))
        except Interrupted as interrupted:
            told.append(str(interrupted))

    threads = [threading.Thread(target=carry, args=(mark,)) for mark in marks]
    for thread in threads:
        thread.start()
    assert until(lambda: all(len(living(mark)) >= 2 for mark in marks))
    assert not scope.stopped
    scope.stop()
    scope.stop()
    for thread in threads:
        thread.join(40)
    assert scope.stopped
    assert [living(mark) for mark in marks] == [[], []]
    assert len(told) == 2
    assert all("sparc resume" in sentence for sentence in told)
    with pytest.raises(Interrupted):
        within(scope, lambda: run_foreign(shell(f"touch {tmp_path}/started")))
    assert not (tmp_path / "started").exists()


def test_stopping_one_run_leaves_the_others_alone() -> None:
    mine, other = Processes(), Processes()
    with_other = threading.Timer(0.2, other.stop)
    with_other.start()
    assert within(mine, lambda: run_foreign(shell("sleep 0.6; exit 6"))).code == 6


def test_cancelling_what_waits_in_a_thread_ends_the_program() -> None:
    mark = seconds()

    async def cancelled() -> bool:
        processes.set(Processes())
        task = asyncio.create_task(in_thread(run_foreign, shell(f"setsid sleep {mark} & sleep {mark}")))
        await asyncio.to_thread(until, lambda: len(living(mark)) >= 2)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        return task.cancelled()

    assert asyncio.run(cancelled())
    assert living(mark) == []


# -- programs of ours


def test_a_program_of_ours_that_is_late_is_a_failure() -> None:
    done = run(shell("echo early; exec sleep 100", timeout=0.5))
    assert (done.code, done.stdout, done.failure) == (None, b"early\n", "timed out after 0.5 s: sh")


def test_a_detached_program_has_a_session_of_its_own_and_is_collected(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("before\n")
    go = tmp_path / "go"
    pid = start_detached(shell(f"echo said; until [ -e {go} ]; do sleep 0.01; done"), tmp_path / "log")
    assert os.getsid(pid) == pid
    assert until(lambda: (tmp_path / "log").read_text() == "before\nsaid\n")
    go.touch()
    assert until(lambda: not Path(f"/proc/{pid}").exists())
