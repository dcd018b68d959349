"""What a foreign program may take of the machine: a value, in a plan and on the supervisor's command line."""

import json
import os
from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from gates.model import Count, Frozen, Size

GB = 1 << 30


def _half_of_memory() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2


class Share(Frozen):
    """What one program of the target may take, with all that it starts; beyond that it is ended."""

    memory: Size | None = None
    """Memory that they hold together. Default: half of the machine's."""
    disk: Size = 20 * GB
    """What it may write; never more than half of what is free."""
    processes: Annotated[Count, Field(ge=1)] = 1000
    """Processes at once."""

    def supervised(self, folders: Iterable[str]) -> str:
        """What the supervisor is told; `folders` are those in which the program may write."""
        memory = self.memory or _half_of_memory()
        return json.dumps({"memory": memory, "disk": self.disk, "processes": self.processes, "folders": [*folders]})
