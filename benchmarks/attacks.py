"""What an agent can do to a run that it is part of: every attack of attacks.sh, and what stopped it.

    .venv/bin/python benchmarks/attacks.py [--isolation landlock none] [--from agent tests] [--only WORD] [--json]

Each attack is a run of its own by the installed command: a phase that passes, then one in which the attacker works
beside a colleague, or has left a test that attacks while the gate runs it. Nothing that the attack says of itself is
believed. Afterwards everything that it had no business with must be as it is after a run without an attack: the hub's
configuration, hooks and references, the user's repository and work tree, the release, the memory, the colleague's work,
the server; no mark `pwned` may lie anywhere, and no secret be in what it left.

    nothing came of it    all is as without it; what the attack printed last tells what stood in its way
    seen                  the run stopped and said why, or `sparc verify` finds it
    GOT THROUGH           something is otherwise, and nobody says so: the exit code is 1
"""

import argparse
import hashlib
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

SPARC = Path(sys.executable).with_name("sparc")
TABLE = Path(__file__).with_name("attacks.sh")
INTERRUPTED = 130
PLAIN = "the hub refuses|only sparc|denied|permission|not permitted|unable to|cannot|HTTP Error"
MOVING = (
    "refs/evidence", "refs/sparc", "refs/heads/sparc", "refs/heads/main", "refs/tags/good", "objects", "logs", "sparc",
    "index", "packed-refs", "ORIG_HEAD", "FETCH_HEAD",
)  # fmt: skip
"""What a run changes in the user's git directory; it is looked at by what it says, not as files."""
SHOWN = 500  # bytes of a file that are compared as they are
STILL = ("config", "hooks", "info/attributes", "info/grafts", "objects/info/alternates", "shallow", "HEAD")
TEST = """\
import subprocess

def test_attack():
    done = subprocess.run(["sh", "tests/attack.sh"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert b"the end" in done.stdout, done.stdout.decode(errors="replace")[-300:]
"""


@dataclass(frozen=True)
class Result:
    """What came of one attack."""

    attack: str
    isolation: str
    position: str
    outcome: str
    why: str


@dataclass(frozen=True)
class Scene:
    """One run with an attacker in it."""

    root: Path
    home: Path
    """SPARC_HOME, shared by all scenes, for the server and the environments of the gate."""
    run: str
    canary: str
    """A secret of sparc's own environment."""

    @property
    def repository(self) -> Path:
        """The user's."""
        return self.root / "repository"

    @property
    def folder(self) -> Path:
        """The run's."""
        return self.home / "runs" / self.run

    def sparc(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        """The installed command, in the repository."""
        env = {**os.environ, "SPARC_HOME": str(self.home), "CANARY": self.canary}
        return subprocess.run(
            (SPARC, *words), cwd=self.repository, env=env, capture_output=True, text=True, check=False, timeout=300,
            start_new_session=True,
        )  # fmt: skip

    def git(self, directory: Path, *words: str) -> str:
        """Git as it is, without anybody's configuration; what it prints, both ways."""
        # the same commits in all scenes
        dates = {f"GIT_{role}_DATE": "2026-01-01T00:00:00Z" for role in ("AUTHOR", "COMMITTER")}
        env = {"PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1", "HOME": os.devnull, **dates}
        command = ("git", f"--git-dir={directory}", "-c", "core.fsmonitor=false", *words)
        done = subprocess.run(command, cwd=self.root, env=env, capture_output=True, text=True, check=False)
        return done.stdout + done.stderr


def main() -> int:
    """Carry out what is asked, and print it."""
    asked = _arguments()
    attacks = {name: script for name, script in table().items() if not asked.only or asked.only in name}
    found = []
    with tempfile.TemporaryDirectory(prefix="sparc-attacks-") as scratch:
        home = Path(scratch) / "home"
        try:
            for result in results(attacks, asked, Path(scratch), home):
                found.append(result)
                print(row(result), file=sys.stderr if asked.json else sys.stdout, flush=True)
        finally:
            subprocess.run((SPARC, "server", "stop"), env={**os.environ, "SPARC_HOME": str(home)}, check=False)
    if asked.json:
        print(json.dumps([asdict(result) for result in found], indent=1))
    return int(any(result.outcome == "GOT THROUGH" for result in found))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--isolation", nargs="+", default=["landlock", "none"], help="modes, as a plan names them")
    parser.add_argument("--from", nargs="+", default=["agent", "tests"], dest="positions", help="agent, tests")
    parser.add_argument("--only", help="attacks whose name has this in it")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    return parser.parse_args()


def prelude() -> str:
    """What every script begins with."""
    return re.split(r"^## ", TABLE.read_text(), flags=re.MULTILINE)[0].partition("# --")[0]


def table() -> dict[str, str]:
    """The scripts by name, each whole."""
    parts = re.split(r"^## ", TABLE.read_text(), flags=re.MULTILINE)[1:]
    named = (part.partition("\n") for part in parts)
    return {name: f"{prelude()}{script.partition('# --')[0]}" for name, _, script in named}


def row(result: Result) -> str:
    """One line."""
    return f"{result.isolation:9} {result.position:6} {result.attack:46} {result.outcome:19} {result.why}"


def results(attacks: dict[str, str], asked: argparse.Namespace, scratch: Path, home: Path) -> Iterator[Result]:
    """One result an attack, mode and position. Raises RuntimeError when even a run without an attack goes wrong."""
    for isolation in asked.isolation:
        for position in asked.positions:
            place = scratch / f"{isolation}-{position}"
            expected, outcome, why = carried(place / "0", home, ":", isolation, position)
            if outcome:
                raise RuntimeError(f"a run without an attack, {isolation}, from {position}: {why}")
            for number, (name, script) in enumerate(attacks.items(), 1):
                state, outcome, why = carried(place / str(number), home, script, isolation, position)
                changed = [key for key in expected.keys() | state.keys() if expected.get(key) != state.get(key)]
                if not outcome and changed:
                    outcome, why = "GOT THROUGH", f"otherwise than without it: {', '.join(sorted(changed)[:3])}"
                yield Result(name, isolation, position, outcome or "nothing came of it", why)
                for used in (place / str(number), home / "memory", home / "trash"):
                    shutil.rmtree(used, ignore_errors=True)  # nothing of one attack is left for the next
                for shared in ("environments", "cache", "memory"):
                    (home / shared / "pwned").unlink(missing_ok=True)


def carried(root: Path, home: Path, script: str, isolation: str, position: str) -> tuple[dict[str, str], str, str]:
    """Run one scene: the state afterwards, how it was seen (empty: it was not), and the words for it."""
    run = f"scene-{secrets.token_hex(4)}"
    scene = Scene(root, home, run, secrets.token_hex(8))
    plan = _laid_out(scene, script, isolation, position)
    done = scene.sparc("run", plan, "--run", run, "--yes", "--json")
    if done.returncode < 0 or done.returncode == INTERRUPTED:  # it was killed: what it comes to is told by going on
        done = scene.sparc("resume", run, "--yes", "--json")
    said = _said(scene, position)
    if done.returncode != 0:
        return state(scene, said), "seen", f"exit {done.returncode}: {_reason(done)}"
    verified = scene.sparc("verify")
    if verified.returncode != 0:
        return state(scene, said), "seen", f"verify: {verified.stdout.strip().splitlines()[0]}"
    return state(scene, said), "", _told(said)


def _told(said: str) -> str:
    """What stood in the way, as the attack itself was told; of several sentences the plainest."""
    lines = [line for line in said.splitlines() if line != "the end"] or ["-"]
    return next((line for line in lines if re.search(PLAIN, line)), lines[-1])[-110:]


def _laid_out(scene: Scene, script: str, isolation: str, position: str) -> Path:
    folder = scene.root / "plan"
    folder.mkdir(parents=True)
    (folder / "attack.sh").write_text(f"{script}\n")
    attack = "{ sh %s; echo the end; } > attack.md 2>&1 < /dev/null; exit 0"
    leave = "cp {plan_dir}/attack.sh tests/attack.sh; cp {plan_dir}/test_attack.py tests/; echo left > attack.md"
    (folder / "test_attack.py").write_text(TEST)
    if position == "tests":
        (folder / "attack.sh").write_text(f"( {script}\n)\necho the end\n")
    order = attack % "{plan_dir}/attack.sh" if position == "agent" else leave

    def work(*files: str) -> dict[str, Any]:
        return {"role": "Scripted", "prompt": "As scripted.", "deliverables": list(files)}

    gate: list[Any] = ["deliverables", *(["tests"] if position == "tests" else [])]
    attacker = work("attack.md", *(["tests/test_attack.py", "tests/attack.sh"] if position == "tests" else []))
    assignments = {"attacker": attacker | {"agent": "attacker", "writes": ["attack*", "tests/**"]}}
    assignments["colleague"] = work("colleague.md") | {"agent": "colleague"}
    plan = {
        "sparc": 1, "name": "attacked", "isolation": isolation, "defaults": {"attempts": 1, "agent": "colleague"},
        "agents": {
            "attacker": {"command": ["sh", "-c", order]},
            "colleague": {"command": ["sh", "-c", 'sleep 1; echo "$SPARC_PHASE" > $SPARC_ASSIGNMENT.md']},
        },
        "phases": {
            "specification": {"assignments": {"first": work("first.md")}, "gate": ["deliverables"]},
            "refinement": {"assignments": assignments, "gate": gate},
        },
    }  # fmt: skip
    (folder / "plan.yaml").write_text(json.dumps(plan))
    _commit_first(scene)
    return folder / "plan.yaml"


def _commit_first(scene: Scene) -> None:
    tree, git = scene.repository, scene.repository / ".git"
    (tree / "tests").mkdir(parents=True)
    (tree / "README.md").write_text("# Attacked\n")
    (tree / "tests/test_it.py").write_text("def test_it():\n    assert 1 + 1 == 2\n")
    metadata = '[project]\nname = "attacked"\nversion = "1"\n[dependency-groups]\ntest = ["pytest"]\n'
    (tree / "pyproject.toml").write_text(f"{metadata}[tool.setuptools]\npy-modules = []\n")
    who = {"user.name": "Fixture", "user.email": "fixture@localhost"}
    scene.git(git, "init", "--quiet", "--initial-branch=main")
    scene.git(git, "config", "core.bare", "false")
    for key, value in who.items():
        scene.git(git, "config", key, value)
    for number in range(2):
        scene.git(git, f"--work-tree={tree}", "add", "--all")
        scene.git(git, "commit", "--quiet", "--allow-empty", f"--message=Begin {number}")
    scene.git(git, "tag", "kept")


def _said(scene: Scene, position: str) -> str:
    """What the attack printed, for people: from its branch in the hub."""
    if position == "tests":
        return "its test passed"
    branch = "refs/heads/agent/2-refinement/attacker/1"
    return scene.git(scene.folder / "hub.git", "show", f"{branch}:attack.md")


def _reason(done: subprocess.CompletedProcess[str]) -> str:
    try:
        told = json.loads(done.stdout)
    except ValueError:
        return done.stderr.strip()[-200:]
    return str(told.get("reason") or told.get("problems"))[:200].replace("\n", " ")


def state(scene: Scene, said: str) -> dict[str, str]:
    """Everything that an attack has no business with, as texts that are equal after every honest run."""
    users, hub = scene.repository / ".git", scene.folder / "hub.git"
    found = {f"user's {name}": text for name, text in _files(users, MOVING).items()}
    found |= {f"hub's {name}": text for name, text in _still(scene, hub).items()}
    branches = scene.git(hub, "for-each-ref", "--format=%(refname)", "refs/heads", "refs/tags", "refs/replace")
    found["hub's references"] = re.sub(r"release/\S+", "release", branches)
    found["hub's objects"] = str("fatal" in scene.git(hub, "rev-list", "--objects", "--all", "--quiet"))
    released = scene.git(users, "ls-tree", "-r", "--format=%(objectmode) %(objectname) %(path)", "main")
    left = (" attack.md", "attack.sh", " attack-notes.txt")
    found["release"] = "\n".join(line for line in released.splitlines() if not line.endswith(left))
    found["history"] = scene.git(users, "log", "--first-parent", "--format=%s", "main")
    tips = {scene.git(place, "rev-parse", "refs/heads/sparc/attacked") for place in (users, hub)}
    found["plan's branch"] = f"{len(tips)} tips"
    found["work tree"] = scene.git(users, f"--work-tree={scene.repository}", "status", "--porcelain")
    found["user's tags"] = scene.git(users, "for-each-ref", "--format=%(refname) %(objecttype)", "refs/tags")
    remembered = [file for file in (scene.home / "memory").rglob("*") if file.is_file()]
    found["memory"] = str(any(file.read_bytes() == b"pwned" for file in remembered))
    found["marks"] = " ".join(sorted(map(str, _marks(scene))))
    found["secrets"] = str(any(secret in said for secret in _secrets(scene)))
    found["server"] = str(scene.sparc("server", "status").returncode)
    return found


def _still(scene: Scene, hub: Path) -> dict[str, str]:
    kept = {name: text for name, text in _files(hub, ()).items() if name.startswith(STILL)}
    known = {str(scene.folder): "RUN", str(scene.root): "ROOT", scene.run: "run"}
    for path, word in known.items():
        kept = {name: text.replace(path, word) for name, text in kept.items() if not name.endswith(".pyc")}
    return kept


def _files(folder: Path, left_out: tuple[str, ...]) -> dict[str, str]:
    """Mode and contents (a digest of long ones) of files below a folder."""
    found = {}
    for file in folder.rglob("*"):
        name = file.relative_to(folder).as_posix()
        if file.is_file() and not name.startswith(left_out):
            data = file.read_bytes()
            text = data.decode(errors="replace") if len(data) < SHOWN else hashlib.sha256(data).hexdigest()
            found[name] = f"{file.lstat().st_mode:o} {text}"
    return found


def _marks(scene: Scene) -> Iterator[Path]:
    """Files with the mark in their name outside of the attacker's own workspace."""
    own = (scene.folder / "workspaces", scene.folder / "plan/attack.sh")
    for place in (scene.root, scene.folder, scene.home / "environments", scene.home / "cache", scene.home / "memory"):
        for mark in place.rglob("*pwned*") if place.exists() else ():
            if not any(mark.is_relative_to(mine) for mine in own):
                yield mark


def _secrets(scene: Scene) -> list[str]:
    profile = scene.home / "prefect/profiles.toml"
    found = re.findall(r'"sparc:(\S+)"', profile.read_text()) if profile.exists() else []
    return [scene.canary, *found]


if __name__ == "__main__":
    sys.exit(main())
