"""A project from the package index, as a repository of two commits, and the programs that look at it."""

import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any, NamedTuple

CHANGED = 5
GIT = shutil.which("git") or "git"
EXTRA = "requirements-of-the-benchmark.txt"
ADDED = "\n\ndef added_by_the_benchmark(value):\n    return value\n"


class Project(NamedTuple):
    """A repository with the project, and one more commit that changes some of its files."""

    name: str
    root: Path
    product: tuple[str, ...]
    """The files that bandit and radon read."""


def run(*argv: str | Path, cwd: Path, **more: Any) -> subprocess.CompletedProcess[bytes]:  # noqa: ANN401
    """A program, whatever its exit code."""
    return subprocess.run(tuple(map(str, argv)), cwd=cwd, capture_output=True, check=False, **more)


def git(where: Path, *words: str) -> str:
    """Git, as a person."""
    who = ("-c", "user.name=b", "-c", "user.email=b@localhost", "-c", "commit.gpgsign=false")
    return subprocess.run((GIT, *who, *words), cwd=where, check=True, capture_output=True, text=True).stdout.strip()


def fetch(name: str, scratch: Path, files: int | None) -> Project:
    """Unpack a source distribution, at most so many of its product files, and commit it; then change some files."""
    pip = ("-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-binary", ":all:")
    done = run(sys.executable, *pip, name, cwd=scratch)
    archives = list(scratch.glob(f"{name.replace('-', '_')}-*.tar.gz")) or list(scratch.glob(f"{name}-*.tar.gz"))
    if not archives:
        raise SystemExit(f"pip has no source distribution of {name}: {done.stderr.decode()[-500:]}")
    with tarfile.open(archives[0]) as archive:
        archive.extractall(scratch / "unpacked", filter="data")
    (root,) = (scratch / "unpacked").glob("*")
    root = root.rename(scratch / name)
    product = _product(root, name)
    for made in root.glob("**/*.egg-info"):  # of the distribution, no part of the sources
        shutil.rmtree(made)
    for extra in {path for path in root.rglob("*.py") if files} - {root / path for path in product[:files]}:
        extra.unlink()
    if name in REQUIREMENTS:
        (root / EXTRA).write_text(REQUIREMENTS[name])
    git(root, "init", "--quiet")
    _commit(root, "as published")
    tracked = set(git(root, "ls-files").splitlines())  # not what a build writes, and the project tells git to ignore
    product = tuple(path for path in product if path in tracked)[:files]
    for changed in product[:: max(1, len(product) // CHANGED)][:CHANGED]:
        with (root / changed).open("a") as file:
            file.write(ADDED)
    _commit(root, "changed")
    return Project(name, root, product)


REQUIREMENTS = {"jinja2": "trio\n", "python-docx": "pyparsing==3.2.5\n"}
"""What tests of a project need, and its metadata do not say."""


def _product(root: Path, name: str) -> tuple[str, ...]:
    top = "src" if (root / "src").is_dir() else name.replace("-", "_")
    paths = (path.relative_to(root).as_posix() for path in (root / top).rglob("*.py"))
    return tuple(sorted(path for path in paths if "/tests/" not in path))


def _commit(root: Path, message: str) -> None:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", message)


def top(project: Project) -> str:
    """The folder of its product."""
    return project.product[0].partition("/")[0]
