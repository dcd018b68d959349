"""What the tests of workspaces share: writing into one, and looking at what was taken from it."""

from collections.abc import Mapping

from gates.paths import matcher
from tasks.workspace import Snapshot, Workspace, snapshot


def write(space: Workspace, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (space.path / name).parent.mkdir(parents=True, exist_ok=True)
        (space.path / name).write_text(text)


def taken(space: Workspace, *promised: str) -> Snapshot:
    return snapshot(space, matcher(promised))


def text_of(space: Workspace, found: Snapshot, path: str) -> str | None:
    data = space.hub.read(found.tree, path)
    return None if data is None else data.decode()


def modes(space: Workspace, found: Snapshot) -> dict[str, str]:
    return {file.path: file.mode for file in space.hub.tree_files(found.tree)}
