"""Isolation from where agents, hooks, test suites and commands stand."""

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gates.checks import Check
from tasks import evidence
from tasks.agents.spec import AgentSpec
from tasks.assignment import Assignment
from tasks.attempt import Attempt, Order, carry
from tasks.bench import Bench
from tasks.exam import Exam
from tasks.git import Git
from tasks.hooks import Surroundings, run_all
from tasks.hub import Hub
from tasks.isolation import Isolation, confinement
from tasks.run_folder import RunFolder
from tests.support import git
from tests.tasks.jails import PATH, each_isolation, needs_landlock

TRY = """
try() { name=$1; shift; if "$@" 2>/dev/null; then echo "$name" >> got-through; fi; }
write() { echo x > "$1"; }
"""


@pytest.fixture
def order(folder: RunFolder, hub: Hub) -> Callable[..., Order]:
    """An order for an agent that is this line of shell."""
    hub.open_phase(1, "specification")
    folder.plan_dir.mkdir()

    def make(script: str, mode: Isolation = "landlock", **agent: object) -> Order:
        work = Assignment(role="Analyst", prompt="Do it.", deliverables=("a.md",), writes=("**",))
        spec = AgentSpec.model_validate({"command": ("sh", "-c", TRY + script), **agent})
        env = {"PATH": PATH, "HOME": str(folder.path.parent.parent / "users-home")}
        return Order(
            folder=folder, hub=hub, goal="", number=1, phase="specification", guidance="", name="requirements",
            assignment=work, agent_name="writer", agent=spec, timeout=30.0, memory=(), env=env,
            confinement=confinement(mode, folder.home),
        )  # fmt: skip

    return make


def carried(order: Order) -> Attempt:
    return carry(order, order.folder.claim_attempt(order.number, order.phase, order.name), ())


@each_isolation
def test_from_inside_an_attempt_nothing_of_the_run_can_be_written(
    order: Callable[..., Order], folder: RunFolder, hub: Hub, mode: Isolation
) -> None:
    (folder.home / "prefect").mkdir()
    (folder.home / "prefect/profiles.toml").write_text("password")
    users = folder.record.repository
    refs = hub.git.refs("refs/heads/phase/")
    # bubblewrap's own process number 1 is the parent there: the kernel lets it be killed by nobody, and says nothing
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
        test {mode} = bubblewrap || try "supervisor" kill -9 $PPID; try "sparc" kill -9 {os.getpid()}
        touch "$HOME/mine" "$TMPDIR/mine"; git config user.name a; git config user.email a; echo fine > a.md
        git add a.md; git commit --quiet -m mine; test -z "$(git status --porcelain a.md)" || echo clone >> got-through
    """, mode))  # fmt: skip
    assert attempt.stands, attempt.findings
    assert hub.git.read(attempt.commit or "", "got-through") is None, hub.git.read(attempt.commit or "", "got-through")
    assert hub.git.read(attempt.commit or "", "a.md") == b"fine\n"
    assert evidence.fetch(hub.git, attempt.evidence)["isolation"] == mode
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


@each_isolation
def test_from_inside_hooks_nothing_else_can_be_written(hub: Hub, folder: RunFolder, mode: Isolation) -> None:
    around = Surroundings({"PATH": PATH}, confinement(mode, folder.home))
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
    links = [each for each in site.iterdir() if each.is_symlink()]
    assert site / "pytest" in links
    for each in links:
        assert each.exists(), each
        kept = each / "__init__.py" if each.is_dir() else each
        for place in (kept, each.parent / "__pycache__/new.pyc", each.resolve().parent / "new"):
            assert refused(os.open, place, os.O_WRONLY | os.O_CREAT), place
        assert refused(os.rename, each, here / "taken")
        assert refused(os.rename, each.resolve(), here / "taken")
    assert refused(pathlib.Path(SECRET).read_text)
    assert refused(os.kill, {sparc}, signal.SIGKILL)

def test_own_places(tmp_path):
    (tmp_path / "x").write_text("x")
    pathlib.Path("build-of-mine").write_text("x")
    with tempfile.TemporaryFile() as file:
        file.write(b"x")
"""
METADATA = '[project]\nname = "attacked"\nversion = "1"\n[tool.setuptools]\npackages = []\n'


@each_isolation
def test_from_inside_a_test_suite_and_a_command_nothing_else_can_be_written(folder: RunFolder, mode: Isolation) -> None:
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
        confinement=confinement(mode, folder.home),
    )  # fmt: skip
    look = f"touch made $HOME/a $TMPDIR/b && ! touch ../x 2>/dev/null && ! touch {folder.home}/x 2>/dev/null"
    command = {"command": {"name": "look", "run": ["sh", "-c", look]}}
    checks = [Check.model_validate(entry) for entry in ("tests", command)]
    with Bench(exam, checks) as bench:
        tested, looked = (bench.verdict(check) for check in checks)
    assert tested.verdict.passed, tested.verdict
    assert tested.verdict.measured == {"passed": 2, "failed": 0, "skipped": 0}
    assert looked.verdict.passed, looked.verdict
    assert (tested.evidence["isolation"], looked.evidence["isolation"]) == (mode, mode)
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
