"""Asks pip-audit about what is installed in the target's environment.

What that is we read ourselves, from the metadata of its packages, in the room and in the environment that it was copied
from: no program of the target tells, and the project's own installation changes nothing of it.
"""

import json
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path
from urllib.parse import unquote, urlsplit

from gates.dependencies import REPORT, Limits, Pin, Told, arguments, canary, canonical, is_private, pins
from gates.verdict import Unmeasurable
from tasks.probing import Probing
from tasks.rooms import Room
from tasks.suite_run import Left
from tasks.tools import Desk, Unasked, desk


def probe(probing: Probing) -> Left:
    """What a service knows of the packages. Raises SparcError."""
    limits = Limits.model_validate(probing.check.limits.model_dump())
    ground = probing.ground
    room = ground.open()
    place = desk(ground, ground.subject())
    try:
        told = _told(limits, room)
    except Unmeasurable as problem:
        raise Unasked(str(problem)) from None
    pinned = [f"{name}=={version}" for name, version in (*told.asked, told.canary)]
    requirements = place.listing("requirements.txt", pinned)
    words = arguments(limits, str(requirements), str(place.folder / REPORT), str(place.folder / "cache"))
    ran = place.module("pip_audit", words, limits.timeout, more=_certificates(place))
    return Left(room, (ran,), (), place.folder, {}, told.model_dump(mode="json"))


def _certificates(place: Desk) -> dict[str, str]:
    """The way to the network; pip-audit knows the caller's certificates by another name."""
    ways = dict(place.proxies())
    return {"REQUESTS_CA_BUNDLE": ways["SSL_CERT_FILE"], **ways} if "SSL_CERT_FILE" in ways else ways


def _told(limits: Limits, room: Room) -> Told:
    if room.installed is None:
        raise Unmeasurable(
            "the target has no environment to look into, for the tree has no Python metadata (pyproject.toml, setup.py,"
            " setup.cfg, requirements.txt): add them, or say in the plan where they are (environment.python)"
        )
    kept = room.site.home / "environments" / room.installed.key / "venv"
    before, _ = _installed(kept, room.checkout)
    installed, own = _installed(room.installed.venv, room.checkout)
    for name, version in before.items():
        if installed.get(name) != version:
            raise Unmeasurable(f"installing the project changed {name} {version} to {installed.get(name) or 'nothing'}")
    private = tuple(name for name in installed if is_private(limits, name))
    asked = {name: version for name, version in installed.items() if name not in private}
    return Told(asked=pins(asked), canary=Pin(*canary(installed)), own=tuple(sorted(own)), private=private)


def _installed(venv: Path, checkout: Path) -> tuple[dict[str, str], set[str]]:
    """Name to version of what is installed, and the names of what comes from the checkout."""
    versions: dict[str, str] = {}
    own: set[str] = set()
    for name, version, found in _described(venv):
        if _is_of(found, checkout):
            own.add(name)
        elif versions.setdefault(name, version) != version:
            raise Unmeasurable(f"{name} is installed twice, as {versions[name]} and as {version}")
    return versions, own


def _described(venv: Path) -> Iterator[tuple[str, str, Distribution]]:
    for found in distributions(path=[str(site) for site in venv.glob("lib/python*/site-packages")]):
        name, version = found.metadata["Name"], found.metadata["Version"]
        if not name or not version:
            raise Unmeasurable(f"metadata of a package have no name or no version: {name or version or 'neither'}")
        yield canonical(name), version, found


def _is_of(found: Distribution, checkout: Path) -> bool:
    """Whether it was installed out of the checkout."""
    try:
        address = urlsplit(str(json.loads(found.read_text("direct_url.json") or "{}").get("url", "")))
    except (ValueError, AttributeError):
        return False
    return address.scheme == "file" and Path(unquote(address.path)).resolve().is_relative_to(checkout.resolve())
