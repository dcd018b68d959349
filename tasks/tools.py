"""Programs of our own environment that read a tree: found beside our interpreter, never by PATH.

They may write to a folder of their own and to nothing else. What runs them names every file, so that no list of a
tool's own making decides on what is looked at.
"""

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gates.subject import Ran, Subject
from gates.verdict import Unmeasurable
from tasks.command import Command, run_foreign
from tasks.errors import SparcError
from tasks.ground import Ground
from tasks.rooms import Room
from tasks.uv import NETWORK, basics


class Unasked(SparcError):
    """There is nothing to ask a tool about, or no way to."""


@dataclass(frozen=True)
class Desk:
    """A place at which a program of ours reads one tree."""

    ground: Ground
    subject: Subject
    folder: Path
    """Outside of the tree; all that it may write to."""

    @property
    def env(self) -> dict[str, str]:
        """Of its programs."""
        own = {"HOME": str(self.folder), "TMPDIR": str(self.folder)}
        return {**basics(self.ground.exam.env), **own}

    @property
    def room(self) -> Room:
        """The same as a room without an environment of the target; nothing is run in it."""
        tree = self.ground.exam.tree
        return Room(self.folder, self.subject.root, None, self.env, self.ground.site(tree))

    def module(
        self,
        name: str,
        arguments: Sequence[str],
        timeout: float,
        *,
        cwd: Path | None = None,
        more: Mapping[str, str] | None = None,
    ) -> Ran:
        """Run `python -m name` of ours, for at most `timeout` seconds, with `more` in its environment."""
        argv = (sys.executable, "-I", "-m", name, *arguments)
        jail = self.ground.exam.confinement.jail(self.folder)
        command = Command(argv, cwd or self.folder, {**self.env, **(more or {})}, timeout=timeout, jail=jail)
        done = run_foreign(command)
        return Ran(argv=argv, code=done.code, failure=done.failure, output=done.output)

    def proxies(self) -> Mapping[str, str]:
        """How the caller's machine gets to the network; only what has to ask somebody there is told."""
        return {name: value for name, value in self.ground.exam.env.items() if name in NETWORK}

    def listing(self, name: str, paths: Iterable[str]) -> Path:
        """A file with one path a line, as tools read it behind an `@`. Raises Unmeasurable for what has no line."""
        paths = list(paths)
        for path in paths:
            if "\n" in path or "\r" in path:
                raise Unmeasurable(f"{path!r} has a line break in its name, and cannot be named to a tool: rename it")
        file = self.folder / name
        file.write_bytes(b"".join(os.fsencode(path) + b"\n" for path in paths))
        return file


def desk(ground: Ground, subject: Subject) -> Desk:
    """A new one."""
    return Desk(ground, subject, ground.new_folder())
