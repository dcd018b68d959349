"""Finds the number that a command printed, in a process of its own: `python -I -m gates.speed.printed`.

Standard input is `{"pattern": regex, "text": text}`; standard output gets `{"number": 1.5}` or `{"problem": "..."}`.
A pattern of a plan, on a text of a target's, may take for ever: whoever asks limits the time.
"""

import json
import math
import re
import sys

THOUSANDS = re.compile(r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?")


def number_in(text: str, pattern: str) -> float:
    """The one number that the pattern's group finds. Raises ValueError for none, several, or what is no number."""
    found = re.findall(pattern, text, re.MULTILINE)
    if len(found) != 1:
        count = f"{len(found)} times" if found else "nowhere"
        raise ValueError(f"the pattern {pattern!r} matches {count} in what it printed, and must match once")
    try:
        # `1,000` is a thousand, and what `1,5` is nobody knows
        number = float(found[0].replace(",", "") if THOUSANDS.fullmatch(found[0]) else found[0])
    except ValueError:
        raise ValueError(f"it printed {found[0][:60]!r} where a number was expected") from None
    if not math.isfinite(number):
        raise ValueError(f"it printed {found[0][:60]!r}, which is no finite number")
    return number


def main() -> None:
    """Answer the question on standard input."""
    asked = json.load(sys.stdin)
    try:
        answer: dict[str, float | str] = {"number": number_in(asked["text"], asked["pattern"])}
    except ValueError as problem:
        answer = {"problem": str(problem)}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
