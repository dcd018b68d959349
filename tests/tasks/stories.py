"""A run's history, made by the same functions as a run makes it, without any server."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tasks.evidence import keep
from tasks.hub import Hub, create_hub
from tasks.integrate import Candidate, Landing, candidate, merge_assignment, merge_phase
from tasks.ledger import seal
from tasks.publish import bring
from tasks.release import release_candidate, release_now
from tasks.remember import evidence_name
from tasks.repository import Repository, open_repository
from tasks.run_folder import RunFolder, RunRecord
from tests.tasks.gits import user_git
from tests.trees import commit

RUN, PLAN = "ledger-1", "ledger"


def begun(home: Path, users: Repository) -> RunFolder:
    """The folder of a run on a repository, whose hub is there."""
    made = RunFolder(home, RUN)
    start = users.tip("main") or ""
    create_hub(made.hub, users, RUN, PLAN, start)
    made.create(record_of(users, start))
    return made


def record_of(users: Repository, start: str) -> RunRecord:
    """What was asked for by a run on a repository."""
    return RunRecord(
        run=RUN, plan=PLAN, plan_file="plan.yaml", repository=users.path, base="main", start=start,
        memory="local-file-system/sparc-memory", fingerprint="0",
    )  # fmt: skip


def copied(begun_run: RunFolder, home: Path, users: Repository) -> RunFolder:
    """The same run on a copy of its repository."""
    made = RunFolder(home, begun_run.run)
    shutil.copytree(begun_run.path, made.path, symlinks=True)
    seal(made.hub, users.git.directory / "objects", PLAN, begun_run.record.start)
    made.create(record_of(users, begun_run.record.start))
    return made


@dataclass(frozen=True)
class Story:
    """Tells a run: what its attempts left is merged, its gates have passed, and in the end it is released."""

    folder: RunFolder
    hub: Hub
    repository: Repository

    def assignment(
        self, number: int, phase: str, name: str, files: Mapping[str, str], *, gated: bool = False, attempt: int = 1
    ) -> str:
        """An attempt that leaves these files, merged into its phase."""
        git, branch = self.hub.git, self.hub.open_phase(number, phase)
        left = commit(git, files, self.hub.tip(branch), message="Work\n")
        found = candidate(git, branch, left)
        verdicts = self.verdicts(found.tree) if gated else ()
        made = merge_assignment(Landing(self.hub, number, phase, name, attempt, "writer", "0" * 64), found, verdicts)
        assert made
        return made

    def verdicts(self, tree: str, outcome: str = "passed") -> tuple[str, ...]:
        """Evidence of one check that was measured on a tree."""
        return keep(self.hub.git, [{"kind": "verdict", "tree": tree, "verdict": {"check": "x", "outcome": outcome}}])

    def gate(self, found: Candidate, **fields: Any) -> str:  # noqa: ANN401
        """Evidence of a phase's gate that has passed on a candidate, unless the fields say otherwise."""
        record: dict[str, Any] = {"kind": "gate", "outcome": "passed", "verdicts": list(self.verdicts(found.tree))}
        (name,) = keep(self.hub.git, [record | found.binding | fields])
        return name

    def phase(self, number: int, phase: str, gate: str | None = None) -> str:
        """The merge of a phase, after a gate that has passed on it."""
        branch = self.hub.open_phase(number, phase)
        found = candidate(self.hub.git, self.hub.plan_branch, self.hub.tip(branch))
        made = merge_phase(self.hub, phase, number, found, gate or self.gate(found))
        assert made
        bring(self.hub, self.repository)
        return made

    def two_phases(self) -> None:
        """Two phases, of two assignments and one."""
        self.assignment(1, "specification", "requirements", {"docs/r.md": "# R\n"})
        self.assignment(1, "specification", "slos", {"docs/slos.md": "# SLOs\n"}, gated=True)
        self.phase(1, "specification")
        files = {"src/post.py": "POST = 1\n", "src/app.py": "print('done')\n", "new/deep/file": "new\n"}
        self.assignment(2, "refinement", "posting", files)
        self.phase(2, "refinement")

    def copied(self, place: Path) -> "Story":
        """The same in another directory, from where it can go on another way."""
        shutil.copytree(self.repository.path, place / "repository", symlinks=True)
        user_git(place / "repository", "update-index", "-q", "--refresh")
        repository = open_repository(place / "repository")
        folder = copied(self.folder, place / "home", repository)
        return Story(folder, replace(self.hub, directory=folder.hub), repository)

    def release(self, base: str = "main") -> str | None:
        """The release into a branch as it stands now; its own gates have passed if it is not where the run began."""
        tip = self.repository.tip(base) or ""
        found = release_candidate(self.hub, tip)
        assert not found.conflicts
        unmoved = found.tree == self.hub.git.resolve(self.hub.plan_tip, "tree")
        gate = evidence_name(self.hub.git, self.hub.plan_tip) if unmoved else self.gate(found)
        return release_now(self.folder, self.hub, self.repository, base, found, [gate])
