"""Pytest's configuration at the base commit: which of its files pytest would take, and what that one says.

What the candidate has made of these files counts for nothing: one line there can deselect the tests that fail.
"""

import configparser
import shlex
import tomllib
from collections.abc import Mapping
from typing import Any, NamedTuple

SECTIONS = {
    "pytest.ini": "pytest",
    ".pytest.ini": "pytest",
    "pyproject.toml": "tool.pytest",
    "tox.ini": "pytest",
    "setup.cfg": "tool:pytest",
}
"""In the order in which pytest looks for them."""

ALWAYS = ("pytest.ini", ".pytest.ini")
"""Taken by pytest even without its section."""


class Config(NamedTuple):
    """One configuration file."""

    suffix: str
    """By it pytest tells how to read the file."""
    text: str
    options: Mapping[str, Any]
    """Name to text or list."""

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


def chosen(base: Mapping[str, str]) -> Config:
    """The file that pytest would take; one that cannot be parsed is passed over."""
    for name, section in SECTIONS.items():
        if name in base:
            options = _toml(base[name]) if name.endswith(".toml") else _ini(base[name], section)
            if options is None and name in ALWAYS:
                return EMPTY
            if options is not None:
                return Config(suffix="." + name.rpartition(".")[2], text=base[name], options=options)
    return EMPTY


def _toml(text: str) -> Mapping[str, Any] | None:
    try:
        table = tomllib.loads(text).get("tool", {}).get("pytest", {})
        options = table.get("ini_options", table)
    except (tomllib.TOMLDecodeError, AttributeError):
        return None
    return options if options and isinstance(options, dict) else None


def _ini(text: str, section: str) -> Mapping[str, Any] | None:
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    try:
        parser.read_string(text)
    except configparser.Error:
        return None
    return dict(parser[section]) if section in parser else None
