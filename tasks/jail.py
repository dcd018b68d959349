"""What a foreign program is kept to: a value, and its form on a command line."""

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Isolation = Literal["landlock", "bubblewrap", "none"]
"""`landlock`: by the kernel, without root. `bubblewrap`: by that program. `none`: not at all, and announced as such."""

DOORS = ("/run/user", "/run/docker.sock", "/run/dbus")
"""Sockets of services that run programs for whoever asks; bubblewrap can take them away."""
OF_ROOT = ("SYS_ADMIN", "SYS_PTRACE", "SYS_MODULE", "SYS_RAWIO", "SYS_BOOT", "SYS_TIME", "MKNOD", "LINUX_IMMUTABLE")


@dataclass(frozen=True)
class Jail:
    """Where a program and all that it starts may write, and what it cannot read."""

    mode: Isolation
    writable: tuple[Path, ...]
    """Files and directories with all below them; each must be there when the program starts."""
    hidden: tuple[Path, ...] = ()
    """Files and directories; they need not be there."""

    def supervised(self) -> tuple[str, ...]:
        """What the supervisor is told: how many paths of both kinds, and these; nothing when it is not its affair."""
        if self.mode != "landlock":
            return ("", "")
        writable, hidden = _real(self.writable), _real(self.hidden)
        return (str(len(writable)), str(len(hidden)), *writable, *hidden)

    def wrapped(self, argv: tuple[str, ...], cwd: Path) -> tuple[str, ...]:
        """The program as it is started: by bubblewrap, if that keeps it."""
        if self.mode != "bubblewrap":
            return argv
        return (*_bubblewrap(_real(self.writable), _real(self.hidden)), "--chdir", str(cwd), "--", *argv)


def _real(paths: Iterable[Path]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(os.path.realpath(path) for path in paths))


def _bubblewrap(writable: Iterable[str], hidden: Iterable[str]) -> tuple[str, ...]:
    """Everything is there to be read, in a name space of its own; `/dev`, with its shared memory, is private."""
    words = ["bwrap", "--die-with-parent", "--unshare-pid", "--unshare-ipc", "--ro-bind", "/", "/"]
    words += ["--dev", "/dev", "--proc", "/proc"]
    for path in (*hidden, *map(os.path.realpath, DOORS)):
        if Path(path).is_dir():
            words += ["--tmpfs", path, "--remount-ro", path]
        elif Path(path).exists():
            words += ["--ro-bind", "/dev/null", path]
    for path in writable:
        words += ["--bind", path, path]
    if os.geteuid() == 0:
        words += [word for name in OF_ROOT for word in ("--cap-drop", f"CAP_{name}")]
    return (shutil.which(words[0]) or words[0], *words[1:])
