"""What cargo prints with `--message-format=json`: diagnostics of clippy and of the compiler, a line each."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field, ValidationError

from gates.formats.report_paths import Where
from gates.formats.told_findings import Found, Level, ToldFindings
from gates.paths import shown
from gates.verdict import Unmeasurable

MOST_CHARACTERS = 1000
LEVELS: dict[str, Level | None] = {
    "error: internal compiler error": "error", "error": "error", "warning": "warning",
    "note": "note", "help": "note", "failure-note": None,
}  # fmt: skip
Text = Annotated[str, Field(strict=True)]


class Code(BaseModel):
    """The lint, or the compiler's number of an error."""

    code: Text


class Span(BaseModel):
    """A place, from the root of the workspace."""

    file_name: Text
    line_start: Annotated[int, Field(strict=True, ge=1)]
    is_primary: Annotated[bool, Field(strict=True)]


class Diagnostic(BaseModel):
    """One of the compiler's."""

    message: Text
    level: Text
    code: Code | None
    spans: tuple[Span, ...]


class CompilerMessage(BaseModel):
    """A diagnostic in cargo's envelope."""

    reason: Literal["compiler-message"]
    message: Diagnostic


class Finished(BaseModel):
    """The end, without which output was cut off."""

    reason: Literal["build-finished"]
    success: Annotated[bool, Field(strict=True)]


class Other(BaseModel):
    """Artifacts, scripts and what else cargo tells."""

    reason: Text


STRICT: dict[str, type[CompilerMessage | Finished | Other]] = {
    "compiler-message": CompilerMessage,
    "build-finished": Finished,
}


def read(path: str, data: bytes, where: Where) -> ToldFindings:
    """Every diagnostic that has a place or a lint; the last lines of a build only sum up. Raises Unmeasurable."""
    found: list[Found] = []
    success: bool | None = None
    for at, line in enumerate(data.splitlines(), 1):
        if not line.lstrip().startswith(b"{"):
            continue
        told = _read(f"{shown(path)}:{at}", line)
        if isinstance(told, Finished):
            success = told.success and success is not False
        elif isinstance(told, CompilerMessage) and (result := _found(f"{shown(path)}:{at}", told.message, where)):
            found.append(result)
    if success is None:
        raise Unmeasurable(f"{shown(path)} does not tell of the end of the build: run cargo with --message-format=json")
    # the same lint is told for the library and for its tests
    return ToldFindings(results=tuple(dict.fromkeys(found)), success=success)


def _read(place: str, line: bytes) -> CompilerMessage | Finished | Other:
    try:
        reason = Other.model_validate_json(line).reason
        return STRICT.get(reason, Other).model_validate_json(line)
    except ValidationError as problem:
        first = problem.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the line"
        raise Unmeasurable(f"{place} is no message of cargo: {where}: {first['msg']}") from None


def _found(place: str, told: Diagnostic, where: Where) -> Found | None:
    if told.level not in LEVELS:
        raise Unmeasurable(f"{place}: there is no level {told.level[:40]!r}")
    level = LEVELS[told.level]
    if level is None or (told.code is None and not told.spans):
        return None if level != "error" or told.message.startswith("aborting due to") else _bare(told, level)
    rule = "-".join(told.code.code.split()) if told.code else None
    span = next((span for span in told.spans if span.is_primary), None)
    path = where.inside(span.file_name) if span else None
    outside = f" (at {shown(span.file_name)[:200]}, outside of the tree)" if span and path is None else ""
    message = told.message[:MOST_CHARACTERS] + outside
    return Found(rule=rule, level=level, message=message, path=path, line=span.line_start if span and path else None)


def _bare(told: Diagnostic, level: Level) -> Found:
    return Found(rule=None, level=level, message=told.message[:MOST_CHARACTERS])
