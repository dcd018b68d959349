"""The targets and variables in a Makefile."""

import re
from collections.abc import Iterator

from tasks.structure_names import fingerprint

_VARIABLE = re.compile(r"(?:(?:export|override)\s+)*([^\s:=+?!#]+)\s*(?:\?=|:{0,3}=|!=)")
_RULE = re.compile(r"([^\s:=#][^:=#]*?)\s*(::?)(?!=)(.*)", re.DOTALL)
_DEFINE = re.compile(r"(?:override\s+)?define\s+(\S+)")


def targets(text: str) -> Iterator[tuple[str, str]]:
    """Targets of rules, and `$(NAME)` for variables.

    What may be said in several places by design is left out: special targets (`.PHONY`), rules with a double colon,
    a rule's further prerequisites, `+=`. A rule that only adds prerequisites has no recipe, and is one of them.
    """
    for head, recipe in _statements(text):
        if define := _DEFINE.match(head):
            yield f"$({define[1]})", fingerprint(recipe)
        elif variable := _VARIABLE.match(head):
            yield f"$({variable[1]})", fingerprint(head)
        elif (rule := _RULE.match(head)) and rule[2] == ":" and (recipe or ";" in rule[3]):
            for target in rule[1].split():
                if not re.fullmatch(r"\.[A-Z_]+", target):
                    yield target, fingerprint(f"{rule[3].strip()}\n{recipe}")


def _statements(text: str) -> Iterator[tuple[str, str]]:
    """(first line, continued ones joined; the recipe or the body that belongs to it)."""
    lines = iter(text.replace("\r\n", "\n").replace("\\\n", " ").split("\n"))
    head, recipe = "", ""
    for line in lines:
        if line.startswith("\t"):
            recipe += f"{line}\n"
            continue
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if head:
            yield head, recipe
        head, recipe = line.strip(), ""
        if _DEFINE.match(head):
            recipe = "\n".join(_until_endef(lines))
    if head:
        yield head, recipe


def _until_endef(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        if line.strip() == "endef":
            return
        yield line
