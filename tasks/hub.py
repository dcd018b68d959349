"""The hub: a run's bare repository, written by the orchestrator alone.

Its branches, with `n` the phase's number from 1:

    sparc/<plan>                                the plan's branch: moves only when a phase's gate passed
    phase/<n>-<phase>                           starts at its tip; assignments merge into it
    agent/<n>-<phase>/<assignment>/<attempt>    what an attempt left
    resolution/<n>-<phase>/<assignment>/<attempt>    what an architect made of a conflict
    release/*, revert/*                         what is brought to the user's repository

Beside them are the good tags (`tasks/good.py`) and the evidence (`tasks/evidence.py`). Branches only move forward, by
merges and by compare-and-swap, and nothing is deleted: the repository itself refuses all else (`tasks/ledger.py`). What
is done is read from here, never remembered. Objects of the user's repository are borrowed, not copied; the start commit
is pinned there, so that they stay.
"""

import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tasks.commits import Commit, Trailer
from tasks.errors import Blocked
from tasks.git import ZERO, Git
from tasks.git_directories import create_bare
from tasks.good import GoodTag, good_tags, tag_passed
from tasks.ledger import REMEDY, Ledger, seal
from tasks.repository import Repository
from tasks.signing import Signer
from tasks.stale_locks import clear


@dataclass(frozen=True)
class Hub:
    """One run's bare repository."""

    directory: Path
    run: str
    plan: str
    start: str
    """The commit that the plan started from."""
    signer: Signer | None = None
    """With what every commit is signed; None: none is."""

    @cached_property
    def git(self) -> Git:
        """The repository itself."""
        return Git(self.directory, signing=self.signer.key if self.signer else None, ledger=self.ledger)

    @property
    def ledger(self) -> Ledger:
        """What keeps its rules."""
        return Ledger(self.directory)

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
            self.index_history()
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

    def refuse_strangers(self) -> None:
        """Raise Blocked if there is a reference that the hub's own rules let nobody make: it came past them."""
        known = (
            f"refs/tags/good/{self.plan}/", "refs/evidence/",
            *(f"refs/heads/{kind}/" for kind in ("phase", "agent", "resolution", "release", "revert")),
        )  # fmt: skip
        strange = [name for name in self.git.refs() if name != self.plan_branch and not name.startswith(known)]
        if strange:
            raise Blocked(f"{self.directory} holds {strange[0]}, which no part of sparc made: {REMEDY}")

    def good_tags(self) -> list[GoodTag]:
        """The good tags of this run's phases, oldest first: (tag, commit, phase, number of the phase, run)."""
        return [good for good in good_tags(self.git, self.plan) if good.run == self.run]

    def tag_good(self, repository: Repository) -> None:
        """Tag every phase that has passed and has no tag yet; see `tasks.good`."""
        tag_passed(self.git, repository.git, self.plan, self.passed())

    def index_history(self) -> None:
        """Write down the shape of the history, by which git merges faster; only for speed, so it may well fail."""
        self.git.try_run("commit-graph", "write", "--reachable", "--split", "--no-progress")

    def make_ready(self, repository: Repository) -> None:
        """Before a run begins or goes on: mend what a kill or a move of the hub has left, and look whether it is whole.

        To be called by the process that holds the run. Raises Blocked.
        """
        if not self.directory.is_dir():
            raise Blocked(f"the hub of run {self.run}, {self.directory}, is gone: leave this run for a new one")
        if self.ledger.sealed and self.ledger.moved:
            seal(self.directory, _objects(repository), self.plan, self.start)
        self.ledger.check()
        if stay := clear(self.directory):
            raise Blocked("; ".join(stay))
        self._refuse_damaged()
        self.index_history()

    def _refuse_damaged(self) -> None:
        """Raise Blocked unless the plan's branch is there, and all that the hub has beyond the start."""
        # from the objects themselves: for a history that is written down, git would not look whether they are there
        objects = ("-c", "core.commitGraph=false", "rev-list", "--objects", "--quiet")
        done = self.git.try_run(*objects, "--all", self.plan_branch, f"^{self.start}")
        if done.code != 0:
            words = (done.failure or done.stderr.decode(errors="replace")).strip().partition("\n")[0]
            raise Blocked(
                f"the hub of run {self.run}, {self.directory}, is damaged ({words}): bring it back from a copy and "
                "resume, or leave this run for a new one"
            )


def pin(run: str) -> str:
    """The reference of the user's repository that keeps what a run started from."""
    return f"refs/sparc/start/{run}"


def create_hub(directory: Path, repository: Repository, run: str, plan: str, start: str) -> Hub:
    """Make the hub of a new run; doing it again after a kill completes it."""
    hub = Hub(directory, run, plan, start)
    if not hub.ledger.sealed:
        if not (directory / hub.plan_branch).exists():  # of a hub that was never begun, whatever is there is half made
            shutil.rmtree(directory, ignore_errors=True)
            create_bare(directory)
        seal(directory, _objects(repository), plan, start)
    if hub.git.resolve(hub.plan_branch) is None:
        hub.git.move(hub.plan_branch, start, ZERO)
    repository.git.create_refs({pin(run): start})  # last: whatever fails before it leaves the user's repository alone
    return hub


def _objects(repository: Repository) -> Path:
    return (repository.git.directory / "objects").resolve()
