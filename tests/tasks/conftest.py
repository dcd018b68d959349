"""A user's repository, the hub of a run on it, and git as its user calls it."""

import os
import shutil
import subprocess
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from pwd import getpwuid
from tempfile import TemporaryDirectory
from typing import Any

import fsspec
import pytest

from tasks import workspace
from tasks.evidence import keep
from tasks.exam import Exam
from tasks.git import Git
from tasks.git_directories import create_bare
from tasks.hub import Hub, create_hub
from tasks.integrate import Candidate, Landing, candidate, merge_assignment, merge_phase
from tasks.isolation import confinement, why_not
from tasks.ledger import seal
from tasks.memory import Memory
from tasks.publish import bring
from tasks.release import release_candidate, release_now
from tasks.remember import evidence_name
from tasks.repository import Repository, open_repository
from tasks.run_folder import RunFolder, RunRecord
from tasks.workspace import Workspace
from tests.tasks.memories import REPOSITORY

RunGit = Callable[..., str]
Commit = Callable[..., str]

RUN, PLAN = "ledger-1", "ledger"


def user_git(where: Path, *words: str, fails: bool = False) -> str:
    """Git in a directory, as a person with an identity of their own; its output, both streams of it if it `fails`."""
    who = ("-c", "user.name=User", "-c", "user.email=user@localhost", "-c", "protocol.file.allow=always")
    done = subprocess.run(("git", *who, *words), cwd=where, check=False, capture_output=True, text=True)
    assert (done.returncode != 0) is fails, f"git {words}: {done.returncode} {done.stdout}{done.stderr}"
    return (done.stdout + (done.stderr if fails else "")).rstrip("\n")


def commit_files(where: Path, files: Mapping[str, str | bytes | None], message: str = "Work") -> str:
    """Write files (None: remove) into a work tree and commit all of it; the commit."""
    for name, content in files.items():
        file = where / name
        if content is None:
            file.unlink()
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
    user_git(where, "add", "--all", "--force")
    user_git(where, "commit", "--quiet", "--allow-empty", f"--message={message}")
    return user_git(where, "rev-parse", "HEAD")


@pytest.fixture(scope="session")
def git() -> RunGit:
    """`git(where, *words)`: git as the user calls it."""
    return user_git


@pytest.fixture(scope="session")
def commit() -> Commit:
    """`commit(where, files, message)`: what the user commits."""
    return commit_files


def new_repository(repository: Path) -> Repository:
    """A repository with some files on main, whose identity stands in its own configuration."""
    user_git(repository.parent, "init", "--quiet", "--initial-branch=main", repository.name)
    user_git(repository, "config", "user.name", "Fixture")
    user_git(repository, "config", "user.email", "fixture@localhost")
    commit_files(repository, {"README.md": "# Made by the fixture `users`\n"}, "Begin")
    commit_files(
        repository,
        {
            "src/app.py": "print('app')\n",
            "src/lib.py": "LIB = 1\n",
            "docs/guide.md": "# Guide\n",
            "run.sh": "#!/bin/sh\n",
            ".gitignore": "*.log\nbuild/\n",
        },
        "Files",
    )
    return open_repository(repository)


def begun(home: Path, users: Repository) -> RunFolder:
    """The folder of a run on a repository, whose hub is there."""
    made = RunFolder(home, RUN)
    start = users.tip("main") or ""
    create_hub(made.hub, users, RUN, PLAN, start)
    made.create(record_of(users, start))
    return made


def record_of(users: Repository, start: str) -> RunRecord:
    """What was asked for by a run on a repository."""
    return RunRecord(
        run=RUN, plan=PLAN, plan_file="plan.yaml", repository=users.path, base="main", start=start,
        memory="local-file-system/sparc-memory", fingerprint="0",
    )  # fmt: skip


def copied(begun_run: RunFolder, home: Path, users: Repository) -> RunFolder:
    """The same run on a copy of its repository."""
    made = RunFolder(home, begun_run.run)
    shutil.copytree(begun_run.path, made.path, symlinks=True)
    seal(made.hub, users.git.directory / "objects", PLAN, begun_run.record.start)
    made.create(record_of(users, begun_run.record.start))
    return made


@pytest.fixture(scope="session")
def _original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What every test copies, for copying is faster than git."""
    return new_repository(tmp_path_factory.mktemp("original") / "repository").path


@pytest.fixture(scope="session")
def _begun(_original: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A run of which nothing is done yet, for the same reason."""
    place = tmp_path_factory.mktemp("begun")
    shutil.copytree(_original, place / "repository", symlinks=True)
    return begun(place / "home", open_repository(place / "repository"))


@pytest.fixture
def users(_original: Path, tmp_path: Path) -> Repository:
    """The user's repository, with some files on main."""
    shutil.copytree(_original, tmp_path / "repository", symlinks=True)
    user_git(tmp_path / "repository", "update-index", "-q", "--refresh")
    return open_repository(tmp_path / "repository")


@pytest.fixture
def folder(_begun: RunFolder, tmp_path: Path, users: Repository) -> RunFolder:
    """The folder of a run on it, whose hub is there."""
    made = copied(_begun, tmp_path / "home", users)
    user_git(users.path, "update-ref", f"refs/sparc/start/{RUN}", made.record.start)
    return made


@pytest.fixture
def hub(folder: RunFolder) -> Hub:
    """The run's hub."""
    return Hub(folder.hub, folder.run, folder.record.plan, folder.record.start)


# -- a run's history, made by the same functions as a run makes it, without any server


@dataclass(frozen=True)
class Story:
    """Tells a run: what its attempts left is merged, its gates have passed, and in the end it is released."""

    folder: RunFolder
    hub: Hub
    repository: Repository

    def assignment(
        self, number: int, phase: str, name: str, files: Mapping[str, str], *, gated: bool = False, attempt: int = 1
    ) -> str:
        """An attempt that leaves these files, merged into its phase."""
        git, branch = self.hub.git, self.hub.open_phase(number, phase)
        start = self.hub.tip(branch)
        with TemporaryDirectory() as scratch:
            index = Git(git.directory, {"GIT_INDEX_FILE": f"{scratch}/index"})
            index.run("read-tree", start)
            for path, text in files.items():
                index.run("update-index", "--add", "--cacheinfo", f"100644,{git.write_blob(text.encode())},{path}")
            left = git.write_commit(index.line("write-tree"), (start,), "Work\n")
        found = candidate(git, branch, left)
        verdicts = self.verdicts(found.tree) if gated else ()
        made = merge_assignment(Landing(self.hub, number, phase, name, attempt, "writer", "0" * 64), found, verdicts)
        assert made
        return made

    def verdicts(self, tree: str, outcome: str = "passed") -> tuple[str, ...]:
        """Evidence of one check that was measured on a tree."""
        return keep(self.hub.git, [{"kind": "verdict", "tree": tree, "verdict": {"check": "x", "outcome": outcome}}])

    def gate(self, found: Candidate, **fields: Any) -> str:  # noqa: ANN401
        """Evidence of a phase's gate that has passed on a candidate, unless the fields say otherwise."""
        record = {"kind": "gate", "outcome": "passed", "verdicts": list(self.verdicts(found.tree)), **found.binding}
        (name,) = keep(self.hub.git, [record | fields])
        return name

    def phase(self, number: int, phase: str, gate: str | None = None) -> str:
        """The merge of a phase, after a gate that has passed on it."""
        branch = self.hub.open_phase(number, phase)
        found = candidate(self.hub.git, self.hub.plan_branch, self.hub.tip(branch))
        made = merge_phase(self.hub, phase, number, found, gate or self.gate(found))
        assert made
        bring(self.hub, self.repository)
        return made

    def two_phases(self) -> None:
        """Two phases, of two assignments and one."""
        self.assignment(1, "specification", "requirements", {"docs/r.md": "# R\n"})
        self.assignment(1, "specification", "slos", {"docs/slos.md": "# SLOs\n"}, gated=True)
        self.phase(1, "specification")
        files = {"src/post.py": "POST = 1\n", "src/app.py": "print('done')\n", "new/deep/file": "new\n"}
        self.assignment(2, "refinement", "posting", files)
        self.phase(2, "refinement")

    def copied(self, place: Path) -> "Story":
        """The same in another directory, from where it can go on another way."""
        shutil.copytree(self.repository.path, place / "repository", symlinks=True)
        user_git(place / "repository", "update-index", "-q", "--refresh")
        repository = open_repository(place / "repository")
        folder = copied(self.folder, place / "home", repository)
        return Story(folder, replace(self.hub, directory=folder.hub), repository)

    def release(self, base: str = "main") -> str | None:
        """The release into a branch as it stands now; its own gates have passed if it is not where the run began."""
        tip = self.repository.tip(base) or ""
        found = release_candidate(self.hub, tip)
        assert not found.conflicts
        unmoved = found.tree == self.hub.git.resolve(self.hub.plan_tip, "tree")
        gate = evidence_name(self.hub.git, self.hub.plan_tip) if unmoved else self.gate(found)
        return release_now(self.folder, self.hub, self.repository, base, found, [gate])


@pytest.fixture
def story(folder: RunFolder, hub: Hub, users: Repository) -> Story:
    """A run of which nothing is told yet."""
    return Story(folder, hub, users)


@pytest.fixture(scope="session")
def begin() -> Callable[[Path], Story]:
    """Begin a story in an empty directory, for tests that share one."""

    def story_in(place: Path) -> Story:
        folder = begun(place / "home", users := new_repository(place / "repository"))
        return Story(folder, Hub(folder.hub, folder.run, PLAN, folder.record.start), users)

    return story_in


@pytest.fixture(scope="session")
def shared_memory() -> None:
    """Where a program can have a /dev/shm of its own; tried by programs of the system, not by ours."""
    if why := why_not("landlock"):
        pytest.skip(f"no Landlock here: {why}")
    way = ("unshare", "-m") if os.geteuid() == 0 else ("unshare", "-Urm")
    argv = (*way, "mount", "-t", "tmpfs", "none", "/dev/shm")  # noqa: S108
    tried = subprocess.run(argv, check=False, capture_output=True, text=True)
    if tried.returncode != 0:
        pytest.skip(f"nothing can be mounted here: {tried.stderr.strip()}")


# whose HOME is a temporary one in tests; the configuration of package indexes is read from the real one
CALLER = {**os.environ, "XDG_CONFIG_HOME": str(Path(getpwuid(os.getuid()).pw_dir, ".config"))}


@pytest.fixture(scope="session")
def gate_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SPARC_HOME of all tests that build environments: one cache serves them all."""
    return tmp_path_factory.getbasetemp() / "sparc-home"


@pytest.fixture
def exam_of(tmp_path: Path, gate_home: Path) -> Callable[..., Exam]:
    """Commits files to a repository and asks for an exam of them."""
    work = tmp_path / "repository"
    work.mkdir()

    def git(*words: str) -> str:
        who = ("-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "commit.gpgsign=false")
        done = subprocess.run(("git", *who, *words), cwd=work, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def make(files: dict[str, str], **more: object) -> Exam:
        for name, text in files.items():
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            (work / name).write_text(text)
        git("add", "--all")
        git("commit", "--quiet", "--allow-empty", "--message=files")
        exam = Exam(
            git=Git(work / ".git"), tree=git("rev-parse", "HEAD^{tree}"), base=git("rev-parse", "HEAD"),
            deliverables=(), environment=None, folder=tmp_path / "exam", words={"run": "r1", "phase": "p"},
            home=gate_home, env=CALLER, confinement=confinement(None, gate_home),
        )  # fmt: skip
        return replace(exam, **more)  # type: ignore[arg-type]

    git("init", "--quiet")
    return make


@pytest.fixture
def space(hub: Hub, tmp_path: Path) -> Workspace:
    """A workspace of the first phase, as an agent finds it."""
    return workspace.make(
        tmp_path / "space", hub.git, hub.open_phase(1, "specification"), hub.start, tmp_path / "papers"
    )


@pytest.fixture
def bare(tmp_path: Path) -> Git:
    """An empty repository of ours."""
    return create_bare(tmp_path / "bare.git")


@pytest.fixture(params=["local", "memory"])
def memory(request: pytest.FixtureRequest, tmp_path: Path) -> Memory:
    """A memory as it is once its block was opened: in a directory, and in a storage that knows no renaming."""
    root = str(tmp_path / "a memory") if request.param == "local" else f"/{uuid.uuid4()}"
    storage = fsspec.filesystem("file" if request.param == "local" else "memory")
    return Memory("remote-file-system/test", REPOSITORY, storage, root)
