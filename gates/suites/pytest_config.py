"""Pytest's configuration at the base commit: which of its files pytest would take, and what that one says.

What the candidate has made of these files counts for nothing: one line there can deselect the tests that fail.

Tests run in the root of the tree. Where the root has no configuration, the one of the project's folder counts; what it
tells from there is told from the root here.
"""

import configparser
import re
import shlex
import tomllib
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import PurePosixPath
from posixpath import join, normpath
from typing import Any, NamedTuple

SECTIONS = {
    "pytest.toml": "pytest",
    ".pytest.toml": "pytest",
    "pytest.ini": "pytest",
    ".pytest.ini": "pytest",
    "pyproject.toml": "tool.pytest",
    "tox.ini": "pytest",
    "setup.cfg": "tool:pytest",
}
"""In the order in which pytest looks for them."""

ALWAYS = ("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini")
"""Taken by pytest even without its section."""

OWN_TABLE = re.compile(r"^(\s*\[\s*)pytest(?=[\s.\]])", re.MULTILINE)
FROM_FOLDER = ("testpaths", "pythonpath")
"""Options of which each word is a path, as pytest takes them from the folder of the file."""
PATHS = ("--ignore", "--ignore-glob", "--deselect")
"""Words of `addopts` behind which a path stands, as it is from the folder in which pytest is called."""


class Config(NamedTuple):
    """One configuration file."""

    suffix: str
    """By it pytest tells how to read the file."""
    text: str
    options: Mapping[str, Any]
    """Name to text or list; paths from the root of the tree."""
    moved: tuple[str, ...] = ()
    """Options that stand otherwise in the text, for the file lies in a folder."""

    def words(self, name: str) -> list[str] | None:
        """An option of many words; None when it is not set."""
        value = self.options.get(name)
        if value is None or isinstance(value, list):
            return value
        try:
            return shlex.split(str(value), comments=True)
        except ValueError:
            return str(value).split()

    def over(self, options: Mapping[str, Any]) -> "Config":
        """The same file with other options over its own."""
        return self._replace(options={**self.options, **options})


EMPTY = Config(suffix=".ini", text="[pytest]\n", options={})


def names(folder: str = ".") -> tuple[str, ...]:
    """Paths of the files that may configure the tests of a project in a folder of the tree."""
    return tuple(name if place == "." else f"{place}/{name}" for place in _places(folder) for name in SECTIONS)


def _places(folder: str) -> list[str]:
    """The root goes first, as it configures the tests of the whole tree; then what is nearest."""
    inside = PurePosixPath(folder)
    return [".", *(str(place) for place in (inside, *inside.parents) if str(place) != ".")]


def chosen(base: Mapping[str, str]) -> Config:
    """The file that pytest would take; one that cannot be parsed is passed over. `base`: path to text, see `names`."""
    folders = sorted({str(PurePosixPath(path).parent) for path in base}, key=lambda path: (path != ".", -len(path)))
    for folder in folders:
        here = {
            PurePosixPath(path).name: text for path, text in base.items() if str(PurePosixPath(path).parent) == folder
        }
        if (config := _of_folder(here)) is not None:
            return config if folder == "." else _from_root(config, folder)
    return EMPTY


def _of_folder(base: Mapping[str, str]) -> Config | None:
    for name, section in SECTIONS.items():
        if name in base:
            options = _toml(base[name], section) if name.endswith(".toml") else _ini(base[name], section)
            if options is None and name in ALWAYS:
                return EMPTY
            if options is not None:
                return Config(suffix="." + name.rpartition(".")[2], text=_anywhere(name, base[name]), options=options)
    return None


def _anywhere(name: str, text: str) -> str:
    """With the table of its own file where pytest looks in a file of another name; before 9.2 nowhere else."""
    if name not in ALWAYS or not name.endswith(".toml"):
        return text
    moved = OWN_TABLE.sub(r"\1tool.pytest", text)
    same = _toml(moved, "tool.pytest") == _toml(text, "pytest")
    return moved if same else text


def _from_root(config: Config, folder: str) -> Config:
    """What is told from a folder, as it is told from the root."""
    told: dict[str, Any] = {}
    for name in FROM_FOLDER:
        words = config.words(name)
        if words is not None:
            told[name] = [_inside(folder, str(word)) for word in words]
    words = config.words("addopts")
    if words is not None:
        told["addopts"] = list(_options(list(map(str, words)), folder))
    return config.over(told)._replace(moved=tuple(told))


def _options(words: list[str], folder: str) -> Iterator[str]:
    for before, word in pairwise(["", *words]):
        name, given, value = word.partition("=")
        if before in PATHS:
            yield _inside(folder, word)
        else:
            yield f"{name}={_inside(folder, value)}" if given and name in PATHS else word


def _inside(folder: str, path: str) -> str:
    # an absolute path stays what it is
    return normpath(join(folder, path))


def _toml(text: str, section: str) -> Mapping[str, Any] | None:
    try:
        table: Any = tomllib.loads(text)
        for key in section.split("."):
            table = table.get(key, {})
        options = table.get("ini_options", table) if section == "tool.pytest" else table
    except (tomllib.TOMLDecodeError, AttributeError):
        return None
    is_there = options or (section == "tool.pytest" and "ini_options" in table)
    return options if is_there and isinstance(options, dict) else None


def _ini(text: str, section: str) -> Mapping[str, Any] | None:
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    try:
        parser.read_string(text)
    except configparser.Error:
        return None
    return dict(parser[section]) if section in parser else None
