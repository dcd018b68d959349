"""One run of the target's tests, for all the checks that look at it."""

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from pydantic import JsonValue

from gates import coverage, tests
from gates.checks import Check
from gates.subject import REGULAR, Ran, Run
from gates.suites import guard, pytest_config, suite
from tasks.errors import SparcError
from tasks.git import Git
from tasks.git_bulk import files
from tasks.rooms import Room
from tasks.suite_log import listening
from tasks.target import ROOT, Environment


class NoEnvironment(SparcError):
    """The target has no environment in which its tests could run."""


class Left(NamedTuple):
    """What programs of the target left behind."""

    room: Room
    ran: tuple[Ran, ...]
    changed: tuple[str, ...]
    """Tracked files that they changed, and must not have."""
    reports: Path | None = None
    runs: Mapping[str, Run] = {}
    """Further runs, by a name that the check knows."""
    notes: JsonValue = None
    """What was measured by whoever started the programs."""


def limits_of(check: Check, checks: Iterable[Check]) -> tuple[tests.Limits, coverage.Limits | None]:
    """With which limits the suite runs that a check looks at: its own tests, else the first of the gate."""
    tested = [each.limits for each in checks if isinstance(each.limits, tests.Limits)]
    covered = [each.limits for each in checks if isinstance(each.limits, coverage.Limits)]
    first = tested[0] if tested else tests.Limits()
    own = check.limits if isinstance(check.limits, tests.Limits) else first
    # measured with branches, it can be judged without
    covered.sort(key=lambda limits: not limits.branch)
    if not covered or own != first:
        return own, None
    return own, covered[0].model_copy(update={"paths": tuple(path for each in covered for path in each.paths)})


def base_config(git: Git, base: str | None, wanted: Environment | None) -> dict[str, str]:
    """Pytest's configuration files at a commit, of the root and of the folder of the project; path to text."""
    folder = (wanted or Environment()).python or ROOT
    return dict(_config(git.directory, base, folder)) if base else {}


@lru_cache(maxsize=64)
def _config(repository: Path, commit: str, folder: str) -> Mapping[str, str]:
    # asked for by every question about a tree, and a commit never changes
    names = pytest_config.names(folder)
    found = files(Git(repository), commit, names)
    return {name: found[name].decode(errors="replace") for name in names if name in found}


def run_suite(room: Room, limits: tests.Limits, covered: coverage.Limits | None, config: Mapping[str, str]) -> Left:
    """Run the tests in a room. Raises NoEnvironment."""
    if room.installed is None:
        raise NoEnvironment(
            "there is no environment to run tests in, for the tree has no Python metadata (pyproject.toml, setup.py,"
            " setup.cfg, requirements.txt): add them, or say in the plan where they are (environment.python)"
        )
    reports = room.reports
    reports.mkdir()
    place = suite.Place(
        root=room.checkout, python=room.installed.bin / "python", reports=reports, base_config=config,
        token=secrets.token_hex(8), packages=room.installed.packages,
    )  # fmt: skip
    files = [file.path for file in room.site.files if file.mode in REGULAR]
    with watched(place, limits, files, Path(room.env["TMPDIR"])) as place:
        ran = _run(room, suite.programs(limits, covered, place))
    # what tests write into fixtures is their affair, but code that they change is no longer the candidate's
    return Left(room, tuple(ran), tuple(path for path in room.changed() if path.endswith(".py")), reports)


def _run(room: Room, wanted: suite.Suite) -> list[Ran]:
    write(wanted)
    ran: list[Ran] = []
    for step in wanted.steps:
        ran.append(room.run(step.argv, step.timeout, wanted.env))
        if ran[-1].failure:
            break
    return ran


def write(wanted: suite.Suite) -> None:
    """Write the files of a suite."""
    for name, text in wanted.files.items():
        Path(name).write_text(text, encoding="utf-8")


@contextmanager
def watched(place: suite.Place, limits: tests.Limits, files: Sequence[str], folder: Path) -> Iterator[suite.Place]:
    """The place with what watches the run, while the block lasts; afterwards the guard lies beside the reports.

    `files`: the regular files of the tree. `folder`: with a short path, for a socket; the target may write there.
    """
    if not limits.guarded:
        yield place
        return
    address = folder / secrets.token_hex(4)
    plugin = place.reports.with_name("witness")
    plugin.mkdir()
    canaries = suite.canaries(limits, files, place.base_config, secrets.token_hex(16))
    watch = suite.Watch(folder=plugin, address=address, canaries=canaries)
    with listening(address) as log:
        yield place.model_copy(update={"guard": watch})
        noted = guard.Guard(canaries=canaries, told=log.close())
    guard.beside(place.reports).write_text(noted.model_dump_json(), encoding="utf-8")
