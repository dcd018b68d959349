"""What programs try in a /dev/shm of their own, and who runs them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tasks.command import SUPERVISOR

SHM = Path("/dev/shm")  # noqa: S108
SOMEBODY = 12345
ROOT_COULD = 1 << 21 | 1 << 19 | 1 << 27  # mounting, tracing, making devices

PRELUDE = """
import ctypes, multiprocessing, os, pathlib, signal, subprocess, sys, time
from multiprocessing.shared_memory import SharedMemory
c = ctypes.CDLL(None, use_errno=True)
own, out, secret, theirs = sys.argv[1:5]
SUPERVISOR, shm = os.getppid(), "/dev/shm"
def call(function, *arguments):
    words = [a.encode() if isinstance(a, str) else ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    assert function(*words) >= 0, os.strerror(ctypes.get_errno())
def visible():
    assert theirs in os.listdir(shm)
"""
TREE, MOVE, OPEN_FS, CONFIGURE_FS, MOUNT_FS, ATTRIBUTES = 428, 429, 430, 431, 432, 442  # system calls
ATTACKS = {
    "unmount": "call(c.umount2, shm, 2)",
    "unmount lazily everything": "call(c.umount2, '/', 2)",
    "mount over": "call(c.mount, 'x', own, 'tmpfs', 0, None)",
    "bind": "call(c.mount, shm, own, None, 4096, None)",
    "bind out": "call(c.mount, own, out, None, 4096, None)",
    "remount": "call(c.mount, None, shm, None, 32, 'size=100g')",
    "share mounts again": "call(c.mount, None, '/', None, 1 << 14 | 1 << 20, None)",
    "move": "call(c.mount, shm, own, None, 8192, None)",
    "pivot": "os.chdir(shm); os.mkdir('old'); call(c.syscall, 155, '.', 'old')",
    "leave a root": "os.mkdir(shm + '/r'); os.chroot(shm + '/r'); os.chroot('../../..'); open(out + '/x', 'w')",
    "take a tree": f"call(c.syscall, {TREE}, -100, '/dev', 1)",
    "a new file system": f"call(c.syscall, {OPEN_FS}, 'tmpfs', 0)",
    "open mounts": f"call(c.syscall, {ATTRIBUTES}, -100, '/', 0x8000, bytes(32), 32)",
    "the machine's by the supervisor": "assert theirs in os.listdir(f'/proc/{SUPERVISOR}/root/dev/shm')",
    "the supervisor's mounts": "call(c.setns, os.open(f'/proc/{SUPERVISOR}/ns/mnt', 0), 0)",
    "the supervisor's users": "call(c.setns, os.open(f'/proc/{SUPERVISOR}/ns/user', 0), 0)",
    "the first mounts": "call(c.setns, os.open('/proc/1/ns/mnt', 0), 0)",
    "its own mounts again": "call(c.setns, os.open('/proc/self/ns/mnt', 0), 0)",
    "its own users again": "call(c.setns, os.open('/proc/self/ns/user', 0), 0)",
    "another mapping": "open('/proc/self/uid_map', 'w').write('0 0 4294967295')",
    "another user": "os.setuid(54321)",
    "other groups": "os.setgroups([54321])",
    "a device": "os.mknod(shm + '/disk', 0o060666, os.makedev(8, 0)); open(shm + '/disk', 'rb')",
    "kill the supervisor": "os.kill(SUPERVISOR, signal.SIGKILL)",
    "stop the supervisor": "os.kill(SUPERVISOR, signal.SIGSTOP)",
    "write outside": "open(f'{out}/x', 'w')",
    "link outside": "os.symlink(out, shm + '/out'); open(shm + '/out/x', 'w')",
    "move outside": "open(shm + '/x', 'w').close(); os.rename(shm + '/x', f'{out}/x')",
    "what is hidden": "open(secret).read()",
    "what is hidden, linked": "os.symlink(secret, shm + '/link'); open(shm + '/link').read()",
    "read the machine's": "visible()",
}
INSIDE = {  # the same, in name spaces of its own, where it has all capabilities
    "unmount": "call(c.umount2, shm, 0)",
    "mount": "call(c.mount, 'x', shm, 'tmpfs', 0, None)",
    "unmount lazily": "call(c.umount2, shm, 2); visible()",
    "take a tree": f"call(c.syscall, {TREE}, -100, '/dev', 1)",
    "unmount in a tree": f"os.fchdir(c.syscall({TREE}, -100, b'/dev', 0x8001)); call(c.umount2, 'shm', 2)",
    "put a tree": f"call(c.syscall, {MOVE}, c.syscall({TREE}, -100, b'/', 0x8001), '', -100, '/mnt', 4)",
    "put a new file system": (
        f"new = c.syscall({OPEN_FS}, b'tmpfs', 0); call(c.syscall, {CONFIGURE_FS}, new, 6, None, None, 0);"
        f"call(c.syscall, {MOVE}, c.syscall({MOUNT_FS}, new, 0, 0), '', -100, own, 4)"
    ),
    "back to its users": "call(c.setns, users, 0)",
    "back to its mounts": "call(c.setns, mounts, 0)",
    "the users outside": "call(c.setns, os.open(f'/proc/{os.getppid()}/ns/user', 0), 0)",
    "what is hidden": "open(secret).read()",
    "write outside": "open(f'{out}/x', 'w')",
}
NAMESPACES = """
users, mounts = (os.open(f'/proc/self/ns/{kind}', 0) for kind in ('user', 'mnt'))
call(c.unshare, 0x10020000)
assert int(open('/proc/self/status').read().split('CapEff:')[1].split()[0], 16) & 1 << 21
print('in', flush=True)
"""


def pythons(user: int) -> str | None:
    """A Python that this user can run, and that can read the supervisor."""
    drop = () if user == os.geteuid() else ("setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups")
    for found in filter(None, (sys.executable, shutil.which("python3", path=os.defpath))):
        script = f"open({SUPERVISOR!r}); import multiprocessing.synchronize"
        if subprocess.run((*drop, found, "-I", "-S", "-c", script), check=False, capture_output=True).returncode == 0:
            return found
    return None
