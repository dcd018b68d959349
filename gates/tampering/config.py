"""Configuration of tools: what a change of it lets through.

Of each folder the configuration that a tool would take is compared, wherever it stands: moving a section from setup.cfg
to pyproject.toml changes nothing. A key whose meaning is known is judged; any other is noted.
"""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from gates.tampering.diff import LARGEST, Diff, Source
from gates.tampering.keys import Change, is_demanding, is_exempting, is_strict, judged
from gates.tampering.rules import Sign
from gates.tampering.settings import FILES, TOOLS, Found, configurations, read_options

__all__ = ["FILES", "signs_of"]

ALIKE = ({"ruff", "flake8", "pylint"}, {"mypy", "pyright"})
"""Of these, one may take the place of another."""
FLAT = re.compile(r"eslint\.config\.[cm]?[jt]s|biome\.jsonc?")
"""What takes the place of .eslintrc."""
SONAR = "sonar-project.properties"
IGNORING = frozenset({
    ".semgrepignore", ".gitleaksignore", ".trivyignore", ".eslintignore", ".secretlintignore", ".snyk", ".nsprc",
    ".pylintignore", ".bandit-baseline.json", SONAR, "osv-scanner.toml", ".secrets.baseline",
})  # fmt: skip
"""Files whose entries tools pass over."""
LEAVING = re.compile(r"exclusions|inclusions|ignore|skip", re.IGNORECASE)
"""Keys of Sonar that leave something out."""
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

    def left_out(self, folders: set[str]) -> str:
        """A test that lies below this folder and in none of those; what has wildcards is taken to have all."""
        if any(not GLOB.isdisjoint(folder) or folder in (".", "./") for folder in folders):
            return ""
        places = tuple(f"{self.prefix}{folder.removeprefix('./').rstrip('/')}" for folder in folders)
        tests = (path for path in self.diff.old if path.startswith(self.prefix) and _is_test(path))
        return next((path for path in tests if path in self.diff.new and not _lies_in(path, places)), "")

    def hides(self, tool: str, new: Found) -> bool:
        """Whether ruff would take this for files that were there, in place of the configuration in the root."""
        inside = any(path.startswith(self.prefix) and path.endswith(".py") for path in self.diff.old)
        above = any(name in self.diff.old for name in ("ruff.toml", ".ruff.toml", "pyproject.toml"))
        return tool == "ruff" and bool(self.prefix) and inside and above and "extend" not in new.options

    @property
    def had_tests(self) -> bool:
        """Whether it is below the root, and tests were in it already: pytest would take its configuration for them."""
        inside = (path for path in self.diff.old if self.prefix and path.startswith(self.prefix))
        return any(map(_is_test, inside))


def _is_test(path: str) -> bool:
    name = path.rpartition("/")[2]
    return name.endswith(".py") and (name.startswith("test_") or name.endswith("_test.py"))


def _lies_in(path: str, places: tuple[str, ...]) -> bool:
    return any(f"{path}/".startswith(f"{place}/") for place in places)


def _entries(source: Source) -> list[str]:
    """The words of a file by which a tool passes over something, without remarks."""
    lines = source.text.replace("\\\n", "").splitlines()
    told = (line for line in lines if source.name != SONAR or LEAVING.search(line.partition("=")[0]))
    return [word for line in told if line.lstrip()[:1] != "#" for word in re.split(r"[\s,=]+", line) if word]


def signs_of(diff: Diff) -> Iterator[Sign]:
    """What changed in the configuration of tools."""
    for path, _, after in diff.pairs():
        if after and path.rpartition("/")[2] in FILES and after.file.size > LARGEST:
            yield Sign("check-loosened", path, None, f"is larger than {LARGEST} bytes, which are not read")
        elif after and path.rpartition("/")[2] in FILES and read_options(after) is None:
            yield Sign("unreadable", path, None, "a configuration that cannot be read")
        elif after and path.rpartition("/")[2] in IGNORING:
            before = _entries(diff.before[path]) if path in diff.before else []
            if more := [word for word in _entries(after) if word not in before]:
                yield Sign("suppression-file", path, None, f"takes {more[0]} out of a tool")
    folders = {path.rpartition("/")[0] for path, _, _ in diff.pairs() if path.rpartition("/")[2] in FILES}
    for folder in sorted(folders):
        prefix = f"{folder}/" if folder else ""
        sides = diff.sides({prefix + name for name in FILES}.__contains__)
        was, now = (configurations({each.name: each for each in side}) for side in sides)
        for tool in TOOLS:
            yield from _compared(tool, _Folder(prefix, was, now, diff))


def _compared(tool: str, folder: _Folder) -> Iterator[Sign]:
    was, now = folder.was.get(tool), folder.now.get(tool)
    if was is None and not (now and (tool == "pytest" or folder.hides(tool, now) or _only_loosens(now))):
        return
    if was is None and now and tool == "pytest" and folder.had_tests:
        yield Sign("pytest-configured", folder.prefix + now.file, None, "takes the place of the one above")
    if was is None and now and folder.hides(tool, now):
        yield Sign("check-loosened", folder.prefix + now.file, None, "takes the place of the one above")
        return
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
        rule, why = judged(Change(tool, key, before.get(key), after.get(key), folder.exists, folder.left_out))
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
    flat = tool == "eslint" and any(FLAT.fullmatch(path.removeprefix(folder.prefix)) for path in folder.diff.new)
    return flat or any(tool in kind and (folder.now.keys() - folder.was.keys()) & kind for kind in ALIKE)
