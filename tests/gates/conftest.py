"""Small real trees, and real runs of pytest and coverage in an environment of a target."""

import hashlib
import os
import secrets
import subprocess
import sys
import venv
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from pydantic import JsonValue

from gates import coverage, tests
from gates.checks import Check
from gates.subject import REGULAR, Ran, Subject, TreeFile
from gates.suites.suite import Place, Step, programs
from gates.verdict import Unmeasurable, Verdict, error
from tasks.suite_run import watched, write

Tree = Callable[..., Subject]
Ask = Callable[[object, Subject], Verdict]
RunSuite = Callable[..., Subject]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """Write files into a checkout; links are path to target, other keywords fields of the subject."""

    def build(files: Mapping[str, str | bytes], links: Mapping[str, str] | None = None, **fields: object) -> Subject:
        root = tmp_path / "checkout"
        root.mkdir(exist_ok=True)
        for path, content in files.items():
            place = root / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content.encode() if isinstance(content, str) else content)
        for path, target in (links or {}).items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).symlink_to(target)
        entries = [_entry(path, content) for path, content in files.items()]
        entries += [TreeFile(path=path, mode="120000", size=len(target)) for path, target in (links or {}).items()]
        return Subject.model_validate({"root": root, "files": entries, **fields})

    return build


def _entry(path: str, content: str | bytes) -> TreeFile:
    data = content.encode() if isinstance(content, str) else content
    return TreeFile(path=path, mode="100644", size=len(data), blob=hashlib.sha256(data).hexdigest())


@pytest.fixture
def ask() -> Ask:
    """Measure and judge in this process, as the worker does in its own."""

    def answer(entry: object, subject: Subject) -> Verdict:
        check = Check.model_validate(entry)
        try:
            report: JsonValue = check.kind.measure(check.limits, subject)
        except Unmeasurable as problem:
            return error(check.label, str(problem), *problem.findings)
        return check.kind.judge(check.limits, report)

    return answer


@pytest.fixture(scope="session")
def target_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that has pytest and coverage as installed here, and nothing else."""
    folder = tmp_path_factory.mktemp("target") / "env"
    venv.create(folder, symlinks=True)
    (site,) = folder.glob("lib/python*/site-packages")
    for name in ("pytest", "pluggy", "iniconfig", "packaging", "pygments", "coverage"):
        for installed in _installed(name):
            (site / installed.name).symlink_to(installed)
    return folder / "bin" / "python"


def _installed(name: str) -> set[Path]:
    """What a distribution has put into its site-packages."""
    try:
        found = distribution(name)
    except PackageNotFoundError:
        pytest.fail(f"{name} is not installed: these tests run the real one (add it to the dev group)")
    return {Path(str(found.locate_file(file.parts[0]))) for file in found.files or () if file.parts[0] != ".."}


@pytest.fixture
def run_suite(tmp_path: Path, target_python: Path) -> RunSuite:
    """Run the suite that `programs` describes on a subject, and give the subject with what came of it."""

    def run(
        subject: Subject,
        limits: tests.Limits | None = None,
        coverage: coverage.Limits | None = None,
        python: Path = target_python,
    ) -> Subject:
        reports = tmp_path / "reports"
        reports.mkdir()
        place = Place(
            root=subject.root,
            python=python,
            reports=reports,
            base_config=subject.base_config,
            token=secrets.token_hex(8),
            packages=subject.packages,
        )
        files = [file.path for file in subject.files if file.mode in REGULAR]
        limits = limits or tests.Limits()
        with TemporaryDirectory() as short, watched(place, limits, files, Path(short)) as place:
            suite = programs(limits, coverage, place)
            write(suite)
            env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **suite.env}
            ran = tuple(_ran(step, subject.root, env) for step in suite.steps)
        return subject.model_copy(update={"reports": reports, "ran": ran})

    return run


def _ran(step: Step, root: Path, env: Mapping[str, str]) -> Ran:
    try:
        done = subprocess.run(
            step.argv,
            check=False,
            cwd=root,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=min(step.timeout, 60),
            text=True,
        )
    except subprocess.TimeoutExpired:
        return Ran(argv=step.argv, code=None, failure=f"timed out after {step.timeout:g} s")
    return Ran(argv=step.argv, code=done.returncode, output=done.stdout)


@pytest.fixture
def ran() -> Callable[..., Ran]:
    """What came of a program that was never run."""

    def build(code: int | None = 0, **fields: object) -> Ran:
        return Ran.model_validate({"argv": (sys.executable,), "code": code, **fields})

    return build
