"""Running recorded checks again, on the recorded trees: whether what the evidence says is so.

With what a check was asked comes from its record: limits, deliverables, the environment of the target, the commit whose
configuration held, the words of its command. What cannot be repeated is named, and counts as not verified. Programs of
the repository are run as a gate runs them.
"""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from flows.plain_gate import exam_of
from gates import command, slo
from gates.checks import Check
from gates.model import Frozen
from gates.subject import Beside
from gates.verdict import Verdict
from gates.waivers import Waiver
from tasks import evidence
from tasks.agents.asking import WORDS
from tasks.bench import Bench
from tasks.command import processes
from tasks.errors import SparcError
from tasks.exam import Exam
from tasks.git import Git
from tasks.repository import Repository
from tasks.target import Environment
from tasks.verify_report import Answer, Finding, Repeated, Report, Resting
from tasks.wording import plain

AT_ONCE = 4
"""Checks of one tree that are measured at the same time."""
PLAN_DIR = "{plan_dir}"
Tell = Callable[[str], object]


class _Unrepeatable(SparcError):
    """Why a recorded check cannot be run again."""


class _Asked(Frozen):
    """With what a check was asked, as `tasks.exam.asked_of` records it."""

    deliverables: tuple[str, ...]
    environment: Environment | None
    words: dict[str, str]
    suite: tuple[Check, ...]
    """The checks of its gate that look at one run of the tests."""
    compared: str | None = None
    earlier: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    beside: tuple[Beside, ...] = ()


@dataclass(frozen=True)
class _Recorded:
    """A recorded verdict, and with what it can be had again."""

    name: str
    """Of the evidence."""
    tree: str
    base: str | None
    check: Check
    asked: _Asked

    @property
    def ground(self) -> str:
        """What has to be the same for two checks to be run side by side."""
        return f"{self.tree} {self.base} {self.asked.model_dump_json()}"

    @property
    def question(self) -> str:
        """What has to be the same for one run to answer both."""
        return f"{self.ground} {self.check.model_dump_json()}"


@dataclass(frozen=True)
class Place:
    """Where checks are run again."""

    repository: Repository
    home: Path
    """SPARC_HOME."""
    env: Mapping[str, str]
    """The caller's environment, of which the target sees the names that the plan had declared."""
    plan_dir: Path | None = None
    """The plan's folder, for commands that name it."""


def rerun(report: Report, place: Place, tell: Tell) -> Report:
    """The report, with what running every check again gave on which what was verified rests; `tell` hears of each.

    Raises Refused if nothing can be kept in SPARC_HOME, and Interrupted.
    """
    found: dict[str, Verdict] = {}
    able: list[_Recorded] = []
    unable: dict[str, str] = {}
    records = {each.evidence: evidence.fetch(place.repository.git, each.evidence) for each in report.rests_on}
    for resting in report.rests_on:
        try:
            able.append(_readable(resting.evidence, records[resting.evidence], place))
        except _Unrepeatable as why:
            unable[resting.evidence] = str(why)
    asked = {each.question: each for each in able}
    for ground in dict.fromkeys(each.ground for each in asked.values()):
        together = [each for each in asked.values() if each.ground == ground]
        for each, verdict in zip(together, _measured(together, place), strict=True):
            found[each.question] = verdict
            tell(f"{len(found)}/{len(asked)}  {each.tree[:12]}  {verdict.outcome}  {plain(verdict.summary)}")
    answers = {each.name: found[each.question] for each in able}
    return _compared(report, place.repository.git, records, answers, unable)


def _readable(name: str, record: Mapping[str, Any], place: Place) -> _Recorded:
    if "asked" not in record:
        raise _Unrepeatable("its evidence does not say with what it was asked: an older sparc wrote it")
    try:
        asked = _Asked.model_validate(record["asked"])
        check = Check.model_validate({"name": _label(record).partition(" ")[0], "limits": record["limits"]})
        base = None if record["base"] is None else str(record["base"])
    except (ValidationError, KeyError):
        raise _Unrepeatable("its evidence asks what this sparc cannot ask") from None
    if base and place.repository.git.resolve(base) is None:
        raise _Unrepeatable(f"the commit whose configuration held, {base[:12]}, is not here")
    for commit in filter(None, (asked.compared, *asked.earlier, *asked.refused)):
        if place.repository.git.resolve(commit) is None:
            raise _Unrepeatable(f"a commit that it was compared with, {commit[:12]}, is not here")
    of_plan = isinstance(check.limits, command.Limits | slo.Limits) and PLAN_DIR in check.limits.model_dump_json()
    if of_plan and place.plan_dir is None:
        raise _Unrepeatable("it needs the plan's folder: give --plan-dir DIR")
    return _Recorded(name, str(record["tree"]), base, check, asked)


def _measured(together: list[_Recorded], place: Place) -> Iterator[Verdict]:
    """The answers of checks that stand on the same ground, in order, each as soon as those before it are there."""
    exam = _exam(together[0], place)
    checks = [each.check for each in together]
    with Bench(exam, [*together[0].asked.suite, *checks]) as bench, ThreadPoolExecutor(max_workers=AT_ONCE) as threads:
        try:
            yield from (measured.verdict for measured in threads.map(bench.verdict, checks))
        except BaseException:
            processes.get().stop()  # or leaving the block would wait for what is being measured
            raise


def _exam(recorded: _Recorded, place: Place) -> Exam:
    asked = recorded.asked
    words = dict.fromkeys(WORDS, "") | asked.words | {"plan_dir": str(place.plan_dir or "")}
    exam = exam_of(place.repository, recorded.base or "HEAD", place.home, place.env, asked.environment)
    return replace(
        exam, tree=recorded.tree, base=recorded.base, deliverables=asked.deliverables, words=words,
        compared=asked.compared, earlier=asked.earlier, refused=asked.refused, waivers=asked.waivers,
        beside=asked.beside,
    )  # fmt: skip


def _compared(
    report: Report, git: Git, records: Mapping[str, Any], answers: Mapping[str, Verdict], unable: Mapping[str, str]
) -> Report:
    findings, notes, repeated = list(report.findings), list(report.notes), []
    for resting in report.rests_on:
        name, record = resting.evidence, records[resting.evidence]
        label, tree, before = _label(record), str(record["tree"]), _recorded(record["verdict"])
        now = _answer(answers[name]) if name in answers else None
        repeated.append(Repeated(check=label, tree=tree, recorded=before, now=now, evidence=name))
        if problem := _problem(label, before, now, unable.get(name)):
            findings.append(_finding(git, resting, problem))
        elif now and now.measured != before.measured:
            notes.append(f"{label} on tree {tree[:12]}: recorded as {before.summary}, and now it is {now.summary}")
    if not repeated:
        notes.append("there was no recorded check to run again")
    ok = report.ok and bool(repeated) and not findings
    fresh = {"ok": ok, "findings": tuple(findings), "notes": tuple(notes), "repeated": tuple(repeated)}
    return report.model_copy(update=fresh)


def _label(record: Mapping[str, Any]) -> str:
    return str(record.get("check", ""))


def _recorded(verdict: Mapping[str, Any]) -> Answer:
    """Only its outcome has been looked at so far: whatever else it says may be missing."""
    return Answer(outcome=verdict["outcome"], summary=str(verdict.get("summary", "")), measured=verdict.get("measured"))


def _answer(verdict: Verdict) -> Answer:
    return Answer(outcome=verdict.outcome, summary=verdict.summary, measured=verdict.measured)


def _problem(label: str, before: Answer, now: Answer | None, why: str | None) -> str | None:
    if now is None:
        return f"{label}: cannot be run again here: {why}"
    if now.outcome != before.outcome:
        return f"{label}: recorded as {before.outcome} ({before.summary}), and now it is {now.outcome} ({now.summary})"
    return None


def _finding(git: Git, resting: Resting, problem: str) -> Finding:
    """About the newest of the merges that rest on it."""
    more = f" ({len(resting.commits) - 1} more merges rest on it)" if len(resting.commits) > 1 else ""
    commit = git.commit(resting.commits[0])
    return Finding(commit=commit.oid, subject=commit.subject, problem=problem + more)
