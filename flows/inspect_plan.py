"""What a plan's parts must be to each other: agents, gates, names, needs and files that fit together."""

import math
import re
from collections.abc import Iterator

from flows.default_gates import COMPLETION, DEFAULT_GATES
from flows.inspect_work import inspect_work, shared_ground
from flows.outline import mapping, texts, works
from flows.places import TOP, inside
from flows.plan import Plan
from flows.words import did_you_mean
from tasks.errors import Problem

_UNFIT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")
"""Control characters and halves of characters: no program takes them as arguments, no file holds them as text."""


def inspect(plan: Plan) -> list[Problem]:
    """Every problem between the parts of a plan; lines are None."""
    return inspect_data(plan.model_dump(mode="json"))


def warnings(plan: Plan) -> list[Problem]:
    """What is legal and likely to hurt: concurrent assignments that own the same paths."""
    return [found for phase in works(plan.model_dump(mode="json")).values() for found in shared_ground(phase)]


def inspect_data(data: object) -> list[Problem]:
    """The same for a plan as it is written, of which any part may still be of a wrong type."""
    return [
        *_unfit(data, TOP),
        *_base(data),
        *_agents(data),
        *_release(data),
        *_homes(data),
        *_gates(data),
        *_baselines(data),
        *(found for phase in works(data).values() for found in inspect_work(phase)),
    ]


def _unfit(data: object, where: str) -> Iterator[Problem]:
    if isinstance(data, str) and (unfit := _UNFIT.search(data)):
        yield Problem(where, None, f"holds the character U+{ord(unfit[0]):04X}, which no text does; take it out")
    elif isinstance(data, float) and not math.isfinite(data):
        yield Problem(where, None, f"expected a number, found {data}")
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from _unfit(value, inside(where, str(key)))
    elif isinstance(data, list | tuple):
        for index, value in enumerate(data):
            yield from _unfit(value, inside(where, index))


def _base(data: object) -> Iterator[Problem]:
    top = mapping(data)
    own = f"sparc/{top.get('name')}"
    if top.get("base") == own:
        yield Problem("base", None, "is the plan's own branch; start from the branch that it is released into")
    elif top.get("base") == "sparc":
        yield Problem("base", None, f"a branch named sparc leaves git no room for {own}; rename it, or use another")


def _agents(data: object) -> Iterator[Problem]:
    agents = mapping(data, "agents")
    chosen = {"defaults.agent": mapping(data, "defaults").get("agent")}
    for place, assignment in _assignments(data):
        chosen[inside(place, "agent")] = assignment.get("agent")
    for where, name in (chosen | _architects(data)).items():
        if agents and isinstance(name, str) and name not in agents:
            yield Problem(where, None, f"no agent is named {name!r}{did_you_mean(name, agents)}")
    unasked = [where for where, name in chosen.items() if name is None]
    if len(agents) > 1 and "defaults.agent" in unasked and len(unasked) > 1:
        yield Problem(
            "defaults.agent",
            None,
            f"no agent is chosen for {unasked[1].removesuffix('.agent')}{_and_more(len(unasked) - 2)}; "
            f"name one of {', '.join(agents)} as the default, or in each assignment",
        )


def _architects(data: object) -> dict[str, object]:
    """Who is to merge what conflicts, wherever the plan says so."""
    places = {"defaults": mapping(data, "defaults")}
    places |= {inside("phases", name): mapping(data, "phases", name) for name in mapping(data, "phases")}
    places |= dict(_assignments(data))
    named = {where: mapping(part, "conflicts").get("architect") for where, part in places.items()}
    return {inside(where, "conflicts", "architect"): name for where, name in named.items() if name is not None}


def _release(data: object) -> Iterator[Problem]:
    wanted = mapping(data, "release")
    deployed = [key for key in ("deploy", "verify") if wanted.get(key)]
    unmerged = wanted.get("pull_request") is True or wanted.get("into_base") is False
    for key in deployed if unmerged else ():
        sentence = "needs a release into the base branch, and this plan stops short of one; take one of them out"
        yield Problem(inside("release", key), None, sentence)


def _and_more(count: int) -> str:
    return f" and {count} more" if count else ""


def _assignments(data: object) -> Iterator[tuple[str, dict[str, object]]]:
    for phase in mapping(data, "phases"):
        assignments = mapping(data, "phases", phase, "assignments")
        for name in assignments:
            yield inside("phases", phase, "assignments", name), mapping(assignments, name)


def _homes(data: object) -> Iterator[Problem]:
    for name in mapping(data, "agents"):
        lent = mapping(data, "agents", name, "home").get("user")
        for where, path in texts(lent, inside("agents", name, "home", "user")).items():
            if path.startswith(("/", "~")) or not {"", ".", ".."}.isdisjoint(path.rstrip("/").split("/")):
                yield Problem(
                    where, None, f"{path!r} is no path inside HOME; write it from there, .claude for instance"
                )


def _gates(data: object) -> Iterator[Problem]:
    for name in mapping(data, "phases"):
        phase = mapping(data, "phases", name)
        if phase and phase.get("gate") is None and name not in DEFAULT_GATES:
            sentence = "states no gate, and a phase of this name has none by default; name its checks"
            yield Problem(inside("phases", name, "gate"), None, sentence + did_you_mean(name, DEFAULT_GATES))


def _baselines(data: object) -> Iterator[Problem]:
    """The hook names checks that a gate asks, from its phase on."""
    phases = mapping(data, "phases")
    for place, name in enumerate(phases):
        wanted = mapping(phases, name, "hooks").get("baseline")
        inherits = COMPLETION in tuple(phases)[place:] and mapping(phases, COMPLETION).get("gate") is None
        asking = tuple(phases)[0 if inherits else place :]
        known = [slo for later in asking for slo in _slos(mapping(phases, later).get("gate"))]
        where = inside("phases", name, "hooks", "baseline")
        if wanted is True and not known:
            sentence = "has nothing to measure: there is no check slo in this phase's gate, nor in a later one"
            yield Problem(where, None, sentence)
        for one in wanted if isinstance(wanted, list | tuple) else ():
            if isinstance(one, str) and one not in known:
                yield Problem(where, None, f"no check slo is named {one!r}{did_you_mean(one, known)}")


def _slos(gate: object) -> list[str]:
    """Names of the checks on speed and size in a gate, as it is written or as it was read."""
    entries = [entry for entry in gate if isinstance(entry, dict)] if isinstance(gate, list | tuple) else []
    limits = [entry.get("limits") if entry.get("name") == "slo" else entry.get("slo") for entry in entries if entry]
    return [str(one["name"]) for one in limits if isinstance(one, dict) and "name" in one]
