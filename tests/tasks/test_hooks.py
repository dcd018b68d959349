"""Hooks: a plan's commands on a tree that is thrown away."""

import os
import stat
import sys
from pathlib import Path

import pytest

from tasks.hooks import Surroundings, run_all
from tasks.hub import Hub
from tasks.isolation import Confinement

WORDS = {"plan_dir": "/the/plan", "run": "r-1", "phase": "refinement", "assignment": "", "attempt": ""}
ENV = {"PATH": os.environ["PATH"]}


def run(hub: Hub, *commands: tuple[str, ...]) -> str | None:
    return run_all("before", commands, hub.git, hub.start, WORDS, Surroundings(ENV, Confinement("none")))


def shell(script: str) -> tuple[str, ...]:
    return ("sh", "-c", script)


def test_a_hook_sees_the_phases_tree_and_is_told_where_it_is(hub: Hub, tmp_path: Path) -> None:
    script = f"""
        cat src/app.py > {tmp_path}/seen
        echo "$PWD|$SPARC_WORKSPACE|$SPARC_RUN|$SPARC_PHASE|$1|$2|$3" >> {tmp_path}/seen
        env -0 > {tmp_path}/env; ls -A > {tmp_path}/files
    """
    assert run(hub, (*shell(script), "name", "{workspace}", "{plan_dir}/x", "{other}")) is None
    text, about = (tmp_path / "seen").read_text().splitlines()
    here, workspace, *rest = about.split("|")
    assert text == "print('app')"
    assert here == workspace
    assert rest == ["r-1", "refinement", here, "/the/plan/x", "{other}"]
    assert (tmp_path / "files").read_text().split() == [".gitignore", "README.md", "docs", "run.sh", "src"]
    names = {entry.partition("=")[0] for entry in (tmp_path / "env").read_text().split("\0") if entry}
    assert names - {"PWD", "OLDPWD", "SHLVL", "_"} == {
        "PATH", "HOME", "TMPDIR", "SPARC_WORKSPACE", "SPARC_RUN", "SPARC_PHASE", "SPARC_ASSIGNMENT", "SPARC_ATTEMPT",
    }  # fmt: skip


def test_what_hooks_change_is_discarded_and_not_seen_by_the_next(hub: Hub, tmp_path: Path) -> None:
    refs = hub.git.refs("refs/")
    spoil = f"echo spoilt > src/app.py; rm README.md; mkdir -p $HOME/.cache $TMPDIR/x; echo $HOME > {tmp_path}/where"
    look = f"cat src/app.py > {tmp_path}/seen; test -e README.md && test ! -e $HOME/.cache"
    assert run(hub, shell(spoil), shell(look)) is None
    assert (tmp_path / "seen").read_text() == "print('app')\n"
    assert not Path((tmp_path / "where").read_text().strip()).parent.exists()
    assert hub.git.refs("refs/") == refs


def test_the_first_failure_ends_it_and_is_told_with_what_was_printed(hub: Hub, tmp_path: Path) -> None:
    failure = run(
        hub, shell("exit 0"), shell("echo says out; echo says err >&2; exit 3"), shell(f"touch {tmp_path}/no")
    )
    assert failure is not None
    assert failure.startswith("hook before: sh -c echo says out;")
    assert failure.endswith(": exit code 3: says out\nsays err")
    assert not (tmp_path / "no").exists()


def test_of_much_output_the_end_is_told(hub: Hub) -> None:
    failure = run(hub, shell("seq 100000; echo last words; exit 1"))
    assert failure is not None
    assert failure.endswith("99999\n100000\nlast words")
    assert len(failure) < 1000


@pytest.mark.parametrize(
    ("command", "words"),
    [(("no-such-program",), "cannot start no-such-program"), (shell("kill -9 $$"), "exit code -9")],
)
def test_a_hook_that_cannot_run_is_a_failure(hub: Hub, command: tuple[str, ...], words: str) -> None:
    assert words in (run(hub, command) or "")


def test_no_commands_are_no_failure(hub: Hub) -> None:
    assert run(hub) is None


def test_what_a_hook_protects_against_writing_is_thrown_away_as_well(hub: Hub, tmp_path: Path) -> None:
    script = f"""
import os, pathlib
place = pathlib.Path("cache/module"); place.mkdir(parents=True); (place / "file").write_text("x")
place.chmod({stat.S_IRUSR | stat.S_IXUSR}); place.parent.chmod({stat.S_IRUSR | stat.S_IXUSR})
pathlib.Path({str(tmp_path / "where")!r}).write_text(os.getcwd())
"""
    assert run(hub, (sys.executable, "-c", script)) is None
    assert not Path((tmp_path / "where").read_text()).exists()
