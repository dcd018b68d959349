"""What pydantic finds wrong with a plan, in sentences for people."""

from collections.abc import Callable, Iterable, Iterator
from types import UnionType
from typing import Annotated, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from flows.places import TOP, inside
from flows.plan import Plan
from flows.words import LONGEST, did_you_mean, found
from gates.checks import Check, known
from tasks.errors import Problem

_LATER = {
    "increments": "increments are not supported yet: write the phases of one increment under phases, a plan for each",
}


def problems_of(error: ValidationError) -> Iterator[Problem]:
    """What pydantic found wrong with a plan's data, in sentences."""
    for details in error.errors(include_url=False):
        place = [key for key in details["loc"] if key != "[key]"]
        if details["type"] != "too_short" or not details["input"]:  # else each item has told what is wrong with it
            yield Problem(inside(TOP, *place), None, _sentence(details))


def _sentence(details: ErrorDetails) -> str:
    if tell := _SENTENCES.get(details["type"]):
        return tell(details)
    expected = next((kind for kind, types in _KINDS.items() if details["type"] in types), None)
    if expected:
        return f"expected {expected}, found {found(details['input'])}{_advice(expected, details['input'])}"
    return details["msg"].replace("Input should be", "expected")


def _advice(expected: str, value: object) -> str:
    if expected == "a text" and isinstance(value, int | float):
        return "; put it in quotes"
    if expected == "a list" and isinstance(value, str) and len(value) <= LONGEST:
        return f"; write [{value}]"
    return ""


def _unknown(details: ErrorDetails) -> str:
    *place, key = details["loc"]
    later = _LATER.get(str(key)) if not place else None
    return later or f"is no key here{did_you_mean(str(key), fields_at(place))}"


def _missing(details: ErrorDetails) -> str:
    *place, key = details["loc"]
    field = fields_at(place).get(str(key))
    told = field.description.splitlines()[0].rstrip(".") if field and field.description else ""
    return f"is missing{': ' * bool(told)}{told[:1].lower()}{told[1:]}"


def _said(details: ErrorDetails) -> str:
    """A sentence of our own validators."""
    return details["msg"].removeprefix("Value error, ")


def _expected(form: str) -> Callable[[ErrorDetails], str]:
    return lambda details: f"expected {form.format(**details['ctx'])}, found {found(details['input'])}"


_KINDS = {
    "a text": ("string_type", "string_unicode"),
    "a list": ("tuple_type", "list_type"),
    "a mapping": ("dict_type", "model_type", "model_attributes_type"),
    "a whole number": ("int_type", "int_parsing", "int_from_float", "int_parsing_size"),
    "a number": ("float_type", "float_parsing", "finite_number"),
    "true or false": ("bool_type", "bool_parsing"),
}
_SENTENCES: dict[str, Callable[[ErrorDetails], str]] = {
    "missing": _missing,
    "extra_forbidden": _unknown,
    "value_error": _said,
    "too_short": lambda _: "is empty; name at least one",
    "string_too_short": lambda _: "is empty; write what is meant",
    "string_pattern_mismatch": _expected("a text of the form {pattern}"),
    "literal_error": _expected("{expected}"),
    "greater_than": _expected("more than {gt}"),
    "greater_than_equal": _expected("at least {ge}"),
    "less_than": _expected("less than {lt}"),
    "less_than_equal": _expected("at most {le}"),
}


def fields_at(place: Iterable[str | int]) -> dict[str, FieldInfo]:
    """The keys that the plan language knows at a place; empty where there are none, or any name will do."""
    part: object = Plan
    for key in place:
        part = _part(part, key)
    return _fields(part) if isinstance(part, type) and issubclass(part, BaseModel) else {}


def _fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """By the words that people write, which may be Python's own."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _part(whole: object, key: str | int) -> object:
    """The type of what a whole holds under a key, without `Annotated` and `None`; None when it holds nothing there."""
    if whole is Check:  # written as one name with its limits, whatever its fields are
        kind = known().get(str(key))
        return kind.limits if kind else None
    if isinstance(whole, type) and issubclass(whole, BaseModel):
        field = _fields(whole).get(str(key))
        return _bare(field.annotation) if field else None
    origin, parts = get_origin(whole), get_args(whole)
    if origin in (dict, tuple):
        return _bare(parts[1] if origin is dict else parts[0])
    return None


def _bare(annotation: object) -> object:
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _bare(parts[0])
    if origin in (Union, UnionType):
        return next((_bare(part) for part in parts if part is not type(None)), None)
    return annotation
