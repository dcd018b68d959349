"""Isolation: what a program in a jail tries, from where agents and targets stand, and what it can still do."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from gates.checks import Check
from tasks import evidence, isolation
from tasks.agents.spec import AgentSpec
from tasks.assignment import Assignment
from tasks.attempt import Attempt, Order, carry
from tasks.bench import Bench
from tasks.command import Command, Completed, run_foreign
from tasks.errors import Refused
from tasks.exam import Exam
from tasks.git import Git
from tasks.hooks import Surroundings, run_all
from tasks.hub import Hub
from tasks.isolation import Confinement, Isolation, Jail, best, chosen, confinement, why_not
from tasks.run_folder import RunFolder
from tests.support import Shop, git

PATH = os.environ["PATH"]
needs_landlock = pytest.mark.skipif(bool(why_not("landlock")), reason=f"no Landlock here: {why_not('landlock')}")
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


@pytest.fixture(params=["landlock", "bubblewrap"])
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


def python(script: str, root: Path, *, sparc: int = 0) -> tuple[str, ...]:
    about = f"SPARC = {sparc or os.getpid()}\nSUPERVISOR = os.getppid()\n"
    text = f"{PRELUDE}{about}{script}\nprint('it worked')\n"
    return (sys.executable, "-I", "-S", "-c", text, f"{root}/out", f"{root}/own dir", f"{root}/hidden/secret")


def outside(root: Path) -> dict[str, tuple[int, str]]:
    """Everything there, with its mode and contents."""
    found = [*(root / "out").rglob("*"), *(root / "hidden").rglob("*")]
    return {str(path): (path.lstat().st_mode, path.read_text() if path.is_file() else "") for path in found}


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


# -- from where agents and targets stand

TRY = """
try() { name=$1; shift; if "$@" 2>/dev/null; then echo "$name" >> got-through; fi; }
write() { echo x > "$1"; }
"""


@pytest.fixture
def order(folder: RunFolder, hub: Hub) -> Callable[..., Order]:
    """An order under Landlock for an agent that is this line of shell."""
    hub.open_phase(1, "specification")
    folder.plan_dir.mkdir()

    def make(script: str, **agent: object) -> Order:
        work = Assignment(role="Analyst", prompt="Do it.", deliverables=("a.md",), writes=("**",))
        spec = AgentSpec.model_validate({"command": ("sh", "-c", TRY + script), **agent})
        env = {"PATH": PATH, "HOME": str(folder.path.parent.parent / "users-home")}
        return Order(
            folder=folder, hub=hub, goal="", number=1, phase="specification", guidance="", name="requirements",
            assignment=work, agent_name="writer", agent=spec, timeout=30.0, memory=(), env=env,
            confinement=confinement("landlock", folder.home),
        )  # fmt: skip

    return make


def carried(order: Order) -> Attempt:
    return carry(order, order.folder.claim_attempt(order.number, order.phase, order.name), ())


@needs_landlock
def test_from_inside_an_attempt_nothing_of_the_run_can_be_written(
    order: Callable[..., Order], folder: RunFolder, hub: Hub
) -> None:
    (folder.home / "prefect").mkdir()
    (folder.home / "prefect/profiles.toml").write_text("password")
    users = folder.record.repository
    refs = hub.git.refs("refs/heads/phase/")
    attempt = carried(order(f"""
        papers=$(dirname "$SPARC_CONTEXT")
        for place in {folder.home} {folder.path} {hub.directory} {hub.directory}/hooks {hub.directory}/objects \
            {users} {users}/.git {folder.plan_dir} "$papers" "$papers/template" "$(dirname "$PWD")" /tmp /var/tmp \
            "$(dirname "$(dirname "$PWD")")"; do
            try "new file in $place" write "$place/new"; try "folder in $place" mkdir "$place/dir"
        done
        for file in {hub.directory}/config {hub.directory}/HEAD {users}/README.md {users}/.git/config "$SPARC_CONTEXT" \
            "$papers/prompt.md" "$papers/output.log" "$papers/index" {folder.path}/run.json; do
            test -e "$file" || echo "no $file" >> got-through; try "$file" write "$file"; try "rm $file" rm -f "$file"
            try "mv $file" mv "$file" "$HOME/taken"
        done
        try "reference" git --git-dir={hub.directory} update-ref refs/heads/sparc/evil HEAD
        try "configuration" git config --file {hub.directory}/config core.hooksPath /nowhere
        try "secret" cat {folder.home}/prefect/profiles.toml
        try "supervisor" kill -9 $PPID; try "sparc" kill -9 {os.getpid()}
        touch "$HOME/mine" "$TMPDIR/mine"; git config user.name a; git config user.email a; echo fine > a.md
        git add a.md; git commit --quiet -m mine; test -z "$(git status --porcelain a.md)" || echo clone >> got-through
    """))  # fmt: skip
    assert attempt.stands, attempt.findings
    assert hub.git.read(attempt.commit or "", "got-through") is None, hub.git.read(attempt.commit or "", "got-through")
    assert hub.git.read(attempt.commit or "", "a.md") == b"fine\n"
    assert evidence.fetch(hub.git, attempt.evidence)["isolation"] == "landlock"
    assert hub.git.refs("refs/heads/phase/") == refs


LOCK = "import multiprocessing as m; lock = m.Lock(); print(m.Pool(2).map(abs, [-1, -2]))"


@pytest.mark.usefixtures("shared_memory")
def test_an_attempt_has_locks_and_shared_memory_of_its_own(order: Callable[..., Order]) -> None:
    script = f"{sys.executable} -I -S -c '{LOCK}' > a.md; ls -A /dev/shm >> a.md; echo mine > /dev/shm/of-the-agent"
    made = order(script)
    attempt = carried(made)
    assert attempt.stands, attempt.findings
    assert made.hub.git.read(attempt.commit or "", "a.md") == b"[1, 2]\n"
    assert not Path("/dev/shm/of-the-agent").exists()  # noqa: S108


@needs_landlock
def test_what_a_plan_lends_can_be_written_and_the_rest_of_home_can_be_read(
    order: Callable[..., Order], tmp_path: Path
) -> None:
    home = Path(order("true").env["HOME"])
    for name in (".login", ".other"):
        (home / name).mkdir(parents=True)
        (home / name / "token").write_text("old")
    (tmp_path / "diary").mkdir()
    script = f"""
        cat ~/.other/token > a.md; echo new > ~/.login/token; echo x > {tmp_path}/diary/page
        try other write ~/.other/token; try home write ~/new; try beside write {tmp_path}/new
    """
    lent: dict[str, object] = {"home": {"user": [".login", ".not-there"]}, "writable": [str(tmp_path / "diary")]}
    # a home below SPARC_HOME would not be lent
    assert "lies in" in carried(order(script, **lent)).findings[0].message
    elsewhere = replace(order(script, **lent), env={"PATH": PATH, "HOME": str(tmp_path / "home-of-the-user")})
    home.rename(tmp_path / "home-of-the-user")
    attempt = carried(elsewhere)
    assert attempt.stands, attempt.findings
    read = elsewhere.hub.git.read
    assert read(attempt.commit or "", "a.md") == b"old"
    assert read(attempt.commit or "", "got-through") is None
    assert (tmp_path / "home-of-the-user/.login/token").read_text() == "new\n"
    assert (tmp_path / "diary/page").read_text() == "x\n"


@needs_landlock
def test_from_inside_hooks_nothing_else_can_be_written(hub: Hub, folder: RunFolder) -> None:
    around = Surroundings({"PATH": PATH}, confinement("landlock", folder.home))
    script = f"touch here $HOME/a $TMPDIR/b && ! touch ../x 2>/dev/null && ! touch {hub.directory}/x 2>/dev/null"
    assert run_all("before", [("sh", "-c", script)], hub.git, hub.start, {}, around) is None


TESTS = """
import os, pathlib, signal, sys, tempfile

OUTSIDE, SECRET = {outside!r}, {secret!r}

def refused(action, *arguments):
    try:
        action(*arguments)
    except OSError:
        return True
    return False

def test_attacks():
    here, environment = pathlib.Path.cwd(), pathlib.Path(sys.prefix)
    site = next(environment.glob("lib/python*/site-packages"))
    for place in (OUTSIDE, str(here.parent), str(environment), str(site), str(site / "pytest"), "/tmp"):
        assert refused(os.mkdir, place + "/new"), place
        assert refused(os.open, place + "/new", os.O_WRONLY | os.O_CREAT), place
    assert refused(os.unlink, site / "pytest/__init__.py")
    assert refused(pathlib.Path(SECRET).read_text)
    assert refused(os.kill, {sparc}, signal.SIGKILL)

def test_own_places(tmp_path):
    (tmp_path / "x").write_text("x")
    pathlib.Path("build-of-mine").write_text("x")
    with tempfile.TemporaryFile() as file:
        file.write(b"x")
"""
METADATA = '[project]\nname = "attacked"\nversion = "1"\n[tool.setuptools]\npackages = []\n'


@needs_landlock
def test_from_inside_a_test_suite_and_a_command_nothing_else_can_be_written(folder: RunFolder) -> None:
    secret = folder.home / "prefect/database"
    secret.parent.mkdir()
    secret.write_text("x")
    tests = TESTS.format(outside=str(folder.home), secret=str(secret), sparc=os.getpid())
    build = f"import os\nopen({str(folder.home / 'built')!r}, 'w')\n"
    with_build = "from setuptools import setup\nimport contextlib\nwith contextlib.suppress(OSError):\n"
    setup = with_build + "".join(f"    {line}\n" for line in build.splitlines()) + "setup()\n"
    users = folder.record.repository
    for name, text in (("pyproject.toml", METADATA), ("setup.py", setup), ("tests/test_attacks.py", tests)):
        (users / name).parent.mkdir(exist_ok=True)
        (users / name).write_text(text)
    git(users, "add", "--all")
    git(users, "commit", "--quiet", "--message=Attacks")
    where = Git(users / ".git")
    exam = Exam(
        git=where, tree=where.resolve("HEAD", "tree") or "", base=None, deliverables=(), environment=None,
        folder=folder.home / "gates/x", words={}, home=folder.home, env=dict(os.environ),
        confinement=confinement("landlock", folder.home),
    )  # fmt: skip
    look = f"touch made $HOME/a $TMPDIR/b && ! touch ../x 2>/dev/null && ! touch {folder.home}/x 2>/dev/null"
    command = {"command": {"name": "look", "run": ["sh", "-c", look]}}
    checks = [Check.model_validate(entry) for entry in ("tests", command)]
    with Bench(exam, checks) as bench:
        tested, looked = (bench.verdict(check) for check in checks)
    assert tested.verdict.passed, tested.verdict
    assert tested.verdict.measured == {"passed": 2, "failed": 0, "skipped": 0}
    assert looked.verdict.passed, looked.verdict
    assert (tested.evidence["isolation"], looked.evidence["isolation"]) == ("landlock", "landlock")
    assert not (folder.home / "built").exists()


@pytest.mark.usefixtures("shared_memory")
def test_a_gate_has_locks_and_shared_memory_of_its_own(folder: RunFolder) -> None:
    where = Git(folder.record.repository / ".git")
    exam = Exam(
        git=where, tree=where.resolve("HEAD", "tree") or "", base=None, deliverables=(), environment=None,
        folder=folder.home / "gates/x", words={}, home=folder.home, env=dict(os.environ),
        confinement=confinement("landlock", folder.home),
    )  # fmt: skip
    look = f"{sys.executable} -I -S -c '{LOCK}' && touch /dev/shm/of-the-gate && test $(ls -A /dev/shm) = of-the-gate"
    check = Check.model_validate({"command": {"name": "look", "run": ["sh", "-c", look]}})
    with Bench(exam, [check]) as bench:
        looked = bench.verdict(check)
    assert looked.verdict.passed, looked.verdict
    assert not Path("/dev/shm/of-the-gate").exists()  # noqa: S108
