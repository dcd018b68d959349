"""What we noted of a run of tests ourselves, out of its reach, and where its report contradicts that.

`guard.json` lies beside the directory of reports, where the target cannot write; whoever started the run wrote it after
everything had ended. It has the canaries that were planted, and what the witness (`gates/suites/witness.py`) told.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ValidationError

from gates.model import Frozen
from gates.paths import shown
from gates.reports import read_report
from gates.suites.canaries import Canary
from gates.suites.junit import Case
from gates.verdict import Unmeasurable

NAME = "guard.json"
MOST_BYTES = 256 * 1024 * 1024
ON_PURPOSE = " (one that is to fail raises something else than AssertionError)"
NAMED = 5


Place = tuple[str, int]
"""A file, by its path from the root of the tree if it lies in it, and a line."""


class Guard(Frozen):
    """What we know of a run beforehand, and heard of it."""

    canaries: tuple[Canary, ...] = ()
    told: str = ""
    """What the witness told: one JSON document a line."""


class Told(BaseModel):
    """One thing that the witness told; which of the fields are there says what it is."""

    pid: int
    started: tuple[int, int] | None = None
    test: str | None = None
    when: str | None = None
    raised: bool = False
    entered: bool | None = None
    ran: tuple[Place, ...] | None = None
    place: Place | None = None
    modules: dict[str, str] | None = None
    forked: str | None = None
    message: str = ""
    forged: str | None = None
    line: int | None = None
    broken: str | None = None


class Seen(NamedTuple):
    """What the witness saw of the tests of one name."""

    raised: bool
    entered: bool
    """False: in some call of it its code was never entered."""


def beside(reports: Path) -> Path:
    """Where the guard of a run lies."""
    return reports.with_name(NAME)


def read(reports: Path | None) -> Guard | None:
    """The guard of a run; None of one that was not guarded."""
    if reports is None or not beside(reports).exists():
        return None
    try:
        return Guard.model_validate_json(read_report(reports.parent, NAME, most=MOST_BYTES))
    except ValidationError as problem:
        raise Unmeasurable(f"what was noted of the run cannot be read: {problem.errors()[0]['msg']}") from None


class Called(NamedTuple):
    """Where code is, of all that was called for the tests of one name."""

    own: tuple[Place, ...]
    """Of what pytest takes for the tests' functions, unwrapped."""
    ran: frozenset[Place] | None
    """Of what was entered by the tests' names; None: of some call that could not be seen."""


class Heard(NamedTuple):
    """What the witness told, sorted."""

    tests: dict[str, Seen]
    """By the name that `key_of` makes."""
    places: dict[str, Called]
    """Where their code was, by the same name without parameters."""
    modules: frozenset[tuple[str, str]]
    """Names of modules at the top, and the files of the tree that they came from."""
    problems: tuple[str, ...]
    """What speaks against the run whatever its report says."""
    forks: tuple[tuple[str, str], ...]
    """Keys of tests in whose forked children an assert failed, and what it said."""


def heard(guard: Guard) -> Heard:
    """Sort what the witness told; a run without it is a problem."""
    told = list(_parsed(guard.told))
    if not any(each.started for each in told):
        return Heard({}, {}, frozenset(), ("pytest ran without the plugin by which we watch it",), ())
    forged = {f"{each.forged}:{each.line}" for each in told if each.forged}
    problems = [f"the data of coverage was written by {place}" for place in sorted(forged)]
    problems += [f"the run was broken off: {shown(each.broken)}" for each in told if each.broken]
    forks = tuple((key_of_node(each.forked), each.message) for each in told if each.forked)
    modules = frozenset(pair for each in told for pair in (each.modules or {}).items())
    return Heard(_tests(told), _places(told), modules, tuple(problems), forks)


def _parsed(text: str) -> Iterator[Told]:
    for line in text.splitlines():
        try:
            yield Told.model_validate_json(line)
        except ValidationError:
            continue  # cut off by a death


def _tests(told: Iterable[Told]) -> dict[str, Seen]:
    # of what is run again, by a plugin that does so, the last time counts; but not another process's
    last: dict[tuple[str, str | None, int], Told] = {}
    for each in told:
        if each.test is not None:
            last[each.test, each.when, each.pid] = each
    grouped: defaultdict[str, list[Told]] = defaultdict(list)
    for each in last.values():
        grouped[key_of_node(each.test or "")].append(each)
    return {key: _seen(group) for key, group in grouped.items()}


def _seen(group: Sequence[Told]) -> Seen:
    calls = [each for each in group if each.when == "call"]
    return Seen(
        raised=any(each.raised for each in group),
        # None: it could not be seen, for it has no code of Python's or something else was looking
        entered=bool(calls) and all(each.entered is not False for each in calls),
    )


def _places(told: Iterable[Told]) -> dict[str, Called]:
    grouped: defaultdict[str, list[Told]] = defaultdict(list)
    for each in told:
        if each.test and each.when == "call":
            grouped[key_of_node(each.test.partition("[")[0])].append(each)
    return {key: _called(group) for key, group in grouped.items()}


def _called(group: Iterable[Told]) -> Called:
    own, ran = {each.place for each in group if each.place}, [each.ran for each in group]
    seen = frozenset(place for each in ran for place in each or ())
    return Called(own=tuple(sorted(own)), ran=None if None in ran else seen)


def key_of_node(node: str) -> str:
    """The key of a node id, the same as that of the names which pytest makes of it for its report."""
    path, _, rest = node.partition("::")
    return key_of(f"{path.removesuffix('.py')}.{rest}")


def key_of(name: str) -> str:
    """The key of a test by the dotted name of its file and classes, and its own."""
    # as pytest writes what XML cannot hold
    name = re.sub("[^\t\n\r\x20-\x7e\x80-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", _escaped, name)
    return re.sub(r"\W+", ".", name)


def _escaped(found: "re.Match[str]") -> str:
    number = ord(found.group())
    return f"#x{number:02X}" if number in range(256) else f"#x{number:04X}"


def contradictions(cases: Iterable[Case], seen: Heard) -> list[str]:
    """Where the report says that a test passed, and what we saw says otherwise."""
    outcomes: defaultdict[str, set[str]] = defaultdict(set)
    names: dict[str, str] = {}
    for case in cases:
        key = key_of(f"{case.module}.{case.name}")
        outcomes[key].add(case.outcome)
        names[key] = f"{shown(case.name)} ({shown(case.file or case.module)})"
    # as sets, and in order
    passed = dict.fromkeys(key for key, found in outcomes.items() if found == {"passed"})
    raised = dict.fromkeys(key for key, test in seen.tests.items() if test.raised)
    entered = {key for key, test in seen.tests.items() if test.entered}
    found = [
        _sentence("raised, and the report has them passed", [names[key] for key in passed if key in raised]),
        _sentence("passed without running", [names[key] for key in passed if key not in entered]),
        _sentence("failed, and the report leaves them out", [shown(key) for key in raised if key not in outcomes]),
    ]
    silent = {key: message for key, message in seen.forks if key in passed}
    found += [
        f"an assert failed in a child of {names[key]}, and nobody looked{ON_PURPOSE}: {text}"
        for key, text in silent.items()
    ]
    return [*seen.problems, *filter(None, found)]


def _sentence(what: str, tests: Sequence[str]) -> str | None:
    more = ", ..." if len(tests) > NAMED else ""
    return f"tests {what}: {', '.join(tests[:NAMED])}{more}" if tests else None
