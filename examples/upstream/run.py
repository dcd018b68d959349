"""Bring a real project from one release to the next with sparc, and see that every byte is as released.

Run it with the Python of the environment that has sparc: `.venv/bin/python examples/upstream/run.py`. Both releases
come from the package index that pip is configured for, as source archives whose hashes are known here. To learn what
an archive holds, pip runs the build that the archive brings; nothing else of it is run before the gates do.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SPARC = Path(sys.executable).with_name("sparc")
PROJECT = "itsdangerous"
OLDER, NEWER = "2.1.2", "2.2.0"
HASHES = {
    OLDER: "5dbbc68b317e5e42f327f9021763545dc3fc3bfe22e6deb96aaf1fc38874156a",
    NEWER: "e0050c0b7da1eea53ffaf149c0cfbb5c6e2e2b69c4bef22c81fa6eb73e5f6173",
}
# neither names nor hooks nor conversions of the caller's have a say in what is committed here
PLAIN_GIT = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
EXECUTABLE = 0o100
REFUSED = 2  # sparc's exit code for a bad plan or bad arguments


def main():
    """Prepare, run, compare; sparc's exit code, or 1 when the result is not the release."""
    folder = working_folder(arguments().directory)
    say(f"working in {folder}")
    older, newer = (download(version, folder / "archives") for version in (OLDER, NEWER))
    repository, plan = folder / "repository", folder / "plan"
    unpack(older, repository)
    commit(repository, f"{PROJECT} {OLDER}")
    copy_plan(plan)
    unpack(newer, plan / "newer")
    code, outcome = run(plan / "plan.yaml", repository)
    if code:
        return code
    tell(outcome)
    return 0 if verified(repository) and same(newer, repository) else 1


def arguments():
    """What the caller said."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--directory", type=Path, help="a new folder to work in (default: demo/upstream)")
    return parser.parse_args()


# -- what the run starts from


def working_folder(wanted):
    """A folder that nothing is in yet: the wanted one, else the first of demo/upstream, demo/upstream-2 ..."""
    folder = wanted.absolute() if wanted else unused(ROOT / "demo" / "upstream")
    if folder.exists() and any(folder.iterdir()):
        sys.exit(f"{folder} is not empty: name a new folder")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def unused(folder):
    """The folder, or the first numbered one beside it that does not exist."""
    found, number = folder, 1
    while found.exists():
        number += 1
        found = folder.with_name(f"{folder.name}-{number}")
    return found


def download(version, archives):
    """The source archive of a release, by its name, its version and its hash; its path."""
    say(f"downloading {PROJECT} {version}")
    archives.mkdir(exist_ok=True)
    wanted = archives / f"{version}.txt"
    wanted.write_text(f"{PROJECT}=={version} --hash=sha256:{HASHES[version]}\n")
    options = ("--quiet", "--no-deps", "--no-binary=:all:", "--require-hashes", f"--dest={archives}")
    pip = subprocess.run([sys.executable, "-m", "pip", "download", *options, f"--requirement={wanted}"], check=False)
    archive = archives / f"{PROJECT}-{version}.tar.gz"
    if pip.returncode or not archive.is_file():
        sys.exit(f"pip could not download {PROJECT} {version}: this example needs a package index")
    return archive


def unpack(archive, folder):
    """Put an archive's files into a new folder, without the one folder that they lie in."""
    if not hasattr(tarfile, "data_filter"):
        sys.exit("this Python cannot unpack archives safely: 3.11.4 or later can")
    top = folder.with_name(f"{folder.name}.part")
    with tarfile.open(archive) as tar:
        tar.extractall(top, filter="data")
    (only,) = top.iterdir()
    only.rename(folder)
    top.rmdir()


def commit(repository, subject):
    """Make the folder a git repository: everything in it is one commit on main."""
    git(repository, "init", "--quiet", "--initial-branch=main")
    for name, value in {"user.name": "Upstream", "user.email": "upstream@localhost", "core.autocrlf": "false"}.items():
        git(repository, "config", name, value)
    git(repository, "add", "--all", "--force")
    git(repository, "commit", "--quiet", f"--message={subject}")


def copy_plan(folder):
    """The plan and its agents; what is beside a plan goes with it into the run."""
    shutil.copytree(HERE, folder, ignore=shutil.ignore_patterns("run.py", "README.md", "__pycache__"))


# -- the run


def run(plan, repository):
    """`sparc run`: its exit code, and what the run came to if it released."""
    # agents are started with `python3`, which is not on everybody's PATH
    env = os.environ | {"PATH": f"{SPARC.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
    command = [SPARC, "run", plan, "--repository", repository, "--json"]
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE)
    # Ctrl-C reaches sparc as well, which ends in order and says how to go on
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        printed = process.communicate()[0]
    finally:
        signal.signal(signal.SIGINT, before)
    if process.returncode:
        # why, when nothing was started; a run that was stopped has said it on its way
        say(printed.decode() if process.returncode == REFUSED else f"sparc ended with {process.returncode}")
        return process.returncode, None
    return 0, json.loads(printed)


def tell(outcome):
    """The run in a few lines."""
    say(f"released in {outcome['seconds']:.0f} s by run {outcome['run']}")
    for phase in outcome["phases"]:
        merged = sum(assignment["outcome"] == "merged" for assignment in phase["assignments"])
        say(f"  {phase['name']}: {merged} assignments merged, {phase['seconds']:.0f} s")
        for check in phase["checks"]:
            say(f"    {check['summary']}")


# -- whether it is what was released


def verified(repository):
    """Whether git alone proves that every merge was measured before it was made."""
    return subprocess.run([SPARC, "verify", "--repository", repository], check=False).returncode == 0


def same(archive, repository):
    """Whether main holds the archive's files byte for byte, and no others."""
    wanted, found = archived(archive), committed(repository)
    different = sorted(path for path in wanted.keys() | found.keys() if wanted.get(path) != found.get(path))
    for path in different:
        say(f"  not as released: {path}")
    say(f"{len(wanted) - len(different)} of {len(wanted)} files are byte for byte those of {PROJECT} {NEWER}")
    return not different


def archived(archive):
    """Path to (bytes, whether executable) of every file in an archive, read from the archive itself."""
    with tarfile.open(archive) as tar:
        files = [member for member in tar if not member.isdir()]
        return {
            member.name.partition("/")[2]: (tar.extractfile(member).read(), bool(member.mode & EXECUTABLE))
            for member in files
        }


def committed(repository):
    """Path to (bytes, whether executable) of every file of main."""
    files = {}
    for entry in git(repository, "ls-tree", "-r", "-z", "main").split(b"\0")[:-1]:
        about, _, path = entry.partition(b"\t")
        mode, _, oid = about.split()
        files[path.decode()] = (git(repository, "cat-file", "blob", oid.decode()), mode == b"100755")
    return files


def git(repository, *words):
    """What a git command prints."""
    return subprocess.run(
        ["git", "-C", repository, *words], env=os.environ | PLAIN_GIT, stdout=subprocess.PIPE, check=True
    ).stdout


def say(line):
    """Print at once, between the lines of the programs that are run."""
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
