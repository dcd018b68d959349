"""Kinds of checks that files of commands run, by themselves or by one that they call; and which of them are lost."""

import re
from collections.abc import Iterator, Sequence

from gates.tampering.commands import HOOKS, PIPELINE, run_by
from gates.tampering.diff import Source

GATE = "the gate of sparc"
TESTS = "the tests"
KINDS = {
    TESTS: r"\b(py\.?test|unittest|cargo (test|nextest)|go test|jest|vitest|mocha|rebar3 (eunit|ct)|mix test"
                 r"|stestr|nose2|manage\.py test|node --test|rspec|phpunit|ctest)\b",
    "coverage": r"\b(coverage (run|report)|--cov\b|pytest-cov|codecov|coveralls|tarpaulin|c8|nyc)",
    "linting": r"\b(ruff|flake8|pylint|pyflakes|eslint|biome|clippy|golangci|go vet|credo|elvis)\b",
    "types": r"\b(mypy|pyright|basedpyright|tsc|dialyzer|pytype|ty check|pyre)\b",
    "security": r"\b(bandit|pip-audit|safety|semgrep|codeql|trivy|cargo audit|gosec|zizmor)\b",
    GATE: r"\bsparc[\"']?\s+(gate|run|verify)\b|\bsparc-gate\b|uses:.*/sparc\b",
}  # fmt: skip
UNSEEN = {
    TESTS: r"\b(tox|nox|make (test|check|ci)|(npm|yarn|pnpm) (run )?test|scripts/(test|check)"
                 r"|(hatch|just|task|inv|invoke|poe|pdm|rake) (run )?(test|check|ci|all))\b",
    "coverage": r"\b(hatch (run )?(test|cov)|make cov)",
    "linting": r"\b(make lint|scripts/lint|tox .*-e ?\S*(lint|style)|nox .*-s ?\S*lint|pre-commit|hatch fmt)\b",
    "types": r"\b(make (types|mypy)|tox .*-e ?\S*(typ|mypy)|nox .*-s ?\S*(typ|mypy))",
}  # fmt: skip
"""Calls that run a kind of check by their name, where what they run is written nowhere that is read."""
RUNNERS = (
    (re.compile(r"\btox\b"), re.compile(r"(^|/)(tox\.(ini|toml)|pyproject\.toml)$")),
    (re.compile(r"\bnox\b"), re.compile(r"(^|/)noxfile\.py$")),
    (re.compile(r"\bmake\b"), re.compile(r"(^|/)(GNUm|[Mm])akefile$")),
    (re.compile(r"\bjust\b"), re.compile(r"(^|/)justfile$")),
    (re.compile(r"\btask\b"), re.compile(r"(^|/)Taskfile\.ya?ml$")),
    (re.compile(r"\b(npm|yarn|pnpm)\b"), re.compile(r"(^|/)package\.json$")),
    (re.compile(r"\b(hatch|poe|pdm|taskipy)\b"), re.compile(r"(^|/)pyproject\.toml$")),
    (re.compile(r"\bpre-commit\b"), re.compile(r"(^|/)\.pre-commit-config\.yaml$")),
)
"""What is called, and where that is written."""
DEPTH = 3
"""How many files call one another: a pipeline make, and make tox."""

Held = dict[str, set[str]]


def direct(line: str) -> set[str]:
    """The kinds of checks that a line runs itself."""
    return {kind for kind, pattern in KINDS.items() if re.search(pattern, line)}


def named(line: str) -> set[str]:
    """The same, and those that what it calls has by its name."""
    return direct(line) | {kind for kind, pattern in UNSEEN.items() if re.search(pattern, line)}


def held(sources: Sequence[Source]) -> Held:
    """Path -> kinds of checks that it runs, itself or by what it calls."""
    lines = {source.path: run_by(source) for source in sources}
    found = {path: {kind for line in some for kind in direct(line)} for path, some in lines.items()}
    # a file may be there and have none of it: pyproject.toml
    written = {path for path, some in lines.items() if any(some)}
    calls = {path: [(line, _called(line, path, written)) for line in some] for path, some in lines.items()}
    for _ in range(DEPTH):
        for path, made in calls.items():
            for line, files in made:
                found[path] |= set().union(*(found[file] for file in files)) if files else named(line)
    return found


def _called(line: str, path: str, files: set[str]) -> list[str]:
    found = [
        file for call, place in RUNNERS if call.search(line) for file in files if place.search(file) and file != path
    ]
    scripts = (file for file in files if "/" in file and not PIPELINE.search(file) and file in line)
    return [*found, *(file for file in scripts if file != path)]


def lost(was: Held, now: Held, touched: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Kind and path where a changed file runs a kind of check no longer, and none has come to run it instead."""
    for kind in KINDS:
        gained = [path for path, kinds in now.items() if kind in kinds and kind not in was.get(path, ())]
        places = [path for path in touched if kind in was.get(path, ()) and kind not in now.get(path, ())]
        left = (path for path in places if not (_moved(kind, path, gained) or _kept(kind, path, now)))
        if place := next(left, None):
            yield kind, place


def _moved(kind: str, path: str, gained: Sequence[str]) -> bool:
    """Whether one of those that came to run it is run by itself, if this one was: a script that nobody calls is not."""
    if not PIPELINE.search(path):
        return bool(gained)
    return any(PIPELINE.search(other) or (kind != GATE and is_hooks(other)) for other in gained)


def _kept(kind: str, path: str, now: Held) -> bool:
    """Whether others that do the same as this file did are enough."""
    others = [other for other, kinds in now.items() if kind in kinds]
    if kind == GATE:
        return False
    in_pipelines = any(PIPELINE.search(other) for other in others)
    if PIPELINE.search(path):
        return in_pipelines
    if path in now:  # commands and hooks that are still there are what people call, and tests are what for
        return in_pipelines and kind != TESTS and not is_hooks(path)
    return bool(others)


def is_hooks(path: str) -> bool:
    """Whether it is the configuration of pre-commit."""
    return path.rpartition("/")[2] == HOOKS
