"""Checks without a plan: on any commit of any repository."""

import secrets
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pydantic import ValidationError

from flows.plan_errors import problems_of
from flows.plan_nodes import read_nodes
from flows.plan_text import compose_text
from flows.refusals import refuse_unfit_home
from gates.checks import Check
from gates.verdict import Verdict
from tasks.bench import Bench
from tasks.command import processes
from tasks.errors import PlanInvalid, Problem, Refused
from tasks.exam import Exam
from tasks.isolation import confinement
from tasks.repository import Repository
from tasks.target import Environment

SOURCE = "check"
"""What problems with a check are told to stand in."""


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
    """Measure one commit, several checks at a time."""
    with Bench(exam, checks) as bench, ThreadPoolExecutor(max_workers=4) as threads:
        try:
            return tuple(measured.verdict for measured in threads.map(bench.verdict, checks))
        except BaseException:
            processes.get().stop()  # or leaving the block would wait for what is being measured
            raise


def exam_of(
    repository: Repository, ref: str, home: Path, env: Mapping[str, str], environment: Environment | None = None
) -> Exam:
    """What measuring one commit takes; configuration comes from that commit itself.

    Raises Refused if there is no such commit, and if nothing can be kept in SPARC_HOME.
    """
    commit = repository.git.resolve(ref)
    if commit is None:
        raise Refused(f"{repository.path} has no commit {ref!r}")
    try:
        refuse_unfit_home(home)
    except OSError as problem:
        raise Refused(f"cannot write under {home} (SPARC_HOME): {problem}") from problem
    return Exam(
        git=repository.git,
        tree=repository.git.resolve(commit, "tree") or "",
        base=commit,
        deliverables=(),
        environment=environment or Environment(),
        folder=home / "gates" / secrets.token_hex(4),
        words={},
        home=home,
        env=env,
        confinement=confinement(None, home),
    )
