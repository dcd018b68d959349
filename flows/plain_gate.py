"""Checks without a plan: on any commit of any repository, or on what is staged there."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import ValidationError

from flows import gate_file
from flows.plan_errors import problems_of
from flows.plan_nodes import read_nodes
from flows.plan_text import compose_text
from flows.refusals import refuse_unfit_home
from gates import plugins
from gates.checks import CHECKS, Check
from gates.verdict import Verdict
from tasks import plain_exam
from tasks.errors import PlanInvalid, Problem, Refused
from tasks.exam import Exam
from tasks.measuring import Memory, measure_all
from tasks.plain_exam import Asked, base_for, commit_of, staged_exam
from tasks.repository import Repository, open_repository
from tasks.target import Environment
from tasks.wording import short

SOURCE = "check"
"""What problems with a check are told to stand in."""
NEVER = Memory(fresh=True)


def parse_checks(texts: Sequence[str]) -> tuple[Check, ...]:
    """Checks as a plan writes them: `tests`, `coverage: {at_least: 90}`. Raises PlanInvalid with every problem."""
    checks: list[Check] = []
    problems: list[Problem] = []
    for text in texts:
        try:
            checks.append(_parse(text))
        except PlanInvalid as invalid:
            problems += invalid.problems
    if problems:
        raise PlanInvalid(SOURCE, problems)
    return tuple(checks)


def _parse(text: str) -> Check:
    root = compose_text(text, SOURCE)
    data = read_nodes(root) if root else None
    problems = list(data.problems) if data else []
    if not problems:
        try:
            return Check.model_validate(data.value if data else None)
        except ValidationError as invalid:
            problems += problems_of(invalid)
    raise PlanInvalid(SOURCE, [Problem(found.where or text, None, found.problem) for found in problems])


def measure(checks: Sequence[Check], exam: Exam) -> tuple[Verdict, ...]:
    """Measure one commit anew, several checks at a time."""
    return tuple(answered.verdict for answered in measure_all(checks, exam, NEVER))


def exam_of(
    repository: Repository, ref: str, home: Path, env: Mapping[str, str], environment: Environment | None = None
) -> Exam:
    """What measuring one commit takes; configuration comes from that commit itself.

    Raises Refused if there is no such commit, and if nothing can be kept in SPARC_HOME.
    """
    commit = commit_of(repository, ref)
    _refuse_unfit(home)
    return plain_exam.exam_of(Asked(repository, commit, environment=environment), home, env)


def _refuse_unfit(home: Path) -> None:
    try:
        refuse_unfit_home(home)
    except OSError as problem:
        raise Refused(f"cannot write under {home} (SPARC_HOME): {problem}") from problem


@dataclass(frozen=True)
class Wanted:
    """What `sparc gate` is asked for."""

    checks: tuple[str, ...]
    repository: Path = Path()
    ref: str | None = None
    """None: HEAD."""
    staged: bool = False
    base: str | None = None
    file: Path | None = None
    environment: Environment | None = None


@dataclass(frozen=True)
class Prepared:
    """The same, read and looked up."""

    asked: Asked
    checks: tuple[Check, ...]
    staged: bool
    notes: tuple[str, ...]
    """Sentences for people: what is compared with what, and which gate counts."""

    @contextlib.contextmanager
    def exam(self, home: Path, env: Mapping[str, str]) -> Iterator[Exam]:
        """What measuring takes, for the time of a block."""
        _refuse_unfit(home)
        if self.staged:
            with staged_exam(self.asked, home, env) as exam:
                yield exam
        else:
            yield plain_exam.exam_of(self.asked, home, env)


def prepare(wanted: Wanted) -> Prepared:
    """Read and look up what is asked for. Raises Refused and PlanInvalid; nothing has been started then."""
    checks = parse_checks(wanted.checks)
    if not checks and not wanted.file:
        raise Refused(
            "name a check, `sparc gate tests 'coverage: {at_least: 90}'` for instance, or a file with --file"
            f" (checks: {', '.join((*CHECKS, *sorted(plugins.entries().keys() - CHECKS.keys())))})"
        )
    repository = open_repository(wanted.repository)
    commit = _commit(repository, wanted)
    base, notes = _base(repository, commit, wanted)
    asked = Asked(repository, commit, base, wanted.environment)
    if wanted.file:
        found = gate_file.at_base(wanted.file, repository, base)
        _refuse_other_base(repository, commit, wanted, found.file, base)
        if wanted.environment and found.file.environment:
            raise Refused(f"{wanted.file} has an environment: leave out --group and --requirements, or that")
        environment = wanted.environment or found.file.environment
        asked = replace(asked, environment=environment, waivers=found.file.waivers)
        checks = (*found.file.gate, *checks)
        notes = (*notes, found.told, *found.refuse_unknown_rules(checks))
    return Prepared(
        asked, tuple(check for at, check in enumerate(checks) if check not in checks[:at]), wanted.staged, notes
    )


def _commit(repository: Repository, wanted: Wanted) -> str | None:
    if wanted.staged and wanted.ref:
        raise Refused("say either --staged or --ref")
    if wanted.staged:
        return repository.here
    return commit_of(repository, wanted.ref or "HEAD")


def _base(repository: Repository, commit: str | None, wanted: Wanted) -> tuple[str | None, tuple[str, ...]]:
    """The commit to compare with, and what to say of it."""
    named = wanted.base
    if named is None and wanted.file and (here := gate_file.on_disk(wanted.file)):
        named = here.base
    if commit is None or (named is None and not wanted.staged):
        return None, ()
    base = base_for(repository, commit, named) if named is not None else commit
    if base == commit and not wanted.staged:
        return base, (f"compared with {short(base)}, which is what is measured: nothing in it is new",)
    return base, (f"compared with {short(base)}",)


def _refuse_other_base(
    repository: Repository, commit: str | None, wanted: Wanted, file: gate_file.GateFile, base: str | None
) -> None:
    """The version of the file that counts must mean the base that it was found by."""
    if commit and wanted.base is None and file.base and base_for(repository, commit, file.base) != base:
        raise Refused(f"{wanted.file} names another base here than in {short(base)}: say which one by --base")
