"""What pytest printed, without what it says of tests of ours: nobody has these files, and most of them fail."""

import re
from collections.abc import Iterable

from gates.suites.canaries import Canary

HEAD = re.compile(r"(?:_{3,}|={3,}) (?:ERROR at (?:setup|teardown) of )?(?P<title>.+?) (?:_{3,}|={3,})$")
"""Of a section; `_ _ _` stands between frames of one."""
PLACE = re.compile(r"(?P<path>\S+\.py):\d+: ", re.ASCII)
"""Where a traceback leads."""
TOTALS = re.compile(
    r"=* ?\d+ (?:passed|failed|errors?|skipped|xfailed|xpassed|warnings?|deselected)\b.* in [0-9.]+s.*$"
)


def without(canaries: Iterable[Canary], output: str) -> str:
    """The output without sections and lines that speak of canaries, and without numbers that count them."""
    ours = tuple(canaries)
    if not ours:
        return output
    titles, paths = {name for canary in ours for name in canary.outcomes}, {canary.path for canary in ours}
    kept: list[str] = []
    for line in (line for section in _sections(output) if not _is_of(section, titles, paths) for line in section):
        if any(path in line for path in paths):
            del kept[_reason(kept) :]
        elif not TOTALS.match(line):
            kept.append(line)
    return "\n".join(kept)


def _reason(lines: list[str]) -> int:
    """Where what went wrong begins, if it is the last of these: with `--tb=line` it stands above the place."""
    begin = len(lines)
    while begin and lines[begin - 1].startswith("    "):
        begin -= 1
    while begin and lines[begin - 1].startswith("E  "):
        begin -= 1
    return begin if lines[begin : begin + 1] and lines[begin].startswith("E  ") else len(lines)


def _sections(output: str) -> list[list[str]]:
    found: list[list[str]] = [[]]
    for line in output.splitlines():
        if HEAD.match(line):
            found.append([])
        found[-1].append(line)
    return found


def _is_of(section: list[str], titles: set[str], paths: set[str]) -> bool:
    """By its title, unless a test of the target has the same; by its places where the title has been cut off."""
    head = HEAD.match(section[0]) if section else None
    led = {place["path"] for line in section if (place := PLACE.match(line))}
    if head is None:
        return not led.isdisjoint(paths)
    return head["title"] in titles and led <= paths
