"""Keys of configurations whose meaning is known, and whether another value lets more through."""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

FLOOR = r".*fail.?under|.*threshold|min(imum)?([-_]coverage)?|target|branches|functions|lines|statements"
"""Numbers of which less is looser."""
CEILING = r".*max.?(complexity|args|arguments|branches|returns|statements|locals|positional.args)|.*complexity|cc_max"
"""Numbers of which more is looser."""
EXEMPT = (
    r"omit|exclude\w*|exclude[-_](lines|also|dirs)|partial_branches|ignore|ignores|skips|disable"
    r"|disable_error_code|norecursedirs|per-file-ignores|ignored?[-_](paths|patterns|names|classes|modules)"
)
"""Lists of which more is looser."""
WANTED = (
    r"select|enable|enable_error_code|testpaths|python_(files|classes|functions)|source(_pkgs)?|include|tests|files"
    r"|required_plugins"
)
"""Lists of which less is looser."""
STRICT = (
    r"strict\w*|xfail_strict|warn_(?!unused_configs)\w+|disallow_\w+|check_untyped_defs|no_implicit\w*|branch"
    r"|typeCheckingMode|report[A-Z]\w+|noImplicit\w+|noUnused\w+"
)
"""What is looser when it is off."""
LAX = r"ignore_errors|ignore_missing_imports|follow_imports|allow_\w+|implicit_\w+|skipLibCheck|exit-zero|informational"
"""What is looser when it is on."""
ADDOPTS = re.compile(
    r"--ignore(-glob)?\b|--deselect\b|--collect-only|--co$|-k|-m(?!$)|--no-cov|-p$|-p=?no:|no:|-W|--lf|--assert|--maxfail|-o$"
    r"|--override-ini|--noconftest|--sw|--stepwise|not\b|-c$|--rootdir|--confcutdir|--reruns\b|--suppress-no-test|--continue-on-collection|--benchmark-skip"
)
DEFAULTS = {"python_files": "test_*.py *_test.py", "python_functions": "test", "python_classes": "Test"}
"""Of pytest; to name others is to leave these out."""
WORDS = {"strict": 3, "standard": 2, "error": 3, "warning": 2, "information": 1, "basic": 1, "none": 0, "off": 0}
GRAVE = {
    "off": 0, "allow": 0, "0": 0, "warn": 1, "1": 1, "error": 2, "deny": 2, "2": 2, "forbid": 3,
}  # fmt: skip
OPTION = re.compile(r"(^|\.)rules\..+\.\d+\.")
"""Of a rule of eslint."""
CLIPPY = r".*threshold|max-.*|.*-limit"
"""Of clippy more is looser."""
MOST = 200


class Change(NamedTuple):
    """A key that has another value."""

    tool: str
    """Whose it is, as in `settings.TOOLS`."""
    key: str
    """Dotted, without the tool's own section."""
    was: Any
    now: Any
    exists: Callable[[str], bool]
    """Whether the candidate has such a path."""
    left_out: Callable[[set[str]], str]
    """A test of the candidate that lies in none of these folders; empty where there is none."""

    @property
    def told(self) -> str:
        """In words."""
        return f"{self.key} is {_told(self.now)}, and was {_told(self.was)}"


def judged(change: Change) -> tuple[str, str]:
    """The rule that a change breaks, and why; empty for none. `loosened` stands for the tool's own rule."""
    if ".per-file-ignores." in f".{change.key}":
        return _exempt(change)
    if change.key.startswith("overrides.") and change.key.endswith(".ignore_missing_imports"):
        return "", ""  # of modules by their names: others' packages without types
    if is_rule(change.tool, change.key):
        return _level(change)
    low = change.key.rpartition(".")[2]
    if change.tool == "clippy" and re.fullmatch(CLIPPY, low):
        return _ceiling(change)
    for pattern, judge in JUDGES:
        if re.fullmatch(pattern, low):
            return judge(change)
    return "", ""


def is_rule(tool: str, key: str) -> bool:
    """Whether a key is the name of a rule, and its value how grave it is to break it."""
    return (tool == "eslint" and ".rules." in f".{key}") or tool.startswith("cargo")


def is_exempting(key: str) -> bool:
    """Whether a key makes a tool see less by being there."""
    return bool(re.fullmatch(f"{EXEMPT}|{LAX}|addopts", key.rpartition(".")[2])) or "per-file-ignores" in key


def is_demanding(key: str) -> bool:
    """Whether a key makes a tool see more by being there."""
    return bool(re.fullmatch(f"{WANTED}|{STRICT}|{FLOOR}|{CEILING}", key.rpartition(".")[2]))


def is_strict(key: str) -> bool:
    """Whether it is one of those that a `strict` turns on all together."""
    return bool(re.fullmatch(STRICT, key.rpartition(".")[2]))


def _floor(change: Change) -> tuple[str, str]:
    was, now = number(change.was), number(change.now)
    return ("limit-lowered", change.told) if was is not None and (now is None or now < was) else ("", "")


def _ceiling(change: Change) -> tuple[str, str]:
    was, now = number(change.was), number(change.now)
    return ("limit-lowered", change.told) if was is not None and (now is None or now > was) else ("", "")


def _exempt(change: Change) -> tuple[str, str]:
    more = _items(change.now) - _items(change.was)
    return ("loosened", f"{change.key} takes out {', '.join(sorted(more))[:MOST]}") if more else ("", "")


def _wanted(change: Change) -> tuple[str, str]:
    low = change.key.rpartition(".")[2]
    if change.was is None and low not in DEFAULTS:
        test = change.left_out(_items(change.now)) if low == "testpaths" else ""
        return ("loosened", f"testpaths leaves {test} out") if test else ("", "")
    now = _items(change.now)
    less = _items(DEFAULTS.get(low) if change.was is None else change.was) - now
    # a folder that is gone, or is part of one that is named, is not lost
    about_paths = low in ("testpaths", "include", "source", "files")
    if low == "select":
        everything = change.tool == "ruff" and "ALL" in now
        less = {code for code in less if not (everything or any(_selects(wider, code) for wider in now))}
    less = {item for item in less if not about_paths or (change.exists(item) and not _covered(item, now))}
    return ("loosened", f"{change.key} no longer has {', '.join(sorted(less))[:MOST]}") if less else ("", "")


def _selects(wider: str, code: str) -> bool:
    """Whether a code of ruff or flake8 stands for another: `E` for `E501`, and not for `ERA`."""
    return code.startswith(wider) and code[len(wider)].isdigit()


def _covered(path: str, folders: set[str]) -> bool:
    return any(path.startswith(f"{folder.rstrip('/*')}/") for folder in folders)


def _strict(change: Change) -> tuple[str, str]:
    return ("loosened", change.told) if _strictness(change.now) < _strictness(change.was) else ("", "")


def _lax(change: Change) -> tuple[str, str]:
    more = _strictness(change.now) > _strictness(change.was) or change.now in ("skip", "silent")
    return ("loosened", change.told) if more else ("", "")


def _filterwarnings(change: Change) -> tuple[str, str]:
    return ("loosened", change.told) if "error" in _items(change.was) - _items(change.now) else ("", "")


def _addopts(change: Change) -> tuple[str, str]:
    was, now = (_options(_words(value)) for value in (change.was, change.now))
    more = [word for word in now if word not in was and ADDOPTS.match(word)]
    # a path in place of those in testpaths
    more += [word for word in now if word not in was and "test" in word and word[0] != "-" and change.exists(word)]
    less = [word for word in was if word not in now and ("strict" in word or word.startswith("--doctest"))]
    floors = [re.search(r"fail-under[= ](\d+(?:\.\d+)?)", " ".join(words)) for words in (was, now)]
    if more:
        return "loosened", f"addopts has {' '.join(more)}"
    if floors[0] and (not floors[1] or float(floors[1][1]) < float(floors[0][1])):
        return "limit-lowered", "addopts asks for less coverage"
    return ("loosened", f"addopts no longer has {' '.join(less)}") if less else ("", "")


def _pythonpath(change: Change) -> tuple[str, str]:
    more = _items(change.now) - _items(change.was) - {"", ".", "src", "lib"}
    return ("loosened", f"pythonpath has {', '.join(sorted(more))[:MOST]}") if more else ("", "")


def _imported(change: Change) -> tuple[str, str]:
    return ("loosened", change.told) if str(change.now).strip().lower() in ("false", "no", "0", "off") else ("", "")


def _level(change: Change) -> tuple[str, str]:
    """A rule that is told of less gravely, or of larger figures alone; what it was by default is not known."""
    if OPTION.search(change.key):
        return _ceiling(change) if change.key.endswith(".max") and number(change.now) is not None else ("", "")
    was, now = (_grave(value) for value in (change.was, change.now))
    if now == 0 and was is None:
        return "loosened", change.told
    if was is None or (now is not None and now > was):
        return "", ""
    if now is None or now < was:
        return ("loosened", change.told) if was else ("", "")
    most = [
        number(value[1]) if isinstance(value, list) and len(value) > 1 else None for value in (change.was, change.now)
    ]
    more = most[0] is not None and (most[1] is None or most[1] > most[0])
    return ("limit-lowered", change.told) if more else ("", "")


def _grave(value: object) -> int | None:
    """Of eslint and of Rust's lints; None for what is none."""
    first = value[0] if isinstance(value, list) and value else value
    return GRAVE.get(str(first).strip().lower()) if isinstance(first, str | int) else None


JUDGES: tuple[tuple[str, Callable[[Change], tuple[str, str]]], ...] = (
    ("pythonpath", _pythonpath), ("collect_imported_tests", _imported), ("usefixtures", _exempt),
    ("addopts", _addopts), ("filterwarnings", _filterwarnings), (FLOOR, _floor), (CEILING, _ceiling),
    (EXEMPT, _exempt), (WANTED, _wanted), (STRICT, _strict), (LAX, _lax),
)  # fmt: skip


def _options(words: list[str]) -> list[str]:
    """Each `-W` with what stands behind it; without those that make errors of warnings."""
    told = re.sub(r"(?m)^-W\n", "-W", "\n".join(words)).splitlines()
    return [word for word in told if not re.match(r"-W=?['\"]?error", word)]


def _words(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else str(value or "").split()


def _items(value: object) -> set[str]:
    if isinstance(value, list):
        return {str(each).strip() for each in value}
    lines = [line.partition("#")[0] for line in str("" if value is None else value).splitlines()]
    return {word for line in lines for word in re.split(r"[\s,]+", line.strip()) if word}


def number(value: object) -> float | None:
    """A value as a number, if it is one."""
    try:
        return None if isinstance(value, bool) else float(str(value).strip().rstrip("%"))
    except ValueError:
        return None


def _strictness(value: object) -> int:
    text = str(value).strip().lower()
    return WORDS.get(text, int(text in ("true", "yes", "1", "on")))


def _told(value: object) -> str:
    return "not set" if value is None else " ".join(str(value).split())[:80]
