"""Configuration of tools: what a change of it lets through.

Of each folder the configuration that a tool would take is compared, wherever it stands: moving a section from setup.cfg
to pyproject.toml changes nothing. A key whose meaning is known is judged; any other is noted.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from gates.tampering.diff import Diff
from gates.tampering.keys import Change, is_demanding, is_exempting, is_strict, judged
from gates.tampering.rules import Sign
from gates.tampering.settings import FILES, TOOLS, Found, configurations

__all__ = ["FILES", "signs_of"]

ALIKE = ({"ruff", "flake8", "pylint"}, {"mypy", "pyright"})
"""Of these, one may take the place of another."""
MOST_KEYS = 5
GLOB = frozenset("*?[")


class _Folder(NamedTuple):
    """One folder with configurations, as it was and as it is."""

    prefix: str
    was: Mapping[str, Found]
    now: Mapping[str, Found]
    diff: Diff

    def exists(self, path: str) -> bool:
        """Whether the candidate has such a path, or package, anywhere; what has wildcards is taken to be there."""
        parts = f"/{path.removeprefix('./').strip('/').replace('.', '/')}/"
        return not GLOB.isdisjoint(path) or any(parts in f"/{known.replace('.', '/')}/" for known in self.diff.new)

    @property
    def had_tests(self) -> bool:
        """Whether it is below the root, and tests were in it already: pytest would take its configuration for them."""
        inside = (path for path in self.diff.old if self.prefix and path.startswith(self.prefix))
        return any(path.rpartition("/")[2].startswith("test_") and path.endswith(".py") for path in inside)


def signs_of(diff: Diff) -> Iterator[Sign]:
    """What changed in the configuration of tools."""
    folders = {path.rpartition("/")[0] for path, _, _ in diff.pairs() if path.rpartition("/")[2] in FILES}
    for folder in sorted(folders):
        prefix = f"{folder}/" if folder else ""
        sides = diff.sides({prefix + name for name in FILES}.__contains__)
        was, now = (configurations({each.name: each for each in side}) for side in sides)
        for tool in TOOLS:
            yield from _compared(tool, _Folder(prefix, was, now, diff))


def _compared(tool: str, folder: _Folder) -> Iterator[Sign]:
    was, now = folder.was.get(tool), folder.now.get(tool)
    if was is None and not (now and (tool == "pytest" or _only_loosens(now))):
        return
    if was is None and now and tool == "pytest" and folder.had_tests:
        yield Sign("pytest-configured", folder.prefix + now.file, None, "takes the place of the one above")
    before, after = was.options if was else {}, now.options if now else {}
    place = folder.prefix + (now or was or Found("", {})).file
    changed = [key for key in sorted({*before, *after}) if before.get(key) != after.get(key)]
    if now is None and _replaced(tool, folder):
        yield Sign("config-changed", place, None, f"{tool}: another tool of its kind is configured")
        return
    if after.get("strict"):  # which turns on all of them
        changed = [key for key in changed if key in after or not is_strict(key)]
    rest = []
    for key in changed:
        rule, why = judged(Change(key, before.get(key), after.get(key), folder.exists))
        if rule:
            yield Sign(TOOLS[tool].rule if rule == "loosened" else rule, place, None, f"{tool}: {why}")
        else:
            rest.append(key)
    if rest:
        yield Sign("config-changed", place, None, f"{tool}: {', '.join(rest[:MOST_KEYS])}")


def _only_loosens(found: Found) -> bool:
    """Whether a configuration that was not there before makes a tool see less, and nothing more."""
    return any(map(is_exempting, found.options)) and not any(map(is_demanding, found.options))


def _replaced(tool: str, folder: _Folder) -> bool:
    """Whether a tool of the same kind is configured in its place."""
    return any(tool in kind and (folder.now.keys() - folder.was.keys()) & kind for kind in ALIKE)
