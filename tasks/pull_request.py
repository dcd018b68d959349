"""The text of a pull request: what was built, what was measured, and how to check that without trusting anybody.

The first line is the title, the rest from the third line on is the body, in Markdown.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tasks.commits import EVIDENCE_PREFIX, Trailer
from tasks.hub import Hub
from tasks.markdown import md, table
from tasks.outcome import PhaseOutcome, RunOutcome
from tasks.wording import count, plain, prose, short, span

FILE = "pull_request.md"
"""Below the run's folder."""


@dataclass(frozen=True)
class Proposal:
    """What is proposed."""

    outcome: RunOutcome
    goal: str
    gates: tuple[str, ...]
    """Names of the evidence of the gates that passed on the merge with the base branch."""
    base: str
    """Where the base branch stood then."""
    moved: bool
    """Whether that merge is another tree than the last phase's, so that all gates ran again."""
    remote: str | None
    """Where the branch is pushed to."""


def text_of(hub: Hub, proposal: Proposal) -> str:
    """Title and body."""
    outcome = proposal.outcome
    title = f"{plain(outcome.plan)}: {count(len(outcome.phases), 'phase')}, every gate passed"
    parts = [*_opening(proposal), *_phases(outcome.phases), *_merges(hub), *_measured(proposal)]
    parts += _verify(hub, proposal)
    parts += [f"> **Notice:** {md(notice)}" for notice in outcome.notices]
    return "\n\n".join([title, *parts]) + "\n"


def _opening(proposal: Proposal) -> Iterator[str]:
    outcome = proposal.outcome
    if proposal.goal.strip():
        yield "\n".join(f"> {md(line)}".rstrip() for line in prose(proposal.goal).splitlines())
    asked = sum(one.attempts for phase in outcome.phases for one in phase.assignments)
    yield (
        f"Run {md(outcome.run)}: {md(outcome.branch)} for {md(outcome.base)}, {count(len(outcome.phases), 'phase')}, "
        f"{count(asked, 'attempt')}, {span(outcome.seconds)}."
    )


def _phases(phases: Sequence[PhaseOutcome]) -> Iterator[str]:
    for phase in phases:
        yield f"## {phase.number} {md(phase.name)}: {phase.outcome} after {count(phase.attempts, 'round')}"
        if phase.checks:
            rows = [[one.check, one.outcome, one.summary] for one in phase.checks]
            yield table(["check", "outcome", "measured"], rows)
        rows = [[one.name, str(one.attempts), span(one.seconds), short(one.commit)] for one in phase.assignments]
        yield table(["assignment", "attempts", "time", "merge"], rows)
        if phase.review and phase.review.by:
            yield f"Review approved by {md(phase.review.by)}: {md(phase.review.comment or 'no comment')}"


def _merges(hub: Hub) -> Iterator[str]:
    """The merges of the phases with the evidence on which each rests, newest last."""
    rows = [
        [commit.subject, commit.oid[:12], commit.trailers.get(Trailer.EVIDENCE, "").removeprefix(EVIDENCE_PREFIX)]
        for commit in hub.passed()
    ]
    yield "## Merges"
    yield table(["merge", "commit", "evidence (sha256)"], rows)


def _measured(proposal: Proposal) -> Iterator[str]:
    base = f"{md(proposal.outcome.base)} at {proposal.base[:12]}"
    names = ", ".join(proposal.gates)
    if proposal.moved:
        yield f"The base branch has moved: all gates ran again on the merge with {base}, and passed ({names})."
    else:
        yield f"Merged with {base} this is the tree that the last gate passed on ({names})."


def _verify(hub: Hub, proposal: Proposal) -> Iterator[str]:
    remote, branch = proposal.remote, f"sparc/{plain(hub.plan)}"
    yield "## Verify"
    yield "Every merge was measured before it was made. Git and the evidence are enough to check that:"
    if remote:
        refs = f"{branch}:refs/remotes/{remote}/{branch} 'refs/evidence/*:refs/evidence/*'"
        lines = [f"git fetch {remote} {refs}", f"sparc verify {remote}/{branch} --since {hub.start}"]
    else:
        lines = [f"sparc verify {branch} --since {hub.start}"]
    yield "\n".join(("```", *lines, "```"))
