"""A user's repository, the hub of a run on it, and git as its user calls it."""

import os
import shutil
import subprocess
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import fsspec
import pytest

from tasks import workspace
from tasks.exam import Exam
from tasks.git import Git
from tasks.git_directories import create_bare
from tasks.hub import Hub
from tasks.isolation import confinement, why_not
from tasks.memory import Memory
from tasks.repository import Repository, open_repository
from tasks.run_folder import RunFolder
from tasks.uv import Uv
from tasks.workspace import Workspace
from tests.tasks.environments import CALLER, uv_in
from tests.tasks.gits import Commit, RunGit, commit_files, new_repository, user_git
from tests.tasks.hubs import Forger
from tests.tasks.memories import REPOSITORY
from tests.tasks.stories import PLAN, RUN, Story, begun, copied


@pytest.fixture(scope="session")
def git() -> RunGit:
    """`git(where, *words)`: git as the user calls it."""
    return user_git


@pytest.fixture(scope="session")
def commit() -> Commit:
    """`commit(where, files, message)`: what the user commits."""
    return commit_files


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
def _passed(begin: Callable[[Path], Story], tmp_path_factory: pytest.TempPathFactory) -> Story:
    """A run of two phases and three assignments whose gates have passed, before its release; nobody changes it."""
    story = begin(tmp_path_factory.mktemp("passed"))
    story.two_phases()
    return story


@pytest.fixture(scope="module")
def told(_passed: Story, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """A copy of it for the tests of a module, which move none of its references."""
    return _passed.copied(tmp_path_factory.mktemp("told"))


@pytest.fixture
def done(_passed: Story, tmp_path: Path) -> Story:
    """A copy of it, to go on from."""
    return _passed.copied(tmp_path)


@pytest.fixture
def forger(done: Story) -> Forger:
    """Who attacks a copy of it in which phases are tagged as good."""
    done.hub.tag_good(done.repository)
    return Forger(done)


@pytest.fixture(scope="session")
def finished(_passed: Story, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """The same, released; nobody changes it."""
    story = _passed.copied(tmp_path_factory.mktemp("finished"))
    assert story.release()
    return story


@pytest.fixture
def released(finished: Story, tmp_path: Path) -> Repository:
    """A copy of its repository."""
    shutil.copytree(finished.repository.path, tmp_path / "repository", symlinks=True)
    return open_repository(tmp_path / "repository")


@pytest.fixture(scope="session")
def _gone(_passed: Story, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """The same, released with its good tags; nobody changes it."""
    story = _passed.copied(tmp_path_factory.mktemp("gone"))
    story.hub.tag_good(story.repository)
    assert story.release()
    return story


@pytest.fixture
def gone(_gone: Story, tmp_path: Path) -> tuple[Story, str, str]:
    """A copy of it, with the merges of its phases."""
    story = _gone.copied(tmp_path)
    second = story.repository.tip("sparc/ledger") or ""
    return story, story.repository.git.commit(second).parents[0], second


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


@pytest.fixture(scope="session")
def gate_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SPARC_HOME of all tests that build environments: one cache serves them all."""
    return tmp_path_factory.getbasetemp() / "sparc-home"


@pytest.fixture
def uv(gate_home: Path, tmp_path: Path) -> Uv:
    """The only way to uv, with that cache."""
    return uv_in(gate_home, tmp_path)


@pytest.fixture
def exam_of(tmp_path: Path, gate_home: Path) -> Callable[..., Exam]:
    """Commits files to a repository and asks for an exam of them."""
    work = tmp_path / "repository"
    work.mkdir()

    def git(*words: str) -> str:
        who = ("-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "commit.gpgsign=false")
        done = subprocess.run(("git", *who, *words), cwd=work, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def make(files: Mapping[str, str | bytes], **more: object) -> Exam:
        for name, content in files.items():
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            (work / name).write_bytes(content.encode() if isinstance(content, str) else content)
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
