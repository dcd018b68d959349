"""Files that a command writes for other tools: JUnit, SARIF and Cobertura."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tasks.atomic import write_atomically
from tasks.errors import Blocked, Refused
from tasks.export import Answers

Format = Callable[[Answers], str]


@dataclass(frozen=True)
class Outputs:
    """Where each is wanted."""

    junit: Path | None = None
    sarif: Path | None = None
    cobertura: Path | None = None

    @property
    def written(self) -> tuple[Path, ...]:
        """Those that are there."""
        return tuple(path for path in self._wanted if path.is_file())

    @property
    def _wanted(self) -> tuple[Path, ...]:
        return tuple(filter(None, (self.junit, self.sarif, self.cobertura)))

    def make_room(self) -> None:
        """Take away what an earlier call left, lest it be taken for the answer of this one. Raises Refused."""
        for path in self._wanted:
            if not path.parent.is_dir() or path.is_dir():
                raise Refused(f"cannot write {path}: name a file in a directory that is there")
            try:
                with suppress(FileNotFoundError):
                    path.unlink()
            except OSError as problem:
                raise Refused(f"cannot write {path}: {problem.strerror}") from problem

    def write(self, answers: Answers) -> list[str]:
        """Write them all; a sentence for each that cannot be written."""
        problems: list[str] = []
        for path, form in self._formats():
            try:
                write_atomically(path, form(answers).encode())
            except Blocked as problem:
                problems.append(f"{path}: {problem}")
            except OSError as problem:
                problems.append(f"cannot write {path}: {problem.strerror}")
        return problems

    def _formats(self) -> list[tuple[Path, Format]]:
        from tasks import export_cobertura, export_junit, export_sarif  # noqa: PLC0415 - seldom wanted

        formats: list[tuple[Path | None, Format]] = [
            (self.junit, export_junit.junit),
            (self.sarif, export_sarif.sarif),
            (self.cobertura, lambda answers: export_cobertura.cobertura(answers, time.time())),
        ]
        return [(path, form) for path, form in formats if path is not None]
