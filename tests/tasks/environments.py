"""Targets with metadata, and the environments that are made for them."""

import os
import subprocess
from pathlib import Path
from pwd import getpwuid

from tasks.dependencies import Kept
from tasks.environment import Installed, install, keep, project_of
from tasks.isolation import confinement
from tasks.target import Environment
from tasks.uv import Uv

# whose HOME is a temporary one in tests; the configuration of package indexes is read from the real one
CALLER = {**os.environ, "XDG_CONFIG_HOME": str(Path(getpwuid(os.getuid()).pw_dir, ".config"))}
HATCHLING = '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
SETUPTOOLS = '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
LEDGER = HATCHLING + '[project]\nname = "ledger"\nversion = "1"\ndependencies = ["iniconfig"]\n'


def write(root: Path, files: dict[str, str]) -> Path:
    """A checkout with these files."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def names(root: Path) -> list[str]:
    """What git would list there."""
    return sorted(file.relative_to(root).as_posix() for file in root.rglob("*") if file.is_file())


def uv_in(home: Path, folder: Path) -> Uv:
    """Uv with the best isolation; one cache below `home` serves all tests of a run."""
    return Uv(home / "cache/uv", folder / "private-home", CALLER, confinement(None, home))


def kept_of(checkout: Path, home: Path, uv: Uv, wanted: Environment = Environment()) -> Kept:  # noqa: B008 - immutable
    project = project_of(checkout, wanted)
    assert project
    return keep(project, names(checkout), wanted, home, uv)


def installed_in(checkout: Path, home: Path, uv: Uv, wanted: Environment = Environment()) -> Installed:  # noqa: B008
    project = project_of(checkout, wanted)
    assert project
    files = names(checkout)
    return install(
        keep(project, files, wanted, home, uv), project, files, checkout.with_name(f"{checkout.name}-env"), uv
    )


def says(installed: Installed, program: str) -> str:
    """What a line of Python prints in an environment."""
    argv = (installed.bin / "python", "-I", "-c", program)
    return subprocess.run(argv, capture_output=True, text=True, check=True, cwd="/").stdout.strip()
