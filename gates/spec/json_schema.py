"""How far a JSON or YAML specification satisfies a JSON Schema: what was asked of it, and what is missing.

Each constraint that the schema puts on a value that is there counts as one (`type`, `minItems`, `enum`, ...), each name
under `required` as one, and so does each `$ref` within the specification, which must lead to something: a JSON
pointer, or the name of an `$id`, `id` or `$anchor`, in the same file or in another file of the specification.
`anyOf`, `oneOf`, `not`, `if` and the like count as one each, whatever is in them. Of what is missing, nothing more is
asked. `format` is a remark, as the standard has it.

The dialect is the one that the schema declares (`$schema`), else the newest. A schema may refer to the other schemas
that are given with it, by their `$id` or their path; nothing is ever fetched.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from jsonschema import exceptions, validators  # type: ignore[import-untyped] # ships no types
from pydantic import JsonValue
from referencing import Registry, Resource
from referencing.exceptions import NoSuchResource, Unresolvable
from referencing.jsonschema import DRAFT202012

from gates.paths import shown
from gates.spec.closure import Closure, Missing
from gates.spec.documents import Unreadable, json_data, lines_of, yaml_data
from gates.spec.pointers import References, Way
from gates.verdict import Finding, Unmeasurable

YAML = (".yaml", ".yml")
SUFFIXES = (".json", *YAML)
THROUGH = (
    "$ref", "$dynamicRef", "$recursiveRef", "additionalProperties", "allOf", "dependentSchemas", "items",
    "patternProperties", "prefixItems", "properties", "propertyNames",
)  # fmt: skip
"""Keywords that only lead to the constraints inside of them, where these are schemas."""
SILENT = ("if", "anyOf", "oneOf", "not", "contains", "unevaluatedItems", "unevaluatedProperties")
"""Keywords that try constraints, of which none need be satisfied by itself."""
MOST_CHARACTERS = 300
CANARY: Mapping[str, JsonValue] = {"type": "object", "required": ["planted"]}


class Text(NamedTuple):
    """One file."""

    path: str
    text: str
    data: JsonValue


def read(path: str, text: str) -> Text:
    """The one document of a JSON or YAML file. Raises Unmeasurable for none, for several and for an empty one."""
    try:
        documents = yaml_data(text) if path.endswith(YAML) else [json_data(text)]
    except Unreadable as problem:
        finding = Finding(path=path, line=problem.line, message=problem.reason)
        raise Unmeasurable(finding.headline, finding) from None
    if len(documents) > 1:
        raise Unmeasurable(f"{shown(path)} holds {len(documents)} documents: put each into a file of its own")
    if not documents or documents[0] in (None, {}, [], ""):
        raise Unmeasurable(f"{shown(path)} says nothing: it is empty")
    return Text(path, text, documents[0])


def closure(specification: Iterable[Text], schemas: Iterable[Text]) -> Closure:
    """Ask the first schema of every file. Raises Unmeasurable for what is no schema, or asks nothing."""
    files, schemas = tuple(specification), tuple(schemas)
    asking = _Asking(schemas)
    pointed = References({file.path: file.data for file in files})
    missing = [each for file in files for each in _missing(file, asking.errors(file.data), pointed.dangling(file.path))]
    if not asking.asked:
        raise Unmeasurable(f"{shown(schemas[0].path)} asks nothing of the specification: it has no constraint for it")
    return Closure(asking.asked + pointed.total, len(files), tuple(missing))


class _Asking:
    """A schema that is asked, and counts how many questions that takes."""

    def __init__(self, schemas: tuple[Text, ...]) -> None:
        first = schemas[0].data
        dialect = _dialect(schemas)
        counted = {word: self._counting(word, ask) for word, ask in dialect.VALIDATORS.items()}
        self._validator = validators.extend(dialect, counted)(first, registry=_registry(schemas))
        self.asked, self._silent = 0, 0
        if len(self.errors({}, CANARY)) != 1 or self.errors({"planted": 1}, CANARY):
            raise Unmeasurable("jsonschema does not find what is planted for it: its answer cannot be believed")
        self.asked = 0

    def errors(self, data: JsonValue, schema: Mapping[str, JsonValue] | None = None) -> list[Any]:
        """What of a value is not as the schema has it. Raises Unmeasurable for a reference that leads nowhere."""
        validator = self._validator.evolve(schema=schema) if schema else self._validator
        try:
            return list(validator.iter_errors(data))
        except Unresolvable as problem:
            raise Unmeasurable(f"the schema refers to {problem.ref!r}, which is not among the given schemas") from None
        except (ArithmeticError, TypeError, ValueError, re.error) as problem:
            raise Unmeasurable(f"the schema cannot be asked: {type(problem).__name__}: {problem}") from None
        except RecursionError:
            raise Unmeasurable("the schema refers to itself without end, or the specification is too deep") from None

    def _counting(self, word: str, ask: Callable[..., Iterable[Any] | None]) -> Callable[..., Iterator[Any]]:
        """The same keyword, counted."""

        def counted(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[Any]:  # noqa: ANN401
            through = word in THROUGH and not isinstance(value, bool)
            own = 0 if through or self._silent else _questions(word, value)
            self._silent += word in SILENT
            try:
                errors = list(ask(validator, value, instance, schema) or ())
            finally:
                self._silent -= word in SILENT
            # one keyword may have more to say than was counted
            self.asked += max(own, len(errors)) if own else 0
            yield from errors

        return counted


def _questions(word: str, value: object) -> int:
    return len(value) if word == "required" and isinstance(value, list) else 1


def _dialect(schemas: tuple[Text, ...]) -> Any:  # noqa: ANN401 - jsonschema ships no types
    first = schemas[0].data
    declared = first.get("$schema") if isinstance(first, dict) else None
    dialect = validators.validator_for(first, default=None if declared else validators.Draft202012Validator)
    if dialect is None:
        raise Unmeasurable(f"{shown(schemas[0].path)} declares the dialect {declared!r}, which is not known")
    for schema in schemas:
        try:
            dialect.check_schema(schema.data)
        except exceptions.SchemaError as problem:
            line = lines_of(schema.text).get(tuple(problem.absolute_path))
            finding = Finding(path=schema.path, line=line, message=f"is no JSON Schema: {_short(problem.message)}")
            raise Unmeasurable(finding.headline, finding) from None
    return dialect


def _registry(schemas: tuple[Text, ...]) -> Registry[Any]:
    resources = [(schema.path, Resource.from_contents(schema.data, DRAFT202012)) for schema in schemas]
    named = [(name, resource) for _, resource in resources if (name := resource.id())]
    registry: Registry[Any] = Registry(retrieve=_refuse)  # type: ignore[call-arg] # attrs names it otherwise
    return registry.with_resources([*resources, *named])


def _refuse(address: str) -> Resource[Any]:
    """Nothing is fetched."""
    raise NoSuchResource(address)


def _missing(file: Text, errors: list[Any], dangling: list[tuple[Way, str]]) -> Iterator[Missing]:
    lines = lines_of(file.text) if errors or dangling else {}
    told = [(tuple(each.absolute_path), f"schema-{each.validator or 'false'}", each.message) for each in errors]
    told += [(way, "undefined-reference", f"{to!r} leads nowhere in the specification") for way, to in dangling]
    for place, (way, rule, words) in enumerate(told):
        message = f"{_pointer(way)}: {_short(words)}"
        yield Missing(
            f"{file.path} {place}", Finding(path=file.path, line=_line(lines, way), rule=rule, message=message)
        )


def _line(lines: Mapping[Way, int], way: Way) -> int | None:
    """Of a value, or of what it should stand in."""
    return next((lines[way[:end]] for end in range(len(way), -1, -1) if way[:end] in lines), None)


def _pointer(way: Iterable[str | int]) -> str:
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in way) or "/"


def _short(text: str) -> str:
    return (
        text if len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS // 2]} ... {text[-MOST_CHARACTERS // 2 :]}"
    )
