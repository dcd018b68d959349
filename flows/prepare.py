"""From a request to a run's folder: everything that can be refused is refused here, before anything is started."""

import contextlib
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from flows.plan import Plan
from flows.programs import missing_programs
from flows.read_plan import load_plan, read_plan
from flows.refusals import (
    naming,
    refuse_branch_in_use,
    refuse_old_git,
    refuse_other_work,
    refuse_unfit_home,
    refuse_unfit_isolation,
    refuse_unfit_key,
    refuse_unknown_remote,
    refuse_unreleased,
)
from flows.settings import Settings
from tasks.agents.lending import check_lent, private_paths
from tasks.errors import PlanInvalid, Refused
from tasks.git import GitError
from tasks.hub import create_hub, pin
from tasks.locks import exclusive
from tasks.plan_copy import copy_plan, fingerprint, keep_manifest, manifest_of
from tasks.repository import Repository, base_of, open_repository
from tasks.run_folder import RUN_ID, RunFolder, RunRecord

OWN_PLAN = "plan.json"
RELEASED = "released"


class _Copy(NamedTuple):
    """A private copy of the plan and its folder: what is checked is what will run."""

    source: Path
    """The plan's file."""
    fingerprint: str
    written_in: Path
    """The folder that was copied, by which people know it."""


def prepare(
    plan: Plan | Path | str,
    repository: Path | str,
    run: str | None,
    settings: Settings,
    env: Mapping[str, str],
    ready: Callable[[], object] = lambda: None,
) -> RunFolder:
    """The folder of a new run, or of the unfinished one that `run` names. Raises Refused or PlanInvalid.

    `ready` is called when nothing else speaks against a new run and nothing is made yet; it may refuse as well.
    """
    if run is not None and not RUN_ID.fullmatch(run):
        raise Refused(f"{run!r} is no run id: a-z, 0-9 and -, at most 120 characters")
    refuse_old_git()
    if run is not None and _is_its_own(plan, folder := RunFolder(settings.root, run)):
        known = load_plan(folder.plan_dir / folder.record.plan_file)
        refuse_unfit_key(known, env)
        refuse_unfit_isolation(known)
        refuse_other_work(folder)
        return folder
    with naming("start"), _copied(plan if isinstance(plan, Plan) else Path(plan), settings.root) as copy:
        return _prepare(copy, Path(repository), run, settings, env, ready)


def _is_its_own(plan: Plan | Path | str, folder: RunFolder) -> bool:
    """Whether a run is to go on with its own copy, beside which its agents may have left what they like."""
    return not isinstance(plan, Plan) and folder.exists and Path(plan) == folder.plan_dir / folder.record.plan_file


def _prepare(
    copy: _Copy,
    repository: Path,
    run: str | None,
    settings: Settings,
    env: Mapping[str, str],
    ready: Callable[[], object],
) -> RunFolder:
    loaded = load_plan(copy.source)
    refuse_unfit_isolation(loaded)
    folder = RunFolder(settings.root, run or new_run_id(loaded.name))
    if folder.exists:
        refuse_unfit_key(loaded, env)
        return _known(folder, loaded, copy.fingerprint, repository)
    refuse_missing_programs(loaded, copy)
    opened = open_repository(repository)
    for spec in loaded.agents.values():
        check_lent(spec, env, private_paths(settings.root, opened.path, opened.git.directory))
    refuse_unfit_key(loaded, env, settings.root, copy.written_in, opened.path)
    base, start = base_of(opened, loaded.base)
    refuse_unknown_remote(opened, loaded.release.push)
    if opened.git.resolve(pin(folder.run)) not in (None, start):
        raise Refused(f"{opened.path} knows another run {folder.run}, of another SPARC_HOME: choose another --run ID")
    record = RunRecord(
        run=folder.run, plan=loaded.name, plan_file=copy.source.name, repository=opened.path, base=base, start=start,
        memory=settings.memory, fingerprint=copy.fingerprint,
    )  # fmt: skip
    with contextlib.ExitStack() as stack:
        with naming(f"write to the repository {opened.path}"):
            stack.enter_context(held(opened, loaded.name, folder.run))
        refuse_branch_in_use(opened, loaded.name, base)
        refuse_unreleased(opened, loaded.name, base)
        with naming(f"write under {settings.root} (SPARC_HOME)"):
            refuse_unfit_home(settings.root)
            ready()
        _make(folder, record, copy, opened)
    return folder


def _make(folder: RunFolder, record: RunRecord, copy: _Copy, repository: Repository) -> None:
    try:
        shutil.copytree(copy.source.parent, folder.plan_dir, symlinks=True, dirs_exist_ok=True)
        keep_manifest(folder)
        with folder.held():  # only the one who holds the run takes away locks that a kill has left in its hub
            create_hub(folder.hub, repository, folder.run, record.plan, record.start)
        folder.create(record)
    except (OSError, GitError) as problem:
        shutil.rmtree(folder.path, ignore_errors=True)
        why = problem.args[0][0][-1] if isinstance(problem, shutil.Error) else problem  # its first of all
        raise Refused(f"cannot make {folder.path} (below SPARC_HOME): {' '.join(str(why).split())}") from problem


def _known(folder: RunFolder, plan: Plan, fingerprint: str, repository: Path) -> RunFolder:
    record = folder.record
    if record.plan != plan.name or record.fingerprint != fingerprint:
        raise Refused(
            f"run {folder.run} is of another plan or of another state of it: `sparc resume {folder.run}` goes on with "
            "its own copy, another --run ID starts anew"
        )
    if is_released(folder):
        raise Refused(f"run {folder.run} is finished and released: another --run ID, or none, starts a new one")
    if open_repository(repository).git.directory != open_repository(record.repository).git.directory:
        raise Refused(f"run {folder.run} is of {record.repository}, not of {repository.resolve()}: another --run ID")
    with folder.held():  # refused while another process has it
        refuse_other_work(folder)
        return folder


def refuse_missing_programs(plan: Plan, copy: _Copy) -> None:
    """Raise PlanInvalid if an agent's program is not there; looked for in the copy, told as the user knows it."""
    places = str(copy.source.parent), str(copy.written_in)
    problems = [
        found._replace(problem=found.problem.replace(*places)) for found in missing_programs(plan, copy.source.parent)
    ]
    if problems:
        name = str(copy.written_in / copy.source.name)
        raise PlanInvalid(name, read_plan(copy.source).lines.locate(problems))


def is_released(folder: RunFolder) -> bool:
    """Whether the run's end was reached; written as the very last step."""
    return (folder.path / RELEASED).exists()


def new_run_id(plan: str) -> str:
    """`<plan>-<UTC time>-<4 hex>`."""
    return f"{plan}-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


@contextlib.contextmanager
def held(repository: Repository, plan: str, run: str) -> Iterator[None]:
    """Hold one plan on one repository. Raises Refused, naming the run, while another process carries it."""
    lock = repository.git.directory / "sparc" / f"{plan}.lock"
    refusal = f"plan {plan} is being run on {repository.path} by run {{holder}}: wait for it, or stop it first"
    with exclusive(lock, refusal, run):
        yield


@contextlib.contextmanager
def _copied(plan: Plan | Path, home: Path) -> Iterator[_Copy]:
    with TemporaryDirectory(prefix="sparc-plan-") as scratch:
        folder = Path(scratch) / "plan"
        if isinstance(plan, Plan):
            folder.mkdir()
            source = written = folder / OWN_PLAN
            source.write_text(plan.model_dump_json(indent=1, exclude_defaults=True), encoding="utf-8")
        else:
            load_plan(plan)  # its problems are told with the path that the user gave
            with naming(f"copy the plan's folder {plan.resolve().parent} to {folder}"):
                copy_plan(plan, folder, home)
            written = plan.resolve()
            source = folder / written.name
        yield _Copy(source, fingerprint(manifest_of(folder)), written.parent)
