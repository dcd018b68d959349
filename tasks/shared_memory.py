"""A private /dev/shm: this process and all that it starts get shared memory and semaphores (POSIX) of their own. Linux.

Nothing but the standard library, for the supervisor loads this file by itself, as it does `tasks/landlock.py`; that
comes afterwards, allows writing here, and keeps whoever is inside from mounting, unmounting and leaving.

* It is an empty tmpfs in a mount name space of its own: it is seen by nobody else, hides the machine's, and ends with
  the last process in it.
* Who may not mount gets a user name space as well, in which he is who he was. The capabilities in it end when a program
  is started; a root who may not mount keeps those that Landlock's part leaves him. The files of all others, root's too,
  look there as if they were nobody's: no permission is changed by that, but a program that asks for owners is misled.
* It cannot be had where name spaces or mounting are forbidden (many containers, some distributions; a jail in a jail),
  and is not made where it would hide a place of the jail itself. Then the machine's /dev/shm stays as it is, and must
  not be written.
"""

import ctypes
import os
from collections.abc import Iterable

PLACE = "/dev/shm"  # noqa: S108 - nobody's files are looked for there
ROOM = b"mode=1777,size=1g,nr_inodes=65536"
"""Memory is used as it is written. What is in a tmpfs belongs to no process that could be ended for it: so a limit."""
NEW_MOUNTS, NEW_USERS = 1 << 17, 1 << 28  # unshare
NO_SETUID, NO_DEVICES, RECURSIVE, PRIVATE = 1 << 1, 1 << 2, 1 << 14, 1 << 18  # mount

_c = ctypes.CDLL(None)


def private(kept: Iterable[str]) -> list[str]:
    """Make it for this process, which has one thread; [where it is], or [] where it cannot be had.

    `kept` are paths, absolute and real, that must stay what they are. Raises OSError if this process is not what it was
    before, and has nothing for it: then start nothing.
    """
    place = os.path.realpath(PLACE)
    if not os.path.isdir(place) or any(_within(path, place) for path in (*kept, os.getcwd())):  # noqa: PTH109, PTH112
        return []
    made = _mounted(place) if _c.unshare(NEW_MOUNTS) == 0 else _tried(place) and _mounted_by_anybody(place)
    return [place] if made else []


def _tried(place: str) -> bool:
    """Whether it works, in a process that is spent on it.

    There are systems that let one into a user name space only to refuse everything there, and there is no way back.
    """
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1] == 0
    code = 1
    try:
        code = 0 if _mounted_by_anybody(place) else 1
    finally:
        os._exit(code)


def _mounted_by_anybody(place: str) -> bool:
    user, group = os.geteuid(), os.getegid()
    if _c.unshare(NEW_USERS | NEW_MOUNTS) != 0:
        return False
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:  # noqa: PTH123 - no pathlib here
            file.write(text)
    return _mounted(place)


def _mounted(place: str) -> bool:
    """Whether it is there; first of all nothing that is mounted here may come to be seen outside."""
    apart = _c.mount(None, b"/", None, ctypes.c_ulong(RECURSIVE | PRIVATE), None) == 0
    made = (b"sparc", os.fsencode(place), b"tmpfs", ctypes.c_ulong(NO_SETUID | NO_DEVICES), ROOM)
    return apart and int(_c.mount(*made)) == 0


def _within(path: str, place: str) -> bool:
    return path == place or path.startswith(place + "/")
