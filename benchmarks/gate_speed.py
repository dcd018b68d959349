"""What `gates.py` measures: whole gates, and their static part."""

import argparse
import os
import resource
import shutil
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from gate_equality import differences
from gate_project import EXTRA, Project, fetch, git, top
from gate_tools import Theirs, passed

from gates.checks import Check
from tasks.bench import Bench
from tasks.exam import Exam
from tasks.git import Git
from tasks.isolation import confinement
from tasks.target import Environment

ENTRIES: dict[str, Any] = {
    "tests": {"tests": {"timeout": 600}}, "coverage": {"coverage": {"at_least": 0, "branch": True}},
    "bandit": "bandit", "radon": "radon",
}  # fmt: skip
RUN, STATIC = ("tests", "coverage"), ("bandit", "radon")


class Cost(NamedTuple):
    """What something took, in seconds."""

    wall: float
    cpu: float


def used() -> float:
    """Processor time of this process and of all that it has waited for."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def cost(work: Callable[[], object]) -> Cost:
    """What a call takes."""
    wall, cpu = time.monotonic(), used()
    work()
    return Cost(time.monotonic() - wall, used() - cpu)


# -- ours


def ours(project: Project, home: Path, ref: str, *names: str) -> list[str]:
    """A gate of these checks on a commit; what it says."""
    wanted = Environment(requirements=(EXTRA,)) if (project.root / EXTRA).exists() else None
    exam = Exam(
        git=Git(project.root / ".git"), tree=git(project.root, "rev-parse", f"{ref}^{{tree}}"),
        base=git(project.root, "rev-parse", "HEAD~1"), deliverables=(), environment=wanted, folder=home / "exam",
        words={}, home=home, env=dict(os.environ), confinement=confinement(None, home),
    )  # fmt: skip
    checks: list[Check] = [Check.model_validate(_entry(name, project)) for name in names]
    with Bench(exam, checks) as bench, ThreadPoolExecutor() as threads:
        return [measured.verdict.summary for measured in threads.map(bench.verdict, checks)]


def _entry(name: str, project: Project) -> Any:  # noqa: ANN401 - as a plan has it
    return {name: {"paths": f"{top(project)}/**/*.py"}} if name in STATIC else ENTRIES[name]


def forget(home: Path) -> None:
    """Make figures unknown."""
    for file in (home / "cache").glob("figures.sqlite*"):
        file.unlink()


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


def static_ways(project: Project, home: Path, theirs: Theirs) -> list[Way]:
    """Bandit and radon: theirs, ours with nothing known, with all known but five files, with all known."""

    def first_commit_known() -> None:
        forget(home)
        ours(project, home, "HEAD~1", *STATIC)

    def gate() -> object:
        return ours(project, home, "HEAD", *STATIC)

    return [
        Way("static, tools", nothing, theirs.static),
        Way("static, ours cold", lambda: forget(home), gate),
        Way("static, ours 5 files", first_commit_known, gate),
        Way("static, ours known", gate, gate),
    ]


def whole_ways(project: Project, home: Path, theirs: Theirs) -> list[Way]:
    """The whole gate, and its parts."""
    every = tuple(ENTRIES)
    return [
        Way("tools, fresh checkout", theirs.clear, theirs.all_afresh),
        Way("tools, used checkout", nothing, theirs.all),
        Way("covered tests, tools", nothing, theirs.covered),
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
    ("tools, fresh checkout", "ours cold"), ("tools, fresh checkout", "ours warm"),
    ("tools, used checkout", "ours cold"),
    ("static, tools", "static, ours cold"), ("static, tools", "static, ours 5 files"),
    ("static, tools", "static, ours known"),
)  # fmt: skip


def main(about: str) -> None:
    """Measure, print, and end with 1 if a kept figure differs."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # as most people have it
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--projects", nargs="*", default=["prompt_toolkit", "pyasn1-modules"], help="for whole gates")
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
    home = scratch / "home"
    whole = not (arguments.static or arguments.proof)
    told = ours(project, home, "HEAD", *ENTRIES) if whole else []  # makes our environment too
    print("".join(f"  {summary}\n" for summary in told), end="")
    theirs = Theirs(project, scratch, home)
    ways = static_ways(project, home, theirs)
    if whole:
        theirs.begin()
        count, own = theirs.tests(), passed(told[0])
        print(f"  tests that pass: {count} without us, {own} with us")
        # a test that is asked of every file beside it is asked of the canaries as well
        if not 0 < count <= own <= count * 1.01:
            raise SystemExit(f"{name}: these are not the same tests")
        ways += whole_ways(project, home, theirs)
    if not arguments.proof:
        show(project, compare(ways, arguments.repeat))
    ours(project, home, "HEAD", *STATIC)
    told = differences(project.root, project.product, home, scratch / "tools/bin")
    shutil.rmtree(home)
    return told
