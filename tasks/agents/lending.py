"""What an agent may write beyond what is its own, as its plan says, and what no plan can lend."""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from tasks.agents.spec import AgentSpec
from tasks.credentials import secret_paths
from tasks.errors import Refused


def lent(spec: AgentSpec, caller: Mapping[str, str]) -> Iterator[tuple[str, Path]]:
    """(key and value of the plan, path) of all that an agent is lent for writing; absolute, as it was named."""
    for name in spec.home.user if spec.home else ():
        yield f"home.user: {name}", Path(os.path.normpath(Path(caller.get("HOME", "/")) / name))
    for name in spec.writable:
        yield f"writable: {name}", Path(os.path.normpath(name))


def lent_paths(spec: AgentSpec, caller: Mapping[str, str]) -> tuple[Path, ...]:
    """Those that are there; of what is not, an agent cannot make anything."""
    return tuple(path for _, path in lent(spec, caller) if path.exists())


def private_paths(home: Path, *repository: Path) -> tuple[Path, ...]:
    """What no agent may write: a SPARC_HOME, the user's repository (work tree, git directory), and what is hidden."""
    return (home, *repository, *secret_paths(home))


def check_lent(spec: AgentSpec, caller: Mapping[str, str], private: Iterable[Path]) -> None:
    """Refuse to lend a path that holds something an agent must not write, or that lies in it."""
    private = tuple(private)
    for what, place in lent(spec, caller):
        real = place.resolve()
        for path in private:
            if path.resolve().is_relative_to(real):
                raise Refused(f"{what} holds {path}, which no agent may write: lend a narrower path")
            if real.is_relative_to(path.resolve()):
                raise Refused(f"{what} lies in {path}, where no agent may write: lend another path")
    for name in spec.writable:
        if not Path(name).exists():
            raise Refused(f"writable: {name} does not exist: make it, so that it can be told from other places")
