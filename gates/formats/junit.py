"""JUnit XML as test runners of many languages write it.

A suite that states more tests, failures or errors than it lists has lost some of them, and is not believed. What a
runner has not run (`status="notrun"`) was skipped, and a test that both failed and was skipped has failed. A word for
what became of a test that is not known is not taken for good.
"""

import re
from collections.abc import Iterator
from xml.etree import ElementTree as ET

from gates.formats.report_paths import Where
from gates.formats.told_tests import Case, Told, case
from gates.formats.xml_text import number, root_of
from gates.paths import shown
from gates.verdict import Unmeasurable

FAILING, SKIPPING = ("failure", "error"), ("skipped",)
STATED = {"tests": ("testcase",), "failures": ("failure",), "errors": ("error",)}
WORDS: dict[Told, str] = {
    "passed": "pass passed success successful succeeded ok run completed executed fixed",
    "failed": "fail failed failure failing error errored broken aborted timeout timedout incomplete interrupted crashed"
    " panicked undefined",
    "skipped": "notrun skip skipped disabled suppressed ignored pending todo untested inconclusive",
}
"""What `status` and `result` may say in place of a child element, in small letters without what joins words."""
MEANING = {word: told for told, words in WORDS.items() for word in words.split()}


def read(path: str, data: bytes, where: Where) -> Iterator[Case]:
    """Every case of one file. Raises Unmeasurable."""
    root = root_of(path, data, "testsuites", "testsuite")
    for suite in root.iter():
        if suite.tag in ("testsuites", "testsuite"):
            _refuse_lost(path, suite)
            yield from _of_suite(suite, where)
    yield from (_case(path, element, where) for element in root.iter("testcase"))


def _refuse_lost(path: str, suite: ET.Element) -> None:
    for name, tags in STATED.items():
        if not suite.get(name, ""):
            continue
        stated, listed = number(path, suite, name), sum(1 for tag in tags for _ in suite.iter(tag))
        if stated > listed:
            label = suite.get("name") or "the whole"
            raise Unmeasurable(f"{shown(path)}: {label[:80]!r} states {stated} {name} and lists {listed}")


def _of_suite(suite: ET.Element, where: Where) -> Iterator[Case]:
    """What went wrong outside of any case: a fixture of the whole suite, a file that does not compile."""
    for child in suite:
        if child.tag in FAILING:
            yield case(suite.get("name", "suite"), "failed", _text(child), where)


def _case(path: str, element: ET.Element, where: Where) -> Case:
    name = " ".join(filter(None, (element.get("classname"), element.get("name"))))
    if not name:
        raise Unmeasurable(f"{shown(path)} has a testcase without a name")
    outcome, told = _outcome(path, name, element)
    file = where.tracked(element.get("file") or element.get("filepath") or "")
    line = element.get("line", "")
    return case(name, outcome, told, where, (file, int(line) if file and line.isdecimal() and len(line) < 10 else None))  # noqa: PLR2004 - longer is no line


def _outcome(path: str, name: str, element: ET.Element) -> tuple[Told, str]:
    for tags, outcome in ((FAILING, "failed"), (SKIPPING, "skipped")):
        for child in element:
            if child.tag in tags:
                return ("failed" if outcome == "failed" else "skipped"), _text(child)
    words = tuple(filter(None, (element.get("status"), element.get("result"))))
    stated = [MEANING.get(re.sub(r"[\s_-]+", "", word.lower())) for word in words]
    if None in stated:
        word = words[stated.index(None)]
        raise Unmeasurable(
            f"{shown(path)}: of {name[:80]!r} it says {word[:40]!r}, and whether that is good is not known"
        )
    return ("failed" if "failed" in stated else "skipped" if "skipped" in stated else "passed"), " ".join(words)


def _text(element: ET.Element) -> str:
    """The message and what stands below it, where most have their stack trace."""
    message, text = element.get("message", ""), element.text or ""
    return text if message and message in text[: len(message) + 400] else "\n".join(filter(None, (message, text)))
