"""The registry: every check with its limits, on one screen."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from typing import Any, NamedTuple

from pydantic import BaseModel, Field, GetJsonSchemaHandler, SerializeAsAny, create_model, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from gates import plugins
from gates.kind import Kind, Runs
from gates.model import Frozen
from gates.plugins import PluginBroken

__all__ = ["CHECKS", "Check", "Kind", "Runs", "kind_named", "known"]


class _Registered(NamedTuple):
    """A check of ours, before anybody asks it."""

    module: str
    """The module of `gates` with its `Limits`, `measure` and `judge`, and what is _OPTIONAL where it has that."""
    runs: Runs
    of_change: bool = False
    hears: bool = False


_REGISTER = {
    # what the tree holds
    "deliverables": _Registered("deliverables", Runs.NOTHING),
    "lines": _Registered("lines", Runs.NOTHING),
    "contains": _Registered("contains", Runs.NOTHING),
    "absent": _Registered("absent", Runs.NOTHING),
    "docs": _Registered("docs", Runs.NOTHING),
    "specification": _Registered("specification", Runs.NOTHING),
    "traceability": _Registered("traceability", Runs.PROBE, hears=True),
    # what its programs do
    "command": _Registered("command", Runs.COMMAND),
    "tests": _Registered("tests", Runs.SUITE),
    "coverage": _Registered("coverage", Runs.SUITE),
    "red_green": _Registered("red_green", Runs.PROBE, of_change=True),
    "stub_probe": _Registered("stub_probe", Runs.PROBE, of_change=True),
    "slo": _Registered("slo", Runs.PROBE),
    # what tools and rules say of its code
    "integrity": _Registered("integrity", Runs.NOTHING, of_change=True),
    "bandit": _Registered("bandit", Runs.NOTHING),
    "radon": _Registered("radon", Runs.NOTHING),
    "ruff": _Registered("ruff", Runs.PROBE),
    "types": _Registered("type_check", Runs.PROBE),
    "dependencies": _Registered("dependencies", Runs.PROBE),
    "secrets": _Registered("secret_scan", Runs.NOTHING),
}


_OPTIONAL = {"compares": "compares", "executed": "executed", "by_file": "BY_FILE"}
"""Field of a kind -> name in the module."""


@cache
def _loaded(name: str) -> Kind:
    about = _REGISTER[name]
    module = import_module(f"gates.{about.module}")
    more = {key: getattr(module, name) for key, name in _OPTIONAL.items() if hasattr(module, name)}
    return Kind(
        module.Limits, about.runs, module.measure, module.judge, of_change=about.of_change, hears=about.hears, **more
    )  # fmt: skip


class _Checks(Mapping[str, Kind]):
    """Ours by name; a module is imported when its check is asked for: a worker that asks one must not pay for all."""

    def __getitem__(self, name: str) -> Kind:
        if name not in _REGISTER:
            raise KeyError(name)
        return _loaded(name)

    def __contains__(self, name: object) -> bool:
        return name in _REGISTER

    def __iter__(self) -> Iterator[str]:
        return iter(_REGISTER)

    def __len__(self) -> int:
        return len(_REGISTER)


CHECKS = _Checks()
"""Name -> check."""


def kind_named(name: str) -> Kind | None:
    """The check of a name, ours or a third party's; None where there is none. Raises PluginBroken."""
    if name in CHECKS:
        return CHECKS[name]
    return plugins.load(name).kind if name in plugins.entries() else None


def known() -> dict[str, Kind]:
    """Ours, and those of third parties that were imported so far (`plugins.load_all` imports them all)."""
    return {**{name: plugin.kind for name, plugin in plugins.loaded().items()}, **CHECKS}


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
        return f"{self.name} {self.own_name}" if self.own_name else self.name

    @property
    def own_name(self) -> str:
        """What the plan calls this one; empty where it has no name of its own."""
        return getattr(self.limits, "name", None) or ""

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
