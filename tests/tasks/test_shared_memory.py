"""A program's own /dev/shm: what it is good for, and that nobody gets anywhere by it; as root and as anybody else."""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path

import pytest

from tasks.command import SUPERVISOR, Command, Completed, Processes, processes, run_foreign
from tasks.errors import Interrupted
from tasks.jail import Jail
from tests.tasks.shm import ATTACKS, INSIDE, NAMESPACES, PRELUDE, ROOT_COULD, SHM, SOMEBODY, pythons

pytestmark = pytest.mark.usefixtures("shared_memory")

RunIn = Callable[..., Completed]


@pytest.fixture(params=["us", "somebody"])
def user(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, place: Path) -> int:
    """Who runs supervisor and program: whoever runs the tests, or, if that is root, somebody without any privilege."""
    if request.param == "us":
        return os.geteuid()
    if os.geteuid() != 0:
        pytest.skip("not root: cannot be somebody else")
    tried = subprocess.run(("setpriv", f"--reuid={SOMEBODY}", "unshare", "-Urm", "true"), check=False)
    if tried.returncode != 0:
        pytest.skip("nobody but root gets name spaces here")
    if not (found := pythons(SOMEBODY)):
        pytest.skip("no Python here that somebody else can run")
    (place / "python").write_text(
        f'#!/bin/sh\nexec setpriv --reuid={SOMEBODY} --regid={SOMEBODY} --clear-groups {found} "$@"\n'
    )
    (place / "python").chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(place / "python"))
    return SOMEBODY


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that everybody can reach, with `own`, `out`, and `hidden/secret`."""
    with tempfile.TemporaryDirectory(prefix="sparc-shm-") as made:
        root = Path(made).resolve()
        for path in (root, *(root / name for name in ("own", "out", "hidden"))):
            path.mkdir(exist_ok=True)
            path.chmod(0o777)
        (root / "hidden/secret").write_text("a secret")
        yield root


@pytest.fixture
def theirs() -> Iterator[str]:
    """An object of the machine's /dev/shm that everybody may write."""
    memory = SharedMemory(create=True, size=5)
    try:
        (SHM / memory.name).chmod(0o666)
        (SHM / memory.name).write_bytes(b"ours!")
        yield memory.name
        assert (SHM / memory.name).read_bytes() == b"ours!"
    finally:
        memory.close()
        memory.unlink()


@pytest.fixture
def run(place: Path, user: int) -> RunIn:
    """Runs a script of Python that may write to `own`; `theirs` is the name of an object of the machine's."""
    found = pythons(user) or ""

    def ran(script: str, theirs: str = "-", timeout: float = 30, writable: tuple[Path, ...] = ()) -> Completed:
        words = (str(place / "own"), str(place / "out"), str(place / "hidden/secret"), theirs)
        env = {"PATH": os.environ["PATH"], "HOME": str(place / "own"), "TMPDIR": str(place / "own")}
        jail = Jail("landlock", (place / "own", *writable), (place / "hidden",))
        argv = (found, "-I", "-S", "-c", f"{PRELUDE}{script}\nprint('it worked')\n", *words)
        return run_foreign(Command(argv, place / "own", env, timeout=timeout, jail=jail))

    return ran


# -- what it is good for


def test_locks_pools_and_shared_memory_serve(run: RunIn) -> None:
    done = run("""
from concurrent.futures import ProcessPoolExecutor
with multiprocessing.Lock(), ProcessPoolExecutor(2) as pool:
    assert list(pool.map(abs, [-1, -2])) == [1, 2]
queue = multiprocessing.get_context('fork').Queue(); queue.put(b'x' * 100_000); assert len(queue.get()) == 100_000
memory = SharedMemory(create=True, size=1 << 20)
again = SharedMemory(memory.name); again.buf[:2] = b'hi'; assert bytes(memory.buf[:2]) == b'hi'
again.close(); memory.close(); memory.unlink()
""")
    assert done.stdout == b"it worked\n", done.output


def test_it_is_empty_limited_and_everybodys_there(run: RunIn) -> None:
    done = run("""
import stat
room = os.statvfs(shm)
assert os.listdir(shm) == [] and stat.S_IMODE(os.stat(shm).st_mode) == 0o1777
print(room.f_blocks * room.f_frsize, bool(room.f_flag & os.ST_NOSUID), bool(room.f_flag & os.ST_NODEV))
""")
    assert done.stdout == f"{1 << 30} True True\nit worked\n".encode(), done.output


def test_it_is_who_it_was_and_can_do_no_more(run: RunIn, user: int) -> None:
    done = run("""
status = dict(line.split(':', 1) for line in open('/proc/self/status').read().splitlines() if ':' in line)
print(os.getuid(), os.geteuid(), os.stat(own).st_uid, int(status['CapEff'], 16), int(status['CapBnd'], 16))
print(status['NoNewPrivs'].strip(), status['Pid'].strip() == str(os.getpid()), os.listdir('/proc/self/fd') != [])
""")
    first, second, _ = done.stdout.decode().splitlines()
    *who, effective, bounding = map(int, first.split())
    assert (who[:2], second) == ([user, user], "1 True True")
    assert (effective & ROOT_COULD, bounding & ROOT_COULD) == (0, 0)
    assert user == 0 or effective == 0


def test_git_works_in_a_repository_of_the_user(run: RunIn) -> None:
    done = run("""
for words in ("init -q r", "-C r config user.name a", "-C r config user.email a@localhost",
              "-C r commit -q --allow-empty -m Begin", "clone -q --shared r c", "-C c gc -q", "-C c status --short"):
    subprocess.run(["git", *words.split()], check=True)
""")
    assert done.output == "it worked\n"


def test_git_works_in_a_repository_that_the_user_made_outside(run: RunIn, place: Path, user: int) -> None:
    subprocess.run(("git", "init", "--quiet", place / "own/mine"), check=True)
    for path in (place / "own/mine", *(place / "own/mine").rglob("*")):
        os.chown(path, user, user if user == SOMEBODY else -1)
    done = run("subprocess.run(['git', '-C', 'mine', 'status', '--short'], check=True)")
    assert done.output == "it worked\n"


# -- what is refused


@pytest.mark.parametrize("attack", ATTACKS)
def test_nobody_gets_anywhere_by_it(run: RunIn, place: Path, theirs: str, user: int, attack: str) -> None:
    if user == 0 and attack in ("another user", "other groups"):
        pytest.skip("root may, and gains nothing")
    mounts = Path("/proc/self/mountinfo").read_bytes()
    done = run(ATTACKS[attack], theirs)
    assert b"it worked" not in done.stdout, done.output
    assert (done.code, done.failure) == (1, None), done.output
    assert Path("/proc/self/mountinfo").read_bytes() == mounts
    assert not (SHM / "x").exists()
    assert list((place / "out").iterdir()) == []


@pytest.mark.parametrize("attack", INSIDE)
def test_nor_by_name_spaces_within(run: RunIn, place: Path, theirs: str, attack: str) -> None:
    done = run(NAMESPACES + INSIDE[attack], theirs)
    assert done.stdout == b"in\n", done.output
    assert (done.code, done.failure) == (1, None), done.output
    assert list((place / "out").iterdir()) == []


def test_two_at_once_do_not_see_each_other_and_nothing_is_left(run: RunIn) -> None:
    script = """
with open(shm + '/same-name', 'x') as file:
    file.write('ME')
(memory := SharedMemory('sparc-same', create=True, size=2)).buf[:2] = b'ME'
pathlib.Path(own, 'ME').touch(); end = time.monotonic() + 20
while not os.path.exists(f'{own}/OTHER') and time.monotonic() < end:
    time.sleep(0.01)
assert os.path.exists(f'{own}/OTHER') and sorted(os.listdir(shm)) == ['same-name', 'sparc-same']
assert open(shm + '/same-name').read() == 'ME' and bytes(memory.buf[:2]) == b'ME'
print(os.stat(shm).st_dev)
os._exit(sys.stdout.flush() or 0)
"""
    pairs = (("m1", "m2"), ("m2", "m1"))
    scripts = [script.replace("ME", me).replace("OTHER", other) for me, other in pairs]
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(run, scripts)
    assert (first.code, second.code) == (0, 0), first.output + second.output
    assert len({first.stdout, second.stdout, f"{SHM.stat().st_dev}\n".encode()}) == 3
    assert not [path for path in SHM.iterdir() if path.name in ("same-name", "sparc-same")]


@pytest.mark.parametrize("how", ["timeout", "stop"])
def test_all_is_ended_whatever_it_has_left_where(run: RunIn, place: Path, how: str) -> None:
    number = 5000 + os.getpid() % 1000 + (1000 if how == "stop" else 0)
    script = f"""
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen(["setsid", "sh", "-c", "trap '' TERM; sleep {number}; true"])
subprocess.Popen(["setsid", "unshare", "-Ur", "sleep", "{number}"])
open(shm + '/left', 'w').write('x' * 100); open(own + '/begun', 'w'); time.sleep(100)
"""
    mine = Processes()

    def stop_when_begun() -> None:
        while not (place / "own/begun").exists():
            time.sleep(0.01)
        mine.stop()

    token = processes.set(mine)
    try:
        if how == "stop":
            threading.Thread(target=stop_when_begun, daemon=True).start()
            with pytest.raises(Interrupted):
                run(script)
            assert (place / "own/begun").exists()
        else:
            assert run(script, timeout=1.5).failure == "timed out after 1.5 s"
    finally:
        processes.reset(token)
    assert subprocess.run(("pgrep", "-f", f"sleep {number}"), check=False, capture_output=True).stdout == b""
    assert not (SHM / "left").exists()


# -- where it cannot be had

REFUSED = """
for action in (multiprocessing.Lock, lambda: open(shm + '/sparc-x', 'w')):
    try:
        action()
    except OSError:
        continue
    sys.exit('not refused')
"""


def test_a_jail_in_a_jail_has_none_and_the_one_around_it_is_not_written(run: RunIn) -> None:
    """Mounting is refused there, though a user name space is not."""
    script = """
first, second = os.pipe(), os.pipe()
inner = "import os, multiprocessing; print(os.stat('/etc').st_uid == OWNER, flush=True); multiprocessing.Lock()"
pipes = [str(first[0]), str(second[1])]
words = [sys.executable, "-I", "-S", SCRIPT, *pipes, "", "1", "0", own, sys.executable, "-I", "-c"]
owner = str(os.stat('/etc').st_uid)
done = subprocess.run([*words, inner.replace('OWNER', owner)], pass_fds=(first[0], second[1]), capture_output=True)
assert done.stdout == b'True\\n' and b'PermissionError' in done.stderr, done
assert b'"code": 1' in os.read(second[0], 999) and os.listdir(shm) == []
"""
    done = run(script.replace("SCRIPT", repr(SUPERVISOR)))
    assert done.stdout == b"it worked\n", done.output


def test_a_place_of_the_jail_in_the_machines_own_is_kept_and_nothing_else_is_writable(run: RunIn) -> None:
    with tempfile.TemporaryDirectory(dir=SHM, prefix="sparc-test-") as there:
        Path(there).chmod(0o777)
        done = run(f"open({there!r} + '/mine', 'w')" + REFUSED, writable=(Path(there),))
        assert done.stdout == b"it worked\n", done.output
        assert Path(there, "mine").exists()
    assert not (SHM / "sparc-x").exists()


def by_hand(place: Path, script: str) -> str:
    """A script that runs `script` under the supervisor, without the rest of us."""
    return f"""
import os, subprocess, sys
os.chdir({str(place / "own")!r})
first, second = os.pipe(), os.pipe()
subprocess.run(
    [sys.executable, "-I", "-S", {SUPERVISOR!r}, str(first[0]), str(second[1]), "", "1", "0", os.getcwd(),
     sys.executable, "-I", "-S", "-c", {PRELUDE + script + "print('it worked')"!r}, os.getcwd(), *"bcd"],
    pass_fds=(first[0], second[1]))
"""


def test_where_name_spaces_are_used_up_it_starts_without(place: Path) -> None:
    """A limit of the kernel, set in name spaces of the test's own: nothing of the machine is changed."""
    limit = 'echo 0 > /proc/sys/user/max_user_namespaces && exec setpriv --bounding-set=-sys_admin "$@"'
    argv = ("unshare", "-Ur", "sh", "-c", limit, "-", sys.executable, "-I", "-S", "-c", by_hand(place, REFUSED))
    done = subprocess.run(argv, check=False, capture_output=True, text=True)
    if "max_user_namespaces" in done.stderr:
        pytest.skip(f"no such limit here: {done.stderr}")
    assert done.stdout == "it worked\n", done.stderr


def test_where_mounts_are_shared_it_is_not_seen_outside(place: Path) -> None:
    """As they are on most machines; here, in a name space of the test's own."""
    wait = "open(own + '/begun', 'w'); end = time.monotonic() + 20\n"
    wait += "while not os.path.exists(own + '/looked') and time.monotonic() < end: time.sleep(0.01)\n"
    look = 'cat /proc/self/mountinfo > "$0"; "$@" & while ! test -e begun; do sleep 0.05; done;'
    look += ' cat /proc/self/mountinfo | cmp - "$0" && touch looked && wait $! && cat /proc/self/mountinfo | cmp - "$0"'
    way = ("unshare", *(() if os.geteuid() == 0 else ("-Ur",)), "-m", "--propagation", "shared")
    program = (sys.executable, "-I", "-S", "-c", by_hand(place, wait))
    argv = (*way, "sh", "-c", look, str(place / "mounts"), *program)
    done = subprocess.run(argv, check=False, capture_output=True, text=True, cwd=place / "own", timeout=60)
    assert (done.returncode, done.stdout) == (0, "it worked\n"), done.stdout + done.stderr
    assert "shared:" in (place / "mounts").read_text()
