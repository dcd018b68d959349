"""What the tests of isolation share: what programs in a jail try, and how they are written."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.command import Completed
from tasks.isolation import Isolation, why_not

PATH = os.environ["PATH"]
ISOLATIONS: tuple[Isolation, ...] = ("landlock", "bubblewrap")
needs_landlock = pytest.mark.skipif(bool(why_not("landlock")), reason=f"no Landlock here: {why_not('landlock')}")
each_isolation = pytest.mark.parametrize(
    "mode",
    [
        pytest.param(mode, marks=pytest.mark.skipif(bool(why_not(mode)), reason=f"no {mode} here: {why_not(mode)}"))
        for mode in ISOLATIONS
    ],
)
RunIn = Callable[..., Completed]
PRELUDE = "import ctypes, os, signal, socket, stat, subprocess, sys, time\nout, own, secret = sys.argv[1:4]\n"
WRITES = {
    "open": "open(f'{out}/file', 'w')",
    "append": "open(f'{out}/file', 'a')",
    "read and write": "open(f'{out}/file', 'r+')",
    "create": "open(f'{out}/new', 'x')",
    "temporary file": "os.open(out, os.O_TMPFILE | os.O_RDWR)",
    "truncate": "os.truncate(f'{out}/file', 0)",
    "truncate on opening": "os.open(f'{out}/file', os.O_RDONLY | os.O_TRUNC)",
    "remove": "os.unlink(f'{out}/file')",
    "remove a directory": "os.rmdir(f'{out}/folder')",
    "make a directory": "os.mkdir(f'{out}/new')",
    "rename into": "open(f'{own}/x', 'w').close(); os.rename(f'{own}/x', f'{out}/new')",
    "rename over": "open(f'{own}/x', 'w').close(); os.replace(f'{own}/x', f'{out}/file')",
    "rename away": "os.rename(f'{out}/file', f'{own}/x')",
    "rename within": "os.rename(f'{out}/file', f'{out}/new')",
    "hard link into": "open(f'{own}/x', 'w').close(); os.link(f'{own}/x', f'{out}/new')",
    "hard link out of": "os.link(f'{out}/file', f'{own}/x'); open(f'{own}/x', 'w')",
    "symbolic link there": "os.symlink('/etc/passwd', f'{out}/new')",
    "through a symbolic link": "os.symlink(f'{out}/file', f'{own}/x'); open(f'{own}/x', 'w')",
    "through a linked directory": "os.symlink(out, f'{own}/x'); open(f'{own}/x/new', 'w')",
    "through ..": "open(f'{own}/../out/new', 'w')",
    "from a changed directory": "os.chdir(out); open('new', 'w')",
    "relative to a descriptor": "os.open('new', os.O_WRONLY | os.O_CREAT, dir_fd=os.open(out, os.O_RDONLY))",
    "by the descriptor of a reader": "open(f'/proc/self/fd/{os.open(out + \"/file\", os.O_RDONLY)}', 'w')",
    "a pipe": "os.mkfifo(f'{out}/new')",
    "a socket": "socket.socket(socket.AF_UNIX).bind(f'{out}/new')",
    "a device": "os.mknod(f'{out}/new', stat.S_IFCHR | 0o600, os.makedev(1, 3))",
    "a device at home": "os.mknod(f'{own}/disk', stat.S_IFBLK | 0o600, os.makedev(8, 0)); open(f'{own}/disk', 'rb')",
    "a child in a session of its own": "subprocess.run(['setsid', 'sh', '-c', f'echo x > {out}/new'], check=True)",
    "mount": "subprocess.run(['mount', '--bind', own, out], check=True)",
    "mount in a name space": (
        "way = f'mount -o remount,bind,rw / && echo x > {out}/new';"
        "subprocess.run(['unshare', '-rm', 'sh', '-c', way], check=True)"
    ),
    "leave the root": "os.chroot('/'); open(f'{out}/new', 'w')",
}
OTHERS = {
    "kill the supervisor": "os.kill(SUPERVISOR, signal.SIGKILL)",
    "stop the supervisor": "os.kill(SUPERVISOR, signal.SIGSTOP)",
    "kill sparc": "os.kill(SPARC, 0)",
    "trace sparc": "ctypes.CDLL(None).ptrace(16, SPARC, 0, 0) and 1 / 0",
    "write its memory": "open(f'/proc/{SPARC}/mem', 'r+b')",
    "read its memory": "open(f'/proc/{SPARC}/mem', 'rb')",
    "its descriptors": "open(f'/proc/{SPARC}/fd/0') and os.listdir(f'/proc/{SPARC}/fd')",
    "its root directory": "open(f'/proc/{SPARC}/root{secret}')",
    "read what is hidden": "open(secret).read()",
    "read it by a link": "os.symlink(secret, f'{own}/x'); open(f'{own}/x').read()",
    "read it by a hard link": "os.link(secret, f'{own}/x'); open(f'{own}/x').read()",
    "read it from its directory": "os.chdir(os.path.dirname(secret)); open(os.path.basename(secret)).read()",
    "read it by another program": "subprocess.run(['cat', secret], check=True, capture_output=True)",
    "uncover it": (
        "subprocess.run(['unshare', '-rm', 'sh', '-c', f'umount {os.path.dirname(secret)}; cat {secret}'], check=True)"
    ),
    "move it": "os.rename(os.path.dirname(secret), f'{own}/x')",
    "run it": "subprocess.run(['sh', secret], check=True, capture_output=True)",
}


def python(script: str, root: Path, *, sparc: int = 0) -> tuple[str, ...]:
    about = f"SPARC = {sparc or os.getpid()}\nSUPERVISOR = os.getppid()\n"
    text = f"{PRELUDE}{about}{script}\nprint('it worked')\n"
    return (sys.executable, "-I", "-S", "-c", text, f"{root}/out", f"{root}/own dir", f"{root}/hidden/secret")


def outside(root: Path) -> dict[str, tuple[int, str]]:
    """Everything there, with its mode and contents."""
    found = [*(root / "out").rglob("*"), *(root / "hidden").rglob("*")]
    return {str(path): (path.lstat().st_mode, path.read_text() if path.is_file() else "") for path in found}
