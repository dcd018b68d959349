"""Canaries: tests of ours among the target's, whose outcomes are known beforehand.

Whatever turns results into passed ones (a hook, a patched runner, an exit) turns theirs as well, unless it can tell
them from the target's own. So their names are made of the target's words, their bodies vary, and they lie where its
tests lie. They are never shown and never counted.
"""

import random
import re
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Literal

from gates.model import Frozen
from gates.suites.collected import PYTHON_FILES
from gates.suites.pytest_config import Config

TRIES = 20
USUAL = range(4, 12)
"""Lengths of words that names are made of."""
Outcome = Literal["passed", "failure", "error"]
WORDS = ("balance", "entry", "total", "parse", "render", "store", "token", "limit", "order", "merge", "split", "edge")
SELECTING = ("-k", "-m")
"""Options by which a project leaves out tests by what they are; ours cannot know whether they are among these."""


class Canary(Frozen):
    """One file of them."""

    path: str
    """From the root of the tree."""
    text: str
    outcomes: Mapping[str, Outcome]
    """Name of each test to what must come of it."""


def is_selective(words: Iterable[str]) -> bool:
    """Whether a project's options leave out tests, so that ours might be left out as well."""
    return any(word.startswith(option) for word in words for option in SELECTING)


def planted(tests: Iterable[str], known: Iterable[str], config: Config, seed: str) -> tuple[Canary, ...]:
    """A file of canaries beside the test files of every folder. `known`: every path of the tree."""
    # a secret seed, and no need for more
    chance = random.Random(seed)  # noqa: S311
    paths = {path.lower() for path in known}
    words = _words(paths)
    # pytest imports files of one name once, if they lie in no package
    taken = {PurePosixPath(path).name for path in paths}
    made: list[Canary] = []
    # a name that is not UTF-8 cannot be noted
    for folder in sorted({PurePosixPath(path).parent for path in tests if path.isprintable()}):
        names = (_file_name(config, words, chance) for _ in range(TRIES))
        if name := next((name for name in names if name and name not in taken), None):
            taken.add(name)
            made.append(_canary((folder / name).as_posix(), config, words, chance))
    return tuple(made)


def _words(paths: Iterable[str]) -> list[str]:
    stems = {word for path in paths for word in re.split(r"[^a-z]+", PurePosixPath(path).stem)}
    return [*WORDS, *sorted(word for word in stems if len(word) in USUAL and word not in ("test", "tests", "conftest"))]


def _phrase(words: list[str], chance: random.Random) -> str:
    return "_".join(chance.sample(words, chance.randint(2, 3)))


def _file_name(config: Config, words: list[str], chance: random.Random) -> str | None:
    """A name that the project's configuration takes for a file of tests; None when we cannot make one."""
    for pattern in config.words("python_files") or PYTHON_FILES:
        name = pattern.replace("*", _phrase(words, chance))
        if fnmatchcase(name, pattern) and re.fullmatch(r"[a-z0-9_]+\.py", name):
            return name
    return None


def _function_name(config: Config, words: list[str], chance: random.Random) -> str:
    pattern = chance.choice(config.words("python_functions") or ["test"])
    phrase = _phrase(words, chance) + (f"_{chance.randint(2, 99)}" if chance.random() < 1 / 3 else "")
    name = pattern.replace("*", phrase) if "*" in pattern else f"{pattern.rstrip('_')}_{phrase}"
    return name if name.isidentifier() else f"test_{phrase}"


def _canary(path: str, config: Config, words: list[str], chance: random.Random) -> Canary:
    kinds = [*KINDS, *chance.choices(KINDS, k=chance.randint(0, 3))]
    chance.shuffle(kinds)
    outcomes: dict[str, Outcome] = {}
    blocks: list[str] = []
    for outcome, bodies in kinds:
        name = _function_name(config, words, chance)
        if name not in outcomes:
            outcomes[name] = outcome
            blocks.append(chance.choice(bodies).format(name=name, **_terms(words, chance)))
    if set(outcomes.values()) != {"passed", "failure", "error"}:
        return _canary(path, config, words, chance)
    head = ["import pytest", *chance.sample(["import json", "import os", "import re"], chance.randint(0, 2))]
    return Canary(path=path, text="\n\n\n".join(["\n".join(head), *blocks]) + "\n", outcomes=outcomes)


def _terms(words: list[str], chance: random.Random) -> dict[str, object]:
    a, b = chance.sample(range(2, 900), 2)
    one, two = chance.sample(WORDS, 2)
    return {"a": a, "b": b, "sum": a + b, "off": a + b + chance.randint(1, 9), "one": one, "two": two,
            "value": chance.choice(("value", "found", "result", "got")), "fixture": f"{_phrase(words, chance)}_{a}",
            "trouble": chance.choice(("RuntimeError", "ValueError", "OSError", "KeyError"))}  # fmt: skip


PASSES = (
    "def {name}():\n    {value} = {a} + {b}\n    assert {value} == {sum}",
    "def {name}():\n    {value} = dict({one}={a}, {two}={b})\n    assert {value}['{two}'] == {b}",
    "def {name}():\n    with pytest.raises({trouble}):\n        raise {trouble}('{one}')",
)
FAILS = (
    "def {name}():\n    {value} = {a} + {b}\n    assert {value} == {off}",
    "def {name}():\n    {value} = sorted([{a}, {b}])\n    assert {value} == [{a}]",
    "def {name}():\n    {value} = '{one}'.upper()\n    assert {value} == '{two}', {value}",
    "def {name}():\n    {value} = ['{one}'] * 2\n    assert not {value}",
)
UNEQUAL = (
    "def {name}():\n    assert {a} == {b}",
    "def {name}():\n    assert '{one}' == '{two}'",
    "def {name}():\n    assert ({a}, '{one}') == ({b}, '{one}')",
)
RAISES = (
    "def {name}():\n    {value} = {{}}\n    assert {value}['{one}'] == {a}",
    "def {name}():\n    {value} = int('{one}')\n    assert {value} == {a}",
    "def {name}():\n    raise {trouble}('{one} {a}')",
)
BROKEN = (
    "@pytest.fixture\ndef {fixture}():\n    raise {trouble}\n\n\ndef {name}({fixture}):\n    assert {fixture} == {a}",
    "@pytest.fixture\ndef {fixture}():\n    return [{a}][{b}]\n\n\ndef {name}({fixture}):\n    assert {fixture}",
)
KINDS: tuple[tuple[Outcome, tuple[str, ...]], ...] = (
    ("passed", PASSES), ("failure", FAILS), ("failure", UNEQUAL), ("failure", RAISES), ("error", BROKEN),
)  # fmt: skip


def failing(canaries: Iterable[Canary]) -> Iterator[str]:
    """The names of those that must not pass."""
    for canary in canaries:
        yield from (name for name, outcome in canary.outcomes.items() if outcome != "passed")
