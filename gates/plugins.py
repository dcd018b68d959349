"""Checks of third parties: entry points of the group `sparc.checks`, each `name = package.module:kind`.

What is named there is a `gates.checks.Kind` that needs nothing run, or the target's tests (`Runs.NOTHING`,
`Runs.SUITE`): programs of their own making are for the checks of sparc alone. It is measured and judged in the same
worker process as they are; its limits are read wherever a plan is.

Whoever installs a distribution beside sparc trusts it as much as sparc. Still its code is imported only when a plan
names a check of it, or when all checks are asked for; and none takes the name of a check of ours.
"""

import hashlib
import re
import sys
from collections.abc import Collection
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, NamedTuple

from gates.kind import Kind, Runs
from gates.model import Frozen

GROUP = "sparc.checks"
NAME = re.compile(r"[a-z][a-z0-9_-]*")
MOST_CHARACTERS = 300


class PluginBroken(Exception):
    """A check that a distribution brings cannot be used; the sentence says whose it is, and why."""


class Plugin(NamedTuple):
    """A check that a distribution brings."""

    kind: Kind
    distribution: str
    version: str
    """With a hash of the code beside it."""


@cache
def entries() -> dict[str, tuple[EntryPoint, ...]]:
    """Name to the entry points of that name; only read, nothing of theirs is imported."""
    found: dict[str, tuple[EntryPoint, ...]] = {}
    for point in entry_points(group=GROUP):
        # the same distribution found on two entries of the path brings its check once
        if point not in found.get(point.name, ()):
            found[point.name] = (*found.get(point.name, ()), point)
    return found


_loaded: dict[str, Plugin] = {}


def load(name: str) -> Plugin:
    """The check of a name that is not one of ours. Raises KeyError where nobody brings it, PluginBroken otherwise."""
    if name not in _loaded:
        _loaded[name] = _load(name, entries()[name])
    return _loaded[name]


def loaded() -> dict[str, Plugin]:
    """Name to check of those that were imported so far."""
    return dict(_loaded)


def load_all(ours: Collection[str]) -> list[str]:
    """Import every check that somebody brings; a sentence for each that cannot be used."""
    problems: list[str] = []
    for name, points in entries().items():
        if name in ours:
            problems += [f"{_whose(point)} is not used: sparc has a check of that name" for point in points]
            continue
        try:
            load(name)
        except PluginBroken as problem:
            problems.append(str(problem))
    return problems


def versions(name: str) -> dict[str, str]:
    """Distribution to version behind a check; empty for a check of ours."""
    plugin = _loaded.get(name)
    return {plugin.distribution: plugin.version} if plugin else {}


def _load(name: str, points: tuple[EntryPoint, ...]) -> Plugin:
    if len(points) > 1:
        whose = " and ".join(_distribution(point)[0] for point in points)
        raise PluginBroken(f"the check {name!r} is brought by {whose}: uninstall all but one of them")
    (point,) = points
    if not NAME.fullmatch(name):
        raise PluginBroken(f"{_whose(point)} cannot be used: a name is of the form {NAME.pattern}")
    try:
        kind = point.load()
    except (Exception, SystemExit) as problem:
        raise PluginBroken(f"{_whose(point)} cannot be imported: {_told(problem)}") from problem
    if reason := _unfit(kind):
        raise PluginBroken(f"{_whose(point)} cannot be used: {point.value} {reason}")
    # how figures of single files are kept goes by the versions of our own tools
    return Plugin(kind._replace(by_file=None), _distribution(point)[0], _version(point))


def _version(point: EntryPoint) -> str:
    """The distribution's, and a hash of the code: while a check is being written, its version stays."""
    file = getattr(sys.modules.get(point.module), "__file__", None)
    files = _beside(Path(file)) if file else []
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return f"{_distribution(point)[1]} ({digest.hexdigest()[:12]})"


def _beside(module: Path) -> list[Path]:
    """The module, and if it lies in a package all modules in and below it."""
    is_alone = not (module.parent / "__init__.py").exists()
    return [module] if is_alone else sorted(path for path in module.parent.rglob("*.py") if path.is_file())


def _unfit(kind: object) -> str | None:
    """Why it is no check that can be asked."""
    if not isinstance(kind, Kind):
        return "is no gates.checks.Kind"
    limits: Any = kind.limits
    if not (isinstance(limits, type) and issubclass(limits, Frozen)):
        return "has limits that are no subclass of gates.model.Frozen"
    functions: tuple[Any, ...] = (kind.measure, kind.judge, kind.compares)
    if not all(map(callable, functions)):
        return "has a measure, a judge or a compares that cannot be called"
    if kind.runs not in (Runs.NOTHING, Runs.SUITE):
        return f"runs {kind.runs!s}, and only Runs.NOTHING and Runs.SUITE are for others"
    return None


def _whose(point: EntryPoint) -> str:
    return f"the check {point.name!r} of {' '.join(_distribution(point))}"


def _distribution(point: EntryPoint) -> tuple[str, str]:
    return (point.dist.name, point.dist.version) if point.dist else ("an unknown distribution", "")


def _told(problem: BaseException) -> str:
    return f"{type(problem).__name__}: {' '.join(str(problem).split())[:MOST_CHARACTERS]}".rstrip(": ")
