"""Reviews: how a person is asked, how an answer reaches a run, and where both are kept meanwhile.

An approval is evidence bound to the tree that was measured. A waiting review is noted in the run's folder; an answer to
a run that no process carries is kept there until the next resume takes it, if it is about the same tree.
"""

import asyncio
import json
from collections.abc import Sequence
from uuid import UUID

import typer
from prefect import get_client
from prefect.client.schemas.objects import StateType
from prefect.exceptions import ObjectNotFound
from prefect.flow_runs import aresume_flow_run
from prefect.input import RunInput
from prefect.states import Running
from pydantic import JsonValue

from gates.model import Frozen
from tasks import evidence
from tasks.atomic import write_atomically
from tasks.errors import Interrupted, Refused
from tasks.git import Git
from tasks.progress import aside
from tasks.run_folder import RunFolder

PERSON = "a person"
PATIENCE = 10  # half seconds
ASKED, ANSWERED = "review.json", "review-answer.json"


class SignOff(RunInput):
    """What a person answers; Prefect draws its form from this."""

    approved: bool
    comment: str = ""


class Answer(Frozen):
    """An answer, and who gave it."""

    approved: bool
    comment: str
    by: str
    """`a person` (in a terminal, by `sparc review` or in Prefect's form), or `--yes`."""


class Asked(Frozen):
    """A review that waits."""

    tree: str
    number: int
    phase: str
    points: tuple[str, ...]
    flow_run: UUID


def approval_of(git: Git, phase: str, tree: str) -> tuple[str, Answer] | None:
    """The name and the contents of an approval of a phase that is bound to this very tree."""
    for name, record in evidence.all_of(git, "review"):
        if record["tree"] == tree and record["phase"] == phase and record["approved"] is True:
            return name, Answer(approved=True, comment=str(record["comment"]), by=str(record["by"]))
    return None


def rejection_of(git: Git, phase: str, tree: str) -> str | None:
    """The words of a rejection that is bound to this very tree."""
    for _, record in evidence.all_of(git, "review"):
        if record["tree"] == tree and record["phase"] == phase and record["approved"] is False:
            return str(record["comment"])
    return None


def keep_answer(git: Git, about: dict[str, JsonValue], points: Sequence[str], answer: Answer) -> str:
    """Store an answer as evidence; its name."""
    (name,) = evidence.keep(git, [{"kind": "review", **about, "points": list(points), **answer.model_dump()}])
    return name


def note_asked(folder: RunFolder, asked: Asked) -> None:
    """Note that a review waits; the note stays until it is answered."""
    write_atomically(folder.path / ASKED, asked.model_dump_json().encode())


def asked_of(folder: RunFolder) -> Asked:
    """The review that waits. Raises Refused when none does, or when there is no such run."""
    file, run = folder.path / ASKED, folder.record.run
    if not file.is_file():
        raise Refused(f"run {run} waits for no review: `sparc status {run}` tells where it stands")
    return Asked.model_validate_json(file.read_bytes())


def settle_asked(folder: RunFolder) -> None:
    """The review was answered, and its answer is evidence by now: the notes are of no more use."""
    for name in (ASKED, ANSWERED):
        (folder.path / name).unlink(missing_ok=True)


def recorded_for(folder: RunFolder, tree: str) -> Answer | None:
    """An answer recorded while no process carried the run, if it is about this tree."""
    file = folder.path / ANSWERED
    if not file.is_file():
        return None
    recorded = json.loads(file.read_bytes())
    return Answer.model_validate(recorded["answer"]) if recorded["tree"] == tree else None


async def answer_review(folder: RunFolder, approved: bool, comment: str) -> str:  # noqa: FBT001 - it is the answer
    """Hand an answer to the waiting run, or record it for its resume; what was done, as a sentence."""
    asked = asked_of(folder)
    if folder.live and await _pauses(asked.flow_run):
        await aresume_flow_run(asked.flow_run, run_input={"approved": approved, "comment": comment})
        return f"run {folder.run} goes on with the answer"
    answer = Answer(approved=approved, comment=comment, by=PERSON)
    record = {"tree": asked.tree, "answer": answer.model_dump()}
    write_atomically(folder.path / ANSWERED, json.dumps(record).encode())
    return f"recorded; `sparc resume {folder.run}` takes it"


async def _pauses(flow_run: UUID) -> bool:
    """Whether a flow run is paused, or is so within seconds: the review is noted just before. Raises Refused."""
    async with get_client() as client:
        for _ in range(PATIENCE):
            try:
                run = await client.read_flow_run(flow_run)
            except ObjectNotFound as unknown:
                raise Refused(
                    "this Prefect server does not know the run: set PREFECT_API_URL as it was then"
                ) from unknown
            if run.state is not None and run.state.type is StateType.PAUSED:
                return True
            await asyncio.sleep(0.5)
    return False


async def end_pause(flow_run: UUID) -> None:
    """Let a flow run go on whose pause has run out; while it lasts, Prefect makes a failure of its own of any end."""
    async with get_client() as client:
        await client.set_flow_run_state(flow_run, Running(), force=True)


def ask_in_terminal(number: int, phase: str, points: Sequence[str]) -> Answer:
    """Ask the person at the terminal. Raises Interrupted if no answer is to be had."""
    listed = "\n".join(f"  - {point}" for point in points)
    with aside():  # what is shown live steps out of the way
        typer.echo(f"\nReview of phase {number} {phase}:\n{listed}", err=True)
        try:
            approved = typer.confirm("Approve?", default=False, err=True)
            comment = typer.prompt("Comment", default="", show_default=False, err=True)
        except typer.Abort:
            raise Interrupted(f"the review of {phase} was left without an answer") from None
    return Answer(approved=approved, comment=comment, by=PERSON)
