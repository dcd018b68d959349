"""How ruff is asked, so that nothing in the candidate decides on what it sees: its configuration and its arguments."""

import json
import re
import secrets
import tomllib
from collections.abc import Mapping
from typing import Any, NamedTuple

from gates.ruff import PROOF, Limits
from gates.verdict import Unmeasurable

NAMES = (".ruff.toml", "ruff.toml", "pyproject.toml")
"""Ruff's configuration files, in the order in which it looks for them."""
LOWER = re.compile(r"(?:>=?|~=|==)\s*3\.(\d+)")
FIRST, NEWEST = 7, 14
"""What every ruff knows that sparc runs with, as minor versions of Python 3."""
ALWAYS = ("check", "--no-cache", "--no-fix", "--quiet", "--ignore-noqa", "--no-respect-gitignore", "--no-force-exclude")


class Config(NamedTuple):
    """Ruff's configuration at the base commit."""

    name: str
    text: str
    table: Mapping[str, Any]


def chosen(files: Mapping[str, str]) -> Config | None:
    """The file that ruff would take, of a folder's (name to text); None: it has none.

    Raises Unmeasurable for one that takes something from elsewhere, which would be the candidate's.
    """
    for name in NAMES:
        if name in files and (table := _table(name, files[name])) is not None:
            if "extend" in table:
                raise Unmeasurable(
                    f"{name} extends another file, which is not looked at: write ruff's configuration into one file,"
                    " or let the plan choose (config: none, select: [...])"
                )
            return Config(name, files[name], table)
    return None


def _table(name: str, text: str) -> Mapping[str, Any] | None:
    try:
        table: Any = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise Unmeasurable(f"{name} at the base commit is not valid TOML: {problem}") from None
    if name == "pyproject.toml":
        tool = table.get("tool")
        table = tool.get("ruff") if isinstance(tool, dict) else None
    return table if isinstance(table, dict) else None


def target(limits: Limits, config: Config | None, files: Mapping[str, str]) -> str | None:
    """The oldest Python that the code is for; None where ruff's configuration says it itself."""
    if limits.target:
        return limits.target
    if config and "target-version" in config.table:
        return None
    try:
        project = tomllib.loads(files.get("pyproject.toml", "")).get("project")
    except tomllib.TOMLDecodeError:
        project = None
    stated = str(project.get("requires-python", "")) if isinstance(project, dict) else ""
    lower = [int(minor) for minor in LOWER.findall(stated)]
    return f"py3{min(max(*lower, FIRST), NEWEST) if lower else NEWEST}"


def arguments(limits: Limits, config: str | None, oldest: str | None) -> tuple[str, ...]:
    """Of the run that is judged; `config` is the path of a file."""
    words = [*ALWAYS, *(("--config", config) if config else ("--isolated",))]
    words += ["--target-version", oldest] if oldest else []
    words += ["--select", ",".join(limits.select)] if limits.select else []
    return (*words, *(("--ignore", ",".join(limits.ignore)) if limits.ignore else ()))


def proof() -> tuple[str, ...]:
    """Of the run that tells which files can be read at all: no file has this notice, which is made now."""
    notice = f"lint.flake8-copyright.notice-rgx={json.dumps(secrets.token_hex(16))}"
    newest = ("--target-version", f"py3{NEWEST}")
    return (*ALWAYS, "--isolated", "--preview", "--select", f"{PROOF},E902", "--config", notice, *newest)


RULES = re.compile(r"^linter\.rules\.enabled = \[\n((?:\t.*\n)*)\]", re.MULTILINE)


def rules(settings: str) -> int:
    """How many rules are asked, from what `--show-settings` prints."""
    found = RULES.search(settings)
    return len(found[1].splitlines()) if found else 0
