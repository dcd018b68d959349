"""Reading what programs of the target left: files that may be missing, huge, or no files at all."""

import os
import stat
from pathlib import Path

from gates.verdict import Unmeasurable


def read_report(reports: Path | None, name: str, *, most: int) -> bytes:
    """The bytes of a report of at most `most` bytes; a link, a pipe or a directory in its place is no report."""
    if reports is None:
        raise Unmeasurable("no reports were kept of the run")
    try:
        # without O_NONBLOCK a pipe put there would be waited for
        handle = os.open(reports / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        raise Unmeasurable(f"the run left no {name}") from None
    except OSError as problem:
        raise Unmeasurable(f"{name} cannot be read: {problem.strerror}") from None
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise Unmeasurable(f"{name} is no regular file")
        if status.st_size > most:
            raise Unmeasurable(f"{name} has {status.st_size} bytes; at most {most} are read")
        with os.fdopen(handle, "rb", closefd=False) as file:
            return file.read(most)
    finally:
        os.close(handle)
