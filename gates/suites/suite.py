"""What running the target's tests means, as data: files to write, programs to run after one another.

The programs run in the checkout's root, in the target's environment with `env` added to it; each is run whatever came
of the one before, and what came of all of them is the subject's `ran`. Pytest's configuration is the base commit's,
under a name that the candidate cannot know; reports go to a directory outside the tree. Canaries lie among the tests,
and a plugin of ours tells, as it happens, what becomes of each of them (`gates/suites/guard.py`).
"""

import shlex
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Annotated

from pydantic import Field

from gates import coverage, tests
from gates.model import Duration, Frozen
from gates.paths import TEST_FOLDERS
from gates.suites import collected, coverage_report, junit, pytest_config
from gates.suites.canaries import Canary, is_selective, planted
from gates.suites.pytest_config import Config

REPORTING = 300.0
"""Seconds that each of coverage's own steps may take."""

FORCED = {"junit_family": "xunit1", "junit_logging": "no"}
"""The family that names files; and no output of tests in the report, for that is without bounds."""

FATAL_WARNINGS = (
    "error:assertion is always true:pytest.PytestAssertRewriteWarning",
    "error::pytest.PytestUnhandledThreadExceptionWarning",
)
"""Tests that cannot fail, and that fail where nobody looks; all known to pytest 7 to 9.

Tests that are not collected are `accounted`'s: pytest warns of every class `TestKind` that a file of tests imports.
"""

COVERAGE_CONFIG = """\
[run]
branch = {branch}
parallel = true
patch = subprocess, _exit
source = {source}
source_pkgs = {packages}
omit = {omitted}
[report]
exclude_lines = (?!)
partial_branches = (?!)
ignore_errors = true
include_namespace_packages = true
"""

REPORT = """\
import sys
from coverage.cmdline import main
rcfile, data, reports, report = sys.argv[1:]
given = [f"--rcfile={rcfile}", f"--data-file={data}"]
main(["combine", *given, reports])
sys.exit(main(["json", *given, "-o", report]))
"""
"""Both in one process, for starting another one takes a third of a second."""

WITNESS = Path(__file__).with_name("witness.py")
"""Read, never imported: it belongs to the target's pytest."""

VALUELESS = frozenset({"--cov-branch", "--cov-append"})


class Watch(Frozen):
    """What watches a run."""

    folder: Path
    """An empty directory outside of the tree, in which the target cannot write."""
    address: Path
    """A socket, at which somebody listens."""
    canaries: tuple[Canary, ...] = ()


class Place(Frozen):
    """Where the suite runs."""

    root: Path
    """The checkout; absolute."""
    python: Path
    """Interpreter of the target's environment, which has pytest, and coverage if that is asked for."""
    reports: Path
    """An empty directory outside the tree."""
    base_config: Mapping[str, str]
    """Path to text of what may configure pytest at the base commit (`pytest_config.names`), where present."""
    token: Annotated[str, Field(pattern=r"^[A-Za-z0-9]{8,}$")]
    """Random; names our configuration in the checkout's root."""
    packages: tuple[str, ...] = ()
    """As the subject's; with them a package that is imported from elsewhere is told of, and not counted as unused."""
    guard: Watch | None = None
    """By what the run is watched; None: by nothing."""


class Step(Frozen):
    """One program."""

    argv: tuple[str, ...]
    timeout: Duration


class Suite(Frozen):
    """Files to write first, then the programs in order."""

    files: Mapping[str, str]
    """Absolute path to text."""
    steps: tuple[Step, ...]
    env: Mapping[str, str]
    """Variables to add to the clean environment."""


def programs(tests: tests.Limits, coverage: coverage.Limits | None, place: Place) -> Suite:
    """One run that serves the checks `tests` and, if asked for, `coverage`."""
    config = pytest_config.chosen(place.base_config)
    path = place.root / f".sparc-{place.token}{config.suffix}"
    files = {str(path): config.text, **dict(_watching(place))}
    runner = _module(place)
    if coverage:
        files[str(_rcfile(place))] = _coverage_config(coverage, place)
        runner = (*_coverage(place, "run"), "-m")
    run = Step(argv=(*runner, "pytest", *_arguments(tests, config, path, place)), timeout=tests.timeout)
    steps = (run, *((_reporting(place),) if coverage else ()))
    # PYTHONPATH leads to the witness alone, which takes it away again
    env = {"PYTHONPATH": str(place.guard.folder)} if place.guard else {}
    return Suite(files=files, steps=steps, env=env)


def canaries(
    limits: tests.Limits, files: Iterable[str], base_config: Mapping[str, str], seed: str
) -> tuple[Canary, ...]:
    """The canaries for a tree of these files: below what is run, and none where ours might be deselected."""
    config = pytest_config.chosen(base_config).over(limits.options)
    if is_selective(config.words("addopts") or ()):
        return ()
    known = tuple(files)
    return planted(collected.named(known, limits.paths, config), known, config, seed)


def _watching(place: Place) -> Iterator[tuple[str, str]]:
    if place.guard:
        source = WITNESS.read_text(encoding="utf-8").replace(
            'ADDRESS = ""', f"ADDRESS = {str(place.guard.address)!r}", 1
        )
        yield str(place.guard.folder / f"{_plugin(place)}.py"), source
        yield from ((str(place.root / canary.path), canary.text) for canary in place.guard.canaries)


def _plugin(place: Place) -> str:
    return f"witness_{place.token}"


def _module(place: Place) -> tuple[str, ...]:
    # without -P a pytest.py or a coverage/ in the checkout's root would be run in place of the real one
    return (str(place.python), "-P", "-m")


def _arguments(limits: tests.Limits, config: Config, path: Path, place: Place) -> Iterator[str]:
    yield from ("-c", str(path), "--rootdir", str(place.root), f"--junitxml={place.reports / junit.NAME}")
    if place.guard:
        yield from ("-p", _plugin(place))
    # what an earlier run left, or the candidate brings, decides on nothing; but options may ask for a cache
    yield from ("-o", f"cache_dir={place.reports / 'cache'}")
    yield from ("--color=no", "--maxfail=0", "--continue-on-collection-errors")
    for warning in FATAL_WARNINGS:
        yield from ("-W", warning)
    for name, value in _options(limits, config).items():
        yield from ("-o", f"{name}={value}")
    yield from (str(place.root / path) for path in (*limits.paths, *_beside_files(limits, place)))


def _beside_files(limits: tests.Limits, place: Place) -> Iterator[str]:
    """Canaries in folders of which single files are run: pytest does not find them by itself."""
    folders = {PurePosixPath(path) for path in limits.paths}
    for canary in place.guard.canaries if limits.paths and place.guard else ():
        if folders.isdisjoint(PurePosixPath(canary.path).parents):
            yield canary.path


def _options(limits: tests.Limits, config: Config) -> dict[str, str]:
    addopts = config.words("addopts")
    ours = {} if addopts is None else {"addopts": shlex.join(_without_coverage(addopts))}
    # of a file that lies elsewhere, paths are not what its text says
    ours |= {name: shlex.join(config.words(name) or ()) for name in config.moved if name != "addopts"}
    return {**ours, **{name: _text(value) for name, value in limits.options.items()}, **FORCED}


def _text(value: str | float | bool) -> str:  # noqa: FBT001 - a value as the plan has it
    return str(value).lower() if isinstance(value, bool) else str(value)


def _without_coverage(words: Iterable[str]) -> Iterator[str]:
    """Pytest-cov, started by a project's own options, would take coverage's place and judge by its own limit."""
    value_follows = False
    for word in words:
        is_option = word.startswith("-")
        if word.startswith("--cov"):
            value_follows = "=" not in word and word not in VALUELESS
        elif is_option or not value_follows:
            value_follows = False
            yield word
        else:
            value_follows = False


def _rcfile(place: Place) -> Path:
    # beside the reports, where the target cannot write: the report is made by it when the tests have ended
    return place.reports.with_name("coverage.ini")


def _data(place: Place) -> Path:
    return place.reports / "coverage.data"


def _coverage(place: Place, command: str) -> tuple[str, ...]:
    return (*_module(place), "coverage", command, f"--rcfile={_rcfile(place)}", f"--data-file={_data(place)}")


def _reporting(place: Place) -> Step:
    given = (_rcfile(place), _data(place), place.reports, place.reports / coverage_report.NAME)
    return Step(argv=(str(place.python), "-P", "-c", REPORT, *map(str, given)), timeout=REPORTING)


def _coverage_config(limits: coverage.Limits, place: Place) -> str:
    """Nothing is excluded, by pragma or otherwise; other processes of the tests are measured as well."""
    # coverage replaces $NAME by a variable of the environment
    root = str(place.root).replace("$", "$$")
    return COVERAGE_CONFIG.format(
        branch=str(limits.branch).lower(),
        source=root,
        packages=", ".join(sorted(map(_import_name, place.packages))),
        omitted="".join(f"\n    {root}/{folder}/*" for folder in _no_product(limits, place)),
    )


def _no_product(limits: coverage.Limits, place: Place) -> list[str]:
    """Folders of tests, of which most of a report would be; what is left out by mistake counts as not executed."""
    declared = {PurePosixPath(package).parts[:1] for package in place.packages}
    return [] if limits.paths else [folder for folder in sorted(TEST_FOLDERS) if (folder,) not in declared]


def _import_name(package: str) -> str:
    """`acme.tool` of `src/acme/tool` or of `acme/tool.py`: the last name alone might be one of Python's own."""
    path = package.rstrip("/").removesuffix(".py")
    return f"/{path}".rpartition("/src/")[2].removeprefix("/").replace("/", ".")
