"""`types`: the target's own type checker, mypy or pyright, finds no error in any product file.

It runs in the target's environment, for it must see the target's dependencies; its configuration is that of the base
commit. Functions without annotations are checked as well, and missing imports are told. Every file must be among
those that it says to have checked, and two errors in a planted file must be found. What code says to the checker
itself (`# type: ignore`, `# mypy: ignore-errors`, `@no_type_check`) counts where the base does not have it.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from pydantic import JsonValue, ValidationError

from gates.files import read
from gates.flagged import Flag, Flagged, new_of, verdict
from gates.model import Duration, Frozen
from gates.model import Flag as Switch
from gates.moves import moved
from gates.paths import Paths
from gates.product import covered
from gates.ratchet import fresh
from gates.subject import Subject, compared
from gates.type_comments import switches
from gates.type_reports import of_mypy, of_pyright
from gates.verdict import Unmeasurable, Verdict

PLANTED_LINES = frozenset({1, 5})
"""Of the planted file, where its errors are."""


class Limits(Frozen):
    """Which checker is asked, and about what."""

    tool: Literal["mypy", "pyright"] = "mypy"
    """The checker; it must be among the target's dependencies."""
    strict: Switch = False
    """Ask for everything that the checker knows (`--strict`)."""
    config: Literal["base", "none"] = "base"
    """Whose configuration the checker has: the base commit's, or none."""
    new_only: Switch = False
    """Count only errors that the base commit does not have."""
    paths: Paths = ()
    """Files or globs to check. Default: the product: the declared packages and `src/`, or else the packages in the
    root."""
    timeout: Duration = 600
    """How long a run may take."""


class Place(Frozen):
    """Where a run was, as its starter noted it."""

    root: str
    """The checkout that was checked."""
    canary: str
    """The planted file."""


class Told(Frozen):
    """What the starter noted, out of the checker's reach."""

    candidate: Place
    base: Place | None = None


def compares(limits: Limits) -> bool:  # noqa: ARG001 - every check is asked with its limits
    """Whether it looks at the base commit's tree: always, for what code says to the checker."""
    return True


def product(limits: Limits, subject: Subject) -> tuple[str, ...]:
    """The files to check."""
    return covered(subject, limits.paths, ())


def base_product(limits: Limits, base: Subject) -> tuple[str, ...]:
    """The files of the base to compare with: none, where it has none that are meant."""
    try:
        return product(limits, base)
    except Unmeasurable:
        return ()


def measure(limits: Limits, subject: Subject) -> JsonValue:
    """Every error, and every switch that the base does not have."""
    try:
        told = Told.model_validate(subject.notes)
    except ValidationError:
        raise Unmeasurable("nobody noted where the checker ran") from None
    files = product(limits, subject)
    flags = _errors(limits, subject, told.candidate, files)
    added = _added(limits, subject, files)
    old = None
    if limits.new_only:
        new = new_of(subject, flags, _errors_of_base(limits, subject, told.base))
        flags, old = list(new), len(flags) - len(new)
    return Flagged(files=len(files), flags=(*flags, *added), old=old, waivers=subject.waivers).model_dump(mode="json")


def _errors_of_base(limits: Limits, subject: Subject, place: Place | None) -> list[Flag]:
    base = compared(subject)
    files = base_product(limits, base)
    run = subject.runs.get("base")
    if not files:
        return []
    if place is None or run is None:
        raise Unmeasurable("the base was not checked")
    asked = base.model_copy(update={"reports": run.reports, "ran": run.ran})
    try:
        return _errors(limits, asked, place, files)
    except Unmeasurable as problem:
        raise Unmeasurable(f"of the base: {problem}", *problem.findings) from None


def _added(limits: Limits, subject: Subject, files: Iterable[str]) -> list[Flag]:
    own = [flag for path in files for flag in switches(path, read(subject.root, path))]
    base = subject.base
    known: list[Flag] = []
    for path in base_product(limits, base) if base else ():
        try:
            known += switches(path, read(base.root, path)) if base else []
        except Unmeasurable:
            continue  # what cannot be read there absorbs nothing here
    # a path of the base that is gone is none of the candidate's
    now = moved(base.files, subject.files) if base else {}
    return fresh(own, known, lambda flag: (flag.rule, now.get(flag.path, flag.path), flag.message))


def _errors(limits: Limits, ran: Subject, place: Place, files: Iterable[str]) -> list[Flag]:
    """The errors in exactly these files, once it is certain that they, and the planted one, were checked."""
    names = {str(Path(place.root, path)): path for path in files}
    rows = list(of_pyright(ran, len(names) + 1) if limits.tool == "pyright" else of_mypy(ran, {*names, place.canary}))
    found = {line for path, line, _, _ in rows if path == place.canary}
    if not found >= PLANTED_LINES:
        raise Unmeasurable(
            f"{limits.tool} does not find the errors planted for it: its configuration at the base commit switches"
            " them off, or it is not the real one"
        )
    known = {str(Path(place.root, file.path)): file.path for file in ran.files} | names
    # an error in a file that is only imported counts too, for the checker was led there by ours
    return [
        Flag(rule=rule, path=known[path], line=line, message=message)
        for path, line, rule, message in rows
        if path in known
    ]


def judge(limits: Limits, report: JsonValue) -> Verdict:
    """Passed when no error is left that the plan does not allow."""
    said = verdict("types", Flagged.model_validate(report))
    return said.model_copy(update={"limit": {"errors": 0, "tool": limits.tool}})
