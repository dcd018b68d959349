"""Results by tree: the same question about the same tree is not measured twice in a run.

The question is everything that the answer depends on and that we know beforehand: the tree; the check with its limits,
as the gate means them, words of commands and paths that were left out included; deliverables, where the check looks at
them; the configuration at the base commit by which tests are run; what the target's environment is made of, and the
names of the variables that it may see (their values may be secret); our code, the versions of our Python and of the
tools; and how programs are kept from the machine.

* A question of which we know only a part is none, and is asked each time: what decides when a program of the caller's
  runs (`command`, `slo`), a service is asked (`dependencies`) or a check of a third party looks is not ours to know.
* Only `passed` and `failed` are answers. What could not be measured is measured again.
* What passed holds for the run, also after a resume: it is read back from the evidence in the hub, which only the
  orchestrator writes. Another run measures for itself.
* What failed holds within one turn of the queue (`flows/merge_queue.py`). A later ask, a later round and a resume
  measure again: whoever mended something outside of the tree expects that it counts.
"""

import hashlib
import json
import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pydantic import JsonValue, ValidationError

import gates
from gates import command, dependencies, slo
from gates.checks import CHECKS, Check, Runs
from gates.deliverables import Limits as Deliverables
from gates.metrics.figures import METRICS
from gates.texts import Texts
from gates.verdict import Outcome, Verdict
from tasks import evidence
from tasks.agents.asking import WORDS, replaced
from tasks.exam import Exam
from tasks.figure_store import extensions
from tasks.git import Git
from tasks.suite_run import base_config, limits_of
from tasks.target import Environment

TOOLS = (
    "sparc",
    "bandit",
    "radon",
    "ruff",
    "coverage",
    "pytest",
    "pyshacl",
    "rdflib",
    "jsonschema",
    "markdown-it-py",
    "pyyaml",
)
OUTCOMES = (Outcome.PASSED, Outcome.FAILED)
ASKED_EACH_TIME = (command.Limits, slo.Limits, dependencies.Limits)
"""What a program found by PATH does, how fast this machine is and what is known of packages stands in no tree."""


@dataclass(frozen=True)
class Kept:
    """An answer from before."""

    verdict: Verdict
    evidence: str
    """Name of the record behind it."""
    where: str
    """Where it was measured, for people: `2 refinement, posting`."""


@dataclass
class KeptVerdicts:
    """The answers of one run."""

    passed: dict[str, Kept] = field(default_factory=dict)
    """Question -> answer; for the run."""

    @classmethod
    def read(cls, git: Git, run: str) -> "KeptVerdicts":
        """What this run has passed so far, as its hub tells."""
        kept = cls()
        for name, record in evidence.all_of(git, "verdict"):
            if record.get("run") == run:
                kept.add(record, name)
        return kept

    def add(self, record: Mapping[str, Any], name: str) -> None:
        """Keep what was measured, if it passed, by the record of it."""
        answer = answered(record, name)
        if answer and answer[1].verdict.passed:
            self.passed[answer[0]] = answer[1]

    def find(self, question: str, failed: Mapping[str, Kept] | None = None) -> Kept | None:
        """The answer to a question; one that failed only if it is among those given."""
        return self.passed.get(question) or (failed or {}).get(question)


def answered(record: Mapping[str, Any], name: str) -> tuple[str, Kept] | None:
    """A verdict's record as (question, answer); None for one without a question, or that is no answer."""
    try:
        verdict = Verdict.model_validate(record["verdict"])
        where = f"{record['number']} {record['phase']}" + (f", {record['assignment']}" if record["assignment"] else "")
        question = record.get("question")
    except (KeyError, ValidationError):
        return None
    kept = Kept(verdict, name, where)
    return (question, kept) if isinstance(question, str) and verdict.outcome in OUTCOMES else None


def question_of(exam: Exam, check: Check, checks: Iterable[Check]) -> str | None:
    """The sha256 of everything that a check of a gate (`checks`) asks of a tree; None where we know only a part."""
    if isinstance(check.limits, ASKED_EACH_TIME) or check.name not in CHECKS:
        return None
    asked: dict[str, JsonValue] = {
        "tree": exam.tree, "check": check.name,
        "limits": meant(check, exam.deliverables, exam.words).limits.model_dump(mode="json"),
        "deliverables": list(exam.deliverables) if isinstance(check.limits, Deliverables) else None,
        "target": _target(exam, check, checks), "versions": {**versions()},
        "compared": [exam.compared, *exam.earlier] if check.kind.compares(check.limits) else None,
        "refused": list(exam.refused) if check.kind.compares(check.limits) else None,
        "waivers": [waiver.model_dump(mode="json") for waiver in exam.waivers],
        "beside": [each.model_dump(mode="json") for each in exam.beside] if check.kind.hears else None,
    }  # fmt: skip
    text = json.dumps(asked, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def meant(check: Check, deliverables: tuple[str, ...], words: Mapping[str, str]) -> Check:
    """A check as its gate means it: paths that were left out, and words in commands but for `{workspace}`."""
    limits = check.limits
    if isinstance(limits, Texts) and not limits.paths:
        return Check(name=check.name, limits=limits.model_copy(update={"paths": deliverables}))
    if isinstance(limits, command.Limits | slo.Limits):
        known = {word: words.get(word, f"{{{word}}}") for word in WORDS} | {"workspace": "{workspace}"}
        run: dict[str, object] = {"run": replaced(limits.run, known)}
        if isinstance(limits, slo.Limits):
            run["setup"] = tuple(replaced(argv, known) for argv in limits.setup)
        return Check(name=check.name, limits=limits.model_copy(update=run))
    return check


def _target(exam: Exam, check: Check, checks: Iterable[Check]) -> JsonValue:
    """What decides on how the target is built and run, beyond its tree."""
    environment = (exam.environment or Environment()).model_dump(mode="json")
    if check.kind.runs is Runs.NOTHING:
        return {"environment": environment}  # which also says where the product is
    isolation = exam.isolation
    tests, covered = limits_of(check, checks)
    # which of the base's files configure a probe's tool is for the probe to know
    base = exam.git.resolve(exam.base, "tree") if exam.base and check.kind.runs is Runs.PROBE else None
    return {
        "environment": environment, "isolation": isolation, "base": base,
        "config": {**base_config(exam.git, exam.base, exam.environment)},
        "suite": tests.model_dump(mode="json"), "covered": covered.model_dump(mode="json") if covered else None,
    }  # fmt: skip


@cache
def versions() -> dict[str, str]:
    """Of what measures, with what is added to it; none of what is not installed."""
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for name in TOOLS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "none"
    added = {name: release for metric in METRICS for name, release in extensions(metric)}
    return added | found | {"code": _code()}


def _code() -> str:
    """The sha256 of what measures and judges: an installed version says little of a checkout that is worked on."""
    folder = Path(gates.__file__).parent
    files = ((str(path.relative_to(folder)), path.read_bytes()) for path in sorted(folder.rglob("*.py")))
    return hashlib.sha256(b"\0".join(name.encode() + b"\0" + code for name, code in files)).hexdigest()
