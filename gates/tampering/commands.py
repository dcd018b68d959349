"""Continuous integration and files of commands: what they run, as lines of text.

What is only installed, printed, remarked, or the name of something is no command; so each kind of file is read as what
it is, as far as it can be, and line by line where it cannot.
"""

import ast
import configparser
import json
import re
import tomllib
from collections.abc import Iterator
from typing import Any

from gates.tampering.diff import Source

PIPELINE = re.compile(
    r"^\.github/(workflows|actions)/(.*/)?[^/]+\.(ya?ml|js|ts|sh|py)$|(^|/)(\.gitlab-ci[^/]*|\.travis|azure-pipelines|appveyor|bitbucket-pipelines|\.cirrus|\.woodpecker|\.drone)\.ya?ml$"
    r"|^\.(circleci|buildkite|woodpecker)/|(^|/)Jenkinsfile$",
)
COMMANDS = re.compile(
    r"(^|/)(tox\.(ini|toml)|noxfile\.py|GNUmakefile|[Mm]akefile|justfile|Taskfile\.ya?ml|package\.json"
    r"|\.pre-commit-config\.yaml|rebar\.config|mix\.exs|tasks\.py)$|^(scripts?|bin|ci|tools)/[^/]*(test|check|lint|cov|ci)[^/]*$",
)
PROJECT = re.compile(r"(^|/)pyproject\.toml$")
"""May have commands of tox, hatch and others."""
TASKS = re.compile(
    r"tox\.(.*\.)?commands(_\w+)?$|tox\.legacy_tox_ini$|hatch\.envs\.(.*\.)?scripts\b|(poe\.tasks|pdm\.scripts|taskipy\.tasks)\b"
)
HOOKS = ".pre-commit-config.yaml"
INSTALLS = re.compile(
    r"\b(pip3?|uv|poetry|apt(-get)?|brew|npm|conda) (pip )?(install|add|sync|ci)\b|^\s*-?\s*(name|uses|deps):|^\s*#"
)
SAID = re.compile(
    r"^\s*(-?\s*run:\s*)?@?(echo|printf|true|:)\b.*$|(?<=\s)#.*$|--(version|help|collect-only|co)\b.*$", re.MULTILINE
)
"""What is printed, remarked, or runs no check."""
TRUSTED = re.compile(
    r"uses:.*(codeql|codecov|coveralls|pre-commit|zizmor|ruff|mypy|pyright|bandit|semgrep|eslint|golangci|tox|nox|sparc)"
)
NAMES = frozenset({
    "name", "key", "restore-keys", "path", "paths", "id", "if", "needs", "on", "True", "branches", "cache", "stage",
    "description", "environment", "group", "runs-on", "stages", "only", "except", "rules", "artifacts",
    "cache-dependency-path",
})  # fmt: skip
"""Keys of pipelines below which no command stands."""
ENV = re.compile(r"\benv$|variables$")


def is_ci(path: str) -> bool:
    """Whether a file says what is run to check a project."""
    return bool(PIPELINE.search(path) or COMMANDS.search(path))


def may_run(path: str) -> bool:
    """The same, and files that may say so among other things."""
    return is_ci(path) or bool(PROJECT.search(path))


def run_by(source: Source) -> list[str]:
    """The lines that a file runs."""
    try:
        lines = list(_read(source))
    except (ValueError, SyntaxError, configparser.Error, RecursionError, AttributeError, TypeError):
        lines = source.text.splitlines()
    joined = "\n".join(lines).replace("\\\n", " ").splitlines()
    return [SAID.sub("", line) for line in joined if TRUSTED.search(line) or not INSTALLS.search(line)]


def _read(source: Source) -> Iterator[str]:
    name, text = source.name, source.text
    if name == "tox.ini":
        yield from _tox(text)
    elif PROJECT.search(source.path):
        yield from _tables(tomllib.loads(text).get("tool", {}), "")
    elif name == "tox.toml":
        yield from _tables({"tox": tomllib.loads(text)}, "")
    elif name == "noxfile.py":
        yield from _sessions(ast.parse(text))
    elif name == "package.json":
        yield from map(str, json.loads(text).get("scripts", {}).values())
    elif name.lower() in ("makefile", "gnumakefile", "justfile"):
        yield from (line for line in text.splitlines() if line[:1] in (" ", "\t") or "=" in line)
    elif name.endswith((".yaml", ".yml")):
        data = _yaml(text)
        yield from _hooks(data) if name == HOOKS else _leaves(data, "")
    else:
        yield from text.splitlines()


def _tox(text: str) -> Iterator[str]:
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
    parser.read_string(text)
    for section in parser.sections():
        for key, value in parser[section].items():
            if key.startswith("commands"):
                yield from (value or "").splitlines()


def _tables(table: dict[str, Any], prefix: str) -> Iterator[str]:
    """Commands in tables of TOML; a list is one command, and a list of lists are many."""
    for key, value in table.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            yield from _tables(value, f"{name}.")
        elif not TASKS.search(name):
            continue
        elif name == "tox.legacy_tox_ini":
            yield from _tox(str(value))
        elif isinstance(value, list):
            many = any(isinstance(each, list) for each in value)
            yield from (_words(each) for each in (value if many else [value]))
        else:
            yield from str(value).splitlines()


def _words(command: object) -> str:
    return " ".join(map(str, command)) if isinstance(command, list) else str(command)


def _sessions(tree: ast.Module) -> Iterator[str]:
    """What sessions of nox run: the texts among what `session.run` is given."""
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr.startswith("run"):
            yield " ".join(
                each.value for each in call.args if isinstance(each, ast.Constant) and isinstance(each.value, str)
            )


def _yaml(text: str) -> Any:  # noqa: ANN401 - whatever stands there
    import yaml  # noqa: PLC0415 - costs time that most changes need not pay

    try:
        # by a library in C, where there is one, it takes a tenth of the time
        return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - the safe one
    except yaml.YAMLError as problem:
        raise ValueError(str(problem)) from problem


def _hooks(data: Any) -> Iterator[str]:  # noqa: ANN401
    """Hooks of pre-commit that run by themselves, a line each."""
    for place in data.get("repos") or ():
        for hook in place.get("hooks") or ():
            if hook.get("stages") != ["manual"]:
                yield f"{hook.get('id')} {hook.get('entry', '')} {_arguments(hook.get('args') or ())}"


def _arguments(args: Any) -> str:  # noqa: ANN401
    import shlex  # noqa: PLC0415

    return shlex.join(map(str, args))


def _leaves(value: Any, key: str) -> Iterator[str]:  # noqa: ANN401
    """Texts of a pipeline that may be commands, whatever stands above them."""
    if isinstance(value, dict):
        for name, part in value.items():
            if str(name) not in NAMES:
                yield from _leaves(part, str(name))
    elif isinstance(value, list):
        for part in value:
            yield from _leaves(part, key)
    elif isinstance(value, str) and not ENV.search(key):
        yield from ([f"uses: {value}"] if key == "uses" else value.splitlines())
