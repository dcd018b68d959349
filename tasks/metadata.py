"""What a target says about itself in pyproject.toml and setup.cfg, read without running any of it."""

import configparser
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from tasks.errors import SparcError

DEFAULT_GROUPS = ("test", "tests", "dev")
BUILDER = re.compile(r"[A-Za-z0-9][^@]*")
"""No option, and nothing by its address."""


class MetadataInvalid(SparcError):
    """The target's metadata cannot be read, or lack what the plan asks of them."""


@dataclass(frozen=True)
class Project:
    """A target's metadata, as they lie in one checkout."""

    checkout: Path
    python: str
    """Folder of the metadata, from the root of the repository; `.` for the root itself."""

    @property
    def folder(self) -> Path:
        """The folder of the metadata on disk."""
        return self.checkout / self.python

    def text(self, name: str) -> str | None:
        """A file beside the metadata; None if there is none. Raises MetadataInvalid if it is no text."""
        file = self.folder / name
        try:
            return file.read_text(encoding="utf-8") if file.is_file() else None
        except (OSError, ValueError) as problem:
            raise MetadataInvalid(f"{self.place(name)} cannot be read: {problem}") from problem

    def place(self, name: str) -> str:
        """A file beside the metadata, from the root of the repository."""
        return PurePosixPath(self.python, name).as_posix()

    @cached_property
    def pyproject(self) -> Mapping[str, Any]:
        """The contents of pyproject.toml; empty if there is none."""
        try:
            return tomllib.loads(self.text("pyproject.toml") or "")
        except tomllib.TOMLDecodeError as problem:
            raise MetadataInvalid(f"{self.place('pyproject.toml')} is not valid TOML: {problem}") from problem

    @cached_property
    def setup_cfg(self) -> configparser.RawConfigParser:
        """The contents of setup.cfg; empty if there is none."""
        parser = configparser.RawConfigParser()
        try:
            parser.read_string(self.text("setup.cfg") or "")
        except configparser.Error as problem:
            raise MetadataInvalid(f"{self.place('setup.cfg')} is not valid: {problem.message}") from problem
        return parser

    def table(self, *keys: str) -> Mapping[str, Any]:
        """A table of pyproject.toml, empty where it is missing or no table."""
        at: Any = self.pyproject
        for key in keys:
            at = at.get(key) if isinstance(at, dict) else None
        return at if isinstance(at, dict) else {}

    # -- what it is

    @property
    def source(self) -> str | None:
        """The file that declares its dependencies, or None where there is none."""
        if self.table("project") or self.table("build-system"):
            return "pyproject.toml"
        if (self.folder / "setup.py").is_file():
            return "setup.py"
        if {"metadata", "options"} & set(self.setup_cfg.sections()):
            return "setup.cfg"
        return "pyproject.toml" if self.table("dependency-groups") else None

    @property
    def is_project(self) -> bool:
        """Whether it describes a project, and not groups of dependencies alone."""
        return bool(self.table("project") or self.table("build-system")) or self.source in ("setup.py", "setup.cfg")

    @property
    def dynamic(self) -> bool:
        """Whether only its build can tell what it depends on."""
        stated = strings(self.table("project").get("dynamic"))
        return not self.table("project") or bool({"dependencies", "optional-dependencies"} & set(stated))

    @property
    def installable(self) -> bool:
        """Whether it is a package that can be installed."""
        # uv's convention: what has a lock of uv's and no build system is run from where it lies
        virtual = self.lock is not None and "build-system" not in self.pyproject
        stated = self.table("tool", "uv").get("package")
        return self.is_project and (stated if isinstance(stated, bool) else not virtual)

    @property
    def builders(self) -> tuple[str, ...]:
        """What builds it, by name and version: what it states, and what known backends ask for on top of that."""
        system = self.table("build-system")
        stated = strings(system.get("requires")) if system else ("setuptools", "wheel")
        on_top = ("editables",) if str(system.get("build-backend", "")).startswith("hatchling") else ()
        return tuple(name for name in (*stated, *on_top) if BUILDER.fullmatch(name))

    @property
    def lock(self) -> Path | None:
        """The uv.lock that covers it: its own, or that of the workspace around it."""
        parts = PurePosixPath(self.python).parts
        folders = (self.checkout.joinpath(*parts[:depth]) for depth in range(len(parts), -1, -1))
        return next((folder / "uv.lock" for folder in folders if (folder / "uv.lock").is_file()), None)

    @property
    def requires_python(self) -> str | None:
        """The interpreters that it admits, as a specifier."""
        stated = self.table("project").get("requires-python") or self.setup_cfg.get(
            "options", "python_requires", fallback=None
        )
        return str(stated).strip() or None if stated else None

    @property
    def name(self) -> str:
        """Its name as a module would be called; empty where it states none."""
        name = self.table("project").get("name") or self.setup_cfg.get("metadata", "name", fallback="")
        return _normal(str(name)).replace("-", "_")

    # -- groups

    def group_arguments(self, wanted: tuple[str, ...] | None) -> list[str]:
        """Arguments for uv: the groups of the plan, or the default ones. Raises MetadataInvalid for a missing one."""
        groups, extras = self._names("dependency-groups"), self._names("project", "optional-dependencies")
        extras |= {_normal(name) for name in self.section("options.extras_require")}
        arguments: list[str] = []
        for name in wanted if wanted is not None else DEFAULT_GROUPS:
            found = [f"--group={name}"] if _normal(name) in groups else []
            found += [f"--extra={name}"] if _normal(name) in extras else []
            if wanted is not None and not found:
                found = [self._unlisted(name, groups | extras)]
            arguments += found
        return arguments

    def _unlisted(self, name: str, known: set[str]) -> str:
        if self.is_project and self.dynamic:
            return f"--extra={name}"
        listed = ", ".join(sorted(known)) or "none"
        raise MetadataInvalid(
            f"environment.groups names {name!r}, which {self.place(self.source or 'pyproject.toml')} does not have"
            f" (it has {listed}): add the group there, or name another in the plan"
        )

    def _names(self, *keys: str) -> set[str]:
        return {_normal(name) for name in self.table(*keys)}

    def section(self, name: str) -> Mapping[str, str]:
        """A section of setup.cfg, empty where it is missing."""
        return dict(self.setup_cfg.items(name)) if self.setup_cfg.has_section(name) else {}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def strings(value: object) -> list[str]:
    """The strings of a list; nothing of anything else."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
