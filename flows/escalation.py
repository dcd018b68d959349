"""Escalation: when something keeps failing, whoever may help is told; the run goes on while it has attempts."""

from prefect.events import emit_event

from flows.gate import words_of
from flows.work import PhaseWork
from tasks.events import Escalated, Notice
from tasks.hooks import run_hooks


async def escalate(phase: PhaseWork, reason: str) -> None:
    """Tell the journal (and so the terminal and the report), Prefect's events, and the plan's own hook."""
    work = phase.work
    work.journal.write(Escalated(**phase.about, reason=reason))
    emit_event(
        event="sparc.escalation",
        resource={"prefect.resource.id": f"sparc.run.{work.folder.run}", "prefect.resource.name": work.plan.name},
        payload={"phase": phase.name, "number": phase.number, "reason": reason},
    )
    commands = phase.phase.hooks.escalate
    if commands:
        tree = work.hub.tip(phase.branch)
        failure = await run_hooks("escalate", commands, work.hub.git, tree, words_of(phase), work.surroundings)
        if failure:
            work.journal.write(Notice(text=failure))
