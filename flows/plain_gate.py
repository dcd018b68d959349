"""Checks without a plan: on any commit of any repository."""

import secrets
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml
from pydantic import ValidationError

from flows.plan_errors import problems_of
from gates.checks import Check
from gates.verdict import Verdict
from tasks.command import processes
from tasks.errors import PlanInvalid, Problem, Refused
from tasks.exam import Exam
from tasks.quality import Bench
from tasks.repository import Repository
from tasks.target import Environment


def parse_checks(texts: Sequence[str]) -> tuple[Check, ...]:
    """Checks as a plan writes them: `tests`, `coverage: {at_least: 90}`. Raises PlanInvalid with every problem."""
    checks, problems = [], []
    for text in texts:
        try:
            checks.append(Check.model_validate(yaml.safe_load(text)))
        except ValidationError as invalid:
            problems += [found._replace(where=found.where or text) for found in problems_of(invalid)]
        except (yaml.YAMLError, ValueError, RecursionError) as invalid:
            problems.append(Problem(text, None, f"is no YAML: {' '.join(str(invalid).split())}"))
    if problems:
        raise PlanInvalid("check", problems)
    return tuple(checks)


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
    """What measuring one commit takes; configuration comes from that commit itself. Raises Refused if there is none."""
    commit = repository.git.resolve(ref)
    if commit is None:
        raise Refused(f"{repository.path} has no commit {ref!r}")
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
    )
