"""From a request to a run's folder: everything that can be refused is refused here, before anything is started."""

import contextlib
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from flows.plan import Plan
from flows.programs import missing_programs
from flows.read_plan import load_plan
from flows.settings import Settings
from tasks.agents.registry import check_home
from tasks.errors import PlanInvalid, Refused
from tasks.hub import TRAILER_RUN, create_hub
from tasks.repository import Repository, base_of, open_repository
from tasks.run_folder import RUN_ID, RunFolder, RunRecord, copy_plan, exclusive

OWN_PLAN = "plan.json"
RELEASED = "released"


def prepare(
    plan: Plan | Path | str, repository: Path | str, run: str | None, settings: Settings, env: Mapping[str, str]
) -> RunFolder:
    """The folder of a new run, or of the unfinished one that `run` names. Raises Refused or PlanInvalid."""
    repository = Path(repository)
    try:
        with _copied(plan if isinstance(plan, Plan) else Path(plan)) as (source, fingerprint):
            return _prepare(source, fingerprint, repository, run, settings, env)
    except OSError as problem:
        raise Refused(f"cannot write under {settings.root} (SPARC_HOME): {problem}") from problem


def _prepare(
    source: Path, fingerprint: str, repository: Path, run: str | None, settings: Settings, env: Mapping[str, str]
) -> RunFolder:
    loaded = load_plan(source)
    if run is not None and not RUN_ID.fullmatch(run):
        raise Refused(f"{run!r} is no run id: a-z, 0-9 and -, at most 120 characters")
    folder = RunFolder(settings.root, run or new_run_id(loaded.name))
    if folder.exists:
        return _known(folder, loaded, fingerprint)
    settings.root.mkdir(parents=True, exist_ok=True)
    problems = missing_programs(loaded, source.parent)
    if problems:
        raise PlanInvalid(source.name, problems)
    opened = open_repository(repository)
    for spec in loaded.agents.values():
        check_home(spec, env, (settings.root, opened.path))
    base, start = base_of(opened, loaded.base)
    refuse_unreleased(opened, loaded.name, base)
    with held(opened, loaded.name, folder.run):
        record = RunRecord(
            run=folder.run, plan=loaded.name, plan_file=source.name, repository=opened.path, base=base, start=start,
            memory=settings.memory, fingerprint=fingerprint,
        )  # fmt: skip
        shutil.copytree(source.parent, folder.plan_dir, dirs_exist_ok=True)
        create_hub(folder.hub, opened, folder.run, loaded.name, start)
        folder.create(record)
    return folder


def _known(folder: RunFolder, plan: Plan, fingerprint: str) -> RunFolder:
    record = folder.record
    if record.plan != plan.name or record.fingerprint != fingerprint:
        raise Refused(
            f"run {folder.run} is of another plan or of another state of it: `sparc resume {folder.run}` goes on with "
            "its own copy, another --run ID starts anew"
        )
    if is_released(folder):
        raise Refused(f"run {folder.run} is finished and released: another --run ID, or none, starts a new one")
    return folder


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


def refuse_unreleased(repository: Repository, plan: str, base: str) -> None:
    """Raise Refused while `sparc/<plan>` holds work of another run that the base branch does not contain."""
    tip = repository.tip(f"sparc/{plan}")
    if tip and not repository.git.ancestor(tip, f"refs/heads/{base}"):
        owner = repository.git.commit(tip).trailers.get(TRAILER_RUN, "unknown")
        raise Refused(
            f"branch sparc/{plan} holds work of run {owner} that {base} does not contain: "
            f"`sparc resume {owner}` releases it, or merge or rename the branch"
        )


@contextlib.contextmanager
def _copied(plan: Plan | Path) -> Iterator[tuple[Path, str]]:
    """A private copy of the plan and its folder, and its fingerprint: what is checked is what will run."""
    with TemporaryDirectory(prefix="sparc-plan-") as scratch:
        folder = Path(scratch) / "plan"
        if isinstance(plan, Plan):
            folder.mkdir()
            source = folder / OWN_PLAN
            source.write_text(plan.model_dump_json(indent=1, exclude_none=True), encoding="utf-8")
        else:
            load_plan(plan)  # its problems are told with the path that the user gave
            copy_plan(plan, folder)
            source = folder / plan.resolve().name
        yield source, _fingerprint(folder)


def _fingerprint(folder: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        name = os.fsencode(file.relative_to(folder).as_posix())
        digest.update(b"%s %o %s\n" % (content.encode(), file.stat().st_mode & 0o111, name))
    return digest.hexdigest()
