"""Our findings as SARIF 2.1.0: for code scanning, editors, and whoever reads that format.

* Each finding of a check that did not pass is a result, or its summary if it failed without one; what the plan waives
  is one too, suppressed with its reason; what it only noted is one of the level `note`.
* A check that could not be measured is told of as a notification of the tool, whose run then was no success: so that
  nobody takes a file without results for a gate that passed.
* A finding without a place in the tree stands at its root, for there are readers that refuse a result without one.
* Results are recognised again by `partialFingerprints`: rule, file and message, without the line.
"""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import version
from urllib.parse import quote

from pydantic import JsonValue

from gates.verdict import Finding, Outcome, Verdict, Waived
from tasks.export import Answers, clean

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
ROOT = "%SRCROOT%"
FINGERPRINT = "sparc/v1"
LEVELS = {Outcome.FAILED: "error", Outcome.ERROR: "error", Outcome.UNKNOWN: "error", Outcome.PASSED: "note"}

Json = dict[str, JsonValue]


def sarif(answers: Answers) -> str:
    """The text of the file."""
    verdicts = [answer.verdict for answer in answers]
    rules = _rules(verdicts)
    run: Json = {
        "tool": {"driver": {"name": "sparc", "version": version("sparc"), "rules": list(rules.values())}},
        "originalUriBaseIds": {ROOT: {"description": {"text": "The root of the repository."}}},
        "invocations": [_invocation(verdicts)],
        "columnKind": "unicodeCodePoints",
        "results": list(_results(verdicts, list(rules))),
    }
    log: Json = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=1) + "\n"


def _rule(verdict: Verdict, finding: Finding) -> str:
    """A finding that breaks no rule of a name breaks the check's."""
    return clean(finding.rule or verdict.check)


def _findings(verdict: Verdict) -> tuple[Finding, ...]:
    """Those of a verdict; of one that failed without any its summary, or else it would read as a success."""
    bare = verdict.outcome is Outcome.FAILED and not verdict.findings
    return (Finding(message=verdict.summary),) if bare else verdict.findings


def _rules(verdicts: list[Verdict]) -> dict[str, JsonValue]:
    found: dict[str, JsonValue] = {}
    for verdict in verdicts:
        for finding in (*_findings(verdict), *verdict.waived, *verdict.noted):
            name, check = _rule(verdict, finding), clean(verdict.check)
            found.setdefault(name, {"id": name, "shortDescription": {"text": f"{name}, told by the check {check}"}})
    return found


def _invocation(verdicts: list[Verdict]) -> Json:
    unmeasured = [verdict for verdict in verdicts if verdict.outcome in (Outcome.ERROR, Outcome.UNKNOWN)]
    told: list[JsonValue] = [
        {"level": "error", "message": {"text": clean(verdict.summary)}, "descriptor": {"id": clean(verdict.check)}}
        for verdict in unmeasured
    ]
    return {"executionSuccessful": bool(verdicts) and not unmeasured, "toolExecutionNotifications": told}


def _results(verdicts: list[Verdict], rules: list[str]) -> Iterator[Json]:
    seen: Counter[str] = Counter()
    for verdict in verdicts:
        told = [(finding, LEVELS[verdict.outcome]) for finding in _findings(verdict)]
        told += [(finding, "warning") for finding in verdict.waived]
        told += [(finding, "note") for finding in verdict.noted]
        for finding, level in told:
            rule = _rule(verdict, finding)
            text = clean(finding.message) or "no message"
            same = json.dumps([verdict.check, rule, finding.path, text])
            seen[same] += 1  # the second of its like is another one
            fingerprint = hashlib.sha256(f"{same}{seen[same]}".encode()).hexdigest()
            yield {
                "ruleId": rule,
                "ruleIndex": rules.index(rule),
                "level": level,
                "message": {"text": f"{clean(verdict.check)}: {text}"},
                "locations": [{"physicalLocation": _place(finding)}],
                "partialFingerprints": {FINGERPRINT: fingerprint},
                **_suppressed(finding),
            }


def _suppressed(finding: Finding) -> Json:
    if not isinstance(finding, Waived):
        # readers tell what is not suppressed from what was not looked at by the empty list
        return {"suppressions": []}
    return {"suppressions": [{"kind": "external", "status": "accepted", "justification": clean(finding.reason)}]}


def _place(finding: Finding) -> Json:
    uri = quote(_bytes(finding.path)) if finding.path else "./"
    place: Json = {"artifactLocation": {"uri": uri, "uriBaseId": ROOT}}
    if finding.path and finding.line and finding.line > 0:
        place["region"] = {"startLine": finding.line}
    return place


def _bytes(path: str) -> bytes:
    """A path as it is on disk; one that no disk could hold, which a report may name, as well as can be."""
    try:
        return os.fsencode(path)
    except UnicodeEncodeError:
        return clean(path).encode()
