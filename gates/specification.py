"""`specification`: a specification is closed, as far as its shapes or its schema ask for it.

Closure is the share of questions that are answered: of Turtle files what SHACL shapes ask of each node that they target
(`gates/spec/shacl.py`), of JSON and YAML files what a JSON Schema asks of each value (`gates/spec/json_schema.py`); of
both, whether what something refers to is there. Every missing piece is named.

Shapes and schema are taken from the base commit where it has them, pattern by pattern: whoever writes the specification
does not also say what it must have. A base without them leaves those of the candidate, and the summary says so.
"""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Annotated, Self

from pydantic import ConfigDict, Field, JsonValue, model_validator

from gates.bounded import within
from gates.files import read_text, regular, select
from gates.model import Duration, Frozen
from gates.paths import Paths, matcher, shown
from gates.spec.closure import Closure
from gates.subject import Subject
from gates.verdict import Finding, Unmeasurable, Verdict, answer, counted, worst
from gates.waivers import Waiver, split

TURTLE = (".ttl",)
JSON = (".json", ".yaml", ".yml")
MOST_BYTES = 16 * 1024 * 1024
"""Of all files together."""

Place = tuple[Path, str]
"""The root of a tree, and the path of a file in it."""


class Limits(Frozen):
    """The specification, what it must have, and how much of that."""

    model_config = ConfigDict(serialize_by_alias=True)

    data: Annotated[Paths, Field(min_length=1)]
    """Files or globs of the specification: Turtle (`.ttl`), or JSON and YAML."""
    shapes: Paths = ()
    """Turtle files with SHACL shapes, for a specification in Turtle."""
    schema_: Paths = Field(default=(), alias="schema")
    """Files with JSON Schema, for one in JSON or YAML: the first is asked, it may refer to the others."""
    closure: Annotated[float, Field(gt=0, le=100, allow_inf_nan=False)] = 100
    """Questions that must be answered, in per cent of all."""
    timeout: Duration = 60
    """Seconds of processor time for all of it: a pattern such as `^(a+)+$` can take for ever."""

    @model_validator(mode="after")
    def _asks_by_one(self) -> Self:
        if bool(self.shapes) == bool(self.schema_):
            raise ValueError("say what it must have: either shapes (for Turtle) or schema (for JSON and YAML)")
        return self


def compares(_: Limits) -> bool:
    """Always: the base commit's shapes and schema hold."""
    return True


class Piece(Frozen):
    """A missing piece, and the question that it is missing of."""

    question: str
    finding: Finding


class Report(Frozen):
    """What was asked, of what, and what is missing."""

    asked: int
    nodes: int
    missing: tuple[Piece, ...]
    of_base: bool
    """Whether all shapes or schemas are the base commit's."""
    waivers: tuple[Waiver, ...]


def measure(limits: Limits, subject: Subject) -> JsonValue:
    """Every question, and every missing piece."""
    try:
        with within(limits.timeout):
            return _measured(limits, subject)
    except TimeoutError:
        raise Unmeasurable(
            f"{limits.timeout:g} s of processor time were not enough: a `pattern` of the {_asked_by(limits)} that"
            " repeats what it repeats, (a+)+ for instance, can take for ever: mend it, or give it more (timeout: 5m)"
        ) from None


def _asked_by(limits: Limits) -> str:
    return "shapes" if limits.shapes else "schema"


def _measured(limits: Limits, subject: Subject) -> JsonValue:
    patterns = limits.shapes or limits.schema_
    suffixes = TURTLE if limits.shapes else JSON
    asking = _asking(subject, patterns, suffixes)
    is_asking = matcher(patterns)
    paths = tuple(path for path in select(subject, limits.data) if not is_asking(path))
    if not paths:
        raise Unmeasurable("no file of the specification is left without those of its shapes or schema")
    _readable(subject, paths, suffixes)
    found = (_of_shapes if limits.shapes else _of_schema)([(subject.root, path) for path in paths], asking)
    return Report(
        asked=found.asked,
        nodes=found.nodes,
        missing=tuple(Piece(question=each.question, finding=each.finding) for each in found.missing),
        of_base=all(root != subject.root for root, _ in asking),
        waivers=subject.waivers,
    ).model_dump(mode="json")


def _asking(subject: Subject, patterns: Paths, suffixes: tuple[str, ...]) -> list[Place]:
    """Where the shapes or schemas lie that hold, in the order of the patterns."""
    found: dict[str, Place] = {}
    for pattern in patterns:
        base = subject.base
        holds = base if base is not None and any(map(matcher([pattern]), regular(base))) else subject
        paths = select(holds, [pattern])
        _readable(holds, paths, suffixes)
        for path in paths:
            found.setdefault(path, (holds.root, path))
    return list(found.values())


def _readable(subject: Subject, paths: tuple[str, ...], suffixes: tuple[str, ...]) -> None:
    """Refuse what is of another kind, and what is too large to be read."""
    for path in paths:
        if PurePosixPath(path).suffix not in suffixes:
            raise Unmeasurable(f"{shown(path)} is not of the kind {' '.join(suffixes)}: name others, or rename it")
    size = sum(file.size for file in subject.files if file.path in paths)
    if size > MOST_BYTES:
        raise Unmeasurable(f"{size} bytes are too many: at most {MOST_BYTES} are read")


def _of_shapes(files: Sequence[Place], asking: Sequence[Place]) -> Closure:
    from gates.spec import shacl  # noqa: PLC0415 - rdflib and pyshacl cost 0.3 s that other checks must not pay
    from gates.spec.turtle import Sources  # noqa: PLC0415

    return shacl.closure(Sources(files), Sources(asking))


def _of_schema(files: Sequence[Place], asking: Sequence[Place]) -> Closure:
    from gates.spec import json_schema  # noqa: PLC0415 - likewise

    texts, schemas = (
        [json_schema.read(path, read_text(root, path)) for root, path in each] for each in (files, asking)
    )
    return json_schema.closure(texts, schemas)


def judge(limits: Limits, report: JsonValue) -> Verdict:
    """Passed when the share of answered questions reaches the limit; what is waived counts as answered."""
    found = Report.model_validate(report)
    standing, waived = split([piece.finding for piece in found.missing], found.waivers)
    still = set(map(id, standing))
    open_questions = {piece.question for piece in found.missing if id(piece.finding) in still}
    answered = found.asked - len(open_questions)
    # rounded down, for what is short of the whole must not read as 100
    share = answered * 1000 // found.asked / 10 if found.asked else 0.0
    passed = found.asked > 0 and answered * 100 >= limits.closure * found.asked
    nodes = counted(found.nodes, "node" if limits.shapes else "document")
    verdict = answer(
        "specification",
        f"closure {share:g} % {'>=' if passed else '<'} {limits.closure:g} %: {answered} of"
        f" {counted(found.asked, 'question')} to {nodes}, by {_whose(limits, found)}{worst(standing)}",
        measured={"closure": share, "asked": found.asked, "answered": answered, "missing": len(standing)},
        limit={"closure": limits.closure},
        findings=standing,
        passed=passed,
    )
    return verdict.model_copy(update={"waived": waived})


def _whose(limits: Limits, found: Report) -> str:
    what = _asked_by(limits)
    return f"the {what} of the base" if found.of_base else f"the candidate's own {what} where no base has any"
