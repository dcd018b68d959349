"""What a foreign program, with all that it starts, may take of the machine: memory, disk, processes.

Nothing but the standard library, for the supervisor loads this file by itself, as it does `tasks/landlock.py`; it looks
at its descendants every TICK seconds, and ends them all when they take too much. In between they can overshoot.

* Memory is what the processes hold together (resident; pages that they share are counted once when it comes close).
  They are also the first that the kernel ends when the machine has none left.
* Disk is what lies in the folders that the program may write, and what it keeps open there after deleting it. It is
  only looked at when the file system has lost room. The bound is half of what is free at the start, if that is less.
  One file alone is bounded by the kernel.
* Without /proc nobody knows the descendants: then only what lies in the folders is bounded.
"""

import contextlib
import os
import resource
from collections.abc import Iterable

TICK = 0.25  # seconds between two looks
WHOLE = 20  # looks after which all processes of the machine are looked at again
GB = 1 << 30
PAGE = os.sysconf("SC_PAGE_SIZE")
PROCESSES = "/proc"
BLOCK = 512  # bytes in a block of `st_blocks`, whatever the file system's are
FIRST_TO_GO = "1000"


def told(size: float) -> str:
    """A number of bytes, for people."""
    return f"{size / GB:.1f} GB" if size >= GB else f"{size / (1 << 20):.0f} MB"


class Bounds:
    """The bounds of one program, seen from its supervisor."""

    def __init__(self, memory: int, disk: int, processes: int, folders: Iterable[str]) -> None:
        """Bytes, bytes, a number; and the folders in which the program may write."""
        self._memory, self._processes = memory, processes
        self._folders = tuple(folders)
        self._free = self._lowest = self._room()
        self._disk = min(disk, self._free // 2) if self._folders else disk
        self._others: set[int] = set()
        self._ours: set[int] = set()
        self._looks = 0

    def apply(self) -> None:
        """What the kernel itself sees to, for this process and all that it starts."""
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (self._disk, self._disk))
        with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:  # noqa: PTH123
            file.write(FIRST_TO_GO)

    def exceeded(self) -> str | None:
        """What is taken beyond its bound by all descendants together, as a sentence; None: nothing."""
        self._look_around()
        if len(self._ours) > self._processes:
            return f"had {len(self._ours)} processes at once, and may have {self._processes}"
        held = self._held("statm", 1, PAGE)
        if held > self._memory and (held := self._shared_once()) > self._memory:
            return f"took {told(held)} of memory, and may take {told(self._memory)}"
        return self._on_disk()

    def _look_around(self) -> None:
        """Find the descendants; who was somebody else's the last time is not asked again each time."""
        here = set[int]()
        with contextlib.suppress(FileNotFoundError):
            here = {int(name) for name in os.listdir(PROCESSES) if name.isdigit()}  # noqa: PTH208 - pathlib is slow
        self._others = set() if self._looks % WHOLE == 0 else self._others & here
        self._looks += 1
        parents = {pid: parent for pid in here - self._others if (parent := _parent(pid)) is not None}
        found, below = set[int](), [os.getpid()]
        while below:
            above = below.pop()
            fresh = [pid for pid, parent in parents.items() if parent == above and pid not in found]
            found.update(fresh)
            below.extend(fresh)
        self._ours = found
        self._others |= parents.keys() - found - {os.getpid()}

    def _held(self, file: str, field: int, unit: int) -> int:
        total = 0
        for pid in self._ours:
            with contextlib.suppress(OSError, ValueError, IndexError):
                total += int(_text(f"/proc/{pid}/{file}").split()[field]) * unit
        return total

    def _shared_once(self) -> int:
        """Bytes of memory in which a page that several hold counts for each of them in part."""
        total = 0
        for pid in self._ours:
            with contextlib.suppress(OSError, ValueError, IndexError):
                lines = _text(f"/proc/{pid}/smaps_rollup").splitlines()
                total += sum(int(line.split()[1]) << 10 for line in lines if line.startswith("Pss:"))
        return total

    def _room(self) -> int:
        """Bytes that are free where the program may write; the least of several file systems."""
        free = []
        for folder in self._folders:
            with contextlib.suppress(OSError):
                status = os.statvfs(folder)
                free.append(status.f_bavail * status.f_frsize)
        return min(free, default=1 << 62)

    def _on_disk(self) -> str | None:
        """Looked at again whenever an eighth of the bound more has gone, by whomever."""
        free = self._room()
        if self._lowest - free < self._disk // 8:
            return None
        self._lowest = free
        taken = sum(map(_size, self._folders)) + self._deleted()
        return f"took {told(taken)} of disk, and may take {told(self._disk)}" if taken > self._disk else None

    def _deleted(self) -> int:
        """Bytes of files that are held open and stand in no folder any more."""
        files: dict[tuple[int, int], int] = {}
        for pid in self._ours:
            with contextlib.suppress(OSError):
                for name in os.listdir(f"/proc/{pid}/fd"):  # noqa: PTH208 - likewise
                    with contextlib.suppress(OSError):
                        status = os.stat(f"/proc/{pid}/fd/{name}")  # noqa: PTH116 - see above
                        if status.st_nlink == 0:
                            files[status.st_dev, status.st_ino] = status.st_blocks * BLOCK
        return sum(files.values())


def _parent(pid: int) -> int | None:
    try:
        # the second field is a name in parentheses that may hold anything
        return int(_text(f"/proc/{pid}/stat").rpartition(")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return None


def _text(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - see above
        return file.read()


def _size(folder: str) -> int:
    """Bytes that a folder takes, with all in it; a file with several names counts for each."""
    total, waiting = 0, [folder]
    while waiting:
        with contextlib.suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    total += entry.stat(follow_symlinks=False).st_blocks * BLOCK
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
    return total
