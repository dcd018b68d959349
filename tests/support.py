"""What tests of whole runs share: shops, that is a repository, a plan and agents that do what their prompt says.

An agent here runs its prompt as a shell script and keeps a diary outside of everything that sparc knows, so that a test
can tell who was asked, when, with what, and in which surroundings.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

AT_A_TIME = 4

SPARC = Path(sys.executable).with_name("sparc")
AGENT = """\
import json, os, subprocess, sys, time
from pathlib import Path

context = json.loads(Path(os.environ["SPARC_CONTEXT"]).read_text())
page = Path(sys.argv[1], f"{context['phase']}.{context['assignment']}.{context['attempt']}")
files = sorted(path.as_posix() for path in Path().rglob("*") if path.is_file() and path.parts[0] != ".git")
entry = {
    "began": time.time(), "context": context, "prompt": sys.stdin.read(), "environment": dict(os.environ),
    "files": files, "words": sys.argv[2:], "where": os.getcwd(),
}
with page.open("x") as file:  # an attempt is asked once
    json.dump(entry, file)
code = subprocess.call(["sh", "-c", context["task"]])
page.with_suffix(page.suffix + ".done").write_text(json.dumps({"ended": time.time(), "code": code}))
sys.exit(code)
"""


def work(script: str, *deliverables: str, **more: object) -> dict[str, Any]:
    """An assignment whose agent runs `script`."""
    return {"role": "Scripted Agent", "prompt": script, "deliverables": list(deliverables), **more}


def phase(*, gate: object = ("deliverables",), **more: object) -> dict[str, Any]:
    """A phase: assignments by name (`_` stands for `-`), and its other keys where they are none."""
    keys = ("review", "review_timeout", "attempts", "hooks")
    works = {name.replace("_", "-"): one for name, one in more.items() if name not in keys}
    return {"assignments": works, "gate": list(gate)} | {key: more[key] for key in keys if key in more}  # type: ignore[call-overload]


def environment(home: Path, **more: str) -> dict[str, str]:
    """A user's environment, complete: nothing of the test runner's but what programs need to run at all."""
    kept = ("PATH", "HOME", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM", "PREFECT_HOME", "PREFECT_PROFILES_PATH")
    own = {name: os.environ[name] for name in (*kept, "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE") if name in os.environ}
    return own | {"LANG": "C.UTF-8", "SPARC_HOME": str(home)} | more


def sparc(
    home: Path, *arguments: object, cwd: Path | None = None, env: Mapping[str, str] | None = None, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """The installed program, to its end."""
    return subprocess.run(
        (SPARC, *map(str, arguments)), cwd=cwd or home.parent, env=environment(home, **(env or {})), input=stdin,
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def told(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The one JSON document on standard output; anything else there is an error."""
    document = json.loads(done.stdout)
    assert isinstance(document, dict)
    return document


def git(where: Path, *arguments: str) -> str:
    """Git in a repository of ours; its output without the last line break."""
    done = subprocess.run(("git", *arguments), cwd=where, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.rstrip("\n")


def commit(where: Path, **files: str) -> str:
    """Commit files to the branch that is checked out (`__` in a name stands for the dot); the commit."""
    for name, text in files.items():
        (where / name.replace("__", ".")).write_text(text)
    git(where, "add", "--all")
    git(where, "commit", "--quiet", "--allow-empty", f"--message=By hand: {' '.join(files)}")
    return git(where, "rev-parse", "HEAD")


def trailers(where: Path, commit: str) -> dict[str, str]:
    """The trailers of a commit, as git itself reads them."""
    lines = git(where, "log", "-1", "--format=%(trailers:only,unfold)", commit).splitlines()
    return dict(line.split(": ", 1) for line in lines if line)


def wait_for(condition: Callable[[], object], seconds: float = 60, why: str = "it never came to that") -> None:
    """Poll until something is true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, why
        time.sleep(0.05)


def processes_with(word: str) -> list[int]:
    """Living processes, zombies aside, that have `word` in their command line or environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            texts = (process / "cmdline").read_bytes() + b"\0" + (process / "environ").read_bytes()
        except OSError:
            continue
        if word.encode() in texts and int(process.name) != os.getpid():
            found.append(int(process.name))
    return found


@dataclass(frozen=True)
class Shop:
    """A repository, a plan's folder and a diary below `root`; runs go to the SPARC_HOME `home`."""

    root: Path
    home: Path

    @classmethod
    def open(cls, root: Path, home: Path) -> "Shop":
        """A new one, its repository with one commit on main that no other's has."""
        shop = cls(root, home)
        for folder in (shop.repository, shop.plan_dir, shop.diary, shop.notes):
            folder.mkdir(parents=True)
        (shop.plan_dir / "agent.py").write_text(AGENT)
        git(shop.repository, "init", "--quiet", "--initial-branch=main")
        for key, value in (("name", "Fixture"), ("email", "fixture@localhost")):
            git(shop.repository, "config", f"user.{key}", value)
        commit(shop.repository, README__md=f"# Made for {root}\n")
        return shop

    @property
    def repository(self) -> Path:
        """The user's repository."""
        return self.root / "repository"

    @property
    def plan_dir(self) -> Path:
        """The folder of the plan and of what its agents are."""
        return self.root / "plan"

    @property
    def diary(self) -> Path:
        """What the agents write of themselves."""
        return self.root / "diary"

    @property
    def notes(self) -> Path:
        """Where agents may leave what a test wants to see at once."""
        return self.root / "notes"

    @property
    def begin(self) -> str:
        """The repository's first commit."""
        return git(self.repository, "rev-list", "--max-parents=0", "HEAD")

    @property
    def agent(self) -> dict[str, Any]:
        """The agent that does what its prompt says."""
        command = [sys.executable, "-I", "-S", "{plan_dir}/agent.py", str(self.diary)]
        return {"command": command, "writable": [str(self.diary), str(self.notes)]}

    def plan(self, phases: Mapping[str, object], **more: object) -> Path:
        """Write a plan named after the shop; its path."""
        data = {
            "sparc": 1, "name": self.root.name, "agents": {"writer": self.agent}, "resources": {"agents": 8},
            "phases": phases,
        }  # fmt: skip
        file = self.plan_dir / "plan.yaml"
        file.write_text(json.dumps(data | more, indent=1))
        return file

    def sparc(self, *arguments: object, **more: Any) -> subprocess.CompletedProcess[str]:  # noqa: ANN401
        """The installed program, started in the repository."""
        return sparc(self.home, *arguments, cwd=more.pop("cwd", self.repository), **more)

    def start(self, *arguments: object, **more: str) -> subprocess.Popen[str]:
        """The same in the background, in a process group of its own."""
        return subprocess.Popen(
            (SPARC, *map(str, arguments)), cwd=self.repository, env=environment(self.home, **more),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, process_group=0,
        )  # fmt: skip

    async def arun(self, plan: Path | None = None, **more: Any) -> Any:  # noqa: ANN401 - a RunOutcome, imported late
        """The plan through the Python API, in this process; expects SPARC_HOME to be set to this shop's."""
        from flows import arun  # noqa: PLC0415 - Prefect reads its settings when it is imported

        return await arun(plan or self.plan_dir / "plan.yaml", self.repository, **more)

    def run_folder(self, run: str) -> Path:
        """What a run keeps."""
        return self.home / "runs" / run

    def journal(self, run: str) -> list[dict[str, Any]]:
        """The events of a run, in order."""
        return [json.loads(line) for line in (self.run_folder(run) / "journal.jsonl").read_text().splitlines()]

    def events(self, run: str, kind: str) -> list[dict[str, Any]]:
        """Those of one kind."""
        return [event for event in self.journal(run) if event["event"] == kind]

    def asked(self) -> list[str]:
        """`<phase>.<assignment>.<attempt>` of every ask, in the order in which they began."""
        pages = [page for page in self.diary.iterdir() if page.suffix != ".done"]
        return [page.name for page in sorted(pages, key=lambda page: json.loads(page.read_text())["began"])]

    def page(self, name: str) -> dict[str, Any]:
        """What an ask wrote of itself, with its end if it came to one."""
        done = self.diary / f"{name}.done"
        end = json.loads(done.read_text()) if done.exists() else {}
        return json.loads((self.diary / name).read_text()) | end  # type: ignore[no-any-return]

    def began(self, name: str) -> bool:
        """Whether an ask has written of itself."""
        page = self.diary / name
        return page.exists() and page.read_text().endswith("}")

    def show(self, path: str, commit: str = "main") -> str:
        """A file of a commit."""
        return git(self.repository, "show", f"{commit}:{path}") + "\n"

    def tip(self, branch: str) -> str | None:
        """The commit of a branch of the user's repository, or None."""
        return git(self.repository, "for-each-ref", "--format=%(objectname)", f"refs/heads/{branch}") or None

    def evidence(self, kind: str) -> list[dict[str, Any]]:
        """The records of one kind in the user's repository."""
        names = git(self.repository, "for-each-ref", "--format=%(objectname)", "refs/evidence/").split()
        records = [json.loads(git(self.repository, "cat-file", "blob", name)) for name in names]
        return [record for record in records if record["kind"] == kind]


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Call all of these at the same time, in threads; their results, in order."""
    with ThreadPoolExecutor(max_workers=len(calls)) as threads:
        return [future.result() for future in [threads.submit(call) for call in calls]]


def all_run(runs: Mapping[str, Any]) -> dict[str, Any]:
    """Run coroutines side by side in one event loop, a few at a time; their results by name.

    More of them than the server's SQLite can take make it refuse flow runs for longer than a client asks again.
    """

    async def gathered() -> list[Any]:
        turns = asyncio.Semaphore(AT_A_TIME)

        async def in_turn(run: Any) -> Any:  # noqa: ANN401 - whatever the scene gives
            async with turns:
                return await run

        return await asyncio.gather(*map(in_turn, runs.values()))

    return dict(zip(runs, asyncio.run(gathered()), strict=True))


def lend_server(source: Path, home: Path) -> None:
    """Put the server of one SPARC_HOME on record in another one, with its password."""
    shutil.copy(source / "server.json", home)
    (home / "prefect").mkdir(mode=0o700)
    shutil.copy(source / "prefect/profiles.toml", home / "prefect")
