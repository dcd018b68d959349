"""What sparc costs: the same sleeping agents one after the other, through `sparc run`, and in a perfect schedule.

    .venv/bin/python benchmarks/overhead.py [--assignments 1 4 10 25 50] [--seconds 5] [--shape flat] [--json]

It prints figures and judges nothing: the exit code is 0 whatever they are. README.md tells how each is measured.
"""

import argparse
import contextlib
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import yaml

SPARC = Path(sys.executable).with_name("sparc")
GIT = shutil.which("git") or "git"
SLEEPER = Path(__file__).with_name("sleeper.py")
FILES, FOLDERS, LINES = 1000, 20, 40
TICK = os.sysconf("SC_CLK_TCK")
POLL = 0.05  # seconds between two looks at the flow process
SETTLING = 3.0  # seconds after a run in which the server writes down what it was told


@dataclass(frozen=True)
class Figures:
    """One measured run. Seconds, unless it says otherwise."""

    assignments: int
    wall: float
    ideal: float
    """The longest chain of agents, each as long as one takes by itself."""
    ratio: float
    """Wall / ideal."""
    sequential: float
    """All agents one after the other, without sparc."""
    sequential_is: str
    """`measured` or `computed` (from one agent)."""
    first_agent: float
    """From the command's start to the first agent's."""
    asking: float
    """From the first agent's start to the last one's end."""
    closing: float
    """From the last agent's end to the command's: merge, gate, release, report."""
    cpu: float
    """User and system time of sparc and of all that it started, less the agents' own."""
    cpu_flow: float
    """The part of it that the flow process used itself; the rest are git, supervisors and the gate's workers."""
    cpu_server: float
    peak_rss: float
    """Of the flow process, in MB."""
    load: float
    """Of the machine over the last minute, when the run began."""
    others: float
    """Share of the machine's processor time that programs which are not ours used meanwhile, 0 to 1."""


@dataclass(frozen=True)
class Place:
    """Where all runs of a benchmark happen."""

    scratch: Path
    env: Mapping[str, str]
    """Of commands; its SPARC_HOME is ours."""
    server: int
    """Process id of that home's Prefect server."""
    repository: Path
    """Copied for every run."""


class Watch:
    """Looks at the flow process again and again, for what nobody can tell when it has ended."""

    def __init__(self, pid: int) -> None:
        self.peak_rss = 0.0
        """The most memory that it ever held, in MB."""
        self.cpu = 0.0
        """Processor seconds of its own, without its children's."""
        self._pid, self._over = pid, threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(POLL):
            with contextlib.suppress(OSError, StopIteration):  # it may end at any moment
                self.cpu = max(self.cpu, processor_seconds(self._pid, (11, 12)))
                lines = Path(f"/proc/{self._pid}/status").read_text().splitlines()
                self.peak_rss = int(next(line.split()[1] for line in lines if line.startswith("VmHWM"))) / 1024


def main() -> None:
    """Measure what is asked, and print."""
    asked = arguments()
    found = []
    with scratch_in(asked.scratch) as scratch, placed(scratch) as place:
        for figures in measured(asked, place):
            found.append(figures)
            print(row(figures), file=sys.stderr, flush=True)
    print(json.dumps(document(asked, found), indent=1) if asked.json else text(asked, found))


def arguments() -> argparse.Namespace:
    """Those of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--assignments", type=int, nargs="+", default=[1, 4, 10, 25, 50], metavar="N", help="1 4 10 25 50")
    add("--seconds", type=float, default=5.0, help="how long an agent sleeps (5)")
    add("--shape", choices=("flat", "chain", "tree"), default="flat", help="tree: two need each")
    add("--repeat", type=int, default=1, metavar="TIMES", help="measure each number so often")
    add("--sequential-limit", type=float, default=60.0, metavar="SECONDS", help="compute what would take longer (60)")
    add("--scratch", type=Path, metavar="DIRECTORY", help="where all of it happens (the system's temporary directory)")
    add("--json", action="store_true", help="one JSON document on standard output")
    return parser.parse_args()


def measured(asked: argparse.Namespace, place: Place) -> Iterator[Figures]:
    """One run after another; rounds come one after the other too, so that a busy minute does not hit one number."""
    one = statistics.median(one_after_another(1, asked.seconds) for _ in range(3))
    alone: dict[int, float] = {}
    for number in range(asked.repeat):
        for count in asked.assignments:
            computed = count * asked.seconds > asked.sequential_limit
            if count not in alone:
                alone[count] = one * count if computed else one_after_another(count, asked.seconds)
            about = {
                "ideal": one * longest(asked.shape, count),
                "sequential": alone[count],
                "sequential_is": "computed" if computed else "measured",
            }
            yield run(asked, count, place.scratch / f"{count}-{number}", place, about)


# -- what is run


@contextlib.contextmanager
def scratch_in(directory: Path | None) -> Iterator[Path]:
    """A folder for everything; it is taken away as a whole at the end, for deleting slows ext4 down (README.md)."""
    with tempfile.TemporaryDirectory(prefix="sparc-benchmark-", dir=directory) as scratch:
        yield Path(scratch)


@contextlib.contextmanager
def placed(scratch: Path) -> Iterator[Place]:
    """A repository, and a SPARC_HOME whose server is up."""
    env = {key: value for key, value in os.environ.items() if not key.startswith(("PREFECT_", "SPARC_"))}
    env["SPARC_HOME"] = str(scratch / "home")
    (scratch / "home").mkdir()
    subprocess.run((SPARC, "server", "start"), env=env, check=True, stdout=subprocess.DEVNULL)
    try:
        pid = json.loads((scratch / "home/server.json").read_text())["pid"]
        yield Place(scratch, env, pid, make_repository(scratch / "repository"))
    finally:
        subprocess.run((SPARC, "server", "stop"), env=env, check=True, stdout=subprocess.DEVNULL)


def make_repository(path: Path) -> Path:
    """A repository of 1,000 small files in one commit, packed as every clone is."""
    for number in range(FILES):
        file = path / f"src/part{number % FOLDERS:02}/module{number:04}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(f"value_{number}_{line} = {line}\n" for line in range(LINES)))
    who = ("-c", "user.name=benchmark", "-c", "user.email=benchmark@localhost")
    for words in (("init", "-q", "-b", "main"), ("add", "."), (*who, "commit", "-qm", "Begin"), ("gc", "-q")):
        subprocess.run((GIT, *words), cwd=path, check=True)
    return path


def write_plan(asked: argparse.Namespace, count: int, folder: Path) -> Path:
    """A plan of one phase, whose agents sleep and write one file each; they leave their records in `folder`/records."""
    (folder / "plan").mkdir(parents=True)
    (folder / "records").mkdir()
    shutil.copy(SLEEPER, folder / "plan")
    plan = {
        "sparc": 1,
        "name": f"bench-{count}",
        "base": "main",
        "agents": {
            "sleeper": {
                "command": sleeper(asked.seconds, "{plan_dir}", "{assignment}.txt", folder / "records"),
                "writable": [str(folder / "records")],
            }
        },
        "defaults": {"agent": "sleeper"},
        "resources": {"agents": count},
        "phases": {"refinement": {"assignments": assignments(asked.shape, count), "gate": ["deliverables"]}},
    }
    (folder / "plan/plan.yaml").write_text(yaml.safe_dump(plan, sort_keys=False))
    return folder / "plan/plan.yaml"


def sleeper(seconds: float, script: str | Path, file: str, records: Path) -> list[str]:
    """The command line of an agent."""
    return [sys.executable, "-I", "-S", f"{script}/{SLEEPER.name}", str(seconds), file, f"{records}/{file}.json"]


def assignments(shape: str, count: int) -> dict[str, Any]:
    """As a plan has them."""
    return {
        f"a{number}": {
            "role": "Sleeper",
            "prompt": "Sleep, then write the file.",
            "deliverables": [f"a{number}.txt"],
            "needs": [f"a{need}" for need in needs(shape, number)],
        }
        for number in range(count)
    }


def needs(shape: str, number: int) -> list[int]:
    """Which assignments, counted from 0, the one with this number needs."""
    if shape == "flat" or number == 0:
        return []
    return [number - 1 if shape == "chain" else (number - 1) // 2]


def longest(shape: str, count: int) -> int:
    """How many agents the longest chain has."""
    depths: list[int] = []
    for number in range(count):
        depths.append(1 + max((depths[need] for need in needs(shape, number)), default=0))
    return max(depths)


# -- how it is measured


def one_after_another(count: int, seconds: float) -> float:
    """How long the agents' commands take with nothing around them."""
    with tempfile.TemporaryDirectory(prefix="sparc-benchmark-") as scratch:
        began = time.monotonic()
        for number in range(count):
            argv = sleeper(seconds, SLEEPER.parent, f"a{number}.txt", Path(scratch))
            subprocess.run(argv, cwd=scratch, check=True)
        return time.monotonic() - began


def run(asked: argparse.Namespace, count: int, folder: Path, place: Place, about: Mapping[str, Any]) -> Figures:
    """One `sparc run`, watched from outside."""
    plan = write_plan(asked, count, folder)
    repository = shutil.copytree(place.repository, folder / "repository")
    load, before, busy = os.getloadavg()[0], processor_seconds(place.server), machine_busy()
    with (folder / "log").open("wb") as log:
        began = time.clock_gettime(time.CLOCK_MONOTONIC)
        argv = (SPARC, "run", plan, "--repository", repository, "--json")
        process = subprocess.Popen(argv, env=place.env, stdout=log, stderr=log)
        with Watch(process.pid) as watch:
            _, status, used = os.wait4(process.pid, 0)
        wall = time.clock_gettime(time.CLOCK_MONOTONIC) - began
    process.returncode = os.waitstatus_to_exitcode(status)
    everything, during = used.ru_utime + used.ru_stime, processor_seconds(place.server) - before
    share = (machine_busy() - busy - everything - during) / (wall * (os.cpu_count() or 1))
    records = [json.loads(file.read_text()) for file in folder.glob("records/a*.txt.json")]
    if process.returncode or len(records) != count:
        raise SystemExit(f"sparc ended with {process.returncode}:\n{(folder / 'log').read_text()}")
    time.sleep(SETTLING)
    start, end = min(record["start"] for record in records), max(record["end"] for record in records)
    return Figures(
        assignments=count, wall=wall, ratio=wall / about["ideal"], first_agent=start - began, asking=end - start,
        closing=began + wall - end, cpu=everything - sum(record["cpu"] for record in records), cpu_flow=watch.cpu,
        cpu_server=processor_seconds(place.server) - before, peak_rss=watch.peak_rss, load=load, others=max(share, 0.0),
        **about,
    )  # fmt: skip


def processor_seconds(pid: int, columns: Sequence[int] = (11, 12, 13, 14)) -> float:
    """What a process has used; by default with its children that have ended. See proc_pid_stat(5)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(fields[column]) for column in columns) / TICK


def machine_busy() -> float:
    """Processor seconds that all programs of the machine have used since it was started."""
    user, nice, system, *_ = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    return (int(user) + int(nice) + int(system)) / TICK


# -- how it is told


def fit(found: Sequence[Figures], key: str) -> tuple[float, float] | None:
    """(fixed part, part of each assignment) of a figure, by least squares; None for one number of assignments."""
    if len({figures.assignments for figures in found}) < 2:  # noqa: PLR2004 - a line has two points
        return None
    slope, intercept = statistics.linear_regression(
        [figures.assignments for figures in found], [getattr(figures, key) for figures in found]
    )
    return intercept, slope


def document(asked: argparse.Namespace, found: Sequence[Figures]) -> dict[str, Any]:
    """All of it as JSON."""
    fits = {key: fit(found, key) for key in ("cpu", "cpu_flow", "cpu_server")}
    return {
        "machine": machine(),
        "seconds": asked.seconds,
        "shape": asked.shape,
        "runs": [asdict(figures) for figures in found],
        "fits": {key: value and {"fixed": value[0], "per_assignment": value[1]} for key, value in fits.items()},
    }


def machine() -> dict[str, Any]:
    """On what the figures were measured."""
    names = [line.partition(":")[2] for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    git = subprocess.run((GIT, "--version"), check=True, capture_output=True, text=True).stdout.split()[2]
    return {
        "processor": (names or [platform.machine()])[0].strip(),
        "cores": os.cpu_count(),
        "memory_gib": round(memory, 1),
        "python": platform.python_version(),
        "git": git,
    }


HEADER = (
    "   n   wall  ideal  ratio  one by one   first  asking closing    CPU  (flow)  server CPU   RSS  load others\n"
    "          s      s                  s       s       s       s      s       s           s    MB            %"
)


def row(figures: Figures) -> str:
    """One line of the table."""
    mark = "*" if figures.sequential_is == "computed" else " "
    return (
        f"{figures.assignments:4} {figures.wall:6.2f} {figures.ideal:6.2f} {figures.ratio:6.2f} "
        f"{figures.sequential:10.2f}{mark}{figures.first_agent:8.2f} {figures.asking:7.2f} {figures.closing:7.2f}"
        f"{figures.cpu:7.2f} {figures.cpu_flow:7.2f} {figures.cpu_server:11.2f} {figures.peak_rss:5.0f} "
        f"{figures.load:5.1f} {100 * figures.others:6.0f}"
    )


def text(asked: argparse.Namespace, found: Sequence[Figures]) -> str:
    """All of it for people."""
    lines = [", ".join(f"{key} {value}" for key, value in machine().items())]
    lines += [f"agents of {asked.seconds:g} s, {asked.shape}, on {FILES} files", "", HEADER, *map(row, found), ""]
    for key, name in (("cpu", "CPU of sparc"), ("cpu_flow", "its flow process"), ("cpu_server", "CPU of the server")):
        if line := fit(found, key):
            lines.append(f"{name}: {line[0]:.2f} s + {1000 * line[1]:.0f} ms an assignment (least squares)")
    if any(figures.sequential_is == "computed" for figures in found):
        lines.append("* computed from one agent; `--sequential-limit` says how much is measured")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
