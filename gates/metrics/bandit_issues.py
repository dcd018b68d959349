"""Bandit's issues of one file, by its API and without any of its configuration.

* No file of the target, no `# nosec` and no part of a path has a say, and nothing on disk is looked at.
* Bandit goes on when one of its own tests crashes on some code, and only logs it: what that test would have found
  there is not known, so it is an issue too.
* That bandit's tests are there at all is seen by an issue that is planted for it.
"""

import io
import logging
import re
import sys
from functools import cache
from importlib import import_module
from importlib.util import LazyLoader, find_spec, module_from_spec
from typing import Any, NamedTuple

from gates.metrics.figures import Unread
from gates.metrics.source import parse

CANARY = b"exec('canary')\n"
CANARYS_RULE = "B102"
CRASHED = "bandit-crashed"
"""The rule of an issue that stands for a test of bandit's that could not look."""
CRASH = re.compile(r"running: (\S+) on file .*? at line (\d+):", re.DOTALL)
"""How bandit logs that."""
UNUSED = ("rich.progress", "yaml")
"""Bandit imports them for a progress bar, which it draws for nobody here, and for configurations that it is not given;
these are two fifths of its import."""
MOST_ISSUES = 10_000
MOST_CHARACTERS = 400
"""Of a text, and of a line of code, that is kept."""


class Issue(NamedTuple):
    """One issue as bandit reports it, without its file."""

    line: int
    rule: str
    """Bandit's test id."""
    severity: str
    confidence: str
    text: str
    code: str
    """The line that it stands in, stripped."""


def issues(path: str, content: bytes) -> list[Issue]:
    """Every issue of a file, whatever its level, by line and rule. Raises Unread."""
    if not _finds_canary():
        raise Unread("bandit does not find the issue planted for it: its plugins are not installed")
    parse(content)  # for a better word than bandit has
    return sorted(_seen(path, content))


@cache
def _finds_canary() -> bool:
    return any(found.rule == CANARYS_RULE for found in _seen("canary.py", CANARY))


def _seen(path: str, content: bytes) -> list[Issue]:
    for name in UNUSED:
        _put_off(name)
    from bandit.core.meta_ast import BanditMetaAst  # noqa: PLC0415 - 0.2 s that nobody must pay who knows all figures
    from bandit.core.metrics import Metrics  # noqa: PLC0415
    from bandit.core.node_visitor import BanditNodeVisitor  # noqa: PLC0415

    crashes, metrics = _Crashes(), Metrics()
    metrics.begin(path)
    logger = logging.getLogger("bandit")
    logger.handlers, logger.propagate = [crashes], False
    visitor = BanditNodeVisitor(
        fname=path, fdata=io.BytesIO(content), metaast=BanditMetaAst(), testset=_tests(), debug=False, nosec_lines={},
        metrics=metrics,
    )  # fmt: skip
    try:
        visitor.process(content)
    except Exception as problem:  # noqa: BLE001 - one file must not take the others with it
        raise Unread(f"could not be analysed by bandit: {_told(problem)}") from None
    found = visitor.tester.results
    if len(found) + len(crashes.told) > MOST_ISSUES:
        raise Unread(f"has more than {MOST_ISSUES} issues")
    code = content.splitlines()
    return [_issue(each, code) for each in found] + [_crash(line, words, code) for line, words in crashes.told]


@cache
def _put_off(name: str) -> None:
    """Let a module be imported when something of it is used, and not before."""
    package, _, own = name.rpartition(".")
    spec = find_spec(name)
    if name in sys.modules or spec is None or spec.loader is None:
        return
    spec.loader = LazyLoader(spec.loader)
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    if package:
        setattr(import_module(package), own, module)


@cache
def _tests() -> Any:  # noqa: ANN401 - bandit ships no types
    """What bandit looks for, in its own configuration."""
    from bandit.core.config import BanditConfig  # noqa: PLC0415 - see above
    from bandit.core.test_set import BanditTestSet  # noqa: PLC0415

    return BanditTestSet(BanditConfig())


class _Crashes(logging.Handler):
    """Takes down what bandit logs as errors of its own."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.told: list[tuple[int, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        """One error."""
        told = CRASH.search(record.getMessage())
        self.told.append((int(told[2]), told[1]) if told else (1, "suite"))


def _issue(found: Any, code: list[bytes]) -> Issue:  # noqa: ANN401 - bandit ships no types
    levels = found.severity.lower(), found.confidence.lower()
    return Issue(found.lineno, found.test_id, *levels, found.text[:MOST_CHARACTERS], _line(code, found.lineno))


def _crash(line: int, test: str, code: list[bytes]) -> Issue:
    words = f"bandit's test {test} crashed here, so that what it would have found is not known"
    return Issue(line, CRASHED, "high", "high", words, _line(code, line))


def _line(code: list[bytes], number: int) -> str:
    line = code[number - 1] if 0 < number <= len(code) else b""
    return line.strip().decode(errors="backslashreplace")[:MOST_CHARACTERS]


def _told(problem: Exception) -> str:
    return f"{type(problem).__name__}: {' '.join(str(problem).split())[:MOST_CHARACTERS]}".rstrip(": ")
