"""What a branch had, and changed again: the commits before each change of a file that the branch itself had made.

Where every file is touched once, the commit that the branch began at tells all that may have been lost on the way, and
there is nothing to add. Where not, something that was made on the branch may have been taken away on it as well.
"""

from tasks.git import Git, paths


def overwritten(git: Git, start: str, tip: str) -> tuple[str, ...]:
    """First parents from `start` on, oldest first, after which a file was changed that had been changed before."""
    line = [commit.oid for commit in git.first_parents(start, tip)][::-1]
    touched: set[str] = set()
    found: list[str] = []
    for before, after in zip([start, *line], line, strict=False):
        changed = set(paths(git.run("diff-tree", "-r", "-z", "--name-only", "--no-renames", before, after)))
        if touched & changed:
            found.append(before)
        touched |= changed
    return tuple(found)
