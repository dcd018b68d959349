"""Our answers as JUnit XML: a suite for each gate, a case for each check.

`failed` is a failure, `error` and `unknown` are errors; findings stand in the text below, a line each.
"""

from collections.abc import Iterator
from itertools import groupby
from xml.etree import ElementTree as ET

from gates.verdict import Finding, Outcome, Verdict
from tasks.export import Answers, clean

TAGS = {Outcome.FAILED: "failure", Outcome.ERROR: "error", Outcome.UNKNOWN: "error"}


def junit(answers: Answers) -> str:
    """The text of the file."""
    root = ET.Element("testsuites", {"name": "sparc", **_counts(answers)})
    for gate, group in groupby(answers, key=lambda answer: answer.gate):
        some = list(group)
        suite = ET.SubElement(root, "testsuite", {"name": clean(gate), **_counts(some)})
        for answer in some:
            about = {"classname": f"sparc.{clean(gate)}", "name": clean(answer.verdict.check)}
            case = ET.SubElement(suite, "testcase", {**about, "time": f"{answer.seconds:.3f}"})
            _fill(case, answer.verdict)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _counts(answers: Answers) -> dict[str, str]:
    tags = [TAGS.get(answer.verdict.outcome) for answer in answers]
    seconds = sum(answer.seconds for answer in answers)
    counts = {"tests": len(tags), "failures": tags.count("failure"), "errors": tags.count("error"), "skipped": 0}
    return {**{name: str(number) for name, number in counts.items()}, "time": f"{seconds:.3f}"}


def _fill(case: ET.Element, verdict: Verdict) -> None:
    if tag := TAGS.get(verdict.outcome):
        about = {"message": clean(verdict.summary), "type": str(verdict.outcome)}
        ET.SubElement(case, tag, about).text = clean("\n".join(_lines(verdict)))
    else:
        ET.SubElement(case, "system-out").text = clean("\n".join((verdict.summary, *_lines(verdict))))


def _lines(verdict: Verdict) -> Iterator[str]:
    yield from map(_line, verdict.findings)
    yield from (f"waived: {_line(each)} ({each.reason})" for each in verdict.waived)
    yield from (f"noted: {_line(each)}" for each in verdict.noted)


def _line(finding: Finding) -> str:
    place = f"{finding.path}:{finding.line}" if finding.path and finding.line else finding.path
    rule = f"[{finding.rule}] " if finding.rule else ""
    return f"{place}: {rule}{finding.message}" if place else f"{rule}{finding.message}"
