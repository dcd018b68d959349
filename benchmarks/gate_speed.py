"""What `gates.py` measures: whole gates, and their static part."""

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from gate_equality import differences

from gates.checks import Check
from tasks.bench import Bench
from tasks.exam import Exam
from tasks.git import Git
from tasks.isolation import confinement

ENTRIES: dict[str, Any] = {
    "tests": {"tests": {"timeout": 600}}, "coverage": {"coverage": {"at_least": 0, "branch": True}},
    "bandit": "bandit", "radon": "radon",
}  # fmt: skip
RUN, STATIC = ("tests", "coverage"), ("bandit", "radon")
CHANGED = 5
GIT = shutil.which("git") or "git"
ADDED = "\n\ndef added_by_the_benchmark(value):\n    return value\n"


class Cost(NamedTuple):
    """What something took, in seconds."""

    wall: float
    cpu: float


class Project(NamedTuple):
    """A repository with the project, and one more commit that changes some of its files."""

    name: str
    root: Path
    product: tuple[str, ...]
    """The files that bandit and radon read."""


def used() -> float:
    """Processor time of this process and of all that it has waited for."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def cost(work: Callable[[], object]) -> Cost:
    """What a call takes."""
    wall, cpu = time.monotonic(), used()
    work()
    return Cost(time.monotonic() - wall, used() - cpu)


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
    for extra in {path for path in root.rglob("*.py") if files} - {root / path for path in product[:files]}:
        extra.unlink()
    git(root, "init", "--quiet")
    _commit(root, "as published")
    product = product[:files]
    for changed in product[:: max(1, len(product) // CHANGED)][:CHANGED]:
        with (root / changed).open("a") as file:
            file.write(ADDED)
    _commit(root, "changed")
    return Project(name, root, product)


def _product(root: Path, name: str) -> tuple[str, ...]:
    top = "src" if (root / "src").is_dir() else name
    paths = (path.relative_to(root).as_posix() for path in (root / top).rglob("*.py"))
    return tuple(sorted(path for path in paths if "/tests/" not in path))


def _commit(root: Path, message: str) -> None:
    git(root, "add", "--all", "--force")
    git(root, "commit", "--quiet", "--message", message)


# -- ours


def ours(project: Project, home: Path, ref: str, *names: str) -> list[str]:
    """A gate of these checks on a commit; what it says."""
    exam = Exam(
        git=Git(project.root / ".git"), tree=git(project.root, "rev-parse", f"{ref}^{{tree}}"),
        base=git(project.root, "rev-parse", "HEAD~1"), deliverables=(), environment=None, folder=home / "exam",
        words={}, home=home, env=dict(os.environ), confinement=confinement(None, home),
    )  # fmt: skip
    checks: list[Check] = [Check.model_validate(_entry(name, project)) for name in names]
    with Bench(exam, checks) as bench, ThreadPoolExecutor() as threads:
        return [measured.verdict.summary for measured in threads.map(bench.verdict, checks)]


def _entry(name: str, project: Project) -> Any:  # noqa: ANN401 - as a plan has it
    return {name: {"paths": f"{_top(project)}/**/*.py"}} if name in STATIC else ENTRIES[name]


def _top(project: Project) -> str:
    return project.product[0].partition("/")[0]


def forget(home: Path) -> None:
    """Make figures unknown."""
    for file in (home / "cache").glob("figures.sqlite*"):
        file.unlink()


# -- theirs


def environment(project: Project, folder: Path, *own: str) -> Path:
    """An environment with the tools, and the project itself (`own`) to be tested; its folder of programs."""
    uv = Path(sys.executable).with_name("uv")
    run(uv, "venv", "--quiet", "--python", sys.executable, folder, cwd=project.root)
    wanted = (*own, "pytest", "coverage", "bandit", "radon")
    done = run(uv, "pip", "install", "--quiet", "--python", folder / "bin/python", *wanted, cwd=project.root)
    if done.returncode:
        raise SystemExit(done.stderr.decode()[-1000:])
    return folder / "bin"


def tests_alone(project: Project, programs: Path) -> None:
    """The tests."""
    run(programs / "python", "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=project.root)


def covered(project: Project, programs: Path) -> None:
    """The tests under coverage, and its report."""
    coverage = (programs / "python", "-m", "coverage")
    run(*coverage, "run", "--branch", "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=project.root)
    run(*coverage, "json", "-o", os.devnull, cwd=project.root)


def static_tools(project: Project, programs: Path) -> None:
    """The tools that read the product."""
    top = _top(project)
    run(programs / "python", "-m", "bandit", "-q", "-r", top, "-f", "json", cwd=project.root)
    run(programs / "python", "-m", "radon", "cc", "--json", top, cwd=project.root)
    run(programs / "python", "-m", "radon", "mi", "--json", top, cwd=project.root)


# -- figures


class Way(NamedTuple):
    """One of the things that take turns."""

    name: str
    prepare: Callable[[], object]
    work: Callable[[], object]


def compare(ways: Iterable[Way], repeat: int) -> dict[str, Cost]:
    """Medians of so many rounds, in which the ways take turns."""
    ways = tuple(ways)
    costs: dict[str, list[Cost]] = {way.name: [] for way in ways}
    for number in range(repeat):
        for way in ways if number % 2 == 0 else reversed(ways):
            way.prepare()
            costs[way.name].append(cost(way.work))
    return {
        name: Cost(statistics.median(one.wall for one in some), statistics.median(one.cpu for one in some))
        for name, some in costs.items()
    }


def nothing() -> None:
    """What most ways need beforehand."""


def static_ways(project: Project, home: Path, programs: Path) -> list[Way]:
    """Bandit and radon: theirs, ours with nothing known, with all known but five files, with all known."""

    def first_commit_known() -> None:
        forget(home)
        ours(project, home, "HEAD~1", *STATIC)

    def gate() -> object:
        return ours(project, home, "HEAD", *STATIC)

    return [
        Way("static, tools", nothing, lambda: static_tools(project, programs)),
        Way("static, ours cold", lambda: forget(home), gate),
        Way("static, ours 5 files", first_commit_known, gate),
        Way("static, ours known", gate, gate),
    ]


def whole_ways(project: Project, home: Path, programs: Path) -> list[Way]:
    """The whole gate, and its parts."""
    every = tuple(ENTRIES)

    def one_after_the_other() -> None:
        tests_alone(project, programs)
        covered(project, programs)
        static_tools(project, programs)

    return [
        Way("tools one after the other", nothing, one_after_the_other),
        Way("covered tests, tools", nothing, lambda: covered(project, programs)),
        Way("ours, tests and coverage", nothing, lambda: ours(project, home, "HEAD", *RUN)),
        Way("ours cold", lambda: forget(home), lambda: ours(project, home, "HEAD", *every)),
        Way("ours warm", lambda: ours(project, home, "HEAD", *STATIC), lambda: ours(project, home, "HEAD", *every)),
    ]


def show(project: Project, costs: dict[str, Cost]) -> dict[str, float]:
    """Print the table and the ratios; the ratios."""
    print(f"\n{project.name}: {len(project.product)} product files, load {os.getloadavg()[0]:.1f}")
    for name, (wall, cpu) in costs.items():
        print(f"  {name:28} {wall:8.2f} s  CPU {cpu:8.2f} s")
    ratios = {
        f"{one} / {other}, {unit}": getattr(costs[one], unit) / getattr(costs[other], unit)
        for one, other in RATIOS if one in costs and other in costs for unit in ("wall", "cpu")
    }  # fmt: skip
    for name, ratio in ratios.items():
        print(f"  {name:60} {ratio:6.2f}x")
    if "ours cold" in costs:
        for kind in ("cold", "warm"):
            more = costs[f"ours {kind}"].wall - costs["ours, tests and coverage"].wall
            print(f"  {f'ours {kind} - ours, tests and coverage':60} {more:+6.2f} s")
    return ratios


RATIOS = (
    ("tools one after the other", "ours cold"), ("tools one after the other", "ours warm"),
    ("static, tools", "static, ours cold"), ("static, tools", "static, ours 5 files"),
    ("static, tools", "static, ours known"),
)  # fmt: skip


def main(about: str) -> None:
    """Measure, print, and end with 1 if a kept figure differs."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--projects", nargs="*", default=["flask", "jinja2"], help="for whole gates")
    parser.add_argument("--static", nargs="*", default=[], help="for bandit and radon alone")
    parser.add_argument("--files", type=int, help="product files of the static projects, the first ones")
    parser.add_argument("--proof", action="store_true", help="compare figures, and measure no time")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--scratch", type=Path)
    arguments = parser.parse_args()
    told: list[str] = []
    for name in arguments.static or arguments.projects:
        with TemporaryDirectory(dir=arguments.scratch) as folder:
            told += _measure(name, Path(folder), arguments)
    print("\n".join(told) or "\nno file differs")
    sys.exit(1 if told else 0)


def _measure(name: str, scratch: Path, arguments: argparse.Namespace) -> list[str]:
    """One project; the files that differ."""
    project = fetch(name, scratch, arguments.files if arguments.static else None)
    own = () if arguments.static else ("--editable", ".")
    home, programs = scratch / "home", environment(project, scratch / "env", *own)
    ways = static_ways(project, home, programs)
    if not (arguments.static or arguments.proof):
        for summary in ours(project, home, "HEAD", *ENTRIES):  # makes our environment too
            print(f"  {summary}")
        ways += whole_ways(project, home, programs)
    if not arguments.proof:
        show(project, compare(ways, arguments.repeat))
    ours(project, home, "HEAD", *STATIC)
    told = differences(project.root, project.product, home, programs)
    shutil.rmtree(home)
    return told
