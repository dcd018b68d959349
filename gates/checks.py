"""The registry: every check with its limits, on one screen."""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, NamedTuple

from pydantic import BaseModel, GetJsonSchemaHandler, JsonValue, SerializeAsAny, create_model, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from gates import absent, bandit, command, contains, coverage, deliverables, lines, radon, tests
from gates.model import Frozen
from gates.subject import Subject
from gates.verdict import Verdict


class Runs(StrEnum):
    """Which programs of the target a check needs to have run before it measures."""

    NOTHING = "nothing"
    """It reads the tree, in a worker process of ours."""
    SUITE = "suite"
    """The target's tests, in the target's environment; one run serves every check that needs it."""
    COMMAND = "command"
    """A program that the plan names, in the target's environment."""
    PROBE = "probe"
    """Programs of its own making, in rooms of its own: `tasks/probes.py` knows which."""


def _never(_: Frozen) -> bool:
    return False


class Kind(NamedTuple):
    """A check: its limits, what it needs, how it measures, how it judges."""

    limits: type[Frozen]
    runs: Runs
    measure: Callable[[Any, Subject], JsonValue]
    """From limits and subject to a report (JSON); runs in a worker process; raises Unmeasurable."""
    judge: Callable[[Any, Any], Verdict]
    """From limits and report to a verdict; pure."""
    compares: Callable[[Any], bool] = _never
    """From limits to whether it looks at the base commit's tree as well."""


CHECKS: dict[str, Kind] = {
    "deliverables": Kind(deliverables.Limits, Runs.NOTHING, deliverables.measure, deliverables.judge),
    "lines": Kind(lines.Limits, Runs.NOTHING, lines.measure, lines.judge),
    "contains": Kind(contains.Limits, Runs.NOTHING, contains.measure, contains.judge),
    "absent": Kind(absent.Limits, Runs.NOTHING, absent.measure, absent.judge),
    "command": Kind(command.Limits, Runs.COMMAND, command.measure, command.judge),
    "tests": Kind(tests.Limits, Runs.SUITE, tests.measure, tests.judge),
    "coverage": Kind(coverage.Limits, Runs.SUITE, coverage.measure, coverage.judge),
    "bandit": Kind(bandit.Limits, Runs.NOTHING, bandit.measure, bandit.judge),
    "radon": Kind(radon.Limits, Runs.NOTHING, radon.measure, radon.judge),
}


_Written: type[BaseModel] = create_model(  # type: ignore[call-overload]
    "CheckWithLimits", __base__=Frozen, **{name: (kind.limits, None) for name, kind in CHECKS.items()}
)
"""The form with limits, as a model with a field for each check, so that errors name the check as well."""


class Check(Frozen):
    """A check as a plan names it, `tests` or `{coverage: {at_least: 95}}`: its kind, and its limits."""

    name: str
    """A key of CHECKS."""
    limits: SerializeAsAny[Frozen]

    @model_validator(mode="before")
    @classmethod
    def _read(cls, entry: object) -> object:
        if isinstance(entry, Check):
            return entry
        name, limits = _named(entry)
        if name not in CHECKS:
            raise PydanticCustomError("unknown_check", "{problem}", {"problem": _unknown(name)})
        if isinstance(limits, Frozen) and not isinstance(limits, CHECKS[name].limits):
            raise PydanticCustomError("other_limits", "these are not the limits of a check {name}", {"name": name})
        return {"name": name, "limits": getattr(_Written.model_validate({name: limits}), name)}

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        if handler.mode == "serialization":
            return handler(core)
        bare = [name for name, kind in CHECKS.items() if not _required(kind.limits)]
        limits = {name: handler(kind.limits.__pydantic_core_schema__) for name, kind in CHECKS.items()}
        written = {"properties": limits, "additionalProperties": False, "minProperties": 1, "maxProperties": 1}
        return {"description": cls.__doc__, "oneOf": [{"enum": bare}, {"type": "object", **written}]}

    @property
    def label(self) -> str:
        """The check's name; a `command` adds its own."""
        own = getattr(self.limits, "name", None)
        return f"{self.name} {own}" if own else self.name

    @property
    def kind(self) -> Kind:
        """Its entry in the registry."""
        return CHECKS[self.name]


def _named(entry: object) -> tuple[str, object]:
    """Name and limits of an entry: as a plan writes it, or as a check is serialised."""
    if isinstance(entry, str):
        return entry, {}
    if isinstance(entry, Mapping) and set(entry) == {"name", "limits"}:
        return str(entry["name"]), entry["limits"]
    if isinstance(entry, Mapping) and len(entry) == 1:
        ((name, limits),) = entry.items()
        # a lone `coverage:` in YAML is None
        return str(name), {} if limits is None else limits
    raise PydanticCustomError("check", "expected the name of a check, or one name with its limits")


def _unknown(name: str) -> str:
    close = get_close_matches(name, CHECKS, n=1)
    hint = f", did you mean {close[0]}?" if close else ""
    return f"there is no check {name!r}{hint} (checks: {', '.join(CHECKS)})"


def _required(limits: type[Frozen]) -> bool:
    return any(field.is_required() for field in limits.model_fields.values())
