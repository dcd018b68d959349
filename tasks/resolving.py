"""Asking an architect: the agent that a plan names for conflicts is given both sides, and what it leaves is the merge.

Its workspace begins as git's own merge of both, with markers where git could not decide. What it leaves may differ from
that only in paths that are in conflict or that either side changed, must hold no marker any more, and has everything
that both sides were to deliver; it is kept on a branch of its own and then goes the way of any candidate.
"""

from collections.abc import Mapping
from dataclasses import replace

from tasks.agents.spec import AgentSpec
from tasks.assignment import Assignment
from tasks.attempt import Attempt, Order
from tasks.conflict import Conflict, told
from tasks.context import Merging, Side
from tasks.integrate import Resolution

TASK = """\
Two pieces of work conflict, and you decide. Your working directory holds git's own merge of both: everything on which \
they agree is done. In the files named below git could not decide and left both versions between markers: {ours} after \
`<<<<<<<`, {theirs} before `>>>>>>>`. Leave each of these files as it must be for both pieces of work to be right, \
without any marker. Change other files only where that needs it, and only such as one of the two has changed. \
`git show {first}:PATH` shows a file as {ours} left it, `git show {second}:PATH` as {theirs} did."""


def order_for(order: Order, conflict: Conflict, others: Mapping[str, Assignment], name: str, agent: AgentSpec) -> Order:
    """The order to an architect (`name`, `agent`) that makes a merge of a conflict; `others`: the phase's assignments.

    `order` is the one of the assignment whose work conflicts: the ask counts as one of its own.
    """
    rivals = {rival: others[rival] for rival in conflict.rivals if rival in others and rival != order.name}
    everyone = {**rivals, order.name: order.assignment}
    deliverables = tuple(dict.fromkeys(path for each in everyone.values() for path in each.deliverables))
    assignment = order.assignment.model_copy(
        update={
            "role": "Architect", "prompt": _task(conflict, everyone), "deliverables": deliverables,
            "writes": ("**",), "workspace": "full",  # the conflict tells which paths, by their names
            "acceptance": tuple(dict.fromkeys(words for each in everyone.values() for words in each.acceptance)),
        }
    )  # fmt: skip
    merging = Merging(
        conflicts=conflict.found.conflicts,
        sides=tuple(_side(each, work, conflict, own=each == order.name) for each, work in everyone.items()),
    )
    return replace(
        order, assignment=assignment, agent_name=name, agent=agent, guidance="", conflict=conflict, merging=merging
    )


def _side(name: str, work: Assignment, conflict: Conflict, *, own: bool) -> Side:
    return Side(
        assignment=name, role=work.role, task=work.prompt, deliverables=work.deliverables, acceptance=work.acceptance,
        commit=conflict.sides[own],
    )  # fmt: skip


def _task(conflict: Conflict, everyone: Mapping[str, Assignment]) -> str:
    """What the architect is told: what to do, who wanted what, and the lines in conflict."""
    first, second = conflict.sides
    ours, theirs = "what was merged first", f"what {conflict.own} made"
    parts = [TASK.format(ours=ours, theirs=theirs, first=first, second=second)]
    for name, work in everyone.items():
        when = "to be merged now" if name == conflict.own else "merged already"
        wanted = "".join(f"\n- {path}" for path in work.deliverables)
        accepted = "".join(f"\n- {words}" for words in work.acceptance)
        parts.append(f"## {name}, the {work.role} ({when})\n\n{work.prompt.strip()}\n\nDelivers:{wanted}")
        parts += [f"Accepted when:{accepted}"] if accepted else []
    for path in conflict.found.conflicts:
        parts.append(f"## In conflict: {path}{told(conflict.hunks(path))}")
    return "\n\n".join(parts)


def resolution_of(conflict: Conflict, attempt: Attempt) -> Resolution:
    """What an architect made of a conflict, by an attempt of its that stands."""
    if attempt.commit is None:
        raise ValueError(f"attempt {attempt.attempt} of {attempt.assignment} left nothing")
    return Resolution(attempt.agent, conflict.found.conflicts, attempt.evidence, attempt.commit)
