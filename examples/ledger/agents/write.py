"""The scripted agent of this example: it does the work that is kept for its assignment under `work/`.

* `work/<phase>/<assignment>/` holds the files that it writes, laid out as in the repository.
* A `run.py` there is not copied but run in the workspace: it makes its file out of what it finds in the repository.
* `work/<phase>/<assignment>.fix/` is what it adds when a finding names a file of its own. Asked again for any other
  reason, it repeats its first work.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

WORK = Path(__file__).resolve().parent / "work"
PAUSE = 0.5  # seconds; long enough to see in the timeline which assignments ran side by side


def main():
    """Read the ask, do the work; returns the exit code."""
    if not sys.stdin.read().strip():
        return "no prompt on standard input"
    context = json.loads(Path(os.environ["SPARC_CONTEXT"]).read_text(encoding="utf-8"))
    first = WORK / os.environ["SPARC_PHASE"] / os.environ["SPARC_ASSIGNMENT"]
    fix = first.with_name(first.name + ".fix")
    if not first.is_dir():
        return f"there is no work in {first}"
    time.sleep(PAUSE)
    write(first)
    if names_one_of(context.get("findings") or [], files(first) + files(fix)):
        write(fix)
    script = first / "run.py"
    return subprocess.call([sys.executable, str(script)]) if script.is_file() else 0


def files(folder):
    """The paths in a folder of work, as they are in the repository; none if there is no such folder."""
    found = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return [path.relative_to(folder).as_posix() for path in found if path != folder / "run.py"]


def write(folder):
    """Copy a folder of work into the workspace, which is the working directory."""
    for path in files(folder):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / path, path)
        print(f"wrote {path}")


def names_one_of(findings, paths):
    """Whether a finding, whatever its shape, names one of the paths."""
    said = json.dumps(findings)
    return any(path in said for path in paths)


if __name__ == "__main__":
    sys.exit(main())
