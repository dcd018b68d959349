"""The code is what docs/architecture.md says: the public names, the layers, and no dependency."""

import ast
import doctest
import re
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

import ledger

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "src" / "ledger").glob("*.py"))
DOCUMENT = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    return DOCUMENT.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def allowed() -> dict[str, set[str]]:
    """Module -> the modules that it may use, from the table of components."""
    table: dict[str, set[str]] = {}
    for module, uses in re.findall(r"^\| `(\w+)` \|[^|]*\|([^|]*)\|", section("Components"), re.MULTILINE):
        table[module] = set(table) if uses.strip() == "all above" else set(re.findall(r"`(\w+)`", uses))
    return table


def imported(source: Path) -> set[str]:
    """Dotted names of everything that a module imports."""
    names = set()
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return names


def test_the_documented_names_are_the_public_ones() -> None:
    """R-030: neither more nor fewer, and all of them exist."""
    documented = set(re.findall(r"`ledger\.(\w+)", section("Interfaces")))
    assert documented == set(ledger.__all__)
    assert all(hasattr(ledger, name) for name in ledger.__all__)


def test_every_module_is_a_component() -> None:
    assert {source.stem for source in SOURCES} - {"__init__", "__main__"} == set(allowed())


def test_layers_point_downwards() -> None:
    """The table itself has no circle: a component uses only those that stand above it in the table."""
    seen: set[str] = set()
    for module, uses in allowed().items():
        assert uses <= seen, module
        seen.add(module)


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_a_module_uses_what_the_architecture_allows(source: Path) -> None:
    """The table of components is the law."""
    own = {name.split(".")[1] for name in imported(source) if name.startswith("ledger.")}
    everything = set(allowed())
    assert own <= {"__init__": everything, "__main__": {"cli"}}.get(source.stem, allowed().get(source.stem, set()))


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_nothing_but_the_standard_library_is_needed(source: Path) -> None:
    """R-030"""
    assert {name.split(".")[0] for name in imported(source)} <= sys.stdlib_module_names | {"ledger"}


def test_no_dependency_is_declared_and_the_version_is_one() -> None:
    """R-030: the installed version, the declared one and the module's own agree."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["dependencies"] == []
    assert project["version"] == ledger.__version__ == version("ledger")


def test_the_example_in_the_package_works() -> None:
    """R-030: the first thing that a reader tries."""
    tried = doctest.testmod(ledger)
    assert (tried.failed, tried.attempted) == (0, 6)
