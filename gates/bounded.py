"""Limits that a worker of ours sets itself, so that a file made to exhaust it costs its own verdict only."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn

CPU_SECONDS = 900
ADDRESS_SPACE = 4 * 1024**3
FIGURE_SECONDS = 120.0
"""Processor time for one figure of one file."""


def limit_resources() -> None:
    """Bound memory and processor time of this process, where the system knows such limits."""
    with suppress(ImportError, ValueError, OSError):
        import resource  # noqa: PLC0415 - Unix only

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        signal.signal(signal.SIGXCPU, _spent)
        _lower(resource.RLIMIT_CPU, CPU_SECONDS)
        _lower(resource.RLIMIT_AS, ADDRESS_SPACE)


def _lower(kind: int, most: int) -> None:
    import resource  # noqa: PLC0415 - Unix only

    _, hard = resource.getrlimit(kind)
    # past the soft limit of time comes a signal, past the hard one the end
    limits = (most, most + 10) if hard == resource.RLIM_INFINITY else (min(most, hard), min(most + 10, hard))
    resource.setrlimit(kind, limits)


def _spent(*_: object) -> NoReturn:
    raise TimeoutError(f"{CPU_SECONDS} s of processor time are spent")


@contextmanager
def within(seconds: float = FIGURE_SECONDS) -> Iterator[None]:
    """Raise TimeoutError in this block once it has used so much processor time."""

    def late(*_: object) -> NoReturn:
        raise TimeoutError(f"takes more than {seconds:g} s of processor time")

    signal.signal(signal.SIGPROF, late)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
