"""One attempt: claim a number, clone, brief, ask, take what was left, and say what speaks against it.

Whatever the agent did, what it left is kept on a branch of its own if it can be stored at all; only an attempt without
a finding is offered for merging.
"""

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.states import Failed
from pydantic import JsonValue

from gates.model import Frozen
from gates.paths import matcher, shown
from tasks import evidence, workspace
from tasks.agents.asking import Request
from tasks.agents.lending import check_lent, lent_paths, private_paths
from tasks.agents.registry import agent_of, environment_of
from tasks.agents.spec import AgentSpec
from tasks.assignment import Assignment, WorkspaceKind
from tasks.atomic import write_atomically
from tasks.commits import EVIDENCE_PREFIX, Trailer
from tasks.conflict import Conflict
from tasks.context import Context, Merging, Remembered, ToldFinding, prompt
from tasks.errors import Refused
from tasks.events import AttemptEnded, AttemptStarted, Notice
from tasks.git import ZERO, GitError
from tasks.hub import Hub
from tasks.isolation import Confinement
from tasks.journal import Journal
from tasks.objections import objections, unpointed
from tasks.run_folder import RunFolder
from tasks.threads import in_thread
from tasks.trash import discard

SHOWN_PATHS = 5


@dataclass(frozen=True)
class Order:
    """What one assignment is asked for, whichever attempt it is."""

    folder: RunFolder
    hub: Hub
    goal: str
    number: int
    phase: str
    guidance: str
    name: str
    assignment: Assignment
    agent_name: str
    agent: AgentSpec
    timeout: float
    """Seconds."""
    memory: tuple[Remembered, ...]
    env: Mapping[str, str]
    """The caller's environment, to choose declared names from."""
    confinement: Confinement
    """How the agent is kept from the machine."""
    conflict: Conflict | None = None
    """What is to be resolved, if that is what is asked for (`tasks/resolving.py`)."""
    merging: Merging | None = None
    """The same as the agent is told it."""
    workspace: WorkspaceKind = "full"

    @property
    def holds(self) -> tuple[str, ...] | None:
        """What a sparse workspace holds files for; None: all of them, as whoever resolves a conflict may need."""
        if self.workspace == "full" or self.conflict:
            return None
        return (*self.assignment.owned, *self.assignment.deliverables, *self.assignment.reads_paths)

    def branch_of(self, attempt: int | str) -> str:
        """Full name of the branch that keeps what an attempt leaves."""
        kind = "resolution" if self.conflict else "agent"
        return f"refs/heads/{kind}/{self.number}-{self.phase}/{self.name}/{attempt}"


class Attempt(Frozen):
    """What came of one ask."""

    assignment: str
    attempt: int
    start: str
    """The commit of the phase's branch at which it began."""
    commit: str | None
    """What it left, on its own branch; None if it could not be stored."""
    evidence: str
    agent: str
    findings: tuple[ToldFinding, ...]
    """What speaks against it; empty: it may be merged."""
    seconds: float

    @property
    def stands(self) -> bool:
        """Whether it may be offered for merging."""
        return self.commit is not None and not self.findings


@task(name="attempt", task_run_name="{order.name} · attempt {attempt}", cache_policy=NO_CACHE, persist_result=False)
async def ask(order: Order, attempt: int, findings: tuple[ToldFinding, ...]) -> Attempt:
    """Carry one claimed attempt; its state is Failed when something speaks against it, with the attempt as data."""
    result = await in_thread(carry, order, attempt, findings)
    if result.stands:
        return result
    return Failed(message=result.findings[0].headline, data=result)  # type: ignore[return-value]


def carry(order: Order, attempt: int, findings: tuple[ToldFinding, ...]) -> Attempt:
    """One attempt from clone to commit. Raises Interrupted when the run was stopped."""
    began = time.monotonic()
    journal = Journal(order.folder.journal)
    about = {"number": order.number, "phase": order.phase, "assignment": order.name, "attempt": attempt}
    journal.write(AttemptStarted(**about, agent=order.agent_name))
    branch = order.hub.phase_branch(order.number, order.phase)
    start = order.conflict.begin() if order.conflict else order.hub.tip(branch)
    papers = order.folder.attempt_dir(order.number, order.phase, order.name, attempt)
    place = order.folder.path / "workspaces" / f"{order.number}-{order.phase}" / order.name / str(attempt)
    for earlier in range(1, attempt):  # of which one was killed, or could not be stored
        discard(place.with_name(str(earlier)), order.folder.home)
    space = workspace.make(place, order.hub.git, branch, start, papers, order.holds)
    context = _context(order, attempt, findings, space)
    failure = _brief_and_ask(order, context, papers)
    taken, against = _take(space, order.assignment)
    if taken:
        against += order.conflict.objections(taken.tree) if order.conflict else ()
        _tell_of_pointers(order, attempt, taken)
    reasons = ([ToldFinding(check="attempt", message=failure)] if failure else []) + against
    seconds = time.monotonic() - began
    name, commit = _keep(order, context, start, taken, reasons, seconds)
    _clear_away(order, space, stored=commit is not None)
    result = Attempt(
        assignment=order.name, attempt=attempt, start=start, commit=commit, evidence=name,
        agent=order.agent_name, findings=tuple(reasons), seconds=seconds,
    )  # fmt: skip
    journal.write(AttemptEnded(
        **about, outcome="left" if result.stands else "failed", commit=commit, seconds=seconds,
        reason=reasons[0].headline if reasons else None, findings=result.findings,
    ))  # fmt: skip
    return result


def _context(order: Order, attempt: int, findings: tuple[ToldFinding, ...], space: workspace.Workspace) -> Context:
    assignment = order.assignment
    writes = tuple(sorted(order.conflict.open_paths)) if order.conflict else assignment.owned
    return Context(
        run=order.folder.run, plan=order.hub.plan, goal=order.goal, phase=order.phase, number=order.number,
        assignment=order.name, attempt=attempt, role=assignment.role, task=assignment.prompt, guidance=order.guidance,
        deliverables=assignment.deliverables, writes=writes, acceptance=assignment.acceptance,
        memory=order.memory, findings=findings, workspace=str(space.path), sparse=space.sparse,
        merging=order.merging,
    )  # fmt: skip


def _brief_and_ask(order: Order, context: Context, papers: Path) -> str | None:
    """Hand the context over and wait for the agent; why the attempt cannot count, if so."""
    text = prompt(context)
    write_atomically(papers / "context.json", context.document)
    write_atomically(papers / "prompt.md", text.encode(errors="replace"))
    for folder in ("home", "tmp"):
        (papers / folder).mkdir(exist_ok=True)
    words = {
        "plan_dir": str(order.folder.plan_dir), "workspace": context.workspace, "run": context.run,
        "phase": context.phase, "assignment": context.assignment, "attempt": str(context.attempt),
    }  # fmt: skip
    told = {f"SPARC_{word.upper()}": value for word, value in words.items() if word != "plan_dir"}
    try:
        check_lent(order.agent, order.env, private_paths(order.folder.home, order.folder.record.repository))
    except Refused as refused:  # a link that was no trap when the run began
        return str(refused)
    own = Path(context.workspace), papers / "home", papers / "tmp"
    jail = order.confinement.jail(*own, *lent_paths(order.agent, order.env))
    env = environment_of(order.agent, order.env, papers / "home", papers / "tmp")
    env |= told | {"SPARC_PLAN": context.plan, "SPARC_CONTEXT": str(papers / "context.json")}
    left = order.hub.git.refs(order.branch_of(""))
    request = Request(Path(context.workspace), text, words, env, jail, order.timeout, len(left), papers / "output.log")
    return agent_of(order.agent, order.folder.plan_dir).ask(request).failure


def _take(space: workspace.Workspace, assignment: Assignment) -> tuple[workspace.Snapshot | None, list[ToldFinding]]:
    """Store what was left, and say what is wrong with it."""
    try:
        taken = workspace.snapshot(space, matcher(assignment.deliverables))
    except workspace.Unfit as found:
        return None, [ToldFinding(check="attempt", path=found.path, message=found.why)]
    except GitError as refused:
        return None, [ToldFinding(check="attempt", message=f"what was left cannot be stored: {refused}")]
    return taken, objections(space.hub, space.start, taken, assignment)


def _tell_of_pointers(order: Order, attempt: int, taken: workspace.Snapshot) -> None:
    """That a file is no longer kept by Git LFS is for the repository's owner to judge, not a fault."""
    if names := unpointed(order.hub.git, taken):
        shown_names = ", ".join(map(shown, names[:SHOWN_PATHS])) + (", ..." if len(names) > SHOWN_PATHS else "")
        words = "in place of a Git LFS pointer, the file itself is now in git"
        Journal(order.folder.journal).write(Notice(text=f"{order.name}, attempt {attempt}: {shown_names}: {words}"))


def _clear_away(order: Order, space: workspace.Workspace, *, stored: bool) -> None:
    """What an attempt left is on its branch: its clone is needed no more, whatever came of it.

    If it could not be stored, the workspace is the only place to look at it; it stays until the assignment is asked
    again, as that of a killed attempt does.
    """
    home = order.folder.home
    for folder in ("tmp", "template"):
        discard(space.index.parent / folder, home)
    space.index.unlink(missing_ok=True)
    if stored:
        discard(space.path, home)


def _keep(
    order: Order,
    context: Context,
    start: str,
    taken: workspace.Snapshot | None,
    reasons: list[ToldFinding],
    seconds: float,
) -> tuple[str, str | None]:
    """Record the attempt, and put what it left on its branch: (name of the evidence, commit)."""
    git = order.hub.git
    found: list[JsonValue] = [reason.model_dump(mode="json") for reason in reasons]
    record: evidence.Record = {
        "kind": "attempt", "run": context.run, "plan": context.plan, "phase": context.phase, "number": context.number,
        "assignment": context.assignment, "attempt": context.attempt, "agent": order.agent_name,
        "agent_kind": order.agent.kind, "isolation": order.confinement.mode, "start": start,
        "tree": taken.tree if taken else None,
        "changed": list(taken.changed) if taken else [], "outcome": "failed" if reasons else "left",
        "findings": found, "seconds": round(seconds, 3),
        "context": evidence.name_of(context.document), "workspace": "sparse" if context.sparse else "full",
        **(order.conflict.record if order.conflict else {}),
    }  # fmt: skip
    name = evidence.name_of(evidence.canonical(record))
    if taken is None:
        evidence.keep(git, [record])
        return name, None
    subject = f"{context.phase}: {context.assignment}, attempt {context.attempt}"
    trailers: dict[str, str] = {
        Trailer.RUN: context.run, Trailer.PHASE: context.phase, Trailer.ASSIGNMENT: context.assignment,
        Trailer.ATTEMPT: str(context.attempt), Trailer.AGENT: order.agent_name,
        Trailer.EVIDENCE: f"{EVIDENCE_PREFIX}{name}",
    }  # fmt: skip
    parents = order.conflict.sides if order.conflict else (start,)
    commit = git.write_commit(taken.tree, parents, message(subject, trailers))
    git.move(order.branch_of(context.attempt), commit, ZERO, evidence.written(git, [record]))
    return name, commit


def findings_of(hub: Hub, number: int, names: Collection[str]) -> dict[str, tuple[ToldFinding, ...]]:
    """What the newest attempt of each assignment fell short of, as evidence tells: what a resume asks again with."""
    newest: dict[str, tuple[int, list[Any]]] = {}
    for _, record in evidence.all_of(hub.git, "attempt") if names else ():
        known: dict[str, Any] = record
        name = known["assignment"]
        if known["number"] == number and name in names and known["attempt"] > newest.get(name, (0, []))[0]:
            newest[name] = known["attempt"], known["findings"]
    return {name: tuple(map(ToldFinding.model_validate, found)) for name, (_, found) in newest.items()}


def message(subject: str, trailers: Mapping[str, str]) -> str:
    """A commit message: subject, blank line, trailers."""
    return f"{subject}\n\n" + "".join(f"{key}: {value}\n" for key, value in trailers.items())
