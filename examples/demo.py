"""What `make demo` runs: a ledger, from a README to a release, in a repository of its own under demo/.

Run it with the Python of the environment that has sparc. Nothing outside demo/ and SPARC_HOME is written.
"""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
LEDGER = HERE / "ledger"
SPARC = Path(sys.executable).with_name("sparc")
# a fresh machine knows no name to commit under, and the caller's hooks and settings have no say in this repository
IDENTITY = {"user.name": "Demo", "user.email": "demo@localhost", "core.autocrlf": "false"}
PLAIN_GIT = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}


def main():
    """Make the repository, run the plan, say where to look; sparc's exit code."""
    repository = unused(HERE.parent / "demo" / "ledger")
    shutil.copytree(LEDGER / "repository", repository)
    commit(repository, "What is wanted")
    run = f"ledger-demo-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{secrets.token_hex(2)}"
    code = to_its_end(SPARC, "run", LEDGER / "plan.yaml", "--repository", repository, "--run", run)
    if code == 0:
        tell(repository, run)
    return code


def unused(folder):
    """The folder, or the first numbered one beside it that does not exist."""
    found, number = folder, 1
    while found.exists():
        number += 1
        found = folder.with_name(f"{folder.name}-{number}")
    return found


def commit(repository, subject):
    """Make the folder a git repository: everything in it is one commit on main."""
    git(repository, "init", "--quiet", "--initial-branch=main")
    for name, value in IDENTITY.items():
        git(repository, "config", name, value)
    git(repository, "add", "--all", "--force")
    git(repository, "commit", "--quiet", f"--message={subject}")


def tell(repository, run):
    """Where everything is, in a few lines."""
    report = repository.with_name(f"{repository.name}.html")
    printed(SPARC, "report", run, "--html", report)
    say(f"\nThe ledger is released in {repository}: branch main, and its work tree.")
    say(git(repository, "log", "--first-parent", "--format=  %h %s"))
    say(f"Report: {report}")
    say(f"Prefect UI, with every run: {printed(SPARC, 'server', 'start')} (`sparc server status` tells its password)")
    say(f"sparc verify: {printed(SPARC, 'verify', '--repository', repository)}")


def to_its_end(*command):
    """Run a program in this terminal; its exit code."""
    # agents are started with `python3`, which is not on everybody's PATH
    env = os.environ | {"PATH": f"{SPARC.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
    process = subprocess.Popen(command, env=env)
    # Ctrl-C reaches sparc as well, which ends in order and says how to go on
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return process.wait()
    finally:
        signal.signal(signal.SIGINT, before)


def printed(*command):
    """What a program prints, without the end of its last line."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.stdout.rstrip()


def git(repository, *words):
    """What a git command prints."""
    command = ["git", "-C", repository, *words]
    return subprocess.run(
        command, env=os.environ | PLAIN_GIT, stdout=subprocess.PIPE, text=True, check=True
    ).stdout.rstrip()


def say(line):
    """Print at once, between the lines of the programs that are run."""
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
