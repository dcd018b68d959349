"""Traces every requirement to its module, its edge cases and the tests that name it; fails if one has no test."""

import re
import sys
from pathlib import Path

DOCS = Path("docs")
HEAD = """\
# Traceability

Generated from `docs/requirements.md`, `docs/architecture.md`, `docs/edge-cases.md` and the names of requirements in the
tests. {requirements} requirements, {cases} edge cases, {tests} tests that name a requirement.

| Requirement | Title | Modules | Edge cases | Tests |
|---|---|---|---|---|
"""
NUMBER = re.compile(r"R-(\d{3})(?: to R-(\d{3}))?")


def named(text: str) -> set[str]:
    """The requirements that a text names, ranges spelled out."""
    spans = [(int(first), int(last or first)) for first, last in NUMBER.findall(text)]
    return {f"R-{number:03d}" for first, last in spans for number in range(first, last + 1)}


def pairs(path: Path, pattern: str) -> list[tuple[str, set[str]]]:
    """What the pattern finds first, with the requirements that its second group names."""
    found = re.findall(pattern, path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return [(name, named(text)) for name, text in found]


titles = dict(re.findall(r"^### (R-\d{3}) (.+)$", (DOCS / "requirements.md").read_text(encoding="utf-8"), re.MULTILINE))
modules = pairs(DOCS / "architecture.md", r"^\| (`\w+`) \|([^\n]*)\|$")
modules.append(("`__init__`", {"R-030"}))
cases = pairs(DOCS / "edge-cases.md", r"^\* \*\*(E-\d\d)\*\* \(([^)]*)\)")
tests = [
    (f"{path.stem}::{name}", requirements)
    for path in sorted(Path("tests").glob("test_*.py"))
    for name, requirements in pairs(path, r'^def (test_\w+)\([^"]*?:\n    """(.*?)"""')
]

problems = [f"{where} names {r}, which is unknown" for where, rs in cases + tests for r in sorted(rs - set(titles))]
problems += [f"no test names {r}" for r in titles if not any(r in rs for _, rs in tests)]
problems += [f"no module answers for {r}" for r in titles if not any(r in rs for _, rs in modules)]
if problems or not titles:
    sys.exit("\n".join(problems) or "docs/requirements.md holds no requirement")

rows = []
for requirement, title in titles.items():
    of = [[name for name, rs in table if requirement in rs] for table in (modules, cases, tests)]
    files = sorted({name.split("::")[0] for name in of[2]})
    cells = [requirement, title, " ".join(of[0]), " ".join(of[1]), f"{len(of[2])}: {' '.join(files)}"]
    rows.append(f"| {' | '.join(cells)} |")
head = HEAD.format(requirements=len(titles), cases=len(cases), tests=sum(bool(rs) for _, rs in tests))
(DOCS / "traceability.md").write_text(head + "\n".join(rows) + "\n", encoding="utf-8")
print(f"{len(titles)} requirements, none without a test")
