"""What an agent is told: one record, as JSON at SPARC_CONTEXT and rendered as the prompt on standard input."""

import json
from collections.abc import Iterable, Sequence
from typing import Literal

from pydantic import JsonValue

from gates.model import Frozen
from gates.verdict import Finding, Verdict

SPARSE = """\
It holds only a part of the repository: what you may change, what you were given to read, and the files in the folders \
above. Everything else is unchanged and stays so: that it is missing does not mean that it does not exist. \
`git ls-tree -r --name-only HEAD` lists all files, `git show HEAD:PATH` shows one."""


class ToldFinding(Finding):
    """A finding of an earlier attempt or gate, with what found it."""

    check: str
    """Label of the check; `attempt` for what was wrong with an earlier attempt, `review` for a person's words."""


class Remembered(Frozen):
    """A value that an earlier phase left in memory."""

    key: str
    value: JsonValue
    run: str
    written: str
    """UTC, ISO 8601."""


class Side(Frozen):
    """One side of a conflict: what an assignment was asked for."""

    assignment: str
    role: str
    task: str
    deliverables: tuple[str, ...]
    acceptance: tuple[str, ...]
    commit: str
    """Where its version is: `git show COMMIT:PATH`."""


class Merging(Frozen):
    """A conflict that the agent is asked to resolve."""

    conflicts: tuple[str, ...]
    """Paths that hold both versions between markers."""
    sides: tuple[Side, ...]
    """The work that was merged first, then the one that is to be merged with it."""


class Context(Frozen):
    """Everything that an attempt is told; an agent needs nothing else."""

    sparc: Literal[1] = 1
    run: str
    plan: str
    goal: str
    phase: str
    number: int
    """Of the phase, from 1."""
    assignment: str
    attempt: int
    """From 1, across resumes."""
    role: str
    task: str
    guidance: str
    """What this kind of phase asks of everyone."""
    deliverables: tuple[str, ...]
    writes: tuple[str, ...]
    """Paths and globs that the attempt may change; anything else makes it fail."""
    acceptance: tuple[str, ...]
    memory: tuple[Remembered, ...]
    findings: tuple[ToldFinding, ...]
    workspace: str
    """Absolute path; also the working directory."""
    sparse: bool = False
    """Whether the workspace lacks files of the repository: those that the assignment neither writes nor reads."""
    merging: Merging | None = None
    """The conflict between two sides, when that is what the agent is asked about."""

    @property
    def document(self) -> bytes:
        """As JSON. Names of files may hold bytes that are no UTF-8: they are told with question marks."""
        return json.dumps(self.model_dump(mode="json"), indent=1, ensure_ascii=False).encode(errors="replace")


def told(verdicts: Sequence[Verdict]) -> tuple[ToldFinding, ...]:
    """The findings of all verdicts that did not pass; a verdict without any is told by its summary."""
    found: list[ToldFinding] = []
    for verdict in verdicts:
        if not verdict.passed:
            places = verdict.findings or (Finding(message=verdict.summary),)
            found += [ToldFinding(check=verdict.check, **place.model_dump()) for place in places]
    return tuple(found)


def prompt(context: Context) -> str:
    """The context as text, in the order in which a person would brief a colleague."""
    sections = (
        (
            "",
            f"You are the {context.role} of {context.plan}, in its {context.phase} phase (attempt {context.attempt}).",
        ),
        ("Goal", context.goal.strip()),
        ("Your task", context.task.strip()),
        ("This phase", context.guidance.strip()),
        ("Files to deliver", _list(context.deliverables)),
        ("Paths you may change (nothing else)", _list(context.writes)),
        ("Your working directory", SPARSE if context.sparse else ""),
        ("Accepted when", _list(context.acceptance)),
        ("What an earlier attempt fell short of", _list(_sentence(finding) for finding in context.findings)),
        ("What earlier phases left", "\n\n".join(_quoted(entry) for entry in context.memory)),
        ("How to answer", "Leave files in your working directory and exit with 0. You need not commit."),
    )
    return "\n\n".join(f"# {title}\n\n{body}" if title else body for title, body in sections if body) + "\n"


def _list(items: Iterable[str]) -> str:
    return "\n".join(f"- {item}" for item in items)


def _sentence(finding: ToldFinding) -> str:
    place = f"{finding.path}:{finding.line}" if finding.line else finding.path
    return f"{finding.check}: {place}: {finding.message}" if place else f"{finding.check}: {finding.message}"


def _quoted(entry: Remembered) -> str:
    value = entry.value if isinstance(entry.value, str) else repr(entry.value)
    fence = "`" * max(3, max((len(run) for run in _runs_of_ticks(value)), default=0) + 1)
    return f"{entry.key}\n{fence}\n{value.rstrip()}\n{fence}"


def _runs_of_ticks(text: str) -> list[str]:
    return "".join(char if char == "`" else " " for char in text).split()
