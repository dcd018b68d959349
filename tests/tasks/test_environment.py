"""The target's own environment: what is kept, what is fresh, and what is refused. With real uv and real builds."""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path

import pytest

from tasks.command import Processes, processes
from tasks.dependencies import MARKER, EnvironmentBroken, Kept, version
from tasks.environment import project_of
from tasks.errors import Interrupted
from tasks.isolation import Isolation, confinement, why_not
from tasks.locks import awaited
from tasks.metadata import MetadataInvalid, Project
from tasks.requirements import inputs
from tasks.target import Environment
from tasks.uv import Uv, UvFailed
from tests.tasks.environments import (
    CALLER,
    HATCHLING,
    LEDGER,
    SETUPTOOLS,
    installed_in,
    kept_of,
    names,
    says,
    write,
)

pytestmark = pytest.mark.builds


def marker_of(kept: Kept) -> tuple[int, int]:
    status = (kept.venv.parent / MARKER).stat()
    return status.st_ino, status.st_mtime_ns


INNER = SETUPTOOLS + '[project]\nname = "inner"\nversion = "1"\n'
SHOP = {
    "pyproject.toml": LEDGER,
    "src/ledger/__init__.py": "TOTAL = 1",
    "more/deps.txt": "packaging\n-e ./libs/inner\n",
    "libs/inner/pyproject.toml": INNER,
    "libs/inner/inner.py": "SIDE = 1",
}
SHOP_WANTED = Environment(requirements=("more/deps.txt",))


def test_dependencies_are_kept_and_the_repository_is_fresh(tmp_path: Path, gate_home: Path, uv: Uv) -> None:
    good = write(tmp_path / "good", SHOP)
    broken = write(
        tmp_path / "broken", SHOP | {"src/ledger/__init__.py": "TOTAL = 2", "libs/inner/inner.py": "SIDE = 2"}
    )
    first, kept = installed_in(good, gate_home, uv, SHOP_WANTED), kept_of(good, gate_home, uv, SHOP_WANTED)
    built = marker_of(kept)
    second = installed_in(broken, gate_home, uv, SHOP_WANTED)
    assert (second.key, marker_of(kept)) == (first.key, built)
    inside = {file.name for file in kept.venv.glob("lib/python*/site-packages/*")}
    assert {"iniconfig", "packaging"} <= inside
    assert not {name for name in inside if "ledger" in name or "inner" in name}
    # an editable install kept from the first checkout would say 1 both times
    told = "import inner, ledger; print(inner.SIDE, ledger.TOTAL)"
    assert [says(each, told) for each in (first, second)] == ["1 1", "2 2"]
    assert second.packages == ("src/ledger",)
    assert second.versions == {"python": first.versions["python"], "pytest": "9.2.0", "coverage": "7.17.3"}
    script = subprocess.run((second.bin / "pytest", "--version"), capture_output=True, text=True, check=True, cwd="/")
    assert "9.2.0" in script.stdout + script.stderr


def test_dependencies_are_linked_and_compiled_beforehand(tmp_path: Path, gate_home: Path, uv: Uv) -> None:
    installed = installed_in(write(tmp_path / "linked", SHOP), gate_home, uv, SHOP_WANTED)
    kept = kept_of(tmp_path / "linked", gate_home, uv, SHOP_WANTED)
    (site,) = installed.venv.glob("lib/python*/site-packages")
    assert (site / "iniconfig").is_symlink() == (uv.confinement.mode != "none")
    assert list(site.glob("iniconfig/__pycache__/__init__.*.pyc"))
    # a program that finds its environment by where it lies must not find the kept one
    assert says(installed, "import sys; print(sys.prefix)") == str(installed.venv)
    assert not [place for place in (installed.bin / "pytest", kept.venv / "bin/pytest") if place.is_symlink()]


@pytest.mark.parametrize("mode", ["landlock", "bubblewrap", "none"])
def test_an_install_that_adds_to_a_dependency_adds_to_a_copy(tmp_path: Path, gate_home: Path, mode: Isolation) -> None:
    if why := why_not(mode):
        pytest.skip(f"no {mode} here: {why}")
    uv = Uv(gate_home / "cache/uv", tmp_path / "private-home", CALLER, confinement(mode, gate_home))
    metadata = LEDGER + '[tool.hatch.build.targets.wheel.force-include]\n"extra.py" = "iniconfig/extra.py"\n'
    files = {"pyproject.toml": metadata, "extra.py": "EXTRA = 1", "src/ledger/__init__.py": ""}
    installed = installed_in(write(tmp_path / "adding", files), gate_home, uv)
    kept = kept_of(tmp_path / "adding", gate_home, uv)
    assert says(installed, "import iniconfig.extra; print(iniconfig.extra.EXTRA)") == "1"
    assert not list(kept.venv.glob("lib/python*/site-packages/iniconfig/extra.py"))


def test_a_package_that_a_dependency_hides_is_refused(tmp_path: Path, gate_home: Path, uv: Uv) -> None:
    checkout = write(tmp_path / "hidden", SHOP | {"src/iniconfig/__init__.py": ""})
    with pytest.raises(EnvironmentBroken, match=r"src/iniconfig is not what `import iniconfig` finds: that is lib/.*"):
        installed_in(checkout, gate_home, uv, SHOP_WANTED)


OTHER = HATCHLING + '[project]\nname = "other"\nversion = "1"\n[tool.hatch.build.targets.wheel]\npackages = ["acme"]\n'


@pytest.mark.parametrize("theirs", ["acme/tool/__init__.py", "acme/tool.py", "acme/util.py", "acme/__init__.py"])
def test_a_namespace_split_with_the_environment_is_refused(
    tmp_path: Path, gate_home: Path, uv: Uv, theirs: str
) -> None:
    installed_at = write(tmp_path / "other", {"pyproject.toml": OTHER, theirs: "", "acme/shared.py": ""})
    metadata = LEDGER.replace('"iniconfig"', f'"other @ file://{installed_at}"')
    metadata += "[tool.hatch.metadata]\nallow-direct-references = true\n"
    metadata += '[tool.hatch.build.targets.wheel]\npackages = ["src/acme"]\n'
    own = {"src/acme/tool/__init__.py": "", "src/acme/util.py": ""}
    checkout = write(tmp_path / "split", {"pyproject.toml": metadata, **own})
    kept = kept_of(checkout, gate_home, uv)
    (site,) = kept.venv.glob("lib/python*/site-packages")
    assert (site / theirs).exists()
    with pytest.raises(EnvironmentBroken, match=r"is not what `import acme.* finds: that is lib/.*acme"):
        installed_in(checkout, gate_home, uv)


def test_a_namespace_shared_with_a_dependency_is_fine(tmp_path: Path, gate_home: Path, uv: Uv) -> None:
    installed_at = write(tmp_path / "other", {"pyproject.toml": OTHER, "acme/shared.py": "SHARED = 1"})
    metadata = LEDGER.replace('"iniconfig"', f'"other @ file://{installed_at}"')
    metadata += "[tool.hatch.metadata]\nallow-direct-references = true\n"
    metadata += '[tool.hatch.build.targets.wheel]\npackages = ["src/acme"]\n'
    checkout = write(tmp_path / "shared", {"pyproject.toml": metadata, "src/acme/tool/__init__.py": "OWN = 1"})
    told = "from acme import shared, tool; print(shared.SHARED, tool.OWN)"
    assert says(installed_in(checkout, gate_home, uv), told) == "1 1"


def test_a_namespace_that_setuptools_maps_is_the_checkouts(tmp_path: Path, gate_home: Path, uv: Uv) -> None:
    metadata = SETUPTOOLS + '[project]\nname = "mapped"\nversion = "1"\n[tool.setuptools]\n'
    metadata += 'packages = ["acme", "acme.deep"]\n'
    files = {"pyproject.toml": metadata, "acme/deep/__init__.py": "OWN = 1", "acme/util.py": "", "scripts/x.py": ""}
    installed = installed_in(write(tmp_path / "mapped", files), gate_home, uv)
    assert says(installed, "import acme.util, acme.deep; print(acme.deep.OWN)") == "1"


def test_a_declared_package_that_is_not_installed_is_refused(tmp_path: Path, gate_home: Path, uv: Uv) -> None:
    metadata = LEDGER + '[tool.hatch.build.targets.wheel]\npackages = ["src/ledger"]\n'
    metadata += '[tool.flit.module]\nname = "small"\n'
    checkout = write(
        tmp_path / "gone", {"pyproject.toml": metadata, "src/ledger/__init__.py": "", "small/__init__.py": ""}
    )
    with pytest.raises(EnvironmentBroken, match=r"small is declared as a package, and .* `import small` finds"):
        installed_in(checkout, gate_home, uv)


def test_setup_py_in_a_subfolder(tmp_path: Path, gate_home: Path, uv: Uv) -> None:
    setup = 'from setuptools import setup\nsetup(name="old", py_modules=["old"], install_requires=["iniconfig"])\n'
    checkout = write(tmp_path / "mono", {"server/setup.py": setup, "server/old.py": "AGE = 20"})
    installed = installed_in(checkout, gate_home, uv, Environment(python="server"))
    assert says(installed, "import old, iniconfig; print(old.AGE)") == "20"


def test_every_file_that_decides_on_dependencies_counts(tmp_path: Path) -> None:
    files = {"requirements.txt": "-r more/deps.txt\n", "more/deps.txt": "-c bounds\n-r deps.txt\n-r /etc/passwd\n"}
    others = {"more/bounds": "", "libs/inner/pyproject.toml": "", "README.md": "", "src/a.py": ""}
    checkout = write(tmp_path / "files", files | others)
    found = inputs(Project(checkout, "."), Environment(), names(checkout))
    assert list(found) == ["libs/inner/pyproject.toml", "more/bounds", "more/deps.txt", "requirements.txt"]
    write(checkout, {"more/bounds": "iniconfig<2"})
    assert inputs(Project(checkout, "."), Environment(), names(checkout)) != found


def test_a_lock_decides_on_versions(tmp_path: Path, gate_home: Path, uv: Uv) -> None:
    metadata = HATCHLING + '[project]\nname = "locked"\nversion = "1"\nrequires-python = ">=3.11"\n'
    older, newer = (metadata + f'dependencies = ["iniconfig{limit}"]\n' for limit in ("<2.3", ""))
    checkout = write(tmp_path / "locked", {"pyproject.toml": older, "src/locked/__init__.py": ""})
    uv("lock", "--quiet", cwd=checkout, writable=(checkout,))
    lock = (checkout / "uv.lock").read_text()
    write(checkout, {"pyproject.toml": newer})
    found = version(kept_of(checkout, gate_home, uv).venv, "iniconfig")
    assert f'name = "iniconfig"\nversion = "{found}"' in lock


def test_builders_wait_for_each_other_and_use_nothing_half_built(tmp_path: Path, gate_home: Path, uv: Uv) -> None:
    checkout = write(tmp_path / "both", {"requirements.txt": "pluggy\n"})
    with ThreadPoolExecutor() as threads:
        kept, *others = threads.map(lambda _: kept_of(checkout, gate_home, uv), range(3))
    assert others == [kept, kept]
    place = kept.venv.parent
    (place / MARKER).unlink()
    write(place, {"venv/stray": ""})
    write(place.with_suffix(".part"), {"venv/stray": ""})
    assert kept_of(checkout, gate_home, uv) == kept
    assert (place / MARKER).is_file()
    assert not (kept.venv / "stray").exists()
    assert not place.with_suffix(".part").exists()


def test_waiting_for_a_builder_ends_with_the_run(tmp_path: Path) -> None:
    stopped = Processes()
    stopped.stop()
    run_of_its_own = copy_context()
    run_of_its_own.run(processes.set, stopped)
    with awaited(tmp_path / "key.lock"), pytest.raises(Interrupted):
        run_of_its_own.run(awaited(tmp_path / "key.lock").__enter__)


def test_a_build_that_fails_says_why(tmp_path: Path, gate_home: Path, uv: Uv) -> None:
    setup = 'raise SystemExit("no compiler at https://me:secret@example.invalid/x")'
    checkout = write(tmp_path / "bad", {"setup.py": setup, "bad.py": ""})
    with pytest.raises(UvFailed, match="no compiler at") as caught:
        installed_in(checkout, gate_home, uv)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_no_metadata_is_no_environment(tmp_path: Path) -> None:
    checkout = write(tmp_path / "none", {"README.md": "", "setup.cfg": "[flake8]\n", "pyproject.toml": "[tool.x]\n"})
    assert project_of(checkout, Environment()) is None
    assert project_of(write(tmp_path / "some", {"setup.py": ""}), Environment(python=None)) is None


def test_broken_metadata_are_a_sentence(tmp_path: Path) -> None:
    checkout = write(tmp_path / "broken", {"pyproject.toml": "[project\n"})
    with pytest.raises(MetadataInvalid, match=r"pyproject\.toml is not valid TOML: .*line 1"):
        project_of(checkout, Environment())


def test_a_group_that_is_missing_is_a_sentence(tmp_path: Path, gate_home: Path, uv: Uv) -> None:
    checkout = write(tmp_path / "groups", {"pyproject.toml": LEDGER, "src/ledger/__init__.py": ""})
    with pytest.raises(MetadataInvalid, match=r"names 'bench', which pyproject\.toml does not have \(it has none\)"):
        kept_of(checkout, gate_home, uv, Environment(groups=("bench",)))


def test_a_requirements_file_that_is_missing_is_a_sentence(tmp_path: Path) -> None:
    checkout = write(tmp_path / "files", {"README.md": ""})
    with pytest.raises(MetadataInvalid, match=r"names dev\.txt, which the tree does not have"):
        project_of(checkout, Environment(requirements=("dev.txt",)))


def test_a_python_that_is_missing_is_a_sentence(tmp_path: Path, gate_home: Path, uv: Uv) -> None:
    metadata = HATCHLING + '[project]\nname = "future"\nversion = "1"\nrequires-python = ">=3.99"\n'
    checkout = write(tmp_path / "future", {"pyproject.toml": metadata, "src/future/__init__.py": ""})
    with pytest.raises(EnvironmentBroken, match=r"no Python here fits requires-python '>=3\.99'"):
        kept_of(checkout, gate_home, uv)
