"""What the gates of a run said last, for other tools."""

from tasks.account import account_of
from tasks.export import Answer
from tasks.journal import Journal
from tasks.run_folder import RunFolder


def answers_of(folder: RunFolder) -> list[Answer]:
    """Every check of the newest round of each phase, in order; the gate is named after its phase: `1 specification`."""
    phases = account_of(Journal(folder.journal).read()).phases
    return [
        Answer(check.verdict, check.seconds, gate=f"{phase.number} {phase.name}")
        for phase in phases
        if phase.rounds
        for check in phase.rounds[-1].checks
    ]
