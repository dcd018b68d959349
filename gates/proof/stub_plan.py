"""What a stub probe is to do: which functions, the source with their switches, and which tests are asked first."""

import base64
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from pydantic import JsonValue

from gates.files import read
from gates.model import Frozen
from gates.paths import Paths
from gates.product import covered
from gates.proof import stubs
from gates.proof.changed_functions import Found, changed
from gates.proof.changed_tests import Files, broken_files, by_id
from gates.proof.stubs import Switch
from gates.subject import Subject, compared
from gates.suites import pytest_run
from gates.suites.junit import Case
from gates.verdict import Unmeasurable

SHARE = 2
"""The likely tests are asked first if they are less than one file in so many."""
MOST_FAILING = 500
"""Tests that fail by themselves; each is a word of a command line."""


class Target(Frozen):
    """A function that is to be proven."""

    path: str
    name: str
    line: int


class Failing(Frozen):
    """What does not pass without any stub."""

    tests: tuple[str, ...] = ()
    """Node ids."""
    files: tuple[str, ...] = ()
    """Test files that cannot be collected; from the root of the tree."""


class Plan(Frozen):
    """What is to be done; paths are from the root of the tree."""

    targets: tuple[Target, ...]
    """The switch of each one is on at its place in this list, from 1."""
    empty: int
    """New and changed functions whose bodies are nothing already."""
    texts: Mapping[str, str] = {}
    """Product files with switches in them, in base64."""
    near: Mapping[str, tuple[str, ...]] = {}
    """For product files: the test files in which their functions are named; missing where these are most of all."""
    failing: Failing = Failing()


def planned(paths: Paths, subject: Subject) -> JsonValue:
    """The plan for a candidate whose own run of the tests the subject has; `notes` is the name of the switch's module.

    Raises Unmeasurable if there is no base, no product, or no run that could be believed.
    """
    base, module = compared(subject), str(subject.notes)
    told = pytest_run.cases(subject)
    files = Files(subject)
    found = changed(subject, base, covered(subject, paths, told))
    able = [each for each in found if not each.is_empty]
    return Plan(
        targets=tuple(Target(path=each.path, name=each.name, line=each.line) for each in able),
        empty=len(found) - len(able),
        texts=_texts(subject, able, module),
        near=_near(subject, able, {path for case in told if (path := files.of(case))}),
        failing=_failing(told, files),
    ).model_dump(mode="json")


def _texts(subject: Subject, found: Iterable[Found], module: str) -> dict[str, str]:
    switches: defaultdict[str, list[Switch]] = defaultdict(list)
    for number, each in enumerate(found, start=1):
        switches[each.path].append(Switch(each.node, f'if __import__("{module}").ON == {number}: return'))
    made = ((path, stubs.switched(path, read(subject.root, path), some)) for path, some in switches.items())
    return {path: base64.b64encode(data).decode() for path, data in made}


def _near(subject: Subject, found: Iterable[Found], tests: Iterable[str]) -> dict[str, tuple[str, ...]]:
    words: defaultdict[str, set[bytes]] = defaultdict(set)
    for each in found:
        names = (PurePosixPath(each.path).stem, *each.name.split("."))
        words[each.path] |= {name.encode() for name in names if not name.startswith("__")}
    texts = {path: read(subject.root, path) for path in sorted(tests)}
    near: dict[str, tuple[str, ...]] = {}
    for path, some in words.items():
        named = re.compile(rb"\b(?:" + b"|".join(map(re.escape, sorted(some))) + rb")\b")
        chosen = tuple(test for test, text in texts.items() if named.search(text))
        if chosen and len(chosen) * SHARE < len(texts):
            near[path] = chosen
    return near


def failing(subject: Subject) -> JsonValue:
    """What does not pass in the subject's run. Raises Unmeasurable."""
    return _failing(pytest_run.cases(subject), Files(subject)).model_dump(mode="json")


def _failing(cases: Iterable[Case], files: Files) -> Failing:
    known = by_id(cases)
    found = tuple(
        "::".join((key.path, *key.name.split(".")[:-1], case.name))
        for case in known.values()
        if case.module and case.outcome in ("failure", "error") and (key := files.key(case))
    )
    if len(found) > MOST_FAILING:
        raise Unmeasurable(f"{len(found)} tests fail without any stub: mend them first")
    return Failing(tests=found, files=tuple(sorted(broken_files(known, files))))
