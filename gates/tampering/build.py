"""What builds the project: what it would put beside the packages, and whether it is code of the candidate's own.

A build runs before the tests, and what it installs beside the packages is found by every import after it. The
environment looks at what an install has added; here stands the cause.
"""

import configparser
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from gates.paths import TEST_FOLDERS
from gates.tampering.diff import LARGEST, Diff, Source
from gates.tampering.files import TOOLS
from gates.tampering.rules import Sign

STARTS = re.compile(r"\.pth\b|\b(site|user)customize\b")
BESIDE = re.compile(r"site-packages|dist-packages|\b(purelib|platlib|get_python_lib|getsitepackages|USER_SITE)\b")
SCRIPTS = frozenset({"setup.py", "hatch_build.py", "MANIFEST.in", "meson.build", "CMakeLists.txt"})
CHATTY = frozenset({"setup.py", "MANIFEST.in", "meson.build", "CMakeLists.txt"})
"""Those that change with every version, and are told of when they are new alone."""
FILES = frozenset({"pyproject.toml", "setup.cfg", "setup.py"})
NO_BUILD = frozenset({
    "pytest", "coverage", "ruff", "mypy", "pyright", "basedpyright", "black", "isort", "flake8", "pylint", "bandit",
    "radon", "codespell", "tox", "nox", "towncrier", "commitizen", "semantic_release", "bumpversion", "bumpver",
    "typos", "ty", "pyrefly", "vulture", "interrogate", "deptry", "importlinter", "mutmut", "check-manifest",
    "cibuildwheel", "check-wheel-contents", "pydocstyle", "djlint", "sphinx", "yapf", "autoflake",
})  # fmt: skip
"""Tables of `tool` that are about something else."""
SYSTEM = ("build-backend", "backend-path", "requires")
PLACES = re.compile(
    r"tool\.hatch\.build\.(targets\.wheel\.)?(force-include|sources)\.|tool\.setuptools\.package-dir\."
    r"|tool\.poetry\.packages\.to$|tool\.uv\.build-backend\.data\.(purelib|platlib)$"
)
"""Keys that say where something is installed."""
OWN_CODE = re.compile(
    r"build-system\.backend-path$|tool\.hatch\.(build\.(targets\.\w+\.)?hooks\.custom\b|metadata\.hooks\.custom\b)"
    r"|tool\.poetry\.build\.script$|tool\.setuptools\.cmdclass\.|tool\.pdm\.build\.custom-hook$"
)
"""Keys that make the build run code of the tree."""
DATA = re.compile(r"tool\.(setuptools\.data-files\.|hatch\.build\.targets\.wheel\.shared-data\.)|options\.data_files\.")
LIBRARY = re.compile(r"(\A|\.\./|/)(lib(64)?/python|site-packages|Lib/)")

PLUGIN = re.compile(r"(tool\.poetry\.plugins|options\.entry_points)\.pytest11\b")
"""Keys by which an install loads code into every run of pytest."""

INSTALLS_START = "the build installs what Python runs when it starts"
MOST = 160


class Leaf(NamedTuple):
    """One value in a configuration."""

    keys: tuple[str, ...]
    value: str

    @property
    def dotted(self) -> str:
        """Its keys as text."""
        return ".".join(self.keys)


def signs_of(diff: Diff) -> Iterator[Sign]:
    """What changed in the files by which a project is built."""
    inside = _backends(diff)
    for path, before, after in diff.pairs():
        name = PurePosixPath(path).name
        if after is None or not (name in SCRIPTS | FILES or path.startswith(inside)):
            continue
        if name in ("pyproject.toml", "setup.cfg"):
            yield from _configured(path, _leaves(before) if before else [], _leaves(after), _Project(diff, path))
        else:
            yield from _script(path, before, after, _Project(diff, path))


def _backends(diff: Diff) -> tuple[str, ...]:
    """Folders in which backends of the tree's own lie; a name that no path begins with where there is none."""
    found = []
    for path, source in {path: file for path, _, file in diff.pairs() if file}.items():
        if PurePosixPath(path).name == "pyproject.toml":
            folder = path.rpartition("/")[0]
            paths = (leaf.value for leaf in _leaves(source) if leaf.dotted == "build-system.backend-path")
            found += [f"{folder}/{each}".strip("/.") + "/" for each in paths]
    return tuple(each for each in found if each != "/") or ("\0",)


class _Project:
    """The packages of a project, and whether there was something to build before."""

    def __init__(self, diff: Diff, path: str) -> None:
        self._diff, self._folder = diff, path.rpartition("/")[0]

    @property
    def was_built(self) -> bool:
        """Whether a base had any configuration of a build here; what is new is not accused."""
        prefix = f"{self._folder}/" if self._folder else ""
        return any(prefix + name in self._diff.old for name in FILES)

    def is_own(self, leaf: Leaf, name: str) -> bool:
        """Whether what is put there comes to lie within a package of the project, which has this name."""
        place = (leaf.keys[-1] if "package-dir" in leaf.keys else leaf.value).removeprefix("./").strip("/")
        top, _, below = place.partition("/")
        top = top.partition(".")[0] if "package-dir" in leaf.keys or (not below and top.endswith(".py")) else top
        if leaf.keys[:2] == ("tool", "uv") or top in TOOLS or top in sys.stdlib_module_names:
            return False
        if place in ("", "."):
            return "force-include" not in leaf.keys
        return top in self._packages() or _same(top, name)

    def _packages(self) -> set[str]:
        folders = {path.rpartition("/")[0] for path in {*self._diff.old, *self._diff.new} if path.endswith(".py")}
        parts = {part for folder in folders for part in PurePosixPath(folder).parts}
        return parts - TEST_FOLDERS


def _same(one: str, other: str) -> bool:
    return bool(one) and re.sub(r"[-_.]+", "-", one).lower() == re.sub(r"[-_.]+", "-", other).lower()


def _leaves(source: Source) -> list[Leaf]:
    """Every text in a configuration, with its keys; none of what cannot be read."""
    with suppress(ValueError, configparser.Error, RecursionError):
        if source.name == "pyproject.toml":
            return list(_below(tomllib.loads(source.text), ()))
        parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
        parser.optionxform = str  # type: ignore[assignment, method-assign]
        parser.read_string(source.text)
        return [
            Leaf((section, key), line.strip())
            for section in parser.sections()
            for key, value in parser[section].items()
            for line in (value or "").splitlines()
        ]
    return []


def _below(value: Any, keys: tuple[str, ...]) -> Iterator[Leaf]:  # noqa: ANN401 - whatever stands there
    if isinstance(value, dict) and value:
        for key, part in value.items():
            yield from _below(part, (*keys, str(key)))
    elif isinstance(value, list):
        for part in value:
            yield from _below(part, keys)
    else:
        yield Leaf(keys, "" if value == {} else str(value))


def _is_build(leaf: Leaf) -> bool:
    if not leaf.keys:
        return False
    if leaf.keys[0] == "tool":
        return len(leaf.keys) > 1 and leaf.keys[1] not in NO_BUILD
    return leaf.keys[0] in ("build-system", "project") or leaf.keys[0].startswith(("options", "metadata", "files"))


def _configured(path: str, was: list[Leaf], now: list[Leaf], project: _Project) -> Iterator[Sign]:
    more = [leaf for leaf in (Counter(now) - Counter(was)) if _is_build(leaf)]
    name = next((leaf.value for leaf in now if leaf.dotted == "project.name"), "")
    told = [sign for leaf in more for sign in _of_leaf(path, leaf, name, project)]
    yield from told
    system = [_system(side) for side in (was, now)]
    if not told and project.was_built and system[0] != system[1]:
        yield Sign("build-changed", path, None, "the project is built by something else")


def _of_leaf(path: str, leaf: Leaf, name: str, project: _Project) -> Iterator[Sign]:
    text = f"{leaf.dotted} = {leaf.value}"[:MOST]
    if any(STARTS.search(part) for part in (*leaf.keys, leaf.value)):
        yield Sign("startup-file", path, None, f"{INSTALLS_START}: {text}")
    elif PLUGIN.match(leaf.dotted):
        name = leaf.keys[-1] if leaf.keys[0] == "tool" else leaf.value.partition("=")[0].strip()
        yield Sign("plugin-loaded", path, None, f"entry point {name} is loaded into every run of pytest")
    elif not project.was_built:
        return
    elif OWN_CODE.match(leaf.dotted):
        yield Sign("build-strays", path, None, f"the build runs code of the tree's own: {text}")
    elif PLACES.match(leaf.dotted) and not project.is_own(leaf, name):
        yield Sign("build-strays", path, None, f"the build puts something beside the packages: {text}")
    elif DATA.match(leaf.dotted) and (LIBRARY.search(leaf.keys[-1]) or LIBRARY.search(leaf.value)):
        yield Sign("build-strays", path, None, f"the build puts data where packages lie: {text}")


def _system(leaves: list[Leaf]) -> Counter[Leaf]:
    return Counter(leaf for leaf in leaves if leaf.keys[:1] == ("build-system",) and leaf.keys[-1] in SYSTEM)


def _script(path: str, before: Source | None, after: Source, project: _Project) -> Iterator[Sign]:
    """A file that runs, or says what is taken along, when the project is built: by its new lines."""
    seen = Counter(map(_bare, before.text.splitlines())) if before else Counter[str]()
    told = after.file.size > LARGEST and (before is None or before.file.size <= LARGEST)
    if told:
        yield Sign("build-strays", path, None, f"is larger than {LARGEST} bytes, which are not read")
    for number, line in enumerate(after.text.splitlines(), 1):
        text = _bare(line)
        seen[text] -= 1
        if not text or seen[text] >= 0:
            continue
        told = told or bool(STARTS.search(text))
        if STARTS.search(text):
            yield Sign("startup-file", path, number, f"{INSTALLS_START}: {text[:MOST]}")
        elif project.was_built and BESIDE.search(text):
            yield Sign("build-strays", path, number, f"the build reaches beside the packages: {text[:MOST]}")
            told = True
    if not told and project.was_built and (before is None or PurePosixPath(path).name not in CHATTY):
        yield Sign("build-changed", path, None, "what runs when the project is built has changed, or is new")


def _bare(line: str) -> str:
    return re.sub(r"(^|\s)#.*$", "", line).strip()
