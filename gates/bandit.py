"""`bandit`: no issue at or above a severity and a confidence, in any product file.

Bandit is asked through its API, for by the command line its answer depends on files in the target, on `# nosec`, and
on parts of paths; it also ends well when it could read nothing.
"""

import logging
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from pydantic import JsonValue

from gates.files import locate
from gates.model import Frozen
from gates.paths import Paths
from gates.product import analysed
from gates.subject import Subject
from gates.verdict import Finding, Unmeasurable, Verdict, answer, worst

Level = Literal["low", "medium", "high"]
RANKS = ("undefined", "low", "medium", "high")
CANARY = "exec('canary')\n"


class Limits(Frozen):
    """Issues at or above both levels count against the limit, which is none."""

    severity: Level = "medium"
    """How grave an issue must be to count."""
    confidence: Level = "medium"
    """How sure bandit must be of it."""
    paths: Paths = ()
    """Files or globs to analyse. Default: every tracked Python file; outside of `src/` and the packages no tests."""


class Issue(Frozen):
    """One issue as bandit reports it."""

    path: str
    line: int
    test: str
    severity: str
    confidence: str
    text: str


class Report(Frozen):
    """The files analysed, and every issue in them."""

    files: int
    issues: tuple[Issue, ...]


def measure(limits: Limits, subject: Subject) -> JsonValue:
    """Every issue of every product file, whatever its level."""
    files = {str(locate(subject.root, path)): path for path in analysed(subject, limits.paths)}
    with TemporaryDirectory() as folder:
        canary = Path(folder) / "canary.py"
        canary.write_text(CANARY)
        issues = [_issue(found, files) for found in _analysed({**files, str(canary): ""})]
    if not any(issue.test == "B102" and not issue.path for issue in issues):
        raise Unmeasurable("bandit does not find the issue planted for it: its plugins are not installed")
    return Report(files=len(files), issues=tuple(issue for issue in issues if issue.path)).model_dump(mode="json")


def _analysed(files: Mapping[str, str]) -> list[Any]:
    """Bandit's issues, once it is certain that it analysed exactly these files; by their places on disk."""
    from bandit.core.config import BanditConfig  # noqa: PLC0415 - costs 0.3 s that other checks must not pay
    from bandit.core.manager import BanditManager  # noqa: PLC0415

    logging.getLogger("bandit").setLevel(logging.CRITICAL)
    expected = sorted(files)
    manager = BanditManager(BanditConfig(), "file", ignore_nosec=True)
    # not by discover_files, whose excludes match parts of the path
    manager.files_list = list(expected)
    manager.run_tests()
    if manager.skipped:
        skipped = [Finding(path=files[place], message=reason) for place, reason in manager.skipped]
        raise Unmeasurable(f"bandit could not analyse {skipped[0].headline}", *skipped)
    if manager.files_list != expected or not set(expected) <= set(manager.metrics.data):
        raise Unmeasurable("bandit did not analyse all of the files it was given")
    return list(manager.results)


def _issue(found: Any, files: Mapping[str, str]) -> Issue:  # noqa: ANN401 - bandit ships no types
    return Issue(
        path=files.get(found.fname, ""),
        line=found.lineno,
        test=found.test_id,
        severity=found.severity.lower(),
        confidence=found.confidence.lower(),
        text=found.text,
    )


def judge(limits: Limits, report: JsonValue) -> Verdict:
    """Passed when no issue reaches both levels."""
    found = Report.model_validate(report)
    worst_first = sorted(found.issues, key=lambda issue: (-RANKS.index(issue.severity), issue.path))
    findings = [_finding(issue) for issue in worst_first if _counts(limits, issue)]
    return answer(
        "bandit",
        f"{len(findings)} issues of severity {limits.severity} and confidence {limits.confidence} or above"
        f" in {found.files} files{worst(findings)}",
        measured=len(findings),
        limit={"severity": limits.severity, "confidence": limits.confidence},
        findings=findings,
        passed=not findings and found.files > 0,
    )


def _counts(limits: Limits, issue: Issue) -> bool:
    severe = RANKS.index(issue.severity) >= RANKS.index(limits.severity)
    return severe and RANKS.index(issue.confidence) >= RANKS.index(limits.confidence)


def _finding(issue: Issue) -> Finding:
    levels = f"severity {issue.severity}, confidence {issue.confidence}"
    return Finding(path=issue.path, line=issue.line, message=f"{issue.test} {issue.text} ({levels})")
