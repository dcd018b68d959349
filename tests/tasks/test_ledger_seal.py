"""What the rules of the hub rest on: no reference is moved while it is not as it was."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tasks import evidence
from tasks.errors import Blocked
from tasks.git import ZERO, GitError
from tasks.hub import Hub
from tasks.integrate import candidate
from tests.tasks.gits import RunGit
from tests.tasks.hubs import (
    PLAN,
)
from tests.tasks.stories import Story


def overwritten(path: str, text: str) -> Callable[[Path], None]:
    def overwrite(hub: Path) -> None:
        (hub / path).write_text(text)

    return overwrite


def added(path: str) -> Callable[[Path], None]:
    def add(hub: Path) -> None:
        (hub / path).parent.mkdir(exist_ok=True)
        (hub / path).write_text("x")

    return add


def linked(hub: Path) -> None:
    hook = hub / "hooks/reference-transaction"
    hook.rename(hub.parent / "hook")
    hook.symlink_to(hub.parent / "hook")


def piped(hub: Path) -> None:
    (hub / "config").unlink()
    os.mkfifo(hub / "config")


TAMPERED: dict[str, tuple[Callable[[Path], object], str]] = {
    "hook not executable": (lambda hub: (hub / "hooks/reference-transaction").chmod(0o644), "is not executable"),
    "push hook not executable": (lambda hub: (hub / "hooks/pre-receive").chmod(0o600), "is not executable"),
    "hook writable": (lambda hub: (hub / "hooks/reference-transaction").chmod(0o777), "needs mode 755"),
    "hook gone": (lambda hub: (hub / "hooks/reference-transaction").unlink(), "cannot be read"),
    "hooks gone": (lambda hub: (hub / "hooks").rename(hub / "hoox"), "cannot be read"),
    "hook changed": (overwritten("hooks/reference-transaction", "#!/bin/sh\nexit 0\n"), "is not as sparc wrote it"),
    "hook a link": (linked, "cannot be read"),
    "rules changed": (overwritten("hooks/rules.py", "def main():\n    pass\n"), "is not as sparc wrote it"),
    "compiled rules changed": (
        lambda hub: next((hub / "hooks/__pycache__").iterdir()).write_bytes(b"x"), "is not as sparc wrote it"
    ),
    "compiled rules added": (added("hooks/__pycache__/rules.cpython-399.pyc"), "sparc has put no such file there"),
    "another hook": (added("hooks/post-index-change"), "sparc has put no such file there"),
    "a module beside the rules": (added("hooks/_json.py"), "sparc has put no such file there"),
    "configuration": (
        lambda hub: (hub / "config").write_text((hub / "config").read_text() + "[gc]\n\tpruneExpire = now\n"),
        "config is not as sparc wrote it",
    ),
    "configuration a pipe": (piped, "config is not as sparc wrote it"),
    "configuration of a work tree": (added("config.worktree"), "no such file"),
    "grafts": (added("info/grafts"), "no such file"),
    "shallow": (added("shallow"), "no such file"),
    "another repository": (overwritten("commondir", ".\n"), "no such file"),
    "attributes": (overwritten("info/attributes", "* merge=union\n"), "is not as sparc wrote it"),
    "alternates": (
        lambda hub: (hub / "objects/info/alternates").write_text("/else\n"), "alternates is not as sparc wrote it"
    ),
    "head": (overwritten("HEAD", "ref: refs/heads/sparc/ledger\n"), "HEAD is not as sparc wrote it"),
    "seal gone": (lambda hub: (hub / "sparc.json").unlink(), "sparc.json is missing or no longer what it was"),
    "seal emptied": (overwritten("sparc.json", "{}"), "sparc.json is missing or no longer what it was"),
    "seal shortened": (
        overwritten("sparc.json", '{"directory": "/", "programs": ["/x", "/y"], "files": {}}'), "no longer what it was"
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", TAMPERED)
def test_no_reference_is_moved_while_what_the_rules_rest_on_is_not_as_it_was(story: Story, what: str) -> None:
    hub: Hub = story.hub
    hub.ledger.check()
    tamper, words = TAMPERED[what]
    before = (hub.directory / PLAN).read_text()
    tamper(hub.directory)
    for act in (
        lambda: hub.git.create_refs({"refs/heads/release/x": hub.start}),
        lambda: hub.git.move("refs/heads/release/x", hub.start, ZERO),
        lambda: evidence.keep(hub.git, [{"kind": "x"}]),
        lambda: hub.make_ready(story.repository),
    ):
        with pytest.raises(Blocked, match=words) as told:
            act()
        assert str(hub.directory) in str(told.value)
        assert "resume" in str(told.value)
    assert (hub.directory / PLAN).read_text() == before
    assert not (hub.directory / "refs/heads/release").exists()


def test_the_rules_of_a_run_stay_what_they_were_when_its_hub_is_moved_or_python_is(
    story: Story, tmp_path: Path, git: RunGit
) -> None:
    rules = story.hub.directory / "hooks/rules.py"
    moved = story.hub.directory.rename(tmp_path / 'it has moved, "really"')
    hub = Hub(moved, story.hub.run, story.hub.plan, story.hub.start)
    assert hub.ledger.moved
    (moved / "hooks/.rules.py.1-1.tmp").touch()  # a kill came when this was done before
    hub.make_ready(story.repository)
    hub.make_ready(story.repository)
    assert not hub.ledger.moved
    assert str(moved) in (moved / "sparc.json").read_text().replace("\\", "")
    assert git(moved, "config", "core.hooksPath") == str(moved / "hooks")
    with pytest.raises(GitError, match="no such reference"):
        hub.git.create_refs({"refs/heads/x": hub.start})
    assert not rules.exists()
    seal = moved / "sparc.json"
    python = os.path.realpath(sys.executable)
    seal.write_text(seal.read_text().replace(python, "/gone/python3"))
    assert hub.ledger.moved
    hub.make_ready(story.repository)
    assert "/gone" not in seal.read_text()


def test_a_merge_is_refused_by_git_itself_whatever_our_code_believes(story: Story) -> None:
    """The whole way that a run takes, with a candidate that is not what was measured."""
    story.assignment(1, "specification", "slos", {"docs/slos.md": "# SLOs\n"})
    hub: Hub = story.hub
    found = candidate(hub.git, hub.plan_branch, hub.tip(hub.phase_branch(1, "specification")))
    gate = story.gate(found, tree="0" * 40)
    with pytest.raises(GitError, match="about another tree or other parents"):
        story.phase(1, "specification", gate)
    assert hub.plan_tip == hub.start
