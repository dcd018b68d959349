"""Our gate against the same tools one after the other, on real projects: cold, warm, and after a change of five files.

    .venv/bin/python benchmarks/gates.py                               # prompt_toolkit and pyasn1-modules
    .venv/bin/python benchmarks/gates.py --static sympy --files 500    # bandit and radon alone, proven file by file

Projects are source distributions, fetched by pip from wherever it is set up to look; nothing of them is kept. Both
sides have the same dependencies ready, and as many tests must pass. Ours measures what it always does: a fresh checkout
and environment of the candidate, one run of the tests for `tests` and `coverage`, figures of files that are not known,
in jailed workers.
`benchmarks/README.md` tells what is compared with what.
"""

import importlib
import sys
from pathlib import Path


def step_aside() -> None:
    """Give way to the package `gates`: this script has its name, and lies where scripts beside it look first."""
    sys.modules.pop("gates", None)
    own, path = str(Path(__file__).parent), list(sys.path)
    sys.path[:] = [place for place in path if str(Path(place).resolve()) != own]
    try:
        sys.modules["gates"] = importlib.import_module("gates")
    finally:
        sys.path[:] = path


step_aside()

if __name__ == "__main__":
    from gate_speed import main

    main(__doc__)
