"""What a program used, as its supervisor has measured it."""

from collections.abc import Mapping
from typing import NamedTuple


class Usage(NamedTuple):
    """What a program and all that it started have used: see `tasks/meter.py`."""

    cpu: float
    """Seconds of processor time of the whole tree."""
    wall: float
    """Seconds from its start to its end."""
    peak: int
    """Bytes of memory."""
    left: bool
    """Whether something that it had started was still working when it ended."""
    hidden: float
    """Seconds of processor time that were seen and are not in `cpu`; 0 where the kernel counts them all."""

    @classmethod
    def told(cls, record: Mapping[str, int]) -> "Usage | None":
        """From the supervisor's last word."""
        if "cpu_us" not in record:
            return None
        return cls(
            record["cpu_us"] / 1e6, record["wall_us"] / 1e6, record["peak_kb"] << 10, bool(record["left"]),
            record["hidden_us"] / 1e6,
        )  # fmt: skip
