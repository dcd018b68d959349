"""The audit: chosen checks on a branch of a repository, without a plan; on a schedule, or when somebody wonders.

Its final state is Completed only if every check passed. Blocked names those that did not; Refused says why nothing
could be measured.
"""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed, Failed
from pydantic import Field

from flows.plain_gate import exam_of
from flows.settings import Settings
from flows.work import value_of
from gates.checks import Check
from gates.verdict import Outcome, Verdict, fold
from tasks.artifacts import gate_table, report_page
from tasks.bench import Bench
from tasks.command import Processes, processes
from tasks.credentials import hide_environment
from tasks.errors import Refused
from tasks.exam import Exam
from tasks.quality import measure
from tasks.report import answer_lines
from tasks.repository import open_repository
from tasks.target import Environment
from tasks.threads import in_thread
from tasks.wording import count, short

Checks = Annotated[tuple[Check, ...], Field(min_length=1)]
PLAIN = Environment()


def audit_name() -> str:
    """What is audited: the repository's directory and the branch."""
    parameters = flow_run.parameters
    return f"{Path(str(parameters['repository'])).name} · {parameters['ref']}"


@flow(name="gate-audit", flow_run_name=audit_name, persist_result=False)
async def gate_audit(
    repository: Path, checks: Checks, ref: str = "main", environment: Environment = PLAIN
) -> State[list[Verdict]]:
    """Measure a branch as a gate would, and fail unless every check passes.

    Args:
        repository: Absolute path of the repository.
        checks: As a plan writes them: `"tests"`, or `{"coverage": {"at_least": 90}}`.
        ref: The branch, or another name of a commit.
        environment: In which the repository's tests and commands run.
    """
    hide_environment()  # a worker puts the server's password there
    processes.set(Processes())
    try:
        exam = await in_thread(_exam, repository, ref, environment)
    except Refused as refused:
        return Failed(name="Refused", message=str(refused))
    verdicts = await _measured(exam, checks)
    await _tell(f"audit-{repository.name}-{ref}", exam, verdicts)
    if fold(verdicts) is Outcome.PASSED:
        return Completed(message=f"{count(len(verdicts), 'check')} passed at {short(exam.base)}", data=verdicts)
    against = "; ".join(verdict.summary for verdict in verdicts if not verdict.passed)
    return Failed(name="Blocked", message=against, data=verdicts)


def _exam(repository: Path, ref: str, environment: Environment) -> Exam:
    if not repository.is_absolute():
        raise Refused(f"{str(repository)!r} is no absolute path: a worker stands in no directory of the caller's")
    return exam_of(open_repository(repository), ref, Settings().root, os.environ, environment)


async def _measured(exam: Exam, checks: Sequence[Check]) -> list[Verdict]:
    at_once = asyncio.Semaphore(max(os.cpu_count() or 1, 2))  # checks use processors, not waiting time

    async def answer(check: Check) -> Verdict:
        async with at_once:
            measured = await value_of(measure(bench, check, return_state=True))
        return measured.verdict

    with Bench(exam, checks) as bench:
        return await asyncio.gather(*map(answer, checks))


async def _tell(name: str, exam: Exam, verdicts: Sequence[Verdict]) -> None:
    """To Prefect: a row a check; every finding on a page, and in the log."""
    lines = [f"commit {exam.base}", *(line for verdict in verdicts for line in answer_lines(verdict))]
    await gate_table(name, verdicts)
    await report_page(name, "\n".join(("```", *lines, "```")))
    get_run_logger().info("\n".join(lines))
