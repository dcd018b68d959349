"""Runs one foreign program and sees to it that nothing of it outlives it. A script of its own, for `python -I -S`.

    supervise.py LIFELINE STATUS BOUNDS WRITABLE HIDDEN [PATH ...] PROGRAM [ARGUMENT ...]

LIFELINE is a pipe that the orchestrator holds open: when it closes (a timeout, a Ctrl-C, the orchestrator's death by
whatever signal) the whole tree is ended. STATUS gets JSON lines: {"pid": n}, then {"code": n} or {"failure": "..."};
with an `m` behind its number, that line has the figures of `tasks/meter.py` as well; with a `b`, the program stands
back behind others.
BOUNDS is empty, or JSON: what `tasks/bounds.py` is made with, by which the tree is ended when it takes too much.
WRITABLE and HIDDEN count the paths that follow: where the program may write, and what it may not read; both are empty
for one that is not to be restricted. One that is, and cannot be, is not started. It also gets a /dev/shm of its own, if
this machine lets it.

Killing a process group misses programs that made a session of their own; so this process makes itself the reaper of
all its descendants (Linux), to which every orphan falls, and ends them until none is left.

It is started for every program, so what takes long to import is imported where it is used.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:  # to import it would take as long as all of the above
    from typing import Any

PR_SET_CHILD_SUBREAPER = 36
GRACE = 2.0  # seconds between asking to end and ending
OUTSIDE = "ended from outside"
BEHIND = 10  # how nice what stands back is
DEFAULT = (
    signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGPIPE, signal.SIGXFSZ, signal.SIGCHLD,
    signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU,
)  # fmt: skip
"""What we, Python, `nohup` or a shell's `&` may have set aside, and no program expects."""


def become_reaper() -> None:
    """Make orphaned descendants fall to this process instead of init; a no-op where there is no such thing."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def start(
    argv: list[str],
    status: int,
    jail: tuple[list[str], list[str]] | None,
    bounds: Any,  # noqa: ANN401
    *,
    behind: bool,
) -> int:
    """Fork and exec the program in a session of its own, restricted if it is to be; returns its process id."""
    child = os.fork()
    if child:
        return child
    try:
        os.setsid()
        say(status, {"pid": os.getpid()})  # before anything foreign can kill us
        if behind:
            stand_back()
        for number in DEFAULT:
            signal.signal(number, signal.SIG_DFL)
        env = given_environment()
        if bounds is not None:
            bounds.apply()
        if jail is None or restricted(jail, status):
            os.execvpe(argv[0], argv, env)  # noqa: S606 - the plan's own argument list; no shell is involved
    except OSError as problem:
        say(status, {"failure": f"cannot start {argv[0]}: {problem.strerror}"})
    os._exit(127)


def stand_back() -> None:
    """Let other programs have the processors first."""
    with contextlib.suppress(OSError):
        os.nice(BEHIND)
    # Linux may share them out among sessions before that, and this is a session of its own
    with contextlib.suppress(OSError), open("/proc/self/autogroup", "w") as file:  # noqa: PTH123 - no pathlib
        file.write(str(BEHIND))


def beside(module: str) -> Any:  # noqa: ANN401 - a module by its name
    """A module that lies beside this script."""
    folder = __file__.rpartition("/")[0]
    if folder not in sys.path:
        sys.path.insert(0, folder)
    return __import__(module)


def bounds_of(text: str) -> Any:  # noqa: ANN401 - a module's class that is imported only if it is needed
    """What watches over the bounds; None without any."""
    if not text:
        return None
    import json  # noqa: PLC0415 - see above

    return beside("bounds").Bounds(**json.loads(text))


def restricted(jail: tuple[list[str], list[str]], status: int) -> bool:
    """Give up writing elsewhere; whether that worked. Anything but success keeps the program from being started."""
    try:
        writable, hidden = jail
        memory = beside("shared_memory").private((*writable, *hidden))
        beside("landlock").restrict((*writable, *memory), hidden)
    except Exception as problem:  # noqa: BLE001 - see above
        say(status, {"failure": f"it was not started, for it cannot be kept from writing elsewhere: {problem}"})
        return False
    return True


def given_environment() -> dict[bytes, bytes]:
    """The environment as we were given it: Python adds LC_CTYPE to its own, even with `-I`."""
    try:
        with open("/proc/self/environ", "rb") as file:  # noqa: PTH123 - see above: no pathlib
            given = file.read()
    except OSError:
        return dict(os.environb)
    pairs = (entry.partition(b"=") for entry in given.split(b"\0") if entry)
    return {name: value for name, _, value in pairs}


def say(status: int, record: dict[str, object]) -> None:
    """Write one line to the orchestrator, which may be gone."""
    with contextlib.suppress(OSError):
        os.write(status, _json(record).encode() + b"\n")


def _json(record: dict[str, object]) -> str:
    if all(isinstance(value, int) for value in record.values()):
        return "{" + ", ".join(f'"{key}": {value}' for key, value in record.items()) + "}"
    import json  # noqa: PLC0415 - see above

    return json.dumps(record)


def descendants() -> set[int]:
    """Process ids of everything below this process, by /proc; empty where there is none."""
    from pathlib import Path  # noqa: PLC0415 - see above

    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            # the second field is a name in parentheses that may hold anything
            fields = entry.read_text(errors="replace").rpartition(")")[2].split()
            # a zombie whose other threads go on is alive, for all that its first one has ended
            if fields[0] != "Z" or int(fields[17]) > 1:
                children.setdefault(int(fields[1]), []).append(int(entry.parent.name))
    found: set[int] = set()
    below = [os.getpid()]
    while below:
        fresh = [pid for pid in children.get(below.pop(), []) if pid not in found]
        found.update(fresh)
        below.extend(fresh)
    return found


def childless() -> bool:
    """Reap what has ended; whether no child is left, and so no descendant either: orphans become our children."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return True
    return False


def end_everything(child: int) -> None:
    """Kill and reap every descendant; stopped first, so that none can fork ahead of the sweep."""
    deadline = time.monotonic() + 10
    with contextlib.suppress(OSError):
        os.killpg(child, signal.SIGKILL)
    while not childless() and (alive := descendants()) and time.monotonic() < deadline:
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in alive:
                with contextlib.suppress(OSError):
                    os.kill(pid, number)
        time.sleep(0.002)


def meter_of(letters: str) -> Any:  # noqa: ANN401 - a module's class that is imported only if it is needed
    """What measures the program; None if that is not wanted."""
    if "m" not in letters:
        return None
    for module in ("shared_memory", "landlock"):
        beside(module)  # so that the program's first moments are not spent on our own imports
    return beside("meter").Meter()


def tick_of(bounds: Any, meter: Any) -> float | None:  # noqa: ANN401
    """Seconds between two looks at the program; None: nobody looks."""
    ticks: list[float] = [beside(type(each).__module__).TICK for each in (bounds, meter) if each is not None]
    return min(ticks, default=None)


def looked(bounds: Any, meter: Any) -> str | None:  # noqa: ANN401
    """Look at the program; why it must end, or None."""
    if meter is not None:
        meter.look()
    excess: str | None = None if bounds is None else bounds.exceeded()
    return excess


def wait(child: int, lifeline: int, wakeup: int, bounds: Any = None, meter: Any = None) -> int | str:  # noqa: ANN401
    """Wait for the program, for the lifeline's end, or until it takes too much; the exit code, or why it was ended."""
    cut_at: float | None = None
    tick = tick_of(bounds, meter)
    while True:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return OUTSIDE if cut_at else os.waitstatus_to_exitcode(status)
        if cut_at and time.monotonic() > cut_at + GRACE:
            return OUTSIDE
        if tick and not cut_at and (excess := looked(bounds, meter)):
            return str(excess)
        watched = [wakeup] if cut_at else [lifeline, wakeup]
        readable, _, _ = select.select(watched, [], [], 0.1 if cut_at else tick)
        if wakeup in readable:
            os.read(wakeup, 512)
        if lifeline in readable:
            cut_at = time.monotonic()
            with contextlib.suppress(OSError):
                os.killpg(child, signal.SIGTERM)


def asked() -> tuple[tuple[list[str], list[str]] | None, list[str]]:
    """The paths of the jail, None without one, and the program."""
    if not sys.argv[4]:
        return None, sys.argv[6:]
    first, second = 6 + int(sys.argv[4]), 6 + int(sys.argv[4]) + int(sys.argv[5])
    return (sys.argv[6:first], sys.argv[first:second]), sys.argv[second:]


def main() -> None:
    """Run, wait, clean up, say what came of it."""
    lifeline, status, letters = int(sys.argv[1]), int(sys.argv[2].rstrip("mb")), sys.argv[2].lstrip("0123456789")
    jail, argv = asked()
    for descriptor in (lifeline, status):
        os.set_inheritable(descriptor, False)  # noqa: FBT003 - the standard library's signature
    wakeup, wakeup_end = os.pipe()
    os.set_blocking(wakeup_end, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wakeup_end)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    become_reaper()
    bounds = bounds_of(sys.argv[3])
    meter = meter_of(letters)
    child = start(argv, status, jail, bounds, behind="b" in letters)
    end = wait(child, lifeline, wakeup, bounds, meter)
    if meter:
        meter.settle(childless)
    end_everything(child)
    figures = meter.figures() if meter else {}
    say(status, {**figures, **({"code": end} if isinstance(end, int) else {"failure": end})})


if __name__ == "__main__":
    main()
