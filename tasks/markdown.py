"""Markdown in which every text stays a text, whatever an agent or a target wrote."""

import re
from collections.abc import Sequence
from html import escape

from tasks.wording import plain


def md(text: str) -> str:
    """Text that stays text in Markdown, in a table's cell as well."""
    return re.sub(r"([\\`*_{}\[\]()#+!|~-])", r"\\\1", escape(plain(text, 500), quote=False))


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of texts."""
    lines = [heads, ["---"] * len(heads), *([md(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
