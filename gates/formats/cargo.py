"""What `cargo test` prints: the text of the test harness, or its JSON (`--format json`).

Every run of a binary says how many tests it will run, then each of them, then the sums. All three must agree: a process
that ends in between, and output of tests that runs into the lines, leave a report that is not believed.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, NoReturn

from gates.formats.report_paths import Where
from gates.formats.told_tests import Case, Told, case
from gates.paths import shown
from gates.verdict import Unmeasurable

BEGIN = re.compile(r"running ([0-9]{1,9}) tests?")
TEST = re.compile(r"test (.+?) \.\.\. (ok|FAILED|ignored(?:, .*)?|bench: .*)")
RESULT = re.compile(r"test result: (?:ok|FAILED)\. ([0-9]{1,9}) passed; ([0-9]{1,9}) failed; ([0-9]{1,9}) ignored; .*")
OUTPUT = re.compile(r"^---- (.+?) stdout ----$", re.MULTILINE)
DOCTEST = re.compile(r"(.+?) - .*\(line ([0-9]{1,9})\)")
ENDS: dict[str, Told] = {"ok": "passed", "failed": "failed", "ignored": "skipped", "bench": "passed"}


class Line(NamedTuple):
    """One event: the beginning of a binary's run, a test, or its end."""

    kind: str
    counts: tuple[int, ...] = ()
    """Of the beginning: how many; of the end: passed, failed and ignored."""
    test: tuple[str, Told, str] = ("", "passed", "")
    """Name, what became of it, what it said."""


def read(path: str, data: bytes, where: Where) -> Iterator[Case]:
    """Every case of one file. Raises Unmeasurable."""
    text = data.decode("utf-8", errors="replace")
    is_json = any(line.startswith("{") and '"type"' in line for line in text.splitlines()[:400])
    events = _json_lines(path, text) if is_json else _text_lines(text)

    def refuse(reason: str) -> NoReturn:
        raise Unmeasurable(f"{shown(path)}: {reason}; print nothing into it (no --nocapture)")

    for name, outcome, said in _agreed(events, refuse):
        yield _case(name, outcome, said, where)


def _agreed(events: Iterable[Line], refuse: Callable[[str], NoReturn]) -> Iterator[tuple[str, Told, str]]:
    """The tests, once beginning, tests and sums of each binary are seen to agree."""
    expected: int | None = None
    tests: list[tuple[str, Told, str]] = []
    for event in events:
        if event.kind == "begin":
            if expected is not None:
                refuse("the run of a binary did not end before the next one began")
            expected, tests = event.counts[0], []
        elif expected is None:
            refuse(f"a test or a result stands outside of any run: {event.test[0]!r}")
        elif event.kind == "test":
            tests.append(event.test)
        else:
            sums = tuple(sum(test[1] == outcome for test in tests) for outcome in ("passed", "failed", "skipped"))
            if len(tests) != expected or sums != event.counts:
                refuse(f"{expected} tests were begun, {len(tests)} are told of, and the sums are {event.counts}")
            yield from tests
            expected = None
    if expected is not None:
        refuse("the run of a binary has no end")


def _text_lines(text: str) -> Iterator[Line]:
    said = _outputs(text)
    for line in text.splitlines():
        if found := BEGIN.fullmatch(line):
            yield Line("begin", (int(found[1]),))
        elif found := TEST.fullmatch(line):
            name, word = found[1].removesuffix(" - should panic"), re.split("[:,]", found[2])[0]
            yield Line("test", test=(name, ENDS[word.lower()], said.get(found[1], "")))
        elif found := RESULT.fullmatch(line):
            passed, failed, ignored = map(int, found.groups())
            yield Line("end", (passed + _benched(line), failed, ignored))


def _benched(line: str) -> int:
    found = re.search(r"; ([0-9]{1,9}) measured", line)
    return int(found[1]) if found else 0


def _outputs(text: str) -> dict[str, str]:
    """Name of a test to what it printed, which stands below all of the tests."""
    parts = OUTPUT.split(text)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def _json_lines(path: str, text: str) -> Iterator[Line]:
    for line in text.splitlines():
        if not line.startswith("{"):
            continue
        try:
            event = json.loads(line)
            yield from _event(event)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise Unmeasurable(f"{shown(path)} has a line that is no event of a test: {line[:80]!r}") from None


def _event(event: dict[str, Any]) -> Iterator[Line]:
    kind, what = event["type"], event.get("event")
    if kind == "suite" and what == "started":
        yield Line("begin", (_whole(event["test_count"]),))
    elif kind == "suite":
        passed = _whole(event["passed"]) + _whole(event["measured"])
        yield Line("end", (passed, _whole(event["failed"]), _whole(event["ignored"])))
    elif kind == "bench":
        yield Line("test", test=(str(event["name"]), "passed", ""))
    elif kind == "test" and what not in ("started", "timeout"):
        said = event.get("stdout") or event.get("message") or ""
        yield Line("test", test=(str(event["name"]), ENDS[str(what)], str(said)))


def _whole(value: object) -> int:
    if type(value) is not int:
        raise TypeError
    return value


def _case(name: str, outcome: Told, said: str, where: Where) -> Case:
    """A documentation test is named by its place."""
    found = DOCTEST.fullmatch(name)
    path = where.tracked(found[1]) if found else None
    return case(name, outcome, said, where, (path, int(found[2]) if found and path else None))
