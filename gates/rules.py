"""The rules that checks name in their findings, for whoever reads a waiver before anything has run.

Some checks have names of their own making, some those of a tool, which are known by their shape. What a `command`
reports, a check of a third party, or a specification, may name anything.
"""

import re
from difflib import get_close_matches
from fnmatch import fnmatchcase

from gates.tampering.rules import RULES

NAMES: dict[str, tuple[str, ...]] = {
    "integrity": tuple(RULES),
    "radon": ("complexity", "maintainability"),
    "tests": ("report-contradicted",),
    "red_green": (
        "red-green-broken", "red-green-skipped", "red-green-lost", "red-green-fails", "red-green-not-red",
        "red-green-weak",
    ),
    "stub_probe": ("stub-survives", "stub-unknown"),
    "docs": ("link-label", "link-path", "link-outside", "link-anchor"),
    "traceability": (
        "requirement-untested", "requirement-unknown", "requirement-deleted", "requirement-duplicate",
        "requirement-crowd",
    ),
}  # fmt: skip
"""Check -> its own names."""
SHAPES: dict[str, str] = {
    "bandit": r"B\d{3}",
    "ruff": r"[A-Z]{1,6}\d{1,5}|invalid-syntax",
    "dependencies": r"(CVE|GHSA|PYSEC|OSV|RUSTSEC)-[\w-]+",
    "docs": r"code-\w+",
    "types": r"report[A-Z]\w+",
}
"""Check -> the shape of the names that its tool gives."""
FREE = frozenset({"command", "specification", "secrets", "types", "dependencies"})
"""Checks that may name more than is listed here."""
MOST_CLOSE = 3


def is_known(rule: str) -> bool:
    """Whether some check of ours has such a rule, or a rule that this glob means."""
    if any(fnmatchcase(name, rule) for names in NAMES.values() for name in names):
        return True
    # of a glob of tools' names, no more can be told than how it begins
    text = re.split(r"[*?\[]", rule)[0]
    if text != rule:
        return not text or text[0].isupper() or any(name.startswith(text) for name in ("code-", "report"))
    return any(re.fullmatch(shape, rule) for shape in SHAPES.values())


def close_to(rule: str) -> list[str]:
    """Names that may have been meant."""
    return get_close_matches(rule, [name for names in NAMES.values() for name in names], n=MOST_CLOSE)
