"""The benchmark of workspaces works, and what it compares is what it says."""

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "benchmarks/workspace.py"


def test_the_benchmark_measures_every_kind_of_workspace(tmp_path: Path) -> None:
    argv = (sys.executable, SCRIPT, "--quick", "--json", "--scratch", tmp_path)
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    figures = {each["kind"]: each for each in json.loads(done.stdout)}
    # the sparse one has a file that the full one has merged
    assert [figures[kind]["held"] for kind in ("full", "sparse", "git worktree")] == [301, 4, 301]
    assert all(figures[kind][step] > 0 for kind in ("full", "sparse") for step in ("make", "take", "merge", "away"))
    assert list(tmp_path.iterdir()) == []
