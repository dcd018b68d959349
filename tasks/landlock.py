"""Landlock: this process and all that it starts give up writing elsewhere, for good, without root. Linux 6.2 or later.

Nothing but the standard library, for the supervisor loads this file by itself (`python -I -S`).

* What may be written: the paths given, and the devices that every program writes. No device can be made there.
  The machine's `/dev/shm` is not among them, for all programs share it; `tasks/shared_memory.py` gives a private one.
* What is hidden cannot be read. The kernel only knows what is allowed, so everything beside it is, as it stands now;
  what appears later in a directory above a hidden path can be neither.
* From Linux 6.12 on signals, and abstract sockets, end at this border too; ptrace always does.
* Not covered by the kernel: chmod, chown, times and locks of files that the user owns, the network, and sockets with a
  path: whoever has a door of that kind to a service that runs programs for him (docker, a user's systemd) is outside.
* What root could leave with (mounting, devices, modules, tracing) is given up as well.
"""

import ctypes
import errno
import os
import struct
from collections.abc import Iterable, Iterator

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same numbers on every architecture
ASK_VERSION, BENEATH = 1, 1
LEAST = 3
"""The first version by which truncating is refused as well."""
WRITE_FILE, READ_FILE = 1 << 1, 1 << 2
MAKE_DEVICE = 1 << 6 | 1 << 11
ENTRIES = sum(1 << bit for bit in range(4, 13))  # making and removing, of every kind
REFER, TRUNCATE, IOCTL_DEVICE = 1 << 13, 1 << 14, 1 << 15
OF_FILES = WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEVICE
WITH_DEVICES, WITH_SCOPES = 5, 6  # versions
ABSTRACT_SOCKETS_AND_SIGNALS = 3
DEVICES = ("null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts")
NO_NEW_PRIVILEGES, DROP_CAPABILITY = 38, 24  # prctl
OF_ROOT = (9, 16, 17, 19, 21, 22, 25, 27, 32, 33, 34, 38, 39, 40)
"""Capabilities: immutable files, modules, raw devices, tracing, mounting and more, boot, clock, making devices, ..."""

_c = ctypes.CDLL(None, use_errno=True)


def version() -> int:
    """The version of Landlock in this kernel; 0 where there is none."""
    return max(int(_c.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(ASK_VERSION))), 0)


def restrict(writable: Iterable[str], hidden: Iterable[str]) -> None:
    """Restrict this thread and what it starts. Paths are absolute and real. Raises OSError: then start nothing."""
    known = version()
    if known < LEAST:
        raise OSError(errno.ENOSYS, "this kernel has no Landlock of version 3 or later (Linux 6.2)")
    writable, hidden = list(writable), list(hidden)
    if inside := [path for path in hidden if any(_within(path, place) for place in writable)]:
        raise OSError(errno.EINVAL, f"{inside[0]} was to be hidden, and lies in what may be written")
    write = WRITE_FILE | ENTRIES | REFER | TRUNCATE | (IOCTL_DEVICE if known >= WITH_DEVICES else 0)
    handled = write | (READ_FILE if hidden else 0)
    rules = _ruleset(handled, known)
    try:
        for path in writable:
            _allow(rules, path, handled & ~MAKE_DEVICE)
        for name in DEVICES:
            _allow(rules, f"/dev/{name}", handled & OF_FILES, missing=True)
        for path in _beside(hidden):
            _allow(rules, path, READ_FILE, missing=True)
        _give_up_what_root_has()
        _call(_c.prctl, NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        _call(_c.syscall, RESTRICT_SELF, rules, ctypes.c_uint32(0))
    finally:
        os.close(rules)


def _ruleset(handled: int, known: int) -> int:
    scopes = (0, ABSTRACT_SOCKETS_AND_SIGNALS) if known >= WITH_SCOPES else ()
    asked = struct.pack(f"={1 + len(scopes)}Q", handled, *scopes)
    return _call(_c.syscall, CREATE_RULESET, asked, ctypes.c_size_t(len(asked)), ctypes.c_uint32(0))


def _allow(rules: int, path: str, rights: int, *, missing: bool = False) -> None:
    """Allow `rights` on a path and what is below it; one that has gone, or cannot be seen, may be `missing`."""
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        if missing:
            return
        raise
    try:
        if not os.path.isdir(f"/proc/self/fd/{place}"):  # noqa: PTH112 - no pathlib here
            rights &= OF_FILES
        rule = struct.pack("=Qi", rights, place)
        _call(_c.syscall, ADD_RULE, rules, BENEATH, rule, ctypes.c_uint32(0))
    finally:
        os.close(place)


def _beside(hidden: Iterable[str]) -> Iterator[str]:
    """Everything that is neither hidden nor above what is: whole trees, by their uppermost path."""
    hidden = set(hidden)
    above = {parent for path in hidden for parent in _parents(path)}
    for folder in above - hidden:
        try:
            names = os.listdir(folder)  # noqa: PTH208 - no pathlib here
        except OSError:  # may be passed through, but not listed: then nothing else of it is allowed
            continue
        paths = (os.path.join(folder, name) for name in names)  # noqa: PTH118 - no pathlib here
        # a link is read where it leads to
        yield from (path for path in paths if path not in hidden | above and not os.path.islink(path))  # noqa: PTH114


def _parents(path: str) -> Iterator[str]:
    while path != "/":
        path = os.path.dirname(path)  # noqa: PTH120 - no pathlib here
        yield path


def _within(path: str, place: str) -> bool:
    return path == place or path.startswith(place.rstrip("/") + "/")


def _give_up_what_root_has() -> None:
    """Only root, and the first in a user name space, can give them up; who cannot has none to give up."""
    for capability in OF_ROOT:
        _c.prctl(DROP_CAPABILITY, capability, 0, 0, 0)


def _call(function: "ctypes._NamedFuncPointer", *arguments: object) -> int:
    result = int(function(*arguments))
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
