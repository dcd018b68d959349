"""A target's dependencies, kept by hash under `<SPARC_HOME>/environments/<key>/`.

* They come from the candidate; the key covers every file that decides on them, the interpreter, the plan's wishes.
* Neither the project nor anything else that lies in the repository is among them: an editable install that outlives
  its checkout tests the wrong code and is green.
* They are built beside their place, marked when complete, and renamed there under a lock: a build that was killed is
  never used. They are never run either: every use is a copy.
* Wheels are installed without running anything of theirs. Only where something must be built, all of it is done once
  more with builds, which write to this environment, the checkout and folders of their own, and to nothing that is kept
  for others.
"""

import contextlib
import hashlib
import json
import os
import platform
import sys
import sysconfig
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from tasks.errors import SparcError
from tasks.furnished import RUNNERS, distributions
from tasks.locks import awaited
from tasks.metadata import Project
from tasks.requirements import arguments, inputs
from tasks.scratch import remove
from tasks.target import Environment
from tasks.uv import VERSION, Uv, UvFailed

OVERLAY = {"pytest": "9.2.0", "coverage": "7.17.3"}
"""What the gates run, for targets that do not bring it themselves."""
FORMAT = 4
"""Of what is kept; part of the key."""
MARKER = "kept.json"
OWN = Path(sys.base_prefix, "bin")
"""Where the interpreter is in which sparc runs; not its virtual environment."""
OLDEST = (3, 11)
"""Python of a target: earlier ones cannot be kept from importing what lies in the current folder."""
ABOUT = "import json, sys, sysconfig; print(json.dumps([sys.version, sysconfig.get_platform(), sys.executable]))"


OURS = [sys.version, sysconfig.get_platform(), str(OWN / f"python{sys.version_info.major}.{sys.version_info.minor}")]
"""What that interpreter would say."""


class EnvironmentBroken(SparcError):
    """The target's environment cannot be made, or would not run the candidate's own code."""


class Local(NamedTuple):
    """Something of the repository that its dependencies name: installed from each checkout, never kept."""

    path: str
    """From the root of the repository."""
    editable: bool


class Kept(NamedTuple):
    """Dependencies, ready to be copied."""

    key: str
    venv: Path
    locals: tuple[Local, ...]

    @property
    def builds(self) -> Path:
        """A cache of uv's that has what building the project needs, as far as there are wheels of it."""
        return self.venv.with_name("builds")


@dataclass(frozen=True)
class Keeper:
    """Builds and finds the dependencies of one target."""

    wanted: Environment
    home: Path
    """SPARC_HOME."""
    uv: Uv

    def keep(self, project: Project, files: Collection[str]) -> Kept:
        """The dependencies of a project, built unless they are kept. Raises SparcError with what uv or a build said."""
        interpreter = _interpreter(project, self.uv)
        about: list[str] = OURS if interpreter == OURS[-1] else self.uv.ask(Path(interpreter), ABOUT)
        if (found := _release(about)) < OLDEST:
            raise EnvironmentBroken(
                f"requires-python {project.requires_python!r} is met here by Python {'.'.join(map(str, found))} only,"
                " and gates run the tests of a project with 3.11 or later: let the project admit one"
            )
        key = _key(self.wanted, about, inputs(project, self.wanted, files))
        place = self.home / "environments" / key
        with awaited(place.with_suffix(".lock")):
            # the interpreter that it points to may have gone since
            if not ((place / MARKER).is_file() and (place / "venv/bin/python").exists()):
                self._build(project, interpreter, place)
        marker = json.loads((place / MARKER).read_text())
        return Kept(key, place / "venv", tuple(Local(**local) for local in marker["locals"]))

    def _build(self, project: Project, interpreter: str, place: Path) -> None:
        unfinished = place.with_suffix(".part")
        remove(unfinished)
        remove(place)
        venv = unfinished / "venv"
        try:
            requirements = arguments(project, self.wanted, self.uv, interpreter)
            unfinished.mkdir(parents=True)
            options = ("--quiet", "--relocatable", "--no-project", f"--python={interpreter}")
            self.uv("venv", *options, str(venv), cwd=unfinished, writable=(unfinished,))
            self._fetch_builders(project, interpreter, unfinished / "builds")
            self._install(venv, requirements, project)
            found = self._take_out_locals(venv, project.checkout)
            self._take_out_released(venv, project)
            self._overlay(venv)
            self.uv.compile(venv / "lib", interpreter)
            (unfinished / MARKER).write_text(json.dumps({"locals": [local._asdict() for local in found]}))
            unfinished.rename(place)
        finally:
            remove(unfinished)

    def _fetch_builders(self, project: Project, interpreter: str, cache: Path) -> None:
        """What the project is built with, so that each checkout's build is spared the way to the index."""
        if project.installable:
            with contextlib.suppress(UvFailed):  # what is missing is fetched by the build itself
                self.uv.fetch(cache, interpreter, project.builders)
            self.uv.knows(cache)

    def _install(self, venv: Path, requirements: list[str], project: Project) -> None:
        try:
            self.uv.wheels(venv, *requirements, *self._missing(requirements, venv, project), cwd=project.folder)
        except UvFailed:  # something must be built, unless that fails for the same reason
            if requirements:
                self.uv.foreign("install", venv, *requirements, cwd=project.folder, writable=(project.checkout,))

    def _missing(self, requirements: list[str], venv: Path, project: Project) -> list[str]:
        """What the gates run and the target does not bring: added at once, before anything of it can run."""
        found = self.uv.resolved(venv, *requirements, cwd=project.folder) if requirements else frozenset()
        return [f"{name}=={pinned}" for name, pinned in OVERLAY.items() if name not in found]

    def _take_out_locals(self, venv: Path, checkout: Path) -> list[Local]:
        found = dict(_locals(venv, checkout))
        if found:
            self.uv.foreign("uninstall", venv, *found, cwd=venv)
        return list(found.values())

    def _take_out_released(self, venv: Path, project: Project) -> None:
        """The project itself, which some dependency needs: each checkout installs its own in that place.

        But for what runs the tests: that stays until a plan says that the project is that (see `tasks/furnished.py`).
        """
        if project.installable and project.name.replace("_", "-") in distributions(venv) - RUNNERS:
            self.uv.foreign("uninstall", venv, project.name, cwd=venv)

    def _overlay(self, venv: Path) -> None:
        """Add what is missing still."""
        if wanted := [f"{name}=={pinned}" for name, pinned in OVERLAY.items() if not version(venv, name)]:
            self.uv.build(venv, *wanted, cwd=venv)


def _interpreter(project: Project, uv: Uv) -> str:
    """Path of the interpreter to use: ours, or one that the project admits."""
    if project.requires_python is None or _admits(project.requires_python):
        return OURS[-1]
    try:
        search = {"PATH": os.pathsep.join(map(str, _folders_of_interpreters(uv.caller)))}
        return uv("python", "find", "--no-project", project.requires_python, cwd=Path("/"), more=search).strip()
    except UvFailed as problem:
        raise EnvironmentBroken(f"no Python here fits requires-python {project.requires_python!r}: {problem}") from None


def _release(about: list[str]) -> tuple[int, ...]:
    return tuple(map(int, about[0].split()[0].split(".")[:2]))


def _admits(requires: str) -> bool:
    """Whether ours is the first that uv would find; False as well if only uv can say what is wrong with the words."""
    with contextlib.suppress(InvalidSpecifier):
        return SpecifierSet(requires).contains(platform.python_version(), prereleases=True)
    return False


def _folders_of_interpreters(caller: Mapping[str, str]) -> Iterator[Path]:
    """Ours first; and pyenv's versions themselves, for its shims fail for every version that is not chosen just now."""
    yield OWN
    yield from (
        Path(folder) for folder in caller.get("PATH", os.defpath).split(os.pathsep) if not folder.endswith("shims")
    )
    root = caller.get("PYENV_ROOT") or Path(caller.get("HOME", "/"), ".pyenv")
    yield from sorted(Path(root).glob("versions/*/bin"))


def _key(wanted: Environment, about: list[str], inputs: Mapping[str, str]) -> str:
    asked = wanted.model_dump(mode="json", exclude={"env"})
    parts = json.dumps([FORMAT, VERSION, OVERLAY, about, asked, inputs], sort_keys=True)
    return hashlib.sha256(parts.encode()).hexdigest()


def _locals(venv: Path, checkout: Path) -> Iterator[tuple[str, Local]]:
    """(name of the distribution, where it came from) of what was installed out of the checkout."""
    root = checkout.resolve()
    for record in venv.glob("lib/python*/site-packages/*.dist-info/direct_url.json"):
        try:
            source = json.loads(record.read_text())
            address, editable = urlsplit(source["url"]), bool(source.get("dir_info", {}).get("editable"))
        except (ValueError, LookupError, TypeError, AttributeError) as problem:
            raise EnvironmentBroken(
                f"{record.relative_to(venv)} does not say where a dependency came from: {problem!r}"
            ) from None
        place = Path(unquote(address.path)).resolve()
        if address.scheme == "file" and place.is_relative_to(root):
            yield record.parent.name.partition("-")[0], Local(place.relative_to(root).as_posix(), editable)


def version(venv: Path, name: str) -> str | None:
    """The version of a distribution that is installed there."""
    found = next(venv.glob(f"lib/python*/site-packages/{name}-*.dist-info"), None)
    return found.name.removesuffix(".dist-info").partition("-")[2] if found else None
