"""Runs tests on the base, with the candidate's tests, with its names as well, and on stubs of what it has added."""

import base64
import time
from collections.abc import Mapping

from gates import red_green
from gates.proof.red_green_told import Sofar
from gates.proof.red_plan import Plan
from gates.subject import Ran, Run
from gates.tests import Limits as Tests
from tasks import base_suites
from tasks.errors import Interrupted, SparcError
from tasks.ground import Ground
from tasks.overlay import Entry, overlaid
from tasks.probe_plan import UNCOMPARED, Unplanned, asked
from tasks.probing import Probing
from tasks.requirements import DECISIVE
from tasks.suite_run import Left, run_suite

REGULAR = "100644"
PATIENCE, AT_LEAST = 5, 60.0
"""On stubs tests may take so many times as long as on the base, and so many seconds whatever that took."""


def probe(probing: Probing) -> Left:
    """What the further runs left, besides the shared one. Raises SparcError."""
    ground = probing.ground
    if not ground.exam.compared:
        raise Unplanned(UNCOMPARED)
    green = probing.suite()
    limits = red_green.Limits.model_validate(probing.check.limits.model_dump())
    tested = probing.tested.model_copy(update={"timeout": limits.timeout})
    plan = Plan.model_validate(asked(probing, green, "red_green", probing.tested.model_dump(mode="json"))["plan"])
    runs = _on_base(ground, plan, tested)
    base_done = time.monotonic()
    red, unable = _on_red(ground, plan, tested)
    patience = max(AT_LEAST, PATIENCE * (time.monotonic() - base_done))
    runs |= red
    told = plan.model_copy(update={"texts": {}, "names": {}})
    sofar = Sofar(plan=told, at_least=limits.at_least, weak=limits.weak)
    bound = tested.model_copy(update={"timeout": min(limits.timeout, patience)})
    if limits.asks and plan.names and (files := _files(probing, green._replace(runs=runs), "red_green_reds", sofar)):
        runs |= _on_names(ground, plan, bound.model_copy(update={"paths": files}))
    if plan.texts and (files := _files(probing, green._replace(runs=runs), "red_green_weak", sofar)):
        runs["stub"] = _run(ground, stubbed(ground, plan.texts), bound.model_copy(update={"paths": files}))
    notes = red_green.Notes(plan=told, unable=unable)
    return green._replace(runs=runs, notes=notes.model_dump(mode="json"))


def _on_base(ground: Ground, plan: Plan, tested: Tests) -> dict[str, Run]:
    # without an environment nothing can have passed there
    return base_suites.of_base(ground, tested) if plan.base_has_tests else {}


def _on_red(ground: Ground, plan: Plan, tested: Tests) -> tuple[dict[str, Run], str]:
    """The run, or why there is none."""
    if not plan.runs_red:
        return {}, ""
    try:
        limits = tested if plan.files is None else tested.model_copy(update={"paths": plan.files})
        return {"red": _run(ground, _red(ground, plan), limits)}, ""
    except Interrupted:
        raise
    except SparcError as problem:
        # without its own code a candidate's metadata may not even be installed
        return {}, str(problem)


def _on_names(ground: Ground, plan: Plan, limits: Tests) -> dict[str, Run]:
    """The run on the base that has the candidate's names, be it one that could not be made and tells of no test."""
    try:
        return {"names": _run(ground, _red(ground, plan, plan.names), limits)}
    except Interrupted:
        raise
    except SparcError as problem:
        return {"names": Run(ran=(Ran(argv=(), code=None, failure=str(problem)),))}


def _red(ground: Ground, plan: Plan, texts: Mapping[str, str] | None = None) -> str:
    """The base with the candidate's tests, and what they need: dependencies are the candidate's; and other texts."""
    base, files = ground.exam.compared or "", {file.path: file for file in ground.files(ground.exam.tree)}
    old = {file.path for file in ground.files(base)}
    laid = {*plan.laid, *(path for path in (*files, *old) if DECISIVE.search(path))}
    entries: dict[str, Entry | None] = {
        path: (files[path].mode, files[path].blob) if path in files else None for path in sorted(laid)
    }
    return overlaid(ground.git, base, {**entries, **_written(ground, texts or {})})


def _files(probing: Probing, left: Left, name: str, sofar: Sofar) -> tuple[str, ...]:
    """Test files to be run once more: those that are red, where only names may be missing; or weak, on stubs."""
    found = asked(probing, left, name, sofar.model_dump(mode="json"))["plan"]
    return tuple(map(str, found)) if isinstance(found, list) else ()


def stubbed(ground: Ground, texts: Mapping[str, str]) -> str:
    """The candidate's tree with other texts (in base64) in some of its files."""
    return overlaid(ground.git, ground.exam.tree, _written(ground, texts))


def _written(ground: Ground, texts: Mapping[str, str]) -> dict[str, Entry | None]:
    modes = {file.path: file.mode for file in ground.files(ground.exam.tree)}
    return {
        path: (modes.get(path, REGULAR), ground.git.write_blob(base64.b64decode(text))) for path, text in texts.items()
    }


def _run(ground: Ground, tree: str, limits: Tests) -> Run:
    return base_suites.trimmed(run_suite(ground.open(tree), limits, None, ground.config))
