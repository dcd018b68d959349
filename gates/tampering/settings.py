"""Where tools look for their configuration, and what they find there, as one level of dotted keys."""

import configparser
import json
import re
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from gates.tampering.diff import Source

Options = dict[str, Any]
TEXT = r'("(?:[^"\\]|\\.)*+(?:"|\\?\Z))'
COMMENT = re.compile(TEXT + r"|//[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)
TRAILING = re.compile(TEXT + r"|,(?=\s*[}\]])", re.DOTALL)
"""What TypeScript and eslint read in JSON, and JSON does not have."""


class Tool(NamedTuple):
    """Where a tool looks for its configuration, in its order: name of the file and the section in it."""

    places: tuple[tuple[str, str], ...]
    rule: str = "check-loosened"


TOOLS: dict[str, Tool] = {
    "pytest": Tool((
        ("pytest.toml", "pytest"), (".pytest.toml", "pytest"), ("pytest.ini", "pytest"), (".pytest.ini", "pytest"),
        ("pyproject.toml", "tool.pytest.ini_options"),
        ("pyproject.toml", "tool.pytest"), ("tox.ini", "pytest"), ("setup.cfg", "tool:pytest"),
    ), "pytest-configured"),
    "coverage": Tool((
        (".coveragerc", ""), (".coveragerc.toml", ""), ("setup.cfg", "coverage:"), ("tox.ini", "coverage:"),
        ("pyproject.toml", "tool.coverage"),
    )),
    "mypy": Tool((("mypy.ini", "mypy"), (".mypy.ini", "mypy"), ("pyproject.toml", "tool.mypy"), ("setup.cfg", "mypy"))),
    "ruff": Tool(((".ruff.toml", ""), ("ruff.toml", ""), ("pyproject.toml", "tool.ruff"))),
    "flake8": Tool(((".flake8", "flake8"), ("setup.cfg", "flake8"), ("tox.ini", "flake8"))),
    "pylint": Tool(((".pylintrc", ""), ("pylintrc", ""), ("pyproject.toml", "tool.pylint"))),
    "bandit": Tool(((".bandit", "bandit"), ("bandit.yaml", ""), ("pyproject.toml", "tool.bandit"))),
    "radon": Tool((("radon.cfg", "radon"), ("setup.cfg", "radon"), ("pyproject.toml", "tool.radon"))),
    "pyright": Tool((("pyrightconfig.json", ""), ("pyproject.toml", "tool.pyright"))),
    "eslint": Tool(((".eslintrc.json", ""), (".eslintrc", ""))),
    "tsc": Tool((("tsconfig.json", ""),)),
    "codecov": Tool(((".codecov.yml", ""), ("codecov.yml", ""), ("codecov.yaml", ""))),
    "clippy": Tool((("clippy.toml", ""), (".clippy.toml", ""))),
    "cargo": Tool((("Cargo.toml", "lints"),)),
    "cargo of a workspace": Tool((("Cargo.toml", "workspace.lints"),)),
    "golangci": Tool(((".golangci.yml", ""), (".golangci.yaml", ""))),
}  # fmt: skip
FILES = frozenset(name for tool in TOOLS.values() for name, _ in tool.places)


class Found(NamedTuple):
    """The configuration of a tool, and the file that it stands in."""

    file: str
    options: Options


def configurations(files: Mapping[str, Source]) -> dict[str, Found]:
    """Tool -> what it finds among the files of one folder, given by their names."""
    parsed = {name: read_options(source) or {} for name, source in files.items()}
    found: dict[str, Found] = {}
    for tool, (places, _) in TOOLS.items():
        for name, section in places:
            options = _section(parsed.get(name, {}), section, name)
            if options or (name in parsed and name.removeprefix(".") in ("pytest.ini", "pytest.toml")):
                found[tool] = Found(name, {_without_place(tool, key): value for key, value in options.items()})
                break
    return found


def _without_place(tool: str, key: str) -> str:
    """`rules.max-depth.0` is what `rules.max-depth` is without options, and so is `clippy.all.level`.

    Pylint knows an option by its name, in whichever section it stands.
    """
    if tool == "pylint":
        return key.rpartition(".")[2]
    return re.sub(
        r"((?:^|\.)rules\..+)\.0$|^((?:clippy|rust|rustdoc)\.[^.]+)\.level$", lambda key: key[1] or key[2], key
    )


def read_options(source: Source) -> Options | None:
    """A file as one level of dotted keys; None if it cannot be read."""
    with suppress(ValueError, configparser.Error, RecursionError):
        if source.name.endswith(".toml"):
            return _flat(tomllib.loads(source.text))
        if source.name.endswith((".yml", ".yaml")):
            return _flat(read_yaml(source.text))
        plain = TRAILING.sub(r"\1", COMMENT.sub(r"\1", source.text))
        if plain.lstrip().startswith("{"):
            return _flat(json.loads(plain))
        return _flat(read_yaml(source.text)) if source.name == ".eslintrc" else _ini(source.text)
    return None


def read_yaml(text: str) -> Any:  # noqa: ANN401 - whatever stands there
    """What YAML says. Raises ValueError."""
    import yaml  # noqa: PLC0415 - costs time that most changes need not pay

    try:
        # by a library in C, where there is one, it takes a tenth of the time
        return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - the safe one
    except yaml.YAMLError as problem:
        raise ValueError(str(problem)) from problem


def _ini(text: str) -> Options:
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(text)
    return {f"{section}.{key}": value for section in parser.sections() for key, value in parser[section].items()}


def _flat(value: Any, prefix: str = "") -> Options:  # noqa: ANN401
    if isinstance(value, dict) and value:
        return {name: each for key, part in value.items() for name, each in _flat(part, f"{prefix}{key}.").items()}
    if isinstance(value, list) and any(isinstance(each, dict) for each in value):
        parts = enumerate(value)
        return {name: each for place, part in parts for name, each in _flat(part, f"{prefix}{place}.").items()}
    return {prefix.rstrip("."): value}


def _section(options: Options, section: str, name: str) -> Options:
    if name in ("setup.cfg", "tox.ini") and section.endswith(":"):
        prefix = section
    elif section == "mypy":  # [mypy-shop.*] is about some modules
        return {
            key.removeprefix("mypy."): value for key, value in options.items() if key.startswith(("mypy.", "mypy-"))
        }
    elif section:
        prefix = section + "."
    else:
        return {key: value for key, value in options.items() if key}
    found = {key.removeprefix(prefix): value for key, value in options.items() if key.startswith(prefix)}
    if section == "tool.ruff":  # which once had them a level higher
        found = {key.removeprefix("lint."): value for key, value in found.items()}
    return _merged({key: value for key, value in found.items() if not key.startswith("ini_options.")})


def _merged(options: Options) -> Options:
    """With `extend-ignore` and the like in what they extend."""
    merged = {key: value for key, value in options.items() if not key.startswith("extend-")}
    for key, value in options.items():
        if key.startswith("extend-"):
            name = key.removeprefix("extend-")
            own = merged.get(name)
            lists = isinstance(value, list) and isinstance(own, list | None)
            merged[name] = [*(own or ()), *value] if lists else f"{own or ''}\n{value}"
    return merged
