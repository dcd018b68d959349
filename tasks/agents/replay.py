"""A recording: patches under `<folder>/<phase>/<assignment>/`, in the order of their names, one for each ask.

An ask that was killed half-way has used up none, so that a resumed run goes on where the recording was.
"""

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
        if request.ended >= len(patches):
            return Answer(f"no recording for ask {request.ended + 1}: {where} holds {len(patches)} patches")
        patch = patches[request.ended]
        git = Git(request.workspace / ".git", {"GIT_WORK_TREE": str(request.workspace)}, request.workspace)
        done = git.try_run("apply", "--whitespace=nowarn", "-", stdin=patch.read_bytes())
        if done.code != 0:
            return Answer(f"the recording {patch.name} does not apply: {done.output.strip()}")
        return Answer()
