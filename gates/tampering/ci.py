"""Continuous integration and files of commands: which kinds of checks they run, and what they let pass."""

import re
from collections.abc import Iterable, Iterator, Sequence

from gates.tampering.diff import Diff, Source, new_marks
from gates.tampering.rules import Mark, Sign

PIPELINE = re.compile(
    r"^\.github/(workflows|actions)/|(^|/)(\.gitlab-ci[^/]*|\.travis|azure-pipelines|appveyor|bitbucket-pipelines|\.cirrus)\.ya?ml$"
    r"|^\.circleci/|(^|/)Jenkinsfile$",
)
COMMANDS = re.compile(
    r"(^|/)(tox\.ini|noxfile\.py|GNUmakefile|[Mm]akefile|justfile|Taskfile\.ya?ml|package\.json"
    r"|\.pre-commit-config\.yaml|rebar\.config|mix\.exs|tasks\.py)$|^(scripts?|bin|ci|tools)/[^/]*(test|check|lint|cov|ci)[^/]*$",
)
KINDS = {
    "the tests": r"\b(py\.?test|tox|nox|unittest|make (test|check|ci)|cargo (test|nextest)|go test|npm (run )?test"
                 r"|yarn test|jest|vitest|mocha|rebar3 (eunit|ct)|mix test|scripts/(test|check))\b",
    "coverage": r"\b(coverage (run|report)|--cov\b|pytest-cov|codecov|coveralls|tarpaulin|c8|nyc)",
    "linting": r"\b(ruff|flake8|pylint|pyflakes|eslint|biome|clippy|golangci|go vet|credo|elvis|make lint|scripts/lint"
               r"|tox -e lint|pre-commit)\b",
    "types": r"\b(mypy|pyright|basedpyright|tsc|dialyzer|pytype|ty check|pyre)\b",
    "security": r"\b(bandit|pip-audit|safety|semgrep|codeql|trivy|cargo audit|gosec|zizmor)\b",
}  # fmt: skip
FORGIVING = re.compile(
    r"continue-on-error:\s*true|allow_failure:\s*true|--exit-zero|ignore_errors\s*=\s*true|ignore_outcome\s*=\s*true"
    r"|\bset \+e\b|if:\s*(\$\{\{\s*)?false|when:\s*never|success_codes|\|\|\s*(true|:|exit 0|echo)"
    r"|;\s*(true|exit 0)\s*$|--passWithNoTests",
    re.IGNORECASE,
)
BY_KEY = re.compile(
    r"continue-on-error|allow_failure|ignore_errors|ignore_outcome|if:|when:|set \+e|success_codes", re.IGNORECASE
)
FEWER = re.compile(
    r"--ignore(-glob)?[= ]\S+|--deselect[= ]\S+|-k ['\"]?not |-m ['\"]?not |--no-cov\b|-p no:|--skip[= ]\S+"
)
FLOOR = re.compile(r"fail[-_]under[= ](\d+(?:\.\d+)?)")
INSTALLS = re.compile(
    r"\b(pip3?|uv|poetry|apt(-get)?|brew|npm|conda) (pip )?(install|add|sync|ci)\b|^\s*-?\s*(name|uses|deps):|^\s*#"
)
TRUSTED = re.compile(r"uses:.*(codeql|codecov|coveralls|pre-commit|zizmor)")


def is_ci(path: str) -> bool:
    """Whether a file says what is run to check a project."""
    return bool(PIPELINE.search(path) or COMMANDS.search(path))


def signs_of(diff: Diff) -> Iterator[Sign]:
    """What changed in these files, if any of them did."""
    touched = [path for path, _, _ in diff.pairs() if is_ci(path)]
    if not touched:
        return
    before, after = diff.sides(is_ci)
    told = list(_gone(before, after, touched))
    told += _floors(before, after, touched)
    told += new_marks(_marks(diff.after.values()), _marks(diff.before.values()))
    yield from told
    for path in touched:
        if path not in {sign.path for sign in told}:
            yield Sign("ci-changed", path, None, "has changed" if path in diff.new else "is gone")


def _gone(before: Sequence[Source], after: Sequence[Source], touched: list[str]) -> Iterator[Sign]:
    """Kinds of checks that nothing runs any more."""
    for kind in KINDS:
        holders = [each.path for each in before if _runs(each, kind)]
        if holders and not any(_runs(each, kind) for each in after):
            place = next((path for path in holders if path in touched), touched[0])
            yield Sign("ci-loosened", place, None, f"{kind}: nothing here runs them any more")


def _runs(source: Source, kind: str) -> bool:
    return any(re.search(KINDS[kind], line) for line in _lines(source))


def _lines(source: Source) -> list[str]:
    return [line for line in source.text.splitlines() if TRUSTED.search(line) or not INSTALLS.search(line)]


def _floors(before: Sequence[Source], after: Sequence[Source], touched: list[str]) -> Iterator[Sign]:
    """A limit of coverage that is given on a command line."""
    was, now = _lowest(before), _lowest(after)
    if was is not None and (now is None or now < was):
        figure = "none" if now is None else f"{now:g}"
        yield Sign("limit-lowered", touched[0], None, f"fail_under on a command line is {figure}, and was {was:g}")


def _lowest(sources: Iterable[Source]) -> float | None:
    found = [float(number) for source in sources for number in FLOOR.findall("\n".join(_lines(source)))]
    return min(found, default=None)


def _marks(sources: Iterable[Source]) -> list[Mark]:
    """Lines by which a check may fail without a word, or by which fewer tests run."""
    return [mark for source in sources if is_ci(source.path) for mark in _marks_of(source)]


def _marks_of(source: Source) -> Iterator[Mark]:
    for number, line in enumerate(source.text.splitlines(), 1):
        text = " ".join(line.split())
        checks = any(re.search(pattern, line) for pattern in KINDS.values())
        found = FORGIVING.search(line)
        if found and (checks or BY_KEY.search(found[0])):
            yield Mark(Sign("ci-loosened", source.path, number, f"goes on when it fails: {text[:120]}"), text, text)
        elif checks and (fewer := FEWER.search(line)) and not INSTALLS.search(line):
            yield Mark(Sign("ci-loosened", source.path, number, f"runs less: {fewer[0]}"), fewer[0], text)
        elif checks and source.name.lower() in ("makefile", "gnumakefile") and re.match(r"\t@?-", line):
            yield Mark(Sign("ci-loosened", source.path, number, f"goes on when it fails: {text[:120]}"), text, text)
