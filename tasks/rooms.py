"""Rooms: checkouts in which a target's programs may do what they like, without any of it reaching another check.

Each has its own copy of the tree, of the target's environment, and a private HOME and TMPDIR; its programs can write to
the copy of the tree, these two, and the folder of reports if there is one. Nothing of the caller's environment is let
in but what the plan declares; and a room can tell which tracked files its programs have changed:
against the tree itself, from its installation on, so that nothing which a build has rewritten is taken for the tree.
"""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

from gates.paths import shown
from gates.subject import Ran, TreeFile
from tasks.command import Command, Completed, run_foreign
from tasks.dependencies import EnvironmentBroken, Kept
from tasks.environment import Installed, install, keep, project_of
from tasks.git import Git, paths
from tasks.isolation import Confinement
from tasks.metadata import Project
from tasks.once import Once
from tasks.scratch import remove
from tasks.target import Environment
from tasks.uv import Uv, UvFailed, basics

CHECKOUT = "tree"
"""Name of the checkout in a room's folder."""
NAMED = 5
"""Files that a sentence names."""


COMPILED = re.compile(r"(^|/)__pycache__/[^/]*\.pyc$")


def _few(paths: Sequence[str]) -> str:
    return ", ".join(map(shown, paths[:NAMED])) + (", ..." if len(paths) > NAMED else "")


@dataclass(frozen=True)
class Site:
    """What all rooms have in common."""

    git: Git
    """A repository of ours that sees the tree and converts nothing."""
    tree: str
    files: tuple[TreeFile, ...]
    wanted: Environment
    home: Path
    """SPARC_HOME."""
    env: Mapping[str, str]
    """The caller's environment."""
    confinement: Confinement
    """How programs are kept from the machine."""


@dataclass(frozen=True)
class Room:
    """One of them, furnished."""

    folder: Path
    """Outside the tree; for reports and the like."""
    checkout: Path
    installed: Installed | None
    """The target's environment; None when it has none."""
    env: Mapping[str, str]
    """The whole environment of its programs."""
    site: Site

    @property
    def reports(self) -> Path:
        """Where programs leave their reports; made by whoever wants some."""
        return self.folder / "reports"

    def run(self, argv: Sequence[str], timeout: float, more: Mapping[str, str] | None = None) -> Ran:
        """Run a program in the checkout, and end all that it started."""
        done = self.completed(argv, timeout, more)
        return Ran(argv=tuple(argv), code=done.code, failure=done.failure, output=done.output)

    def completed(
        self, argv: Sequence[str], timeout: float, more: Mapping[str, str] | None = None, *, metered: bool = False
    ) -> Completed:
        """The same with both streams apart, and with what it used if it is `metered`."""
        reports = [self.reports] if self.reports.is_dir() else []
        # not its environment: what runs and judges the tests lies there
        jail = self.site.confinement.jail(self.checkout, Path(self.env["HOME"]), Path(self.env["TMPDIR"]), *reports)
        env = {**self.env, **(more or {})}
        bounds = self.site.wanted.limits
        return run_foreign(
            Command(tuple(argv), self.checkout, env, timeout=timeout, jail=jail, bounds=bounds, metered=metered)
        )

    def changed(self) -> tuple[str, ...]:
        """Tracked files that are not what the tree has; by an index that no program of the target has seen."""
        with TemporaryDirectory(prefix="sparc-index-") as scratch:
            extra = {"GIT_INDEX_FILE": f"{scratch}/index", "GIT_WORK_TREE": str(self.checkout)}
            git = Git(self.site.git.directory, extra, self.checkout)
            git.run("read-tree", self.site.tree)
            # submodules are left out: git would run inside them, with a configuration that is not ours
            git.try_run("update-index", "-q", "--ignore-submodules", "--refresh")
            return tuple(paths(git.run("diff-files", "-z", "--name-only", "--ignore-submodules=all")))


class Rooms:
    """Makes rooms for one tree; the target's dependencies are looked up once for all of them."""

    def __init__(self, site: Site, folder: Path, opened: list[Path]) -> None:
        """`opened` is told the folder of each room, even of one that cannot be furnished."""
        self._site, self._folder, self._opened = site, folder, opened
        self._kept = Once[Kept]()
        self._elsewhere: list[Path] = []
        self._uv = Uv(site.home / "cache/uv", folder / "builds", site.env, site.confinement, site.wanted.env)

    def open(self) -> Room:
        """A new room. Raises SparcError when it cannot be furnished."""
        if compiled := [file.path for file in self._site.files if COMPILED.search(file.path)]:
            raise EnvironmentBroken(
                f"the tree has compiled modules, which Python may run in place of their sources: {_few(compiled)}:"
                " take them out of the repository"
            )
        folder = Path(mkdtemp(prefix="", dir=self._folder))
        self._opened.append(folder)
        checkout = folder / CHECKOUT
        self._site.git.checkout(self._site.tree, checkout)
        project = project_of(checkout, self._site.wanted)
        installed = self._installed(project, folder / "env") if project else None
        room = Room(folder, checkout, installed, self._environment(folder, installed), self._site)
        if installed and (changed := room.changed()):
            raise EnvironmentBroken(
                f"installing the project changed {_few(changed)}, so that the candidate itself could not be measured:"
                " let its build leave alone what git tracks, or commit what it writes"
            )
        return room

    def _installed(self, project: Project, venv: Path) -> Installed:
        site, files = self._site, [file.path for file in self._site.files]
        try:
            kept = self._kept.get(lambda: keep(project, files, site.wanted, site.home, self._uv))
            return install(kept, project, files, venv, self._uv, site.wanted.startup)
        except UvFailed as problem:
            raise EnvironmentBroken(f"the target's environment cannot be made: {problem}") from None

    def _environment(self, folder: Path, installed: Installed | None) -> dict[str, str]:
        env = basics(self._site.env, self._site.wanted.env)
        if installed:
            env |= {"PATH": f"{installed.bin}{os.pathsep}{env['PATH']}", "VIRTUAL_ENV": str(installed.venv)}
        (folder / "home").mkdir()
        return env | {"HOME": str(folder / "home"), "TMPDIR": str(self._temporary_folder())}

    def _temporary_folder(self) -> Path:
        # the path of a Unix socket ends at 108 bytes, and programs put theirs deep into TMPDIR: it has to be short
        folder = Path(mkdtemp(prefix="sparc-")).resolve()
        self._elsewhere.append(folder)
        self._opened.append(folder)
        return folder

    def close(self) -> None:
        """Take away what does not lie in the common folder."""
        for place in self._elsewhere:
            remove(place)
