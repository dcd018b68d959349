"""What the tests of the release share: the state of a work tree and of its branches."""

from pathlib import Path

from tasks.repository import open_repository
from tests.tasks.stories import Story


def state(where: Path, *leave_out: str) -> dict[str, bytes | str]:
    """Every file of a work tree, and every reference of its repository."""
    files: dict[str, bytes | str] = {
        str(path.relative_to(where)): path.read_bytes()
        for path in where.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(where).parts and path.name not in leave_out
    }
    heads = open_repository(where).git.refs("refs/heads/")
    return files | {name: tip for name, tip in heads.items() if "sparc/" not in name}


def tip_of(story: Story, branch: str = "main") -> str:
    return str(story.repository.tip(branch))
