"""The target's own environment: a copy of its kept dependencies, and the project itself installed from one checkout.

After its installation the project's packages must be found in that checkout; no module of theirs is run for that.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from tasks.dependencies import OVERLAY, EnvironmentBroken, Keeper, Kept, Local, version
from tasks.furnished import takes_over, unfit
from tasks.metadata import MetadataInvalid, Project
from tasks.packages import Package, declared, pieces
from tasks.requirements import requirement_files
from tasks.scratch import copy, linked, remove
from tasks.target import Environment
from tasks.uv import Uv, UvFailed

ORIGINS = """
import importlib.util, json, os, sys
def places(name):
    parts = name.split(".")
    for depth in range(1, len(parts) + 1):
        try:
            spec = importlib.util.find_spec(".".join(parts[:depth]))
        except ValueError:  # of __main__
            spec = None
        if spec is None:
            return []
        if spec.origin:
            return [spec.origin]
    # the finders of editable installs add marks of their own
    return [place for place in spec.submodule_search_locations or () if os.path.isdir(place)]
print(json.dumps({name: places(name) for name in sys.argv[1:]}))
"""
"""The places of modules, none of which is imported: only namespace packages, which have no code, are gone into."""


@dataclass(frozen=True)
class Installed:
    """An environment of one checkout's own."""

    key: str
    """Of the dependencies that it was made from."""
    venv: Path
    packages: tuple[str, ...]
    """The declared product code, from the root of the repository."""

    @property
    def bin(self) -> Path:
        """Where its programs are."""
        return self.venv / "bin"

    @property
    def versions(self) -> dict[str, str]:
        """Of its python, pytest and coverage."""
        about = dict(line.split(" = ", 1) for line in (self.venv / "pyvenv.cfg").read_text().splitlines())
        return {"python": about["version_info"]} | {name: version(self.venv, name) or "none" for name in OVERLAY}


def project_of(checkout: Path, wanted: Environment) -> Project | None:
    """The target's metadata in a checkout; None when it has none, and so no environment. Raises MetadataInvalid."""
    if wanted.python is None:
        return None
    project = Project(checkout, wanted.python)
    return project if project.source or requirement_files(project, wanted) else None


def product_of(checkout: Path, wanted: Environment, files: Collection[str]) -> tuple[str, ...]:
    """The product code that the target declares; none where its metadata cannot be read."""
    try:
        project = project_of(checkout, wanted)
        return tuple(package.path for package in declared(project, files)) if project else ()
    except MetadataInvalid:
        return ()


def keep(project: Project, files: Collection[str], wanted: Environment, home: Path, uv: Uv) -> Kept:
    """The dependencies of a project, built unless they are kept below SPARC_HOME (`home`). Raises SparcError."""
    return Keeper(wanted, home, uv).keep(project, files)


def install(
    kept: Kept, project: Project, files: Collection[str], venv: Path, uv: Uv, startup: Collection[str] = ()
) -> Installed:
    """Lay the dependencies out in `venv` and add this checkout's own code. Raises SparcError with what went wrong.

    `startup`: names of files that it may add though they run whenever Python starts.
    """
    own = [Local(project.python, editable=True)] if project.installable else []
    locals_ = tuple(dict.fromkeys((*own, *kept.locals)))
    # what is not editable may add to a package that another distribution has begun
    links = uv.confinement.mode != "none" and all(local.editable for local in locals_)
    if not links or not _linked(kept, locals_, project, venv, uv):
        _lay(kept, locals_, project, venv, uv, links=False)
    # without isolation a build could have written into what is kept as well
    deep = uv.confinement.mode != "none"
    if problem := unfit(kept.venv, venv, project.checkout, len(locals_), startup, deep=deep):
        raise EnvironmentBroken(problem)
    packages = declared(project, files)
    if project.installable:
        _assert_own(venv, project.checkout.resolve(), [piece for each in packages for piece in pieces(each, files)], uv)
    return Installed(kept.key, venv, tuple(package.path for package in packages))


def _linked(kept: Kept, locals_: Sequence[Local], project: Project, venv: Path, uv: Uv) -> bool:
    """Lay it out with links; whether that will do: through them nothing can be changed, or be replaced."""
    try:
        _lay(kept, locals_, project, venv, uv, links=True)
    except UvFailed as failed:
        if not failed.denied:
            raise
    else:
        if not takes_over(kept.venv, venv, project.checkout):
            return True
    remove(venv)
    return False


def _lay(kept: Kept, locals_: Sequence[Local], project: Project, venv: Path, uv: Uv, *, links: bool) -> None:
    """An environment with what is kept, and with what lies in the checkout."""
    if not (linked if links else copy)(kept.venv, venv):
        raise EnvironmentBroken("the kept environment could not be copied: is the disk full?")
    places = [(project.checkout / local.path, local.editable) for local in locals_]
    if places:
        wanted = [f"--editable={place}" if editable else str(place) for place, editable in places]
        uv.knows(kept.builds)
        uv.build(venv, "--no-deps", *wanted, cwd=project.folder, writable=(project.checkout,))


def _assert_own(venv: Path, checkout: Path, packages: Sequence[Package], uv: Uv) -> None:
    """What would be imported from elsewhere, or not at all, would not be the candidate under test."""
    origins = uv.ask(venv / "bin/python", ORIGINS, *(package.name for package in packages))
    for package in packages:
        places = origins[package.name]
        if package.stated and not places:
            raise EnvironmentBroken(
                f"{package.path} is declared as a package, and installing the project leaves nothing that"
                f" `import {package.name}` finds: mend what its metadata say of packages"
            )
        if not all(Path(place).resolve().is_relative_to(checkout) for place in places):
            elsewhere = next(place for place in places if not Path(place).resolve().is_relative_to(checkout))
            raise EnvironmentBroken(
                f"{package.path} is not what `import {package.name}` finds: that is {_told(elsewhere, venv)};"
                " rename one of them, or declare the project's packages in its metadata"
            )


def _told(place: str, venv: Path) -> str:
    """A path as people know it: inside the environment, or by itself."""
    path = Path(place)
    return f"{path.relative_to(venv)} of the environment" if path.is_relative_to(venv) else place
