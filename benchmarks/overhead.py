"""What sparc costs: the same sleeping agents one after the other, through `sparc run`, and in a perfect schedule.

    .venv/bin/python benchmarks/overhead.py [--assignments 1 4 10 25 50] [--seconds 5] [--shape flat] [--json]

It prints figures and judges nothing: the exit code is 0 whatever they are. README.md tells how each is measured.
"""

import argparse
import contextlib
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import yaml

SPARC = Path(sys.executable).with_name("sparc")
SLEEPER = Path(__file__).with_name("sleeper.py")
FILES, FOLDERS, LINES = 1000, 20, 40
TICK = os.sysconf("SC_CLK_TCK")
POLL = 0.05  # seconds between two looks at the flow process
SERVER_SETTLES = 3.0  # seconds in which the server writes down what it was told at the end
NUMBERS = {"seconds": 5.0, "sequential_limit": 60.0}


@dataclass(frozen=True)
class Shape:
    """How assignments depend on each other: the one with number n needs those that `needs` names; ideal is the chain."""

    name: str

    def needs(self, number: int) -> list[int]:
        """Numbers, from 0, of the assignments that this one needs."""
        if self.name == "flat" or number == 0:
            return []
        return [number - 1 if self.name == "chain" else (number - 1) // 2]

    def longest(self, count: int) -> int:
        """How many agents the longest chain has."""
        depth: list[int] = []
        for number in range(count):
            depth.append(1 + max((depth[need] for need in self.needs(number)), default=0))
        return max(depth)


@dataclass(frozen=True)
class Figures:
    """One measured run; seconds, unless the name says otherwise."""

    assignments: int
    wall: float
    ideal: float
    sequential: float
    sequential_is: str
    ratio: float
    first_agent: float
    """From the command's start to the first agent's."""
    asking: float
    """From the first agent's start to the last agent's end."""
    closing: float
    """From the last agent's end to the command's: gate, review, merge, release, report."""
    cpu: float
    """Of sparc and all that it started, without the agents."""
    cpu_server: float
    peak_rss_mb: float
    """Of the flow process."""
    load: float
    """Of the machine over the last minute, as the run began."""
    others: float
    """Share of the machine's processors that programs other than ours used meanwhile, from 0 to 1."""


class Peak:
    """Looks at a process again and again for the highest memory that it ever held."""

    def __init__(self, pid: int) -> None:
        self.megabytes = 0.0
        self._pid, self._over = pid, threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> "Peak":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(POLL):
            with contextlib.suppress(OSError, StopIteration):
                lines = Path(f"/proc/{self._pid}/status").read_text().splitlines()
                peak = next(line.split()[1] for line in lines if line.startswith("VmHWM"))
                self.megabytes = max(self.megabytes, int(peak) / 1024)


def main() -> None:
    """Measure as the arguments say, and print."""
    asked = arguments()
    with tempfile.TemporaryDirectory(prefix="sparc-benchmark-") as scratch:
        found = list(measured(asked, Path(scratch)))
    print(json.dumps(document(asked, found), indent=1) if asked.json else f"\n{table(asked, found)}")


def arguments() -> argparse.Namespace:
    """The command line's."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--assignments", type=int, nargs="+", default=[1, 4, 10, 25, 50], metavar="N")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long an agent sleeps")
    parser.add_argument("--shape", choices=("flat", "chain", "tree"), default="flat", help="tree: each has two that need it")
    parser.add_argument("--repeat", type=int, default=1, metavar="TIMES", help="measure every number so often")
    parser.add_argument("--sequential-limit", type=float, default=60.0, metavar="SECONDS",
                        help="what would take longer one after the other is computed from one agent")  # fmt: skip
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def measured(asked: argparse.Namespace, scratch: Path) -> Iterator[Figures]:
    """Every run's figures, as they come; each is told on standard error."""
    repository = make_repository(scratch / "repository")
    one = one_after_another(1, asked.seconds, scratch / "one")
    with server(scratch / "home") as (env, pid):
        for round_ in range(asked.repeat):
            for count in asked.assignments:
                place = scratch / f"run-{count}-{round_}"
                shutil.copytree(repository, place / "repository")
                figures = run(count, asked, place, env, pid)
                if count * asked.seconds <= asked.sequential_limit:
                    alone, how = one_after_another(count, asked.seconds, place / "alone"), "measured"
                else:
                    alone, how = one * count, "computed"
                ideal = one * Shape(asked.shape).longest(count)
                yield (figures := replace(
                    figures, sequential=alone, sequential_is=how, ideal=ideal, ratio=figures.wall / ideal
                ))  # fmt: skip
                print(line(figures), file=sys.stderr)


def make_repository(path: Path) -> Path:
    """A repository of 1,000 small files in one commit on main."""
    for number in range(FILES):
        file = path / f"src/part{number % FOLDERS:02}/module{number:04}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(f"value_{number}_{line} = {line}\n" for line in range(LINES)))
    who = ("-c", "user.name=benchmark", "-c", "user.email=benchmark@localhost")
    for words in (("init", "-q", "-b", "main"), ("add", "."), (*who, "commit", "-qm", "Begin")):
        subprocess.run(("git", *words), cwd=path, check=True)
    return path


def one_after_another(count: int, seconds: float, place: Path) -> float:
    """How long the agents' commands take without anything around them."""
    place.mkdir(parents=True)
    began = time.monotonic()
    for number in range(count):
        subprocess.run(agent(seconds, f"{place}/out-{number}", f"{place}/record-{number}", SLEEPER), check=True)
    return time.monotonic() - began


def agent(seconds: float, file: str, record: str, script: Path | str) -> list[str]:
    """An agent's command line."""
    return [sys.executable, "-I", "-S", str(script), str(seconds), file, record]


@contextlib.contextmanager
def server(home: Path) -> Iterator[tuple[dict[str, str], int]]:
    """A Prefect server of a SPARC_HOME of our own: (environment of commands, the server's process id)."""
    env = {key: value for key, value in os.environ.items() if not key.startswith(("PREFECT_", "SPARC_"))}
    env["SPARC_HOME"] = str(home)
    home.mkdir()
    subprocess.run((SPARC, "server", "start"), env=env, check=True, stdout=subprocess.DEVNULL)
    try:
        yield env, json.loads((home / "server.json").read_text())["pid"]
    finally:
        subprocess.run((SPARC, "server", "stop"), env=env, check=True, stdout=subprocess.DEVNULL)


def write_plan(count: int, asked: argparse.Namespace, place: Path) -> Path:
    """A plan of one phase whose assignments sleep and write one file each."""
    folder = place / "plan"
    folder.mkdir()
    (place / "records").mkdir()
    shutil.copy(SLEEPER, folder)
    shape = Shape(asked.shape)
    assignments = {
        f"a{number}": {
            "role": "Sleeper", "prompt": "Sleep, then write the file.", "deliverables": [f"out/a{number}.txt"],
            "agent": f"a{number}", "needs": [f"a{need}" for need in shape.needs(number)],
        }
        for number in range(count)
    }  # fmt: skip
    # the file's folder is there from the start: the agents make none
    agents = {
        f"a{number}": {"command": agent(asked.seconds, f"out/a{number}.txt", f"{place}/records/{number}", "{plan_dir}/sleeper.py")}
        for number in range(count)
    }
    plan = {
        "sparc": 1, "name": f"bench-{count}", "base": "main", "agents": agents, "resources": {"agents": count},
        "phases": {"refinement": {"assignments": assignments, "gate": ["deliverables"]}},
    }  # fmt: skip
    (folder / "plan.yaml").write_text(yaml.safe_dump(plan, sort_keys=False))
    return folder / "plan.yaml"
