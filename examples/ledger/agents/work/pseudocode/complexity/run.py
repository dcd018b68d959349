"""Collects the stated complexity of every procedure, and fails if one states none."""

import re
import sys
from pathlib import Path

FOLDER = Path("docs/pseudocode")
PROCEDURE = re.compile(r"^### (.+?)\n(.*?)(?=^### |\Z)", re.MULTILINE | re.DOTALL)
STATED = re.compile(r"^Complexity: (.*?O\(.+?\).*?)\n(?:\n|\Z)", re.MULTILINE | re.DOTALL)

HEAD = """\
# Complexity

Generated from the other pages of this folder. Nothing is worse than O(n log n) in the number of lines of a book, as
`docs/service-levels.md` demands.

| Page | Procedure | Stated |
|---|---|---|
"""

rows, silent = [], []
for page in sorted(FOLDER.glob("*.md")):
    if page.name == "complexity.md":
        continue
    for name, body in PROCEDURE.findall(page.read_text(encoding="utf-8")):
        stated = STATED.search(body + "\n")
        if stated:
            rows.append(f"| {page.name} | {name} | {' '.join(stated[1].split())} |")
        else:
            silent.append(f"{page}: {name}")
if silent or not rows:
    sys.exit("no complexity stated: " + (", ".join(silent) or "no procedures found"))
(FOLDER / "complexity.md").write_text(HEAD + "\n".join(rows) + "\n", encoding="utf-8")
print(f"{len(rows)} procedures")
