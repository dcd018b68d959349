"""The repository that is worked on: what its own programs run in."""

from typing import Annotated

from pydantic import AfterValidator

from gates.model import Frozen
from tasks.agents.spec import VariableName
from tasks.assignment import RepositoryPath, Text, repository_path
from tasks.share import Share

ROOT = "."


def _folder(path: str) -> str:
    return path if path == ROOT else repository_path(path)


Folder = Annotated[str, AfterValidator(_folder)]
"""A folder of the repository, without a / behind it; `.` is its root."""


class Environment(Frozen):
    """The target's own environment, in which its tests and commands run."""

    python: Folder | None = ROOT
    """Folder of the target's Python metadata, from the root of the repository; null: it has none."""
    groups: tuple[Text, ...] | None = None
    """Dependency groups or extras to install; by default test, tests and dev where present."""
    env: tuple[VariableName, ...] = ()
    """Names of variables of the caller that the target's programs may see."""
    requirements: tuple[RepositoryPath, ...] = ()
    """Requirements files to install besides, from the root of the repository."""
    startup: tuple[Text, ...] = ()
    """Names of files (`own.pth`) that installing the project may add though they run whenever Python starts."""
    limits: Share = Share()
    """What each of the target's programs may take of the machine."""
