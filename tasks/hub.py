"""The hub: a run's bare repository, written by the orchestrator alone.

Its branches, with `n` the phase's number from 1:

    sparc/<plan>                                the plan's branch: moves only when a phase's gate passed
    phase/<n>-<phase>                           starts at its tip; assignments merge into it
    agent/<n>-<phase>/<assignment>/<attempt>    what an attempt left

They only move forward, by compare-and-swap; nothing is deleted. What is done is read from here, never remembered.
A hook refuses every change of a reference that does not come from us: an agent's push, a stray `git branch`.
Objects of the user's repository are borrowed, not copied; the start commit is pinned there, so that they stay.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tasks.commits import Commit, Trailer
from tasks.git import ZERO, Git, create_bare
from tasks.repository import Repository

# our own git runs no hooks
HOOK = """#!/bin/sh
[ "$1" != prepared ] && exit 0
echo "only sparc writes here: leave files in your working directory, they are taken from there" >&2
exit 1
"""


@dataclass(frozen=True)
class Hub:
    """One run's bare repository."""

    directory: Path
    run: str
    plan: str
    start: str
    """The commit that the plan started from."""

    @cached_property
    def git(self) -> Git:
        """The repository itself."""
        return Git(self.directory)

    @property
    def plan_branch(self) -> str:
        """Full name of the plan's branch."""
        return f"refs/heads/sparc/{self.plan}"

    @property
    def plan_tip(self) -> str:
        """Where the plan's branch stands."""
        return self.git.line("rev-parse", "--verify", self.plan_branch)

    def phase_branch(self, number: int, phase: str) -> str:
        """Full name of a phase's branch."""
        return f"refs/heads/phase/{number}-{phase}"

    def open_phase(self, number: int, phase: str) -> str:
        """The phase's branch, made at the plan's tip unless it is there already."""
        branch = self.phase_branch(number, phase)
        if self.git.resolve(branch) is None:
            self.git.create_refs({branch: self.plan_tip})
        return branch

    def tip(self, branch: str) -> str:
        """The commit of a branch that exists."""
        return self.git.line("rev-parse", "--verify", branch)

    def merged(self, branch: str) -> dict[str, Commit]:
        """Assignments that are merged into a phase's branch, each with its newest merge."""
        found: dict[str, Commit] = {}
        for commit in self.git.first_parents(self.plan_tip, self.tip(branch)):
            name = commit.trailers.get(Trailer.ASSIGNMENT)
            if name:
                found.setdefault(name, commit)
        return found

    def passed(self) -> list[Commit]:
        """The merges of the phases that have passed, oldest first."""
        merges = [
            commit
            for commit in self.git.first_parents(self.start, self.plan_tip)
            if commit.trailers.get(Trailer.RUN) == self.run
        ]
        return merges[::-1]


def pin(run: str) -> str:
    """The reference of the user's repository that keeps what a run started from."""
    return f"refs/sparc/start/{run}"


def create_hub(directory: Path, repository: Repository, run: str, plan: str, start: str) -> Hub:
    """Make the hub of a new run; doing it again after a kill completes it."""
    git = create_bare(directory)
    objects = (repository.git.directory / "objects").resolve()
    (directory / "objects/info").mkdir(parents=True, exist_ok=True)
    (directory / "objects/info/alternates").write_text(f"{objects}\n")
    for key, value in (
        ("receive.denyNonFastForwards", "true"),
        ("receive.denyDeletes", "true"),
        ("gc.pruneExpire", "never"),
    ):
        git.run("config", key, value)
    hook = directory / "hooks/reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(HOOK)
    hook.chmod(0o755)
    hub = Hub(directory, run, plan, start)
    if git.resolve(hub.plan_branch) is None:
        git.move(hub.plan_branch, start, ZERO)
    repository.git.create_refs({pin(run): start})  # last: whatever fails before it leaves the user's repository alone
    return hub
