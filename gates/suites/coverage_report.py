"""Coverage's JSON report, brought to the files of a tree."""

import os
from pathlib import Path

from pydantic import BaseModel, ValidationError

from gates.paths import shown
from gates.reports import read_report
from gates.subject import Subject
from gates.verdict import Unmeasurable

NAME = "coverage.json"
MOST_BYTES = 256 * 1024 * 1024

Arc = tuple[int, int]


class Measured(BaseModel):
    """What coverage tells of one file."""

    executed_lines: tuple[int, ...]
    missing_lines: tuple[int, ...]
    excluded_lines: tuple[int, ...]
    executed_branches: tuple[Arc, ...] = ()
    missing_branches: tuple[Arc, ...] = ()


class Meta(BaseModel):
    """What coverage tells of the run."""

    branch_coverage: bool


class Document(BaseModel):
    """The report; other keys are of no matter."""

    meta: Meta
    files: dict[str, Measured]


def read(subject: Subject, *, branch: bool) -> dict[str, Measured]:
    """Path in the tree to what was measured there."""
    data = read_report(subject.reports, NAME, most=MOST_BYTES)
    try:
        document = Document.model_validate_json(data)
    except ValidationError as problem:
        first = problem.errors(include_url=False)[0]
        raise Unmeasurable(f"{NAME} is no report of coverage: {first['msg']}") from None
    if branch and not document.meta.branch_coverage:
        raise Unmeasurable("branches were not measured in this run")
    return {_inside(subject.root, name): measured for name, measured in document.files.items()}


def _inside(root: Path, name: str) -> str:
    """A file's path in the tree; coverage was asked for nothing but the tree and the target's packages."""
    for base in (root, root.resolve()):
        path = Path(os.path.normpath(base / name))
        if path.is_relative_to(base):
            return path.relative_to(base).as_posix()
    raise Unmeasurable(
        f"the target's package was imported from {shown(name)}, not from the candidate: "
        "install the project from the candidate's checkout"
    )
