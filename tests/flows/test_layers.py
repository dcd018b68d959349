"""Imports run flows -> tasks -> gates and never back; what costs seconds to import is imported late."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_the_layers_are_kept() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run((linter, "--no-cache"), cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


@pytest.mark.parametrize("module", ["flows", "flows.cli", "flows.read_plan", "flows.check_plan", "flows.prepare"])
def test_what_refuses_a_bad_plan_knows_nothing_of_prefect(module: str) -> None:
    script = f"import sys, {module}; print(sorted(sys.modules.keys() & {{'prefect', 'git', 'httpx', 'bandit'}}))"
    done = subprocess.run((sys.executable, "-c", script), cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
