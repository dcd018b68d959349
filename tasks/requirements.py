"""Where a target's dependencies are declared: the files that decide on them, and what uv is told."""

import hashlib
import posixpath
import re
from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath

from tasks.metadata import MetadataInvalid, Project
from tasks.target import Environment
from tasks.uv import Uv

DECISIVE = re.compile(
    r"(^|/)(pyproject\.toml|uv\.lock|uv\.toml|setup\.py|setup\.cfg|[^/]*(requirements|constraints)[^/]*(/[^/]+)?)$"
)
INCLUDE = re.compile(r"^\s*(?:-r|-c|--requirement|--constraint)[\s=]+(\S+)", re.MULTILINE)


def requirement_files(project: Project, wanted: Environment) -> tuple[str, ...]:
    """The requirements files to install, from the root: those of the plan, or the only metadata that there are."""
    for path in wanted.requirements:
        if not (project.checkout / path).is_file():
            raise MetadataInvalid(f"environment.requirements names {path}, which the tree does not have")
    if wanted.requirements or project.source:
        return wanted.requirements
    return (project.place("requirements.txt"),) if (project.folder / "requirements.txt").is_file() else ()


def inputs(project: Project, wanted: Environment, files: Collection[str]) -> dict[str, str]:
    """Every file of the tree that may decide on dependencies, with the sha256 of its contents."""
    paths = {path for path in files if DECISIVE.search(path)}
    for path in requirement_files(project, wanted):
        paths |= set(_included(project.checkout, path, set()))
    if project.is_project and project.dynamic:
        # its build may read any file beside the metadata
        paths |= {path for path in files if PurePosixPath(path).parent == PurePosixPath(project.python)}
    found = ((path, project.checkout / path) for path in sorted(paths))
    return {path: hashlib.sha256(file.read_bytes()).hexdigest() for path, file in found if file.is_file()}


def _included(checkout: Path, path: str, seen: set[str]) -> Iterator[str]:
    """A requirements file and those that it includes."""
    if path in seen or path.startswith(("../", "/")) or not (checkout / path).is_file():
        return
    seen.add(path)
    yield path
    for name in INCLUDE.findall((checkout / path).read_text(errors="replace")):
        yield from _included(checkout, posixpath.normpath(posixpath.join(posixpath.dirname(path), name)), seen)


def arguments(project: Project, wanted: Environment, uv: Uv, python: str) -> list[str]:
    """What `uv pip install` is asked for, in the folder of the metadata. Raises MetadataInvalid, UvFailed."""
    files = [f"--requirements={project.checkout / path}" for path in requirement_files(project, wanted)]
    if project.source is None:
        return files
    groups = project.group_arguments(wanted.groups)
    if project.source == "pyproject.toml" and project.lock:
        exported = uv.ours / "exported.txt"
        uv("export", "--frozen", "--no-emit-project", "--no-default-groups", f"--python={python}", *groups,
           f"--output-file={exported}", "--quiet", cwd=project.folder)  # fmt: skip
        return [f"--requirements={exported}", *files]
    # a pyproject.toml with groups alone describes no project
    source = [f"--requirements={project.source}"] if project.is_project else []
    return [*source, *groups, *files]
