"""What is asked of a tree, what comes back, and the record that is kept of it."""

import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from pydantic import JsonValue

from gates import plugins
from gates.checks import Check, Runs
from gates.line_hits import LineHits
from gates.subject import Beside
from gates.verdict import Verdict
from gates.waivers import Waiver
from tasks.git import Git
from tasks.isolation import Confinement, Isolation
from tasks.redact import Redaction
from tasks.rooms import CHECKOUT
from tasks.suite_run import Left
from tasks.target import Environment

OURS: Mapping[str, tuple[str, ...]] = {
    "bandit": ("bandit",),
    "radon": ("radon",),
    "specification": ("pyshacl", "rdflib", "jsonschema", "pyyaml"),
    "docs": ("markdown-it-py", "pyyaml"),
    "ruff": ("ruff",),
    "dependencies": ("pip-audit",),
}
"""Check to the distributions of our own environment that do it."""


@dataclass(frozen=True)
class Exam:
    """What is to be measured, and with what."""

    git: Git
    """Where the objects are."""
    tree: str
    base: str | None
    """The commit by whose configuration the tests are run, and tools are asked; None: without any."""
    deliverables: tuple[str, ...]
    environment: Environment | None
    """As the plan has it; None: the default one."""
    folder: Path
    """For scratch, outside any tree."""
    words: Mapping[str, str]
    """What `{run}`, `{phase}` and others stand for in commands; `{workspace}` is the check's checkout."""
    home: Path
    """SPARC_HOME."""
    env: Mapping[str, str]
    """The caller's environment, of which the target sees the declared names."""
    confinement: Confinement
    """How programs are kept from the machine."""
    compared: str | None = None
    """The commit that comparisons are made with; None: with none."""
    earlier: tuple[str, ...] = ()
    """Commits after that one which the tree was built on; nothing may be lost of them either."""
    refused: tuple[str, ...] = ()
    """What attempts before left that was not merged; what is lost of it is told."""
    waivers: tuple[Waiver, ...] = ()
    """What the plan allows on purpose."""
    beside: tuple[Beside, ...] = ()
    """What named checks of the same gate came to, as far as they were measured."""

    @property
    def isolation(self) -> Isolation:
        """The same in one word."""
        return self.confinement.mode


class Measured(NamedTuple):
    """A check's answer and the record behind it."""

    verdict: Verdict
    evidence: dict[str, JsonValue]
    seconds: float
    lines: tuple[LineHits, ...] = ()
    """Line by line what was executed, of a check that measures coverage; no part of the evidence."""


def measured(
    exam: Exam, check: Check, verdict: Verdict, left: Left | None, seconds: float, rooms: Iterable[Path]
) -> Measured:
    """Answer and record as they can be shown: without secrets, and without paths of this machine.

    `rooms`: folders of all rooms that were opened.
    """
    redaction = redaction_of(exam, rooms)
    shown = Verdict.model_validate(redaction.json(verdict.model_dump(mode="json")))
    installed = left.room.installed if left else None
    ran = [each.model_dump(mode="json", exclude={"output"}) for each in left.ran] if left else []
    evidence: dict[str, JsonValue] = {
        "check": check.label,
        "limits": check.limits.model_dump(mode="json"),
        "verdict": shown.model_dump(mode="json"),
        "tree": exam.tree,
        "base": exam.base,
        "environment": installed.key if installed else None,
        "versions": {**(installed.versions if installed else {}), **_versions(check), **plugins.versions(check.name)},
        "ran": redaction.json(list(ran)),
        "isolation": exam.isolation if check.kind.runs is not Runs.NOTHING else None,
        "seconds": seconds,
    }
    return Measured(shown, evidence, seconds)


def asked_of(exam: Exam, check: Check, checks: Iterable[Check]) -> dict[str, JsonValue]:
    """With what a check of a gate (`checks`) is asked, for whoever asks again; nothing in it is of this machine."""
    sharing = check.kind.runs in (Runs.SUITE, Runs.PROBE)
    shared = [each for each in checks if each.kind.runs is Runs.SUITE] if sharing else []
    compares = check.kind.compares(check.limits)
    return {
        "deliverables": list(exam.deliverables),
        "environment": exam.environment.model_dump(mode="json") if exam.environment else None,
        "words": {word: text for word, text in exam.words.items() if word != "plan_dir"},
        "suite": [each.model_dump(mode="json") for each in shared],
        "compared": exam.compared if compares else None,
        "earlier": list(exam.earlier) if compares else [],
        "refused": list(exam.refused) if compares else [],
        "waivers": [waiver.model_dump(mode="json") for waiver in exam.waivers],
        "beside": [each.model_dump(mode="json") for each in exam.beside] if check.kind.hears else [],
    }


def beside(answers: Iterable[tuple[Check, Verdict]]) -> tuple[Beside, ...]:
    """What the named checks among these came to."""
    return tuple(
        Beside(label=check.label, name=check.own_name, outcome=verdict.outcome)
        for check, verdict in answers
        if check.own_name
    )


def _versions(check: Check) -> dict[str, str]:
    """Of what a check is done with in our own environment."""
    python = {"python": platform.python_version()} if check.kind.runs is Runs.NOTHING else {}
    return {**python, **{name: version(name) for name in OURS.get(check.name, ())}}


def redaction_of(exam: Exam, rooms: Iterable[Path]) -> Redaction:
    """What hides secrets, and paths of this machine; `rooms`: folders of all rooms that were opened."""
    declared = exam.environment.env if exam.environment else ()
    secrets = {name: exam.env[name] for name in declared if name in exam.env}
    places = {Path(exam.env["HOME"]): "home"} if "HOME" in exam.env else {}
    for path, name in ((exam.home, "sparc_home"), (exam.folder, "scratch")):
        places |= {path: name, path.resolve(): name}
    if "plan_dir" in exam.words:
        places[Path(exam.words["plan_dir"])] = "plan_dir"
    for folder in rooms:
        places |= {folder: "scratch", folder / CHECKOUT: "workspace"}
    return Redaction(places, secrets)
