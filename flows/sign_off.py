"""Review: a person's sign-off on named points, asked for after the checks and bound to the tree that they measured.

The same tree is never asked about twice, another tree always is. In a terminal the person is asked there; elsewhere the
flow run pauses, for Prefect's form or for `sparc review`.
"""

import asyncio
from math import ceil
from uuid import UUID

from prefect.exceptions import FlowPauseTimeout
from prefect.flow_runs import apause_flow_run
from prefect.runtime import flow_run

from flows.work import PhaseWork
from tasks import review
from tasks.errors import Blocked
from tasks.events import ReviewAnswered, ReviewAsked
from tasks.integrate import Candidate
from tasks.review import Answer, Asked, SignOff
from tasks.threads import in_thread, in_thread_of_its_own


async def sign_off(phase: PhaseWork, found: Candidate) -> tuple[str, Answer] | None:
    """The name of the answer's evidence and the answer; None if the phase has no points.

    Raises Blocked when nobody answers in time.
    """
    points, work = phase.phase.review, phase.work
    if not points:
        return None
    known = await in_thread(review.approval_of, work.hub.git, phase.name, found.tree)
    if known:
        return known
    work.journal.write(ReviewAsked(**phase.about, points=points))
    answer = await _ask(phase, found.tree)
    about = {"run": work.folder.run, "plan": work.plan.name, **phase.about, **found.binding}
    name = await in_thread(review.keep_answer, work.hub.git, about, points, answer)
    work.journal.write(ReviewAnswered(**phase.about, **answer.model_dump()))
    review.settle_asked(work.folder)
    return name, answer


async def _ask(phase: PhaseWork, tree: str) -> Answer:
    work, points = phase.work, phase.phase.review
    if work.yes:
        return Answer(approved=True, comment="", by="--yes")
    recorded = review.recorded_for(work.folder, tree)
    if recorded:
        return recorded
    review.note_asked(
        work.folder, Asked(tree=tree, number=phase.number, phase=phase.name, points=points, flow_run=flow_run.id)
    )
    if not work.terminal:
        return await _wait(phase)
    seconds = work.plan.review_timeout_of(phase.phase)
    try:
        asking = in_thread_of_its_own(review.ask_in_terminal, phase.number, phase.name, points)
        return await asyncio.wait_for(asking, seconds)
    except TimeoutError as late:
        raise Blocked(_unanswered(phase)) from late


async def _wait(phase: PhaseWork) -> Answer:
    """Pause the flow run until somebody answers."""
    points = "\n".join(f"- {point}" for point in phase.phase.review)
    form = SignOff.with_initial_data(description=f"Review of {phase.number} {phase.name}\n\n{points}")
    seconds = phase.work.plan.review_timeout_of(phase.phase)
    try:
        answer = await apause_flow_run(wait_for_input=form, timeout=ceil(seconds), poll_interval=1)
    except FlowPauseTimeout as late:
        await review.end_pause(UUID(str(flow_run.id)))
        raise Blocked(_unanswered(phase)) from late
    return Answer(approved=answer.approved, comment=answer.comment, by=review.PERSON)


def _unanswered(phase: PhaseWork) -> str:
    seconds = phase.work.plan.review_timeout_of(phase.phase)
    return f"nobody answered the review of {phase.name} within {seconds:g} s"
