"""What the checks on the text of files share: which files, and which patterns."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from gates.files import select
from gates.model import Frozen
from gates.paths import Paths
from gates.subject import Subject
from gates.verdict import Unmeasurable


class Texts(Frozen):
    """Limits of a check that reads text."""

    paths: Paths = ()
    """Files or globs to read; each must match. Default: the deliverables of the work under the gate."""


def chosen(limits: Texts, subject: Subject) -> tuple[str, ...]:
    """The files to read."""
    patterns = limits.paths or subject.deliverables
    if not patterns:
        raise Unmeasurable("no file to read: neither paths nor deliverables are declared")
    return select(subject, patterns)


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern, re.MULTILINE)
    except re.error as problem:
        raise ValueError(f"{pattern!r} is no regular expression: {problem}") from None
    return pattern


Regex = Annotated[str, Field(min_length=1, json_schema_extra={"format": "regex"}), AfterValidator(_compiles)]
"""A regular expression of Python's `re`; `^` and `$` stand at the ends of lines."""
