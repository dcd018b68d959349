"""What a foreign program, with all that it started, has used: time and memory, seen from its supervisor.

Nothing but the standard library, for the supervisor loads this file by itself, as it does `tasks/landlock.py`. It runs
outside of the program's jail, so that no program can write its figures.

* Processor time is the kernel's own count for the whole tree (`perf_event_open`, inherited by every descendant). Where
  the kernel does not give that, it is the time of all processes that somebody has waited for; what a look in between
  has seen of others is told as `hidden`, and only those that live for less than TICK escape.
* Memory is the most that one process held, by the kernel's count, or the whole tree at one of the looks, pages that
  several of them share counted once: whichever is more. What our own supervisor holds (10 MB or so) is the least.
* Wall time is from the program's start to its end, without what the supervisor does before and after.
* Starting a program is part of all figures: some 4 ms of processor time for one that does nothing.
"""

import contextlib
import ctypes
import os
import platform
import resource
import struct
import time
from collections.abc import Callable

TICK = 0.1  # seconds between two looks
SETTLING = 1.0  # seconds in which helpers of a program that has ended may end as well
PERF = {"x86_64": 298, "aarch64": 241, "riscv64": 241}
"""The number of the system call perf_event_open."""
PAGE = os.sysconf("SC_PAGE_SIZE")
CLOCK = os.sysconf("SC_CLK_TCK")
UTIME, STIME, STARTED = 11, 12, 19
"""Places in /proc/PID/stat behind the name."""


class Meter:
    """What one program uses; made right before it is started."""

    def __init__(self) -> None:
        self._perf = _task_clock()
        self._own = time.process_time_ns()
        self._started = self._ended = time.monotonic_ns()
        self._peak = 0
        self._seen: dict[tuple[int, str], int] = {}
        self._left = 0

    def look(self) -> None:
        """Note what is held and what was used at this moment."""
        below = _descendants(os.getpid())
        for pid in below:
            with contextlib.suppress(OSError, ValueError, IndexError):
                fields = _text(f"/proc/{pid}/stat").rpartition(")")[2].split()
                self._seen[pid, fields[STARTED]] = int(fields[UTIME]) + int(fields[STIME])
        if len(below) > 1:
            self._peak = max(self._peak, sum(map(_held, below)))

    def settle(self, childless: Callable[[], bool]) -> None:
        """The program has ended: note when, and whether anything of it goes on working."""
        self._ended = time.monotonic_ns()
        until = time.monotonic() + SETTLING
        while not (gone := childless()) and time.monotonic() < until:
            time.sleep(TICK / 10)
        self._left = int(not gone)

    def figures(self) -> dict[str, int]:
        """Everything, once the whole tree has ended: microseconds, kilobytes, and 1 if something was still working."""
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        waited = round((used.ru_utime + used.ru_stime) * 1e6)
        seen = sum(self._seen.values()) * 1_000_000 // CLOCK
        cpu = waited if self._perf is None else self._counted(self._perf)
        return {
            "cpu_us": cpu, "wall_us": (self._ended - self._started) // 1000, "left": self._left,
            "peak_kb": max(used.ru_maxrss, self._peak >> 10), "hidden_us": max(seen - cpu, 0),
        }  # fmt: skip

    def _counted(self, perf: int) -> int:
        """Microseconds of the tree below us: the kernel's count has our own in it."""
        (total,) = struct.unpack("q", os.read(perf, 8))
        return int(max(total - (time.process_time_ns() - self._own), 0) // 1000)


def _task_clock() -> int | None:
    """A descriptor that counts nanoseconds of this process and of all that it starts from now on; None: not here."""
    number = PERF.get(platform.machine())
    if number is None:
        return None
    # perf_event_attr: type software, size, config task-clock; disabled 0, inherit 1, exclude kernel and hypervisor
    flags = 1 << 1 | 1 << 5 | 1 << 6
    attributes = struct.pack("IIQQQQQ", 1, 112, 1, 0, 0, 0, flags).ljust(112, b"\0")
    with contextlib.suppress(OSError, AttributeError):
        descriptor: int = ctypes.CDLL(None).syscall(number, attributes, 0, -1, -1, 8)  # 8: closed at exec
        return descriptor if descriptor >= 0 else None
    return None


def _descendants(top: int) -> list[int]:
    """Process ids of everything below a process; empty where the kernel does not tell."""
    found: list[int] = []
    below = [top]
    while below:
        pid = below.pop()
        with contextlib.suppress(OSError, ValueError):
            for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208 - no pathlib, for its import takes long
                children = map(int, _text(f"/proc/{pid}/task/{thread}/children").split())
                fresh = [child for child in children if child not in found]
                found += fresh
                below += fresh
    return found


def _held(pid: int) -> int:
    """Bytes of memory in which a shared page counts in part; all of it where the kernel does not tell that."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        lines = _text(f"/proc/{pid}/smaps_rollup").splitlines()
        return sum(int(line.split()[1]) << 10 for line in lines if line.startswith("Pss:"))
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(_text(f"/proc/{pid}/statm").split()[1]) * PAGE
    return 0


def _text(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - see above
        return file.read()
