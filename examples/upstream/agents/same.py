"""A check of the last gate: the candidate holds the newer release's files, byte for byte, and no others."""

import sys
from pathlib import Path


def main(newer, candidate):
    """Compare two folders; returns what is different, or None."""
    wanted, found = contents(newer), contents(candidate)
    different = sorted(path for path in wanted.keys() | found.keys() if wanted.get(path) != found.get(path))
    return f"not as released: {', '.join(different)}" if different else None


def contents(folder):
    """Path to bytes of every file below a folder; what Python keeps for itself is left out."""
    files = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
