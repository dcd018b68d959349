"""A tree in which some files are the base commit's: the configuration of tools, on which no candidate decides."""

from collections.abc import Iterable

from gates.paths import matcher, shown
from tasks.errors import SparcError
from tasks.ground import Ground

GONE = f"0 {'0' * 40}"


def with_base_files(ground: Ground, tree: str, patterns: Iterable[str]) -> str:
    """The tree with every file that a pattern means as the base commit has it; the same where nothing differs.

    Made by git's plumbing in the ground's own repository: nothing is written through links of the candidate's. Raises
    SparcError for a pattern that means nothing in either tree, for it may be misspelt.
    """
    patterns, base = tuple(patterns), ground.exam.base
    if not patterns or base is None:
        return tree
    means, git = matcher(patterns), ground.git
    wanted = {file.path: f"{file.mode} {file.blob}" for file in ground.files(base) if means(file.path)}
    here = {file.path: f"{file.mode} {file.blob}" for file in ground.files(tree) if means(file.path)}
    for pattern in patterns:
        if not any(map(matcher([pattern]), (*wanted, *here))):
            raise SparcError(f"from_base: no file matches {shown(pattern)}, neither here nor in the base commit")
    if wanted == here:
        return tree
    changes = {**dict.fromkeys(here.keys() - wanted.keys(), GONE), **wanted}
    records = b"".join(f"{entry}\t{path}\0".encode(errors="surrogateescape") for path, entry in changes.items())
    env = {"GIT_INDEX_FILE": str(ground.new_folder() / "index")}
    git.run("read-tree", tree, env=env)
    git.run("update-index", "-z", "--replace", "--index-info", stdin=records, env=env)
    return git.run("write-tree", env=env).decode().strip()
