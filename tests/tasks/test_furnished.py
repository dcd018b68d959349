"""What installing a project may make of its environment, with real builds that do what they should not."""

from pathlib import Path

import pytest

from tasks.dependencies import EnvironmentBroken
from tasks.environment import install, keep, project_of
from tasks.furnished import _runs, unfit
from tasks.target import Environment
from tasks.uv import Uv
from tests.tasks.environments import HATCHLING, LEDGER, installed_in, kept_of, names, says, write

pytestmark = pytest.mark.builds

FORCED = LEDGER + "[tool.hatch.build.targets.wheel.force-include]\n"
HARM = "import os; os.environ.setdefault('HARM', '1')\n"


@pytest.mark.parametrize(
    ("forced", "told"),
    [
        ("boot.pth", r"added boot\.pth, which runs code whenever Python starts"),
        ("sitecustomize.py", r"added sitecustomize\.py, which runs code whenever Python starts"),
        ("_pytest/runner.py", r"changed lib/python3\.\d+/site-packages/_pytest/runner\.py, which is no part of it"),
        ("py/__init__.py", "added py, which hides the dependency py"),
    ],
)
def test_a_build_that_would_run_before_the_tests_is_refused(
    tmp_path: Path, gate_home: Path, uv: Uv, forced: str, told: str
) -> None:
    files = {"pyproject.toml": FORCED + f'"own.txt" = "{forced}"\n', "own.txt": HARM, "src/ledger/__init__.py": ""}
    with pytest.raises(EnvironmentBroken, match=told):
        installed_in(write(tmp_path / "forcing", files), gate_home, uv)


BACKEND = """
import os, pathlib, sys
from hatchling.build import *
from hatchling.build import build_editable as theirs
def build_editable(folder, *more):
    environments = pathlib.Path(os.getcwd()).with_name("building-env")
    (site,) = environments.glob("lib/python*/site-packages")
    (site / "pytest").unlink() if (site / "pytest").is_symlink() else os.rename(site / "pytest", site / "old")
    (site / "pytest").mkdir()
    (site / "pytest/__init__.py").write_text("")
    return theirs(folder, *more)
"""


def test_a_build_backend_that_replaces_a_dependency_is_refused(tmp_path: Path, gate_home: Path, uv: Uv) -> None:
    metadata = LEDGER.replace('build-backend = "hatchling.build"', 'build-backend = "own"\nbackend-path = ["."]')
    files = {"pyproject.toml": metadata, "own.py": BACKEND, "src/ledger/__init__.py": ""}
    with pytest.raises(
        EnvironmentBroken, match=r"changed lib/python3\.\d+/site-packages/pytest/__init__\.py, which is"
    ):
        installed_in(write(tmp_path / "building", files), gate_home, uv)


ADDING = """
import json, os, pathlib
from hatchling.build import *
from hatchling.build import build_editable as theirs
def build_editable(folder, *more):
    (site,) = pathlib.Path(os.getcwd()).with_name("adding-env").glob("lib/python*/site-packages")
    added = site / "werkzeug-1.dist-info"
    added.mkdir()
    (added / "METADATA").write_text("Metadata-Version: 2.1\\nName: werkzeug\\nVersion: 1\\n")
    (added / "direct_url.json").write_text(json.dumps({"url": URL, "dir_info": {}}))
    return theirs(folder, *more)
"""


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("'file:///elsewhere'", r"added werkzeug-1\.dist-info, which is a distribution that nobody asked for"),
        ("'file://' + os.getcwd()", "added more than itself: ledger, werkzeug"),
    ],
)
def test_a_build_that_adds_another_distribution_is_refused(
    tmp_path: Path, gate_home: Path, uv: Uv, url: str, told: str
) -> None:
    metadata = LEDGER.replace('build-backend = "hatchling.build"', 'build-backend = "own"\nbackend-path = ["."]')
    backend = ADDING.replace("URL", url)
    files = {"pyproject.toml": metadata, "own.py": backend, "src/ledger/__init__.py": ""}
    with pytest.raises(EnvironmentBroken, match=told):
        installed_in(write(tmp_path / "adding", files), gate_home, uv)


@pytest.mark.parametrize(
    ("added", "is_refused"),
    [
        ("tool/runner/__init__.py", True),
        ("tool/runner.cpython-311-x86_64-linux-gnu.so", True),
        ("tool/inner/deep.py", True),
        ("tool/more.py", False),
        ("tool/inner/other/__init__.py", False),
    ],
)
def test_what_would_be_imported_in_place_of_a_dependencys_module_is_refused(
    tmp_path: Path,
    added: str,
    is_refused: bool,  # noqa: FBT001
) -> None:
    site = "lib/python3.11/site-packages"
    files = {f"{site}/tool/{name}": "" for name in ("__init__.py", "runner.py", "inner/deep/__init__.py")}
    kept, venv = write(tmp_path / "kept", files), write(tmp_path / "venv", {**files, f"{site}/{added}": ""})
    problem = unfit(kept, venv, tmp_path / "checkout", 1, (), deep=True)
    assert bool(problem) == is_refused
    if problem:
        place = "/".join(added.split("/")[: 3 if "deep" in added else 2])
        assert problem == f"installing the project changed {site}/{place}, which is no part of it"


SETUP = "import setuptools\nsetuptools.setup(name='Pygments', version='99', packages=['pygments'])\n"


@pytest.mark.parametrize(
    ("metadata", "is_kept"),
    [
        ({"pyproject.toml": HATCHLING + '[project]\nname = "Pygments"\nversion = "99"\n'}, False),
        ({"setup.py": SETUP}, True),
    ],
    ids=["stated", "found out by the build"],
)
def test_a_released_version_of_the_project_makes_room_for_it(
    tmp_path: Path,
    gate_home: Path,
    uv: Uv,
    metadata: dict[str, str],
    is_kept: bool,  # noqa: FBT001
) -> None:
    # pytest asks for pygments
    checkout = write(tmp_path / "coloured", {**metadata, "pygments/__init__.py": "OWN = 1"})
    installed = installed_in(checkout, gate_home, uv)
    assert any(kept_of(checkout, gate_home, uv).venv.glob("lib/python*/site-packages/pygments")) == is_kept
    assert says(installed, "import pygments; print(pygments.OWN)") == "1"


def test_a_project_that_takes_the_place_of_pytest_is_refused(tmp_path: Path, gate_home: Path, uv: Uv) -> None:
    metadata = HATCHLING + '[project]\nname = "Pytest"\nversion = "99"\n'
    checkout = write(tmp_path / "named", {"pyproject.toml": metadata, "pytest/__init__.py": "OWN = 1"})
    with pytest.raises(EnvironmentBroken, match=r"the project calls itself pytest, and so takes the place of"):
        installed_in(checkout, gate_home, uv)


def test_a_startup_file_that_the_plan_allows(tmp_path: Path, gate_home: Path, uv: Uv) -> None:
    files = {"pyproject.toml": FORCED + '"own.txt" = "boot.pth"\n', "own.txt": HARM, "src/ledger/__init__.py": ""}
    checkout = write(tmp_path / "allowed", files)
    project = project_of(checkout, Environment())
    assert project
    venv = tmp_path / "allowed-env"
    kept = keep(project, names(checkout), Environment(), gate_home, uv)
    installed = install(kept, project, names(checkout), venv, uv, ["boot.pth"])
    assert says(installed, "import os; print(os.environ['HARM'])") == "1"


@pytest.mark.parametrize(
    ("lines", "runs"),
    [
        ("# a comment\n\n", False), ("{checkout}/src\n", False), ("/\n", True), ("import os\n", True),
        ("import\tos\n", True), ("import __editable___a_finder; __editable___a_finder.install()\n", False),
        ("import __editable___a_finder; __editable___b_finder.install()\n", True),
        ("import _editable_impl_a, os\n", True), ("import _a_editable_loader\n", False), ("/not/there\n", True),
        (b"\xff", True),
    ],
)  # fmt: skip
def test_what_a_startup_file_may_say(tmp_path: Path, lines: str | bytes, runs: bool) -> None:  # noqa: FBT001
    file = tmp_path / "env/own.pth"
    file.parent.mkdir()
    checkout = tmp_path / "tree"
    (checkout / "src").mkdir(parents=True)
    file.write_bytes(lines if isinstance(lines, bytes) else lines.format(checkout=checkout).encode())
    assert _runs(file, checkout) == runs
