"""Files of sparc's own: plans, and the files that `sparc gate --file` takes. They are known by what they say.

A run keeps to its own copy of a plan, so any change of one is told. The file of a gate may ask for more; it must not
ask for less, allow more, or go.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from gates.checks import Check
from gates.plugins import PluginBroken
from gates.tampering.diff import Diff, Source
from gates.tampering.rules import Sign

PLAN = re.compile(r"^sparc:\s*\d", re.MULTILINE)
HINT = re.compile(r"""(^|[{,])\s*["']?(sparc|gate)["']?\s*:""", re.MULTILINE)
WORDS = (b"sparc", b"gate")
LARGEST = 200_000
"""Bytes of what is read as YAML, which takes its time."""
KEYS = frozenset({"gate", "waivers", "environment", "base"})
"""Of the file of a gate."""

FLOORS = frozenset({"at_least", "new_code", "at_least_killed", "most"})
"""Limits of which less is looser; none at all is loosest."""
CEILINGS = frozenset({"at_most", "skipped", "lost", "weak"})
"""Limits of which more is looser; none at all is loosest."""
DEMANDS = frozenset({"branch", "strict", "guarded"})
SPARING = frozenset({"new_only"})
ORDERS = (("low", "medium", "high"), ("A", "B", "C", "D", "E", "F"))
"""Grades, the strictest first."""
NEUTRAL = frozenset({"timeout"})
ITSELF = re.compile(r"HEAD(?![~^\w])|@(?![{\w])")
"""What is measured: compared with itself, nothing is ever worse."""


def signs_of(diff: Diff) -> Iterator[Sign]:
    """Plans that changed, and files of gates that let more pass."""
    new = [gate for source in diff.after.values() if (gate := _gate(source)) is not None]
    for path, before, after in diff.pairs():
        if before is None:
            continue
        if _is_plan(before):
            yield Sign("plan-changed", path, None, "the plan that a run keeps to is its own copy, and not this")
        elif (was := _gate(before)) is not None:
            yield from _compared(path, was, after, new)


def _read(source: Source) -> Mapping[Any, Any]:
    """A mapping in YAML, which JSON is as well; empty for anything else."""
    # most files have neither word, and a search for bytes takes next to no time
    if len(source.data) > LARGEST or not any(word in source.data for word in WORDS) or not HINT.search(source.text):
        return {}
    import yaml  # noqa: PLC0415 - costs time that most changes need not pay

    try:
        data = yaml.load(source.text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - the safe one
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _is_plan(source: Source) -> bool:
    version = _read(source).get("sparc")
    is_version = isinstance(version, int) and not isinstance(version, bool)
    return is_version or (source.name.endswith((".yaml", ".yml")) and bool(PLAN.search(source.text)))


def _gate(source: Source) -> Mapping[Any, Any] | None:
    """What the file of a gate says; None for any other file."""
    data = _read(source)
    checks = _list(data, "gate")
    is_gate = checks and data.keys() <= KEYS and all(isinstance(one, str) or _is_written(one) for one in checks)
    return data if is_gate else None


def _is_written(check: object) -> bool:
    return isinstance(check, dict) and len(check) == 1


def _compared(
    path: str, was: Mapping[Any, Any], after: Source | None, new: list[Mapping[Any, Any]]
) -> Iterator[Sign]:  # fmt: skip
    if after is None:
        if any(not list(_looser(was, other)) for other in new):
            yield Sign("gate-changed", path, None, "the file of a gate is somewhere else")
        else:
            yield Sign("gate-loosened", path, None, "the file of a gate is gone")
        return
    why = list(_looser(was, _read(after)))
    yield from (Sign("gate-loosened", path, None, each) for each in why)
    if not why:
        yield Sign("gate-changed", path, None, "the file of a gate has changed, and asks for no less")


def _looser(was: Mapping[Any, Any], now: Mapping[Any, Any]) -> Iterator[str]:
    """In what it lets more pass, each in words."""
    yield from less_asked(_list(was, "gate"), _list(now, "gate"))
    known = [_allowed(one) for one in _list(was, "waivers")]
    more = [one for one in _list(now, "waivers") if _allowed(one) not in known]
    yield from (f"a waiver more: {_told(one)}" for one in more)
    before, after = was.get("base"), now.get("base")
    if before != after and (before is not None or ITSELF.match(str(after))):
        yield f"what it is compared with is {_told(after)}, and was {_told(before)}"
    yield from _environment(was.get("environment"), now.get("environment"))


def _environment(was: object, now: object) -> Iterator[str]:
    old, new = (each if isinstance(each, dict) else {} for each in (was, now))
    more = [name for name in _list(new, "startup") if name not in _list(old, "startup")]
    if more:
        yield f"{_told(more[0])} may run whenever Python starts"
    before, after = (each.get("python", ".") for each in (old, new))
    if before != after:
        yield f"the project is looked for in {_told(after)}, and was in {_told(before)}"


def _list(data: Mapping[Any, Any], key: str) -> list[Any]:
    value = data.get(key)
    return value if isinstance(value, list) else []


def _allowed(waiver: object) -> str:
    """What a waiver allows, whatever it says why."""
    if not isinstance(waiver, dict):
        return _told(waiver)
    paths = waiver.get("paths")
    return _told([waiver.get("rule"), [paths] if isinstance(paths, str) else paths])


def _told(value: object) -> str:
    return value if isinstance(value, str) else _dumped(value)[:200]


def _dumped(value: object) -> str:
    """As JSON; what YAML can say and JSON cannot, as Python would."""
    try:
        return json.dumps(value, sort_keys=True, default=str)
    except (TypeError, ValueError):
        return json.dumps([repr(value), {}])


def less_asked(was: list[Any], now: list[Any]) -> Iterator[str]:
    """Checks that are gone, or ask for less; the same one in another place is the same."""
    left = Counter(map(_canonical, now)) - Counter(map(_canonical, was))
    gone = Counter(map(_canonical, was)) - Counter(map(_canonical, now))
    others = [json.loads(text) for text in left.elements()]
    for label, limits in map(json.loads, gone.elements()):
        at = next((place for place, (name, _) in enumerate(others) if name == label), None)
        if at is None:
            yield f"{label} is asked no more"
            continue
        other = others.pop(at)[1]
        keys = sorted(key for key in {*limits, *other} if _is_looser(key, limits.get(key), other.get(key)))
        if keys:
            yield f"{label}: {keys[0]} is {_told(other.get(keys[0]))}, and was {_told(limits.get(keys[0]))}"


def _canonical(check: object) -> str:
    """A check's label and all of its limits, those by default as well; of an unknown one what it says."""
    try:
        known = Check.model_validate(check)
        said = (known.label, known.limits.model_dump(mode="json"))
    except (ValidationError, PluginBroken):
        name, limits = next(iter(check.items())) if isinstance(check, dict) and check else (check, {})
        said = (str(name), limits if isinstance(limits, dict) else {"": limits})
    return _dumped(said)


def _is_looser(key: str, was: Any, now: Any) -> bool:  # noqa: ANN401 - whatever stands there
    """Whether another value lets more pass; of a key that is not known here, any other one may."""
    if was == now or key in NEUTRAL:
        return False
    if key in DEMANDS or key in SPARING:
        return bool(was) is (key in DEMANDS)
    if was is None or now is None:
        return now is None or key not in FLOORS | CEILINGS | {"complexity", "maintainability"}
    if order := next((order for order in ORDERS if was in order and now in order), None):
        return order.index(now) > order.index(was)
    if key in FLOORS | CEILINGS and all(isinstance(each, int | float) for each in (was, now)):
        return bool(now < was if key in FLOORS else now > was)
    return True
