"""The benchmark of merges runs, on numbers that say nothing."""

import json
import subprocess
import sys
from pathlib import Path

MERGE = Path(__file__).parents[2] / "benchmarks/merge.py"


def test_it_prints_both_tables_as_one_document_for_programs() -> None:
    done = subprocess.run((sys.executable, MERGE, "--quick", "--json"), capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    (merging,) = told["merges_per_second"]
    assert {"files", "worktree", "plumbing", "sparc", "batch", "checkout", "ratio"} == set(merging)
    assert all(value > 0 for value in merging.values())
    gating = told["gate_runs_per_change"]
    assert [row["rate"] for row in gating] == [0.01, 0.05, 0.1, 0.2]
    assert all(row["queue"] < row["one_by_one"] for row in gating)
