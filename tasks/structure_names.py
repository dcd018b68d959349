"""What the readers of files share: names, fingerprints, and how deep and long they may be."""

import hashlib
import json
import re

DEEPEST = 50
LONGEST = 80
"""Characters of one part of a name; what is longer is shortened, and told apart by a hash."""
TOO_DEEP = f"nested deeper than {DEEPEST} levels"

Names = dict[str, tuple[str, ...]]
"""Dotted name -> fingerprints of what stands under it."""

IMPORTED = "import "
"""How the fingerprint of an import begins: to import the same thing twice does no harm."""
_BARE = re.compile(r"[\w-]+")


class Unreadable(Exception):
    """A file's names are not known; says why, in a few words."""


def fingerprint(value: str) -> str:
    """A short name for a text, the same for the same text."""
    return hashlib.sha256(value.encode(errors="surrogatepass")).hexdigest()[:16]


def below(at: str, key: str) -> str:
    """The name of a key in the table `at`; what is no plain word is quoted."""
    part = key if _BARE.fullmatch(key) else json.dumps(key, ensure_ascii=False)
    if len(part) > LONGEST:
        part = f"{part[: LONGEST - 20]}…{fingerprint(part)}"
    return f"{at}.{part}" if at else part
