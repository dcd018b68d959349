"""How checkers of types are asked: their configuration from the base commit, and their arguments."""

import configparser
import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from gates.type_check import Limits
from gates.type_reports import COVERED, SAID
from gates.verdict import Unmeasurable

OF_MYPY = {"mypy.ini": "mypy", ".mypy.ini": "mypy", "pyproject.toml": "tool.mypy", "setup.cfg": "mypy"}
"""Mypy's configuration files and their sections, in the order in which it looks for them."""
OF_PYRIGHT = ("pyrightconfig.json", "pyproject.toml")
FILES = tuple(dict.fromkeys((*OF_MYPY, *OF_PYRIGHT)))
PLANTED = 'canary: int = "canary"\n\n\ndef sing():\n    return 1 + ""\n'
"""Two errors of type, one of them in a function without annotations."""
IGNORES = re.compile(r"^[ \t]*ignore_missing_imports[ \t]*[=:].*$", re.MULTILINE)
NARROWING = ("include", "exclude", "ignore", "venv", "venvPath")
"""Of pyright's configuration: which files are looked at, and in which environment, is ours to say."""
LAUNCH = """\
import os, runpy, sys
said, sys.argv = sys.argv[1], sys.argv[2:]
os.dup2(os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 1)
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""
"""Runs a module with its standard output in a file: what a starter keeps of an output has an end."""


class Config(NamedTuple):
    """A configuration file as it is put where the checker finds it."""

    name: str
    text: str


def config(limits: Limits, files: Mapping[str, str]) -> Config:
    """The checker's configuration, of the files at the base commit (name to text). Raises Unmeasurable."""
    chosen = files if limits.config == "base" else {}
    return _pyright(limits, chosen) if limits.tool == "pyright" else _mypy(chosen)


def _mypy(files: Mapping[str, str]) -> Config:
    for name, section in OF_MYPY.items():
        header = re.search(rf"^[ \t]*\[{re.escape(section)}\][^\n]*$", files.get(name, ""), re.MULTILINE)
        if header:
            text = files[name]
            end = re.compile(r"^[ \t]*\[", re.MULTILINE).search(text, header.end())
            stop = end.start() if end else len(text)
            # missing imports are told: whoever means to do without one names it in a section of its own
            return Config(name, text[: header.end()] + IGNORES.sub("", text[header.end() : stop]) + text[stop:])
    return Config("mypy.ini", "[mypy]\n")


def plugins(config: Config) -> list[str]:
    """Modules, or paths of files, that a configuration of mypy has it load."""
    try:
        if config.name.endswith(".toml"):
            stated: Any = tomllib.loads(config.text)["tool"]["mypy"].get("plugins", "")
        else:
            parser = configparser.RawConfigParser(strict=False)
            parser.read_string(config.text)
            stated = parser.get("mypy", "plugins", fallback="")
    except (ValueError, KeyError, AttributeError, configparser.Error) as problem:
        raise Unmeasurable(f"mypy's configuration at the base commit cannot be read: {problem}") from None
    return re.split(r"[,\s]+", (stated if isinstance(stated, str) else ",".join(map(str, stated))).strip(" ,\n"))


def refuse_plugins(config: Config, packages: Iterable[str]) -> None:
    """Raise Unmeasurable for plugins that are the target's own code: the candidate would judge itself."""
    own = {PurePosixPath(package).stem for package in packages}
    for plugin in filter(None, plugins(config) if config.name != OF_PYRIGHT[0] else ()):
        if plugin.endswith(".py") or "/" in plugin or re.split(r"[.:]", plugin)[0] in own:
            raise Unmeasurable(
                f"mypy's configuration loads {plugin}, which is the target's own and would judge itself: move it into a"
                " distribution of its own, or ask without the configuration (config: none)"
            )


def _pyright(limits: Limits, files: Mapping[str, str]) -> Config:
    table = _table(files)
    if "extends" in table:
        raise Unmeasurable(
            "pyright's configuration extends another file, which is not looked at: write it into one file"
        )
    kept = {key: value for key, value in table.items() if key not in NARROWING}
    strict = {"typeCheckingMode": "strict"} if limits.strict else {}
    return Config("pyrightconfig.json", json.dumps({**kept, **strict}))


def _table(files: Mapping[str, str]) -> dict[str, Any]:
    try:
        if "pyrightconfig.json" in files:
            table: Any = json.loads(files["pyrightconfig.json"])
        else:
            table = tomllib.loads(files.get("pyproject.toml", "")).get("tool", {}).get("pyright", {})
    except (ValueError, AttributeError) as problem:
        raise Unmeasurable(f"pyright's configuration at the base commit cannot be read: {problem}") from None
    if not isinstance(table, dict):
        raise Unmeasurable("pyright's configuration at the base commit is no table")
    return table


def arguments(limits: Limits, python: str, reports: str, config_file: str, files: list[str], listed: str) -> list[str]:
    """The whole command; `files` are paths on disk, `listed` is a file that has them line by line."""
    start = [python, "-P", "-c", LAUNCH, f"{reports}/{SAID}", limits.tool]
    if limits.tool == "pyright":
        return [*start, "--outputjson", "--pythonpath", python, *files]
    words = [f"--config-file={config_file}", "--cache-dir=/dev/null", "--check-untyped-defs", "--output=json"]
    words += ["--show-absolute-path", "--no-pretty", f"--linecoverage-report={reports}/{COVERED}"]
    return [*start, *words, *(["--strict"] if limits.strict else []), f"@{listed}"]
