"""Continuous integration and files of commands: which kinds of checks they run, and what they let pass."""

import re
from collections.abc import Iterable, Iterator, Sequence

from gates.tampering import gate_calls
from gates.tampering.commands import HOOKS, INSTALLS, SAID, is_ci, may_run, run_by
from gates.tampering.diff import Diff, Source, new_marks
from gates.tampering.kinds import Held, held, lost, named
from gates.tampering.rules import Mark, Sign
from gates.tampering.settings import read_yaml

FORGIVING = re.compile(
    r"continue-on-error:\s*true|allow_failure:\s*true|--exit-zero|ignore_errors\s*=\s*true|ignore_outcome\s*=\s*true"
    r"|\bset \+e\b|if:\s*(\$\{\{\s*)?false|when:\s*never|success_codes|\|\|\s*(true|:|exit 0|echo)"
    r"|;\s*(true|exit 0)\s*$|--passWithNoTests|\|\s*(cat|tee)\b",
    re.IGNORECASE,
)
BY_KEY = re.compile(
    r"continue-on-error|allow_failure|ignore_errors|ignore_outcome|if:|when:|set \+e|success_codes", re.IGNORECASE
)
FEWER = re.compile(
    r"--ignore(-glob)?[= ]\S+|--deselect[= ]\S+|-k ['\"]?not |-m ['\"]?not |--no-cov\b|-p no:|--skip[= ]\S+"
    r"|(?<=[ /])test_\w+\.py\S*|--reruns\b"
)
FLOOR = re.compile(r"fail[-_]under[= ](\d+(?:\.\d+)?)")
ADDOPTS = re.compile(r"\bPYTEST_ADDOPTS\b\s*[:=]")
EVERYTHING = re.compile(r"^\s*(exclude:\s*['\"]?\^?(\.\*|\.\+|\(\?s\)\.\*)?\$?['\"]?|files:\s*['\"]?\^\$['\"]?)\s*$")
"""Of hooks of pre-commit: no file is left."""
EVENTS = re.compile(r"\b(push|pull_request|merge_group|merge_request|schedule|pull_request_target|workflow_call)\b")


def signs_of(diff: Diff) -> Iterator[Sign]:
    """What changed in these files, if any of them did."""
    touched = [path for path, _, _ in diff.pairs() if may_run(path)]
    if not touched:
        return
    before, after = diff.sides(may_run)
    was, now = held(before), held(after)
    told = [
        Sign("ci-loosened", path, None, f"{kind}: not run here any more, and nowhere instead")
        for kind, path in lost(was, now, touched)
    ]
    told += _floors(before, after, touched)
    told += _asleep(before, after, was)
    told += new_marks(_marks(diff.after.values()), _marks(diff.before.values()))
    told += gate_calls.signs_of(diff)
    yield from told
    for path in touched:
        if is_ci(path) and path not in {sign.path for sign in told}:
            yield Sign("ci-changed", path, None, "has changed" if path in diff.new else "is gone")


def _asleep(before: Sequence[Source], after: Sequence[Source], was: Held) -> Iterator[Sign]:
    """Workflows that a change to the code started, and that nothing but a person starts now."""
    now = {source.path: source for source in after}
    for source in before:
        is_workflow = source.path.startswith(".github/workflows/")
        new = now.get(source.path)
        checks = bool(was.get(source.path))
        if is_workflow and new and new.text != source.text and checks and _is_started(source) and not _is_started(new):
            yield Sign("ci-loosened", source.path, None, "is no longer started by a change of the code")


def _is_started(workflow: Source) -> bool:
    """Whether a change of the code starts it; YAML takes the key `on` for True."""
    try:
        said = read_yaml(workflow.text)
    except (ValueError, RecursionError):
        return bool(EVENTS.search(workflow.text))
    events = said.get("on", said.get(True)) if isinstance(said, dict) else None
    return any(EVENTS.fullmatch(str(event)) for event in (events if isinstance(events, list | dict) else [events]))


def _floors(before: Sequence[Source], after: Sequence[Source], touched: list[str]) -> Iterator[Sign]:
    """A limit of coverage that is given on a command line."""
    was, now = _lowest(before), _lowest(after)
    if was is not None and (now is None or now < was):
        figure = "none" if now is None else f"{now:g}"
        yield Sign("limit-lowered", touched[0], None, f"fail_under on a command line is {figure}, and was {was:g}")


def _lowest(sources: Iterable[Source]) -> float | None:
    found = [float(number) for source in sources for number in FLOOR.findall("\n".join(run_by(source)))]
    return min(found, default=None)


def _marks(sources: Iterable[Source]) -> list[Mark]:
    """Lines by which a check may fail without a word, or by which fewer tests run."""
    return [mark for source in sources if is_ci(source.path) for mark in _marks_of(source)]


def _marks_of(source: Source) -> Iterator[Mark]:
    for number, line in enumerate(source.text.splitlines(), 1):
        text = " ".join(line.split())
        checks = bool(named(SAID.sub("", line)) or ADDOPTS.search(line))
        found = FORGIVING.search(line)
        if found and (checks or BY_KEY.search(found[0])):
            yield Mark(Sign("ci-loosened", source.path, number, f"goes on when it fails: {text[:120]}"), text, text)
        elif source.name == HOOKS and EVERYTHING.search(line):
            yield Mark(Sign("ci-loosened", source.path, number, f"passes over every file: {text[:120]}"), text, text)
        elif ADDOPTS.search(line):
            yield Mark(Sign("ci-loosened", source.path, number, f"pytest is told more: {text[:120]}"), text, text)
        elif checks and (fewer := FEWER.search(line)) and not INSTALLS.search(line):
            yield Mark(Sign("ci-loosened", source.path, number, f"runs less: {fewer[0]}"), fewer[0], text)
        elif checks and source.name.lower() in ("makefile", "gnumakefile") and re.match(r"\t@?-", line):
            yield Mark(Sign("ci-loosened", source.path, number, f"goes on when it fails: {text[:120]}"), text, text)
