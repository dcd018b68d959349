"""A recording: patches under `<folder>/<phase>/<assignment>/`, the n-th of them (by name) for the n-th ask."""

from dataclasses import dataclass
from pathlib import Path

from tasks.agents.asking import Answer, Request
from tasks.git import Git


@dataclass(frozen=True)
class ReplayAgent:
    """Applies recorded patches, in order."""

    folder: Path

    def ask(self, request: Request) -> Answer:
        """Apply the patch of this attempt to the workspace."""
        where = self.folder / request.words["phase"] / request.words["assignment"]
        patches = sorted(where.glob("*.patch"))
        attempt = int(request.words["attempt"])
        if attempt > len(patches):
            return Answer(f"no recording for attempt {attempt}: {where} holds {len(patches)} patches")
        git = Git(request.workspace / ".git", {"GIT_WORK_TREE": str(request.workspace)}, request.workspace)
        done = git.try_run("apply", "--whitespace=nowarn", "-", stdin=patches[attempt - 1].read_bytes())
        if done.code != 0:
            return Answer(f"the recording {patches[attempt - 1].name} does not apply: {done.output.strip()}")
        return Answer()
