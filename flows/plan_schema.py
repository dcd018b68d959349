"""The JSON Schema of the plan language, by which editors complete and check plans."""

from typing import Any

from flows.plan import Plan
from gates import plugins
from gates.checks import CHECKS

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def plan_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a plan file, checks of third parties included."""
    broken_checks()
    schema: dict[str, Any] = _closed(Plan.model_json_schema(mode="validation"))
    return {"$schema": DIALECT, **schema, "title": "sparc plan"}


def broken_checks() -> list[str]:
    """Import the checks that third parties bring; a sentence for each that cannot be used, and is in no schema."""
    return plugins.load_all(CHECKS)


def _closed(schema: Any) -> Any:  # noqa: ANN401 - a schema nests in whatever JSON can hold
    """The same, with mappings of names closed to keys that are no names, which pydantic leaves open."""
    if isinstance(schema, list):
        return [_closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closing = {"additionalProperties": False} if "patternProperties" in schema else {}
    return {**closing, **{key: _closed(part) for key, part in schema.items()}}
