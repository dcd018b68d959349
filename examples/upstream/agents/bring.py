"""The scripted agent of this example: it brings the part of the newer release that its assignment owns.

Which part that is stands in the context that every agent gets: the paths under `writes`. Files of the newer release
that these mean are copied into the workspace; files of the workspace that these mean, and that the newer release does
not have, are deleted. Nothing else is touched, and sparc refuses the attempt if it were.
"""

import json
import os
import re
import shutil
import sys
from pathlib import Path

WILDCARDS = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def main(newer):
    """Read the ask, bring the part; returns what stopped it, or None."""
    if not sys.stdin.read().strip():
        return "no prompt on standard input"
    context = json.loads(Path(os.environ["SPARC_CONTEXT"]).read_text(encoding="utf-8"))
    workspace = Path.cwd()
    wanted, found = (set(owned(folder, context["writes"])) for folder in (newer, workspace))
    for path in sorted(wanted):
        bring(newer / path, workspace / path)
    for path in sorted(found - wanted):
        (workspace / path).unlink()
        print(f"deleted {path}")
    return None if wanted else "the newer release has no file of mine"


def owned(folder, globs):
    """The paths of the files below a folder that the globs mean, as a plan writes them."""
    pattern = re.compile("|".join(map(expression, globs)))
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return [path.as_posix() for path in paths if path.parts[0] != ".git" and pattern.fullmatch(path.as_posix())]


def expression(glob):
    """A plan's glob as a regular expression: `*` stays within a folder, `**` does not."""
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", glob)
    return "".join(WILDCARDS.get(part) or re.escape(part) for part in parts)


def bring(source, target):
    """Copy one file, with its mode."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target)
    print(f"brought {target.name}")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
