"""Hooks: a plan's commands around a phase, each on a throwaway checkout of the phase's current tree."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import mkdtemp
from typing import NamedTuple

from prefect import task
from prefect.cache_policies import NO_CACHE

from tasks.agents.asking import replaced
from tasks.command import Command, run_foreign
from tasks.git import Git
from tasks.isolation import Confinement
from tasks.scratch import remove
from tasks.share import Share
from tasks.threads import in_thread

TIMEOUT = 30 * 60.0  # seconds for one command
SHOWN = 600  # characters of output in a failure


class Surroundings(NamedTuple):
    """What hooks find around them."""

    env: Mapping[str, str]
    """What they see of the caller's environment."""
    confinement: Confinement
    """They may write to their checkout, HOME and TMPDIR, which nobody keeps."""


@task(name="hooks", task_run_name="hooks {when}", cache_policy=NO_CACHE, persist_result=False)
async def run_hooks(
    when: str,
    commands: Sequence[tuple[str, ...]],
    git: Git,
    tree: str,
    words: Mapping[str, str],
    around: Surroundings,
) -> str | None:
    """Run the commands of one moment, in order; why one of them failed, or None. What they change is discarded."""
    return await in_thread(run_all, when, commands, git, tree, words, around)


def run_all(
    when: str,
    commands: Sequence[tuple[str, ...]],
    git: Git,
    tree: str,
    words: Mapping[str, str],
    around: Surroundings,
) -> str | None:
    """The same, for callers without Prefect."""
    for command in commands:
        if failure := _run_one(command, git, tree, words, around):
            return f"hook {when}: {failure}"
    return None


def _run_one(
    command: tuple[str, ...], git: Git, tree: str, words: Mapping[str, str], around: Surroundings
) -> str | None:
    scratch = Path(mkdtemp(prefix="sparc-hook-"))
    try:
        git.checkout(tree, scratch / "tree")
        for name in ("home", "tmp"):
            (scratch / name).mkdir()
        words = {**words, "workspace": str(scratch / "tree")}
        told = {f"SPARC_{word.upper()}": value for word, value in words.items() if word != "plan_dir"}
        own = {"HOME": str(scratch / "home"), "TMPDIR": str(scratch / "tmp")}
        argv = replaced(command, words)
        jail = around.confinement.jail(scratch / "tree", scratch / "home", scratch / "tmp")
        env = {**around.env, **told, **own}
        done = run_foreign(Command(argv, scratch / "tree", env, timeout=TIMEOUT, jail=jail, bounds=Share()))
    finally:
        remove(scratch)
    if done.failure or done.code:
        return f"{' '.join(argv)}: {done.failure or f'exit code {done.code}'}: {done.output.strip()[-SHOWN:]}"
    return None
