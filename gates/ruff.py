"""`ruff`: no violation of the rules that the plan, or the base commit's configuration, chooses.

Ruff by itself passes what it was led away from. So it is given every file by name; its configuration comes from the
plan or the base commit; comments that switch rules off count for nothing (but isort's own, `# isort: skip_file`, which
ruff obeys in the rules `I`); a second run, with a rule that every file breaks, proves that each of them can be read;
and a file with an error of syntax, planted outside of the tree, must be told.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import JsonValue, StringConstraints

from gates.flagged import Flag, Flagged, flagged, verdict
from gates.model import Flag as Switch
from gates.model import Frozen
from gates.paths import Paths
from gates.product import analysed
from gates.ran import tail
from gates.reports import read_report
from gates.subject import Subject
from gates.verdict import Finding, Unmeasurable, Verdict

CANARY = "canary.py"
"""Name of the planted file; it lies beside the reports."""
PLANTED = "def canary(:\n"
PROOF = "CPY001"
"""The rule that every file breaks: a copyright notice of one run's own."""
UNREADABLE = frozenset({None, "invalid-syntax", "E902", "E999"})
"""Codes of what is no violation, but keeps a file from being looked at."""
MOST_BYTES = 200_000_000
ENDED = (0, 1)
"""Codes with which ruff says that it has looked at everything."""

Selector = Annotated[str, StringConstraints(pattern=r"^[A-Z]+[0-9]*$")]


class Limits(Frozen):
    """Which rules hold, and where."""

    select: tuple[Selector, ...] = ()
    """Rules or prefixes of rules: `F401`, `E`, `ALL`. Default: those of ruff's configuration at the base commit;
    without one, ruff's own."""
    ignore: tuple[Selector, ...] = ()
    """Rules or prefixes of rules that are not asked."""
    config: Literal["base", "none"] = "base"
    """Whose configuration (ignored files and rules, settings of rules) ruff has: the base commit's, or none."""
    target: Annotated[str, StringConstraints(pattern=r"^py3[0-9]{1,2}$")] | None = None
    """Oldest Python that the code is for, as `py311`. Default: as ruff's configuration or requires-python says at the
    base commit; without them, the newest that ruff knows."""
    new_only: Switch = False
    """Count only what the base commit does not have."""
    paths: Paths = ()
    """Files or globs to analyse. Default: every tracked Python file; outside of `src/` and the packages no tests."""


def compares(limits: Limits) -> bool:
    """Whether it looks at the base commit's tree."""
    return limits.new_only


def measure(limits: Limits, subject: Subject) -> JsonValue:
    """Every violation that counts."""
    _refuse_crashes(subject)  # what is wrong with a configuration says more than what is missing
    if not _rules(subject):
        raise Unmeasurable("the configuration chooses no rule at all: name some (select)")
    files = analysed(subject, limits.paths)
    flags = _flags(subject, subject.root, files)
    return flagged(subject, len(files), flags, _of_base(limits, subject)).model_dump(mode="json")


def _refuse_crashes(told: Subject) -> None:
    for ran in told.ran:
        if ran.failure or ran.code not in ENDED:
            words = " ".join((ran.failure or tail(ran.output)).split())
            raise Unmeasurable(f"ruff came to no end: {words[:600] or f'code {ran.code}'}")


def _rules(subject: Subject) -> int:
    notes = subject.notes
    rules = notes.get("rules") if isinstance(notes, dict) else None
    return rules if isinstance(rules, int) else 0


def _of_base(limits: Limits, subject: Subject) -> Any:  # noqa: ANN401 - a function of the base
    if not limits.new_only:
        return None
    before = subject.runs.get("base")
    told = {"reports": before.reports, "ran": before.ran} if before else {"reports": None}
    asked = subject.model_copy(update=told)
    return lambda base: _flags(asked, base.root, base_files(limits, base), excused=True)


def base_files(limits: Limits, base: Subject) -> tuple[str, ...]:
    """The files of the base to compare with: none, where it has none that are meant."""
    try:
        return analysed(base, limits.paths)
    except Unmeasurable:
        return ()


def _flags(told: Subject, root: Path, files: tuple[str, ...], *, excused: bool = False) -> list[Flag]:
    """What ruff says of exactly these files, once it is certain that it has read them all.

    `excused`: files that cannot be read are of the base, and have nothing to compare with.
    """
    if excused and not files:
        return []
    _refuse_crashes(told)
    names = {str(root / path): path for path in files}
    said, proof = _rows(told, "said.json"), _rows(told, "proof.json")
    if not any(_name(row) not in names and _is_canary(told, row) for row in said):
        raise Unmeasurable("ruff does not find the error planted for it")
    broken = [_flag(row, names) for row in (*said, *proof) if _name(row) in names and row.get("code") in UNREADABLE]
    if broken and not excused:
        raise Unmeasurable(f"ruff cannot read {broken[0].finding.headline}", *(flag.finding for flag in broken))
    read = {_name(row) for row in proof if row.get("code") == PROOF}
    if missing := names.keys() - read - {str(root / flag.path) for flag in broken}:
        places = [Finding(path=names[name], message="was not analysed") for name in sorted(missing)]
        raise Unmeasurable(f"ruff did not analyse {places[0].headline.partition(' ')[0]}", *places)
    if strange := {_name(row) for row in said} - names.keys() - {str(_canary(told))}:
        raise Unmeasurable(f"ruff tells of a file that it was not given: {min(strange)}")
    return [_flag(row, names) for row in said if _name(row) in names and row.get("code") not in UNREADABLE]


def _canary(told: Subject) -> Path:
    return (told.reports or Path()) / CANARY


def _is_canary(told: Subject, row: Mapping[str, Any]) -> bool:
    return _name(row) == str(_canary(told)) and row.get("code") in UNREADABLE


def _rows(told: Subject, name: str) -> list[dict[str, Any]]:
    try:
        rows = json.loads(read_report(told.reports, name, most=MOST_BYTES))
    except (ValueError, RecursionError):
        raise Unmeasurable(f"ruff left a {name} that cannot be read") from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Unmeasurable(f"ruff left a {name} that is no list of violations")
    return rows


def _name(row: Mapping[str, Any]) -> str:
    return str(row.get("filename"))


def _flag(row: Mapping[str, Any], names: Mapping[str, str]) -> Flag:
    code = row.get("code")
    return Flag(
        rule=str(code) if code else "invalid-syntax",
        path=names[_name(row)],
        line=int((row.get("location") or {}).get("row") or 0),
        message=str(row.get("message")),
    )


def judge(limits: Limits, report: JsonValue) -> Verdict:  # noqa: ARG001 - every check is asked with its limits
    """Passed when no violation is left that the plan does not allow."""
    return verdict("ruff", Flagged.model_validate(report))
