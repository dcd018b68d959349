"""Isolation: what a program in a jail tries, what it can still do, and what is not started without one."""

import os
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tasks import isolation
from tasks.command import Command, Completed, run_foreign
from tasks.errors import Refused
from tasks.isolation import Confinement, Isolation, Jail, best, chosen, confinement, why_not
from tests.support import Shop, git
from tests.tasks.jails import ISOLATIONS, OTHERS, PATH, WRITES, RunIn, needs_landlock, outside, python


@pytest.fixture(params=ISOLATIONS)
def mode(request: pytest.FixtureRequest) -> Isolation:
    if why := why_not(request.param):
        pytest.skip(f"no {request.param} here: {why}")
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def run(tmp_path: Path) -> RunIn:
    """Runs a program that may write to `own dir`, may not write to `out`, and may not read `hidden`."""
    for name in ("own dir", "own dir/tmp", "out/folder", "hidden"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "out/file").write_text("as it was")
    (tmp_path / "hidden/secret").write_text("echo a secret")

    def ran(mode: Isolation, *argv: str, timeout: float = 30) -> Completed:
        own = tmp_path / "own dir"
        env = {"PATH": PATH, "HOME": str(own), "TMPDIR": str(own / "tmp")}
        jail = Jail(mode, (own,), (tmp_path / "hidden", tmp_path / "not-there"))
        return run_foreign(Command(argv, own, env, timeout=timeout, jail=jail))

    return ran


# -- what is refused


@pytest.mark.parametrize("attack", WRITES)
def test_nothing_is_written_outside(mode: Isolation, run: RunIn, tmp_path: Path, attack: str) -> None:
    before = outside(tmp_path)
    done = run(mode, *python(WRITES[attack], tmp_path))
    assert b"it worked" not in done.stdout, done.output
    assert outside(tmp_path) == before


@pytest.mark.parametrize("attack", OTHERS)
def test_nobody_else_is_reached(mode: Isolation, run: RunIn, tmp_path: Path, attack: str) -> None:
    script = OTHERS[attack]
    if mode == "bubblewrap" and "SUPERVISOR" in script:
        pytest.skip("its process numbers are its own: there is no such process to be seen")
    before = outside(tmp_path)
    with subprocess.Popen(("sleep", "100"), stdin=subprocess.DEVNULL) as victim:
        done = run(mode, *python(script, tmp_path, sparc=victim.pid))
        alive = victim.poll() is None
        victim.kill()
    assert b"it worked" not in done.stdout, done.output
    assert alive
    assert done.failure is None
    assert outside(tmp_path) == before


def test_a_program_without_a_jail_would_get_through(run: RunIn, tmp_path: Path) -> None:
    """Or the attacks above would prove nothing."""
    lost = []
    for attack in ("open", "create", "rename into", "hard link out of", "a pipe", "a child in a session of its own"):
        (tmp_path / "out/new").unlink(missing_ok=True)
        (tmp_path / "own dir/x").unlink(missing_ok=True)
        lost += [attack] if b"it worked" not in run("none", *python(WRITES[attack], tmp_path)).stdout else []
    assert lost == []
    assert b"it worked" in run("none", *python(OTHERS["read what is hidden"], tmp_path)).stdout


def test_what_it_leaves_running_stays_in_the_jail_and_is_ended(mode: Isolation, run: RunIn, tmp_path: Path) -> None:
    script = f"(sleep 0.3; echo x > '{tmp_path}/out/new'; echo y > late; exec sleep 4321) & sleep 0.8; cat late"
    done = run(mode, "setsid", "--wait", "sh", "-c", script)
    assert done.stdout == b"y\n"
    assert not (tmp_path / "out/new").exists()
    assert subprocess.run(("pgrep", "-f", "sleep 4321"), check=False, capture_output=True).stdout == b""


@needs_landlock
def test_who_stops_its_supervisor_under_landlock_only_stops_itself(run: RunIn) -> None:
    done = run("landlock", "sh", "-c", "kill -STOP $PPID; kill -KILL $PPID; echo on; exit 3")
    assert (done.code, done.stdout, done.failure) == (3, b"on\n", None)


@pytest.mark.parametrize("script", ["os.chmod(f'{out}/file', 0o600)", "os.utime(f'{out}/file', (1, 1))"])
def test_landlock_does_not_cover_modes_and_times_and_bubblewrap_does(
    mode: Isolation, run: RunIn, tmp_path: Path, script: str
) -> None:
    """As the kernel documents it: what must not change by them is looked at before it is relied on."""
    done = run(mode, *python(script, tmp_path))
    assert (b"it worked" in done.stdout) is (mode == "landlock")


# -- what still works


def test_its_own_places_and_the_devices_serve_as_ever(mode: Isolation, run: RunIn) -> None:
    script = """
import os, pathlib, socket, subprocess, tempfile
home = pathlib.Path.home(); (home / "a/b").mkdir(parents=True); (home / "a/b/f").write_text("x" * 100)
os.rename(home / "a/b/f", home / "g"); os.link(home / "g", home / "h")
os.truncate(home / "g", 3); os.unlink(home / "h")
with tempfile.TemporaryDirectory() as place:
    server = socket.socket(socket.AF_UNIX); server.bind(f"{place}/s"); server.listen()
    socket.socket(socket.AF_UNIX).connect(f"{place}/s"); os.mkfifo(f"{place}/p")
for device in ("/dev/null", "/dev/zero", "/dev/full"):
    open(device, "r+b", buffering=0)
master, slave = os.openpty(); os.write(slave, b"x"); assert os.read(master, 1) == b"x"
a, b = os.pipe(); child = os.fork() or os._exit(0); os.waitpid(child, 0); os.kill(os.getpid(), 0)
bash = ["bash", "-c", "cat <(echo in) | tee >(cat >&2) > /dev/null; wait"]
assert subprocess.run(bash, capture_output=True).returncode == 0
print(sorted(path.name for path in home.iterdir()), len(open("/etc/passwd").read()) > 0, os.listdir("/") != [])
"""
    done = run(mode, sys.executable, "-I", "-c", script)
    assert done.stdout == b"['a', 'g', 'tmp'] True True\n", done.output


def test_a_clone_is_worked_in_as_ever(mode: Isolation, run: RunIn, tmp_path: Path) -> None:
    hub = tmp_path / "hub"
    git(tmp_path, "init", "--quiet", "--initial-branch=main", "hub")
    who = ("-c", "user.name=a", "-c", "user.email=a@localhost")
    git(hub, *who, "commit", "--quiet", "--allow-empty", "--message=Begin")
    git(tmp_path, "clone", "--quiet", "--shared", "hub", "own dir/clone")
    script = """
        cd clone && git config user.name a && git config user.email a@localhost && git checkout --quiet -b mine &&
        echo x > f && git add f && git commit --quiet -m mine && git gc --quiet && git log --format=%s;
        git push --quiet origin mine; git -C ../../hub update-ref refs/heads/evil HEAD; git -C ../../hub gc --quiet
    """
    done = run(mode, "sh", "-c", script)
    assert done.stdout.decode().splitlines()[:2] == ["mine", "Begin"], done.output
    assert git(hub, "for-each-ref", "--format=%(refname)") == "refs/heads/main"


def test_the_network_is_not_its_affair(mode: Isolation, run: RunIn) -> None:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"hello")

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        asked = f"import urllib.request as u; print(u.urlopen('http://127.0.0.1:{server.server_port}/').read())"
        assert run(mode, sys.executable, "-I", "-c", asked).stdout == b"b'hello'\n"


def test_a_file_alone_can_be_writable(mode: Isolation, tmp_path: Path) -> None:
    (tmp_path / "login.json").write_text("{}")
    (tmp_path / "other").write_text("{}")
    jail = Jail(mode, (tmp_path / "login.json",))
    argv = ("sh", "-c", "echo new > login.json; echo new > other; echo new > third")
    run_foreign(Command(argv, tmp_path, {"PATH": PATH}, timeout=20, jail=jail))
    assert ((tmp_path / "login.json").read_text(), (tmp_path / "other").read_text()) == ("new\n", "{}")
    assert not (tmp_path / "third").exists()


@pytest.mark.usefixtures("run")
def test_a_hidden_path_may_be_a_link_and_is_hidden_where_it_leads(mode: Isolation, tmp_path: Path) -> None:
    (tmp_path / "linked").symlink_to("hidden")
    jail = Jail(mode, (tmp_path / "own dir",), (tmp_path / "linked",))
    argv = ("cat", f"{tmp_path}/hidden/secret", f"{tmp_path}/out/file")
    done = run_foreign(Command(argv, tmp_path, {"PATH": PATH}, timeout=20, jail=jail))
    assert done.stdout == b"as it was"


# -- when it cannot be had


@pytest.mark.parametrize("broken", ["gone", "hidden in writable"])
@needs_landlock
def test_what_cannot_be_restricted_is_not_started(tmp_path: Path, broken: str) -> None:
    (tmp_path / "secret").touch()
    jail = {
        "gone": Jail("landlock", (tmp_path / "gone",)),
        "hidden in writable": Jail("landlock", (tmp_path,), (tmp_path / "secret",)),
    }[broken]
    done = run_foreign(Command(("touch", str(tmp_path / "mark")), tmp_path, {"PATH": PATH}, timeout=20, jail=jail))
    assert done.code is None
    assert (done.failure or "").startswith("it was not started, for it cannot be kept from writing elsewhere: ")
    assert not (tmp_path / "mark").exists()


def test_bubblewrap_that_cannot_begin_runs_nothing(tmp_path: Path) -> None:
    if why := why_not("bubblewrap"):
        pytest.skip(f"no bubblewrap here: {why}")
    jail = Jail("bubblewrap", (tmp_path / "gone",))
    done = run_foreign(Command(("touch", str(tmp_path / "mark")), tmp_path, {"PATH": PATH}, timeout=20, jail=jail))
    assert done.code != 0
    assert not (tmp_path / "mark").exists()


def test_a_plan_that_asks_for_what_is_not_there_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(isolation, "why_not", why_not.__wrapped__)
    with pytest.raises(Refused, match=r"isolation: bubblewrap cannot be had here: .*bwrap.*: install bubblewrap; say "):
        chosen("bubblewrap")
    assert chosen("none") == "none"
    assert best() == chosen(None)


@pytest.mark.parametrize(
    ("missing", "taken"),
    [((), "landlock"), (("landlock",), "bubblewrap"), (("bubblewrap",), "landlock"), (ISOLATIONS, "none")],
)
def test_who_does_not_ask_gets_the_best_there_is(
    monkeypatch: pytest.MonkeyPatch, missing: tuple[str, ...], taken: str
) -> None:
    monkeypatch.setattr(isolation, "why_not", lambda mode: "it is not there" if mode in missing else None)
    assert (best(), chosen(None)) == (taken, taken)


def test_a_run_that_asks_for_what_is_not_there_starts_nothing(tmp_path: Path) -> None:
    shop = Shop.open(tmp_path / "shop", tmp_path / "home")
    (tmp_path / "bin").mkdir()
    for name in ("git", "sh", "ssh-keygen"):
        if found := shutil.which(name):
            (tmp_path / "bin" / name).symlink_to(found)
    work = {"role": "x", "prompt": "true", "deliverables": ["a"]}
    plan = shop.plan({"specification": {"assignments": {"a": work}, "gate": ["deliverables"]}}, isolation="bubblewrap")
    done = shop.sparc("run", plan, env={"PATH": str(tmp_path / "bin")})
    assert done.returncode == 2, done.stderr
    assert "isolation: bubblewrap cannot be had here" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "home/runs").exists()


def test_a_confinement_hides_the_secrets_of_its_home(tmp_path: Path) -> None:
    found = confinement("none", tmp_path, tmp_path / "key")
    assert {tmp_path / "prefect", tmp_path / "server.json", tmp_path / "key"} <= set(found.hidden)
    assert found.jail(tmp_path / "a") == Jail("none", (tmp_path / "a",), found.hidden)
    assert Confinement("landlock").jail(tmp_path).mode == "landlock"


@needs_landlock
def test_root_gives_up_what_it_could_leave_with(run: RunIn) -> None:
    if os.geteuid() != 0:
        pytest.skip("not root")
    lines = run("landlock", "grep", "CapBnd", "/proc/self/status").stdout.split()
    assert not int(lines[1], 16) & (1 << 21 | 1 << 19 | 1 << 27), "mounting, tracing, devices"
