"""A gate in a file, for a repository without a plan: checks, waivers and environment in the words of a plan.

    gate: [tests, coverage: {at_least: 90, new_code: 95}, bandit: {new_only: true}]
    waivers: [{rule: B324, paths: "src/legacy/**", reason: "checksums, no secrets"}]
    environment: {groups: [test]}
    base: origin/main

Where a base is compared with and has the file, its version counts: a candidate does not loosen its own gate. What the
file itself says of the base is read from the disk, for something has to be; so whoever must not trust the candidate
names the base on the command line.
"""

from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, NamedTuple

from pydantic import Field, ValidationError

from flows.places import Lines, inside
from flows.plan_errors import problems_of
from flows.plan_nodes import read_nodes
from flows.plan_text import compose_file
from flows.words import did_you_mean
from gates.checks import Check
from gates.model import Frozen
from gates.waivers import Waiver
from tasks.errors import PlanInvalid, Problem, Refused
from tasks.git import GitError
from tasks.repository import Repository
from tasks.target import Environment
from tasks.waivers_told import doubts, names
from tasks.wording import short


class GateFile(Frozen):
    """What the file says."""

    gate: Annotated[tuple[Check, ...], Field(min_length=1)]
    """The checks."""
    waivers: tuple[Waiver, ...] = ()
    """What is allowed on purpose."""
    environment: Environment | None = None
    """The target's own environment."""
    base: str | None = None
    """Branch or commit to compare with, as `--base`."""


class Found(NamedTuple):
    """A file, and which version of it."""

    file: GateFile
    name: str
    """Of the version, for people."""
    lines: Lines
    told: str = ""
    """A sentence for people."""

    def refuse_unknown_rules(self, checks: Iterable[Check]) -> tuple[str, ...]:
        """Raise PlanInvalid for waivers of rules that none of the checks can have; sentences about doubtful ones."""
        found = tuple(doubts(self.file.waivers, names(checks)))
        problems = {doubt: Problem(inside("waivers", doubt.place, "rule"), None, doubt.sentence) for doubt in found}
        if wrong := [problems[doubt] for doubt in found if doubt.certain]:
            raise PlanInvalid(self.name, self.lines.locate(wrong))
        return tuple(f"{self.name}: {problem.where}: {problem.problem}" for problem in problems.values())


def on_disk(path: Path) -> GateFile | None:
    """The file as it lies there; None when there is none. Raises PlanInvalid with all of its problems."""
    return _read(path, str(path)).file if path.exists() else None


def at_base(path: Path, repository: Repository, base: str | None) -> Found:
    """The version that counts. Raises Refused when there is none, PlanInvalid for one that makes no sense."""
    inside = _inside(path, repository)
    data = _of_commit(repository, base, inside) if base and inside else None
    if data is not None:
        name = f"{inside} of {short(base)}"
        with TemporaryDirectory(prefix="sparc-gate-") as folder:
            copy = Path(folder, "gate.yaml")
            copy.write_bytes(data)
            return _read(copy, name)._replace(told=f"gate: {name}, with which it is compared")
    if not path.exists():
        raise Refused(f"there is no {path}: --file names a file with a gate: [...] in it")
    why = f", for {short(base)} does not have it: nothing keeps it from loosening itself" if base and inside else ""
    return _read(path, str(path))._replace(told=f"gate: {path} as it lies here{why}")


def _inside(path: Path, repository: Repository) -> str | None:
    """Its path in the repository; None for a file from elsewhere."""
    top, place = repository.top, path.absolute().parent.resolve() / path.name
    return place.relative_to(top.resolve()).as_posix() if top and place.is_relative_to(top.resolve()) else None


def _of_commit(repository: Repository, commit: str, path: str) -> bytes | None:
    try:
        return repository.git.read(commit, path)
    except GitError as problem:
        raise Refused(f"{path} of {short(commit)} cannot be read: {problem}") from problem


def _read(path: Path, name: str) -> Found:
    """Read a file; problems are told as those of `name`."""
    try:
        data = read_nodes(compose_file(path))
    except PlanInvalid as invalid:
        raise PlanInvalid(name, invalid.problems) from None
    if not isinstance(data.value, dict):
        raise PlanInvalid(name, [Problem("", None, "expected a mapping with a gate: a list of checks")])
    known = GateFile.model_fields
    wrong = [Problem(key, None, f"is no key here{did_you_mean(key, known)}") for key in data.value if key not in known]
    problems = [*data.problems, *wrong]
    try:
        file = GateFile.model_validate({key: value for key, value in data.value.items() if key in known})
    except ValidationError as invalid:
        problems += problems_of(invalid)
    if problems:
        raise PlanInvalid(name, data.lines.locate(problems))
    return Found(file, name, data.lines)
