"""What is done about a run after its end: its gates are asked again, in a flow run of their own.

A flow run needs a server, and is made only if something is to be measured or a person is to be asked. What happens
there is told in a journal of its own: the run's ends with the run.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from prefect.client.schemas.objects import State
from prefect.states import Failed

from flows.work import Work
from tasks.base_merge import notes
from tasks.command import Processes, processes
from tasks.credentials import hide_environment
from tasks.errors import Blocked, Refused, SparcError
from tasks.journal import Journal
from tasks.repository import Repository, open_repository
from tasks.run_folder import RunFolder

ROUNDS = 20  # how often a base branch may move while something is on its way to it


@dataclass(frozen=True)
class Afterwards(Work):
    """A run that has ended, and the gates of its plan."""

    @property
    def journal(self) -> Journal:
        """What happened since."""
        return Journal(self.folder.path / "afterwards.jsonl")


@contextlib.contextmanager
def held(folder: RunFolder, repository: Repository) -> Iterator[None]:
    """Hold what is left of a run for this process. Raises Refused while another one does, Blocked if it cannot."""
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(notes(repository, folder.run).held())
            if folder.exists:
                stack.enter_context(folder.held())
        except OSError as problem:
            raise Blocked(f"cannot write to {repository.path} or {folder.home} (SPARC_HOME): {problem}") from problem
        yield


def is_own(folder: RunFolder, repository: Repository) -> bool:
    """Whether the run's folder is there, and is of this repository and no copy of it."""
    if not folder.exists:
        return False
    try:
        return open_repository(folder.record.repository).git.directory == repository.git.directory
    except Refused:  # it has moved
        return False


def prepared_flow() -> None:
    """What a flow run does first: its processes are its own, and no child of it sees the server's password."""
    hide_environment()
    processes.set(Processes())


def failed(problem: SparcError) -> State[Any]:
    """The state of a flow run that could not do it, for whose caller the error is raised again."""
    name = "Refused" if isinstance(problem, Refused) else "Blocked"
    return Failed(name=name, message=str(problem), data=problem)


def no_plan(folder: RunFolder, repository: Repository) -> Blocked:
    """Why nothing can be measured without the run's folder."""
    return Blocked(
        f"{folder.home} (SPARC_HOME) has no run {folder.run} of {repository.path}, whose plan says what has to be "
        "measured before anything is moved: do it where the run was made"
    )


def moved_too_often(base: str) -> Blocked:
    """Why nothing could be merged, after all these rounds."""
    return Blocked(f"{base} moved {ROUNDS} times meanwhile: do the same again when it is quieter")
