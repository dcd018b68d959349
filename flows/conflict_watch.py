"""The watch: which branches of a repository will not go together, on a schedule, before anybody tries to merge them.

Its final state is Completed, named Conflicts if there are any: a watch that finds some has done its work. It fails only
if it could not do it: Refused says why nothing was compared, Unknown which branches could not be.
"""

from pathlib import Path
from typing import Annotated

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed, Failed
from pydantic import Field

from tasks.artifacts import conflict_table, report_page
from tasks.conflict_history import places_of
from tasks.errors import Refused
from tasks.git import GitError
from tasks.repository import open_repository
from tasks.threads import in_thread
from tasks.watching import Met, Wanted, Watched, watch
from tasks.wording import count, plain

Globs = Annotated[tuple[str, ...], Field(min_length=1)]
Days = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Most = Annotated[int, Field(ge=1, le=200)]
EVERY = ("*",)
SHOWN = 3


def watch_name() -> str:
    """What is watched: the repository's directory."""
    return f"{Path(str(flow_run.parameters['repository'])).name} · conflicts"


@flow(name="conflict-watch", flow_run_name=watch_name, persist_result=False)
async def conflict_watch(
    repository: Path, branches: Globs = EVERY, against: str = "main", days: Days = 30, most: Most = 40
) -> State[Watched]:
    """Compare every two branches of a repository, and each with the one that they are to go into.

    Args:
        repository: Absolute path of the repository. It is read, and nothing in it changes.
        branches: Names or globs of local and remote-tracking branches: `topic`, `origin/*`.
        against: The branch that the others are to go into; those that it contains are left out.
        days: How long ago a branch may have changed last.
        most: How many branches at most; the newest are compared, and the page names the others.
    """
    try:
        found = await in_thread(_watched, repository, Wanted(branches, against, days, most))
    except (Refused, GitError) as refused:
        return Failed(name="Refused", message=str(refused))
    await _tell(repository.name, found)
    if found.unknown:
        return Failed(name="Unknown", message=_headline(found.unknown, "could not be compared"), data=found)
    if found.conflicts:
        return Completed(name="Conflicts", message=_headline(found.conflicts, "will not merge"), data=found)
    return Completed(message=f"no conflict in {count(found.pairs, 'pair')} of branches", data=found)


def _watched(repository: Path, wanted: Wanted) -> Watched:
    if not repository.is_absolute():
        raise Refused(f"{str(repository)!r} is no absolute path: a worker stands in no directory of the caller's")
    return watch(open_repository(repository), wanted)


def _headline(met: tuple[Met, ...], what: str) -> str:
    pairs = [f"{plain(each.ours)} x {plain(each.theirs)}" for each in met[:SHOWN]]
    more = [f"{len(met) - SHOWN} more"] if len(met) > SHOWN else []
    return f"{count(len(met), 'pair')} {what}: {'; '.join([*pairs, *more])}"


async def _tell(name: str, found: Watched) -> None:
    """To Prefect: a row for every two that meet; all of it on a page, and in the log."""
    rows = [
        {"who": met.ours, "whom": met.theirs, "level": met.overlap.word, "where": "; ".join(_places(met))}
        for met in found.met
    ]
    size = f"{count(found.pairs, 'pair')} of {', '.join(found.compared) or 'no branches'} and {found.against}"
    await conflict_table(f"watch-{name}", rows, f"Branches of {name} that meet")
    lines = [*map(plain, (size, *found.notes)), *(line for met in found.met for line in _lines(met))]
    await report_page(f"conflicts-{name}", "\n".join(("```", *lines, "```")))
    get_run_logger().info("\n".join(lines))


def _lines(met: Met) -> list[str]:
    head = plain(f"{met.ours} x {met.theirs}: {met.overlap.word}")
    return [head, *(f"  {plain(place)}" for place in _places(met))]


def _places(met: Met) -> list[str]:
    return [*places_of(met.overlap), *([f"and {met.overlap.more} more"] if met.overlap.more else [])]
