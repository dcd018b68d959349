"""The target's own environment: what is kept, what is fresh, and what is refused. With real uv and real builds."""

import os
import subprocess
import threading
from pathlib import Path

import pytest

from tasks.dependencies import MARKER, EnvironmentBroken, Kept
from tasks.environment import Installed, install, keep, project_of
from tasks.metadata import MetadataInvalid, Project
from tasks.packages import declared
from tasks.target import Environment
from tasks.uv import Uv, UvFailed, index_settings

CALLER = dict(os.environ)
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


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SPARC_HOME of all tests that build environments: one cache serves them all."""
    return tmp_path_factory.getbasetemp() / "sparc-home"


@pytest.fixture
def uv(home: Path, tmp_path: Path) -> Uv:
    return Uv(home / "cache/uv", tmp_path / "private-home", CALLER)


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


def marker_of(kept: Kept) -> tuple[int, int]:
    status = (kept.venv.parent / MARKER).stat()
    return status.st_ino, status.st_mtime_ns


def test_dependencies_are_kept_and_the_project_is_fresh(tmp_path: Path, home: Path, uv: Uv) -> None:
    good = write(tmp_path / "good", {"pyproject.toml": LEDGER, "src/ledger/__init__.py": "TOTAL = 1"})
    broken = write(tmp_path / "broken", {"pyproject.toml": LEDGER, "src/ledger/__init__.py": "TOTAL = 2"})
    first = installed_in(good, home, uv)
    built = marker_of(kept_of(good, home, uv))
    second = installed_in(broken, home, uv)
    assert first.key == second.key
    assert marker_of(kept_of(broken, home, uv)) == built
    # an editable install kept from the first checkout would say 1 both times
    assert says(first, "import ledger; print(ledger.TOTAL)") == "1"
    assert says(second, "import ledger; print(ledger.TOTAL)") == "2"
    assert second.packages == ("src/ledger",)
    assert second.versions == {"python": first.versions["python"], "pytest": "9.2.0", "coverage": "7.17.3"}


def test_what_is_kept_does_not_hold_the_project(tmp_path: Path, home: Path, uv: Uv) -> None:
    checkout = write(tmp_path / "one", {"pyproject.toml": LEDGER, "src/ledger/__init__.py": ""})
    kept = kept_of(checkout, home, uv)
    installed = {file.name for file in kept.venv.glob("lib/python*/site-packages/*")}
    assert "iniconfig" in installed
    assert not {name for name in installed if "ledger" in name}


def test_a_copy_can_be_run_wherever_it_lies(tmp_path: Path, home: Path, uv: Uv) -> None:
    checkout = write(tmp_path / "one", {"pyproject.toml": LEDGER, "src/ledger/__init__.py": ""})
    installed = installed_in(checkout, home, uv)
    told = subprocess.run((installed.bin / "pytest", "--version"), capture_output=True, text=True, check=True, cwd="/")
    assert "9.2.0" in told.stdout + told.stderr


def test_another_dependency_is_another_environment(tmp_path: Path, home: Path, uv: Uv) -> None:
    with_group = LEDGER + '[dependency-groups]\ntest = ["pluggy"]\n'
    plain = write(tmp_path / "plain", {"pyproject.toml": LEDGER, "src/ledger/__init__.py": ""})
    more = write(tmp_path / "more", {"pyproject.toml": with_group, "src/ledger/__init__.py": ""})
    assert kept_of(plain, home, uv).key != kept_of(more, home, uv).key


def test_a_target_may_have_a_package_named_like_one_of_ours(tmp_path: Path, home: Path, uv: Uv) -> None:
    metadata = SETUPTOOLS + '[project]\nname = "todo"\nversion = "1"\n[tool.setuptools]\npackages = ["tasks"]\n'
    checkout = write(tmp_path / "todo", {"pyproject.toml": metadata, "tasks/__init__.py": "MINE = 'theirs'"})
    installed = installed_in(checkout, home, uv)
    assert installed.packages == ("tasks",)
    assert says(installed, "import tasks; print(tasks.MINE)") == "theirs"


def test_metadata_in_a_subfolder(tmp_path: Path, home: Path, uv: Uv) -> None:
    checkout = write(tmp_path / "mono", {"server/pyproject.toml": LEDGER, "server/src/ledger/__init__.py": "AT = 3"})
    installed = installed_in(checkout, home, uv, Environment(python="server"))
    assert installed.packages == ("server/src/ledger",)
    assert says(installed, "import ledger; print(ledger.AT)") == "3"


def test_setup_py_alone(tmp_path: Path, home: Path, uv: Uv) -> None:
    setup = 'from setuptools import setup\nsetup(name="old", py_modules=["old"], install_requires=["iniconfig"])\n'
    checkout = write(tmp_path / "old", {"setup.py": setup, "old.py": "AGE = 20"})
    installed = installed_in(checkout, home, uv)
    assert says(installed, "import old, iniconfig; print(old.AGE)") == "20"


def test_requirements_that_name_the_repository_are_installed_from_each_checkout(
    tmp_path: Path, home: Path, uv: Uv
) -> None:
    inner = {"libs/inner/pyproject.toml": SETUPTOOLS + '[project]\nname = "inner"\nversion = "1"\n'}
    files = inner | {"requirements.txt": "-r more/deps.txt\n", "more/deps.txt": "iniconfig\n-e ./libs/inner\n"}
    one = write(tmp_path / "one", files | {"libs/inner/inner.py": "SIDE = 'one'"})
    two = write(tmp_path / "two", files | {"libs/inner/inner.py": "SIDE = 'two'"})
    first, second = installed_in(one, home, uv), installed_in(two, home, uv)
    assert first.key == second.key
    assert [says(each, "import inner; print(inner.SIDE)") for each in (first, second)] == ["one", "two"]
    write(one, {"more/deps.txt": "iniconfig\npluggy\n"})
    assert kept_of(one, home, uv).key != first.key


def test_a_lock_decides_on_versions(tmp_path: Path, home: Path, uv: Uv) -> None:
    metadata = HATCHLING + '[project]\nname = "locked"\nversion = "1"\nrequires-python = ">=3.11"\n'
    checkout = write(
        tmp_path / "locked",
        {"pyproject.toml": metadata + 'dependencies = ["iniconfig<2.3"]\n', "src/locked/__init__.py": ""},
    )
    uv("lock", "--quiet", cwd=checkout)
    lock = (checkout / "uv.lock").read_text()
    write(checkout, {"pyproject.toml": metadata + 'dependencies = ["iniconfig"]\n'})
    installed = installed_in(checkout, home, uv)
    version = says(installed, "from importlib.metadata import version; print(version('iniconfig'))")
    assert f'name = "iniconfig"\nversion = "{version}"' in lock


def test_a_half_built_environment_is_never_used(tmp_path: Path, home: Path, uv: Uv) -> None:
    metadata = HATCHLING + '[project]\nname = "half"\nversion = "1"\ndependencies = ["pluggy"]\n'
    checkout = write(tmp_path / "half", {"pyproject.toml": metadata, "src/half/__init__.py": ""})
    kept = kept_of(checkout, home, uv)
    place = kept.venv.parent
    (place / MARKER).unlink()
    write(place, {"venv/stray": ""})
    write(place.with_suffix(".part"), {"venv/stray": ""})
    again = kept_of(checkout, home, uv)
    assert again == kept
    assert (place / MARKER).is_file()
    assert not (kept.venv / "stray").exists()
    assert not place.with_suffix(".part").exists()


def test_builders_of_one_environment_wait_for_each_other(tmp_path: Path, home: Path, uv: Uv) -> None:
    metadata = HATCHLING + '[project]\nname = "both"\nversion = "1"\ndependencies = ["packaging"]\n'
    checkout = write(tmp_path / "both", {"pyproject.toml": metadata, "src/both/__init__.py": ""})
    seen = []

    def build() -> None:
        seen.append(marker_of(kept_of(checkout, home, uv)))

    threads = [threading.Thread(target=build) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 3
    assert len(set(seen)) == 1


def test_a_package_that_a_dependency_hides_is_refused(tmp_path: Path, home: Path, uv: Uv) -> None:
    metadata = SETUPTOOLS + '[project]\nname = "hidden"\nversion = "1"\ndependencies = ["iniconfig"]\n'
    checkout = write(tmp_path / "hidden", {"pyproject.toml": metadata, "src/iniconfig/__init__.py": ""})
    with pytest.raises(EnvironmentBroken, match=r"src/iniconfig is not what `import iniconfig` finds: that is lib/.*"):
        installed_in(checkout, home, uv)


def test_a_build_that_fails_says_why(tmp_path: Path, home: Path, uv: Uv) -> None:
    setup = 'raise SystemExit("no compiler at https://me:secret@example.invalid/x")'
    checkout = write(tmp_path / "bad", {"setup.py": setup, "bad.py": ""})
    with pytest.raises(UvFailed, match="no compiler at") as caught:
        installed_in(checkout, home, uv)
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


def test_a_group_that_is_missing_is_a_sentence(tmp_path: Path, home: Path, uv: Uv) -> None:
    checkout = write(tmp_path / "groups", {"pyproject.toml": LEDGER, "src/ledger/__init__.py": ""})
    with pytest.raises(MetadataInvalid, match=r"names 'bench', which pyproject\.toml does not have \(it has none\)"):
        kept_of(checkout, home, uv, Environment(groups=("bench",)))


def test_a_requirements_file_that_is_missing_is_a_sentence(tmp_path: Path) -> None:
    checkout = write(tmp_path / "files", {"README.md": ""})
    with pytest.raises(MetadataInvalid, match=r"names dev\.txt, which the tree does not have"):
        project_of(checkout, Environment(requirements=("dev.txt",)))


def test_a_python_that_is_missing_is_a_sentence(tmp_path: Path, home: Path, uv: Uv) -> None:
    metadata = HATCHLING + '[project]\nname = "future"\nversion = "1"\nrequires-python = ">=3.99"\n'
    checkout = write(tmp_path / "future", {"pyproject.toml": metadata, "src/future/__init__.py": ""})
    with pytest.raises(EnvironmentBroken, match=r"no Python here fits requires-python '>=3\.99'"):
        kept_of(checkout, home, uv)


def test_groups_and_extras_of_the_same_name() -> None:
    groups = "[dependency-groups]\ntest = []\nDocs_Too = []\n[project.optional-dependencies]\ntest = []\ndev = []\n"
    project = in_memory(groups)
    assert project.group_arguments(None) == ["--group=test", "--extra=test", "--extra=dev"]
    assert project.group_arguments(("docs-too",)) == ["--group=docs-too"]
    assert project.group_arguments(()) == []


def in_memory(metadata: str, setup_cfg: str = "") -> Project:
    """A project without a disk."""

    class Stated(Project):
        def text(self, name: str) -> str | None:
            return {"pyproject.toml": metadata, "setup.cfg": setup_cfg}.get(name)

    return Stated(Path("/nowhere"), ".")


SRC = ("src/ledger/__init__.py", "src/ledger/post.py", "tests/test_post.py")
FLAT = ("setup.py", "ledger/__init__.py", "ledger/sub/__init__.py", "tests/__init__.py", "docs/conf.py")


@pytest.mark.parametrize(
    ("metadata", "files", "expected"),
    [
        ("", SRC, ["src/ledger"]),
        ("", FLAT, ["ledger"]),
        ('[project]\nname = "my-tool"', ("my_tool.py", "other.py"), ["my_tool.py"]),
        ("", ("README.md",), []),
        ('[tool.hatch.build.targets.wheel]\npackages = ["lib/ledger"]', ("lib/ledger/a.py", *FLAT), ["lib/ledger"]),
        ('[tool.flit.module]\nname = "ledger"', (*SRC, "src/other/a.py"), ["src/ledger"]),
        ('[tool.poetry]\npackages = [{include = "ledger", from = "src"}]', (*SRC, "src/b/a.py"), ["src/ledger"]),
        ('[tool.setuptools]\npackages = ["ledger", "ledger.sub"]', (*FLAT, "b/__init__.py"), ["ledger"]),
        ('[tool.setuptools]\npy-modules = ["one"]', ("one.py", "two.py"), ["one.py"]),
        ('[tool.setuptools]\npackages = ["gone"]', FLAT, ["ledger"]),
        ('[tool.uv.build-backend]\nmodule-name = "ledger"', (*SRC, "src/b/a.py"), ["src/ledger"]),
        ("[tool.poetry]\npackages = 3\n[tool.setuptools]\npackages = 4", FLAT, ["ledger"]),
    ],
)
def test_declared_packages(metadata: str, files: tuple[str, ...], expected: list[str]) -> None:
    assert [package.path for package in declared(in_memory(metadata), files)] == expected


def test_declared_packages_of_setup_cfg() -> None:
    listed = in_memory("", "[options]\npackages =\n    ledger\npackage_dir =\n    = src\n")
    assert [package.path for package in declared(listed, (*SRC, "src/b/a.py"))] == ["src/ledger"]
    searched = in_memory("", "[options]\npackages = find:\n")
    assert [package.path for package in declared(searched, FLAT)] == ["ledger"]


def test_index_settings_of_pip_serve_where_uv_has_none(tmp_path: Path) -> None:
    config = "[global]\nindex-url = https://one.invalid/simple\ncert = /a b.pem\n[install]\nfind-links = /w\n  /v\n"
    write(tmp_path, {"pip.conf": config})
    caller = {
        "HOME": str(tmp_path),
        "PIP_CONFIG_FILE": str(tmp_path / "pip.conf"),
        "PIP_EXTRA_INDEX_URL": "https://two",
    }
    assert (
        index_settings(caller).items()
        >= {
            "UV_DEFAULT_INDEX": "https://one.invalid/simple",
            "UV_INDEX": "https://two",
            "UV_INDEX_STRATEGY": "unsafe-best-match",
            "UV_FIND_LINKS": "/w,/v",
            "SSL_CERT_FILE": "/a b.pem",
        }.items()
    )
    assert index_settings(caller | {"UV_INDEX": "https://three", "UV_PROJECT": "x"}) == {"UV_INDEX": "https://three"}
