"""The registry: every check with its limits, on one screen."""

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any

from pydantic import BaseModel, Field, GetJsonSchemaHandler, SerializeAsAny, create_model, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from gates import (
    absent,
    bandit,
    command,
    contains,
    coverage,
    deliverables,
    dependencies,
    docs,
    integrity,
    lines,
    plugins,
    radon,
    red_green,
    ruff,
    secret_scan,
    slo,
    specification,
    stub_probe,
    tests,
    traceability,
    type_check,
)
from gates.kind import Kind, Runs
from gates.model import Frozen
from gates.plugins import PluginBroken

__all__ = ["CHECKS", "Check", "Kind", "Runs", "kind_named", "known"]


CHECKS: dict[str, Kind] = {
    "deliverables": Kind(
        deliverables.Limits, Runs.NOTHING, deliverables.measure, deliverables.judge, by_file=deliverables.BY_FILE
    ),
    "lines": Kind(lines.Limits, Runs.NOTHING, lines.measure, lines.judge, by_file=lines.BY_FILE),
    "contains": Kind(contains.Limits, Runs.NOTHING, contains.measure, contains.judge, by_file=contains.BY_FILE),
    "absent": Kind(absent.Limits, Runs.NOTHING, absent.measure, absent.judge, by_file=absent.BY_FILE),
    "command": Kind(command.Limits, Runs.COMMAND, command.measure, command.judge, command.compares),
    "tests": Kind(tests.Limits, Runs.SUITE, tests.measure, tests.judge, tests.compares),
    "coverage": Kind(coverage.Limits, Runs.SUITE, coverage.measure, coverage.judge, coverage.compares),
    "bandit": Kind(bandit.Limits, Runs.NOTHING, bandit.measure, bandit.judge, bandit.compares, by_file=bandit.BY_FILE),
    "specification": Kind(
        specification.Limits, Runs.NOTHING, specification.measure, specification.judge, specification.compares
    ),
    "traceability": Kind(
        traceability.Limits, Runs.PROBE, traceability.measure, traceability.judge, traceability.compares
    ),
    "docs": Kind(docs.Limits, Runs.NOTHING, docs.measure, docs.judge),
    "radon": Kind(radon.Limits, Runs.NOTHING, radon.measure, radon.judge, radon.compares, by_file=radon.BY_FILE),
    "dependencies": Kind(dependencies.Limits, Runs.PROBE, dependencies.measure, dependencies.judge),
    "types": Kind(type_check.Limits, Runs.PROBE, type_check.measure, type_check.judge, type_check.compares),
    "secrets": Kind(secret_scan.Limits, Runs.NOTHING, secret_scan.measure, secret_scan.judge, secret_scan.compares),
    "ruff": Kind(ruff.Limits, Runs.PROBE, ruff.measure, ruff.judge, ruff.compares),
    "slo": Kind(slo.Limits, Runs.PROBE, slo.measure, slo.judge, slo.compares),
    "red_green": Kind(
        red_green.Limits, Runs.PROBE, red_green.measure, red_green.judge, red_green.compares, of_change=True
    ),
    "stub_probe": Kind(
        stub_probe.Limits, Runs.PROBE, stub_probe.measure, stub_probe.judge, stub_probe.compares, of_change=True
    ),
    "integrity": Kind(integrity.Limits, Runs.NOTHING, integrity.measure, integrity.judge, compares=integrity.compares),
}


def kind_named(name: str) -> Kind | None:
    """The check of a name, ours or a third party's; None where there is none. Raises PluginBroken."""
    if name in CHECKS:
        return CHECKS[name]
    return plugins.load(name).kind if name in plugins.entries() else None


def known() -> dict[str, Kind]:
    """Ours, and those of third parties that were imported so far (`plugins.load_all` imports them all)."""
    return {name: plugin.kind for name, plugin in plugins.loaded().items()} | CHECKS


@cache
def _written(name: str, limits: type[Frozen]) -> type[BaseModel]:
    """The form with limits, `{name: {...}}`, as a model, so that errors name the check as well."""
    fields: dict[str, Any] = {"limits": (limits, Field(alias=name))}
    return create_model("CheckWithLimits", __base__=Frozen, **fields)


class Check(Frozen):
    """A check as a plan names it, `tests` or `{coverage: {at_least: 95}}`: its kind, and its limits."""

    name: str
    """A key of CHECKS, or the name that a third party's entry point gives to its check."""
    limits: SerializeAsAny[Frozen]

    @model_validator(mode="before")
    @classmethod
    def _read(cls, entry: object) -> object:
        if isinstance(entry, Check):
            return entry
        name, limits = _named(entry)
        kind = _kind(name)
        if isinstance(limits, Frozen) and not isinstance(limits, kind.limits):
            raise PydanticCustomError("other_limits", "these are not the limits of a check {name}", {"name": name})
        return {"name": name, **dict(_written(name, kind.limits).model_validate({name: limits}))}

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        if handler.mode == "serialization":
            return handler(core)
        bare = [name for name, kind in known().items() if not _required(kind.limits)]
        limits = {name: handler(kind.limits.__pydantic_core_schema__) for name, kind in known().items()}
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
        return _kind(self.name)


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


def _kind(name: str) -> Kind:
    try:
        kind = kind_named(name)
    except PluginBroken as broken:
        raise PydanticCustomError("broken_check", "{problem}", {"problem": str(broken)}) from None
    if kind is None:
        raise PydanticCustomError("unknown_check", "{problem}", {"problem": _unknown(name)})
    return kind


def _unknown(name: str) -> str:
    names = [*CHECKS, *sorted(plugins.entries().keys() - CHECKS.keys())]
    close = get_close_matches(name, names, n=1)
    hint = f", did you mean {close[0]}?" if close else ""
    return f"there is no check {name!r}{hint} (checks: {', '.join(names)})"


def _required(limits: type[Frozen]) -> bool:
    return any(field.is_required() for field in limits.model_fields.values())
